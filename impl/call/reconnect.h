// SPDX-License-Identifier: Apache-2.0
/*
 * A session that was lost is made again while the call goes on, or while the room is being entered: the relay
 * restarted, or the way to it was gone.
 *
 * Laws: a new session starts beside the old one, by IK with the key that the relay proved, and the old one is
 * dropped, without a word, only when the new one stands; a sign of life of the old one before the new one
 * asked to join ends the attempt, and nothing has changed: so a replayed or forged reset costs a handshake
 * and no sound. Attempts follow each other, a second apart at least, until one is in the room or the call is
 * left; a call that never was in the room ends with its session. What a relay says under seal and will say
 * again ends the call; what anybody could have said does not, with one exception: while IK has no answer for
 * 3 s, who answers is asked by XX, and another key than the known one ends the call (RELAY_KEY), naming both.
 * Asking sends nothing of us but a first message.
 *
 * Owns the handles of the sessions on their way. It sends nothing by itself. Not here: who is in the room
 * afterwards (room.c). Private to call/. Spec: proto/03-handshake.md, Resets; proto/08-signals.md.
 */
#ifndef WZP_CALL_RECONNECT_H
#define WZP_CALL_RECONNECT_H

#include "session/endpoint.h"

enum reconnect_state {
    RECONNECT_IDLE,    /* the session is believed in */
    RECONNECT_TRYING,  /* a first message repeats beside it */
    RECONNECT_JOINING, /* Join is on its way over the new session */
    RECONNECT_WAITING, /* for the next attempt */
};

struct reconnect {
    enum reconnect_state state;
    uint32_t attempt;         /* the new session until it is connected; 0: none */
    uint32_t question;        /* the session that asks who answers; 0: none */
    bool is_asked;            /* of this attempt */
    bool is_told;             /* RECONNECTING was pushed, RECONNECTED is owed */
    int64_t since_ns;         /* the attempt's beginning */
    int64_t retry_at_ns;      /* WAITING ends */
    int64_t spoke_at_ns;      /* the first that was sent since anything was heard */
    int64_t ping_at_ns;       /* the next question for a sign of life */
    int64_t pause_at_ns;      /* the sound that is heard has stopped */
    bool has_static;          /* the relay's key is known */
    uint8_t relay_static[32]; /* as it proved it, or as it was given */
    uint8_t found_static[32]; /* whose answer ended the call */
};

struct wzp_call;

void reconnect_init(struct wzp_call *call);
/* The first session begins, and: it has keys. */
void reconnect_on_start(struct wzp_call *call);
void reconnect_on_keys(struct wzp_call *call);
/* Something was handed to the session. */
void reconnect_on_sent(struct wzp_call *call);
/* Sound came: when it stops, the session is asked whether it lives, so that a listener finds back too. */
void reconnect_on_media(struct wzp_call *call);
/* A reset was seen. */
void reconnect_on_hint(struct wzp_call *call);
/* The session ended; true when the call goes on without it. */
bool reconnect_on_closed(struct wzp_call *call, enum wzp_close_reason reason);
/* An event of a session other than the call's; true when it was one of ours. */
bool reconnect_on_event(struct wzp_call *call, const struct wzp_event *event);
/* Joined arrived over the new session. */
void reconnect_on_rejoined(struct wzp_call *call);
/* After anything was heard, and at next_at. */
void reconnect_advance(struct wzp_call *call);
int64_t reconnect_next_at(const struct wzp_call *call);
/* The call ends; a session that asked to join is made the call's, so that goodbye is said on it. */
void reconnect_stop(struct wzp_call *call);

#endif
