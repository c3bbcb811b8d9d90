// SPDX-License-Identifier: Apache-2.0
/*
 * A client in a room: one session to a relay, the members' keys, what the microphone says out and what the
 * others say in, mixed. Sound comes and goes by the caller's devices (real or simulated) through capture and
 * play.
 *
 * Laws: no media leaves unsealed, there is no mode for it; no key is given to a member whose record does not
 * prove identity and room; whoever leaves is out from the next frame on; whoever joins opens nothing older.
 * A lost session is made again by itself, for as long as the call is not left; sequences and timestamps run
 * on. Pulled like an endpoint (session/endpoint.h); its own events through poll, after each receive and
 * advance. Memory only at creation. Spec: proto/05-end-to-end.md, 07-media.md, 08-signals.md; docs/audio.md.
 */
#ifndef WZP_CALL_CALL_H
#define WZP_CALL_CALL_H

#include "codec/audio.h"
#include "crypt/identity.h"
#include "crypt/room.h"
#include "media/audio_receive.h"
#include "media/split.h"
#include "session/endpoint.h"

#define WZP_CALL_BITRATE_MIN_BPS     700
#define WZP_CALL_BITRATE_MAX_BPS     64000
#define WZP_CALL_DELAY_BUDGET_MIN_NS (50 * WZP_MS) /* unless it is 0 */
#define WZP_CALL_DELAY_BUDGET_MAX_NS (10 * WZP_S)

struct wzp_call_config {
    struct wzp_endpoint_config
        endpoint; /* from wzp_endpoint_config_client; its static keys come from identity */
    struct wzp_identity identity;
    struct wzp_room room;
    struct wzp_addr relay;
    bool has_relay_static; /* IK when true */
    uint8_t relay_static[32];
    uint8_t token[WZP_TOKEN_MAX];
    uint8_t token_len;
    const struct wzp_audio_codec *codec;
    uint32_t speakers_max;      /* members that can be decoded at once, each a decoder's memory */
    int64_t key_lifetime_ns;    /* a fresh epoch at least so often */
    int64_t playout_max_ns;     /* the jitter buffer holds at most so much, from a packet's first frame on */
    uint32_t bitrate_bps_max;   /* of the speech codec: its tier */
    bool is_tier_forced;        /* that one and no other, whatever the network does */
    int64_t delay_budget_ns;    /* mouth to ear at most, as far as the network lets it; 0: no bound */
    enum wzp_priority priority; /* what matters most where a path does not carry all (media/split.h) */
    bool takes_streams;         /* of others (call/stream.h); else they are refused NOT_TAKEN */
};

struct wzp_call_config wzp_call_config_default(void);

struct wzp_call;

/* NULL: out of memory. Secrets in the config are wiped. */
struct wzp_call *wzp_call_create(struct wzp_call_config *config);
void wzp_call_destroy(struct wzp_call *call);

enum wzp_err wzp_call_start(struct wzp_call *call, int64_t now_ns);
void wzp_call_leave(struct wzp_call *call, int64_t now_ns); /* ENDED is polled when the goodbye is out */

/* The machine's addresses changed: the session goes on from the new one (wzp_endpoint_on_moved). */
void wzp_call_on_moved(struct wzp_call *call, int64_t now_ns);
/* There will be bulk to send (wzp_endpoint_find_mtu). */
void wzp_call_find_mtu(struct wzp_call *call, int64_t now_ns);

void wzp_call_receive(struct wzp_call *call, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                      int64_t now_ns);
size_t wzp_call_transmit(struct wzp_call *call, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                         size_t capacity);
/* How routers shall treat it (wzp_endpoint_dscp). */
unsigned wzp_call_dscp(const struct wzp_call *call);
int64_t wzp_call_next_at(const struct wzp_call *call);
void wzp_call_advance(struct wzp_call *call, int64_t now_ns);

/* The microphone's next 20 ms; `now_ns` is when its last sample was taken. Called from the start on, heard or
 * not: media timestamps count the captured frames (20 ms each) from the first call. */
void wzp_call_capture(struct wzp_call *call, const int16_t pcm[WZP_AUDIO_FRAME], int64_t now_ns);

/* The loudspeaker's next 10 ms, all speakers mixed; `now_ns` is when its first sample sounds. */
void wzp_call_play(struct wzp_call *call, int16_t pcm[WZP_AUDIO_PIECE], int64_t now_ns);

/* What each speaker gave to the last play, unmixed. Valid until the next play. */
struct wzp_call_heard {
    uint16_t slot;
    struct wzp_heard heard; /* what kind of piece, and whose capture time (media/audio_receive.h) */
    const int16_t *pcm;     /* WZP_AUDIO_PIECE samples */
};
size_t wzp_call_heard(const struct wzp_call *call, struct wzp_call_heard *heard, size_t max);

enum wzp_call_event_kind {
    WZP_CALL_EVENT_KEYS,          /* this side of the session holds traffic keys */
    WZP_CALL_EVENT_CONNECTED,     /* both do */
    WZP_CALL_EVENT_JOINED,        /* in the room, under `slot` */
    WZP_CALL_EVENT_MEMBER_JOINED, /* also once for everybody who was there before */
    WZP_CALL_EVENT_MEMBER_LEFT,
    WZP_CALL_EVENT_MEMBER_REFUSED, /* listed by the relay, but its record does not prove identity and room */
    WZP_CALL_EVENT_KEY_HELD,       /* a member's sender key arrived: its media can be opened */
    WZP_CALL_EVENT_MEMBER_MOVED,   /* the same member, now in this slot */
    WZP_CALL_EVENT_RECONNECTING, /* the session is lost for `reason`, or so it seems; another is on its way */
    WZP_CALL_EVENT_RECONNECTED,  /* in the room again, under `slot`, or never gone */
    WZP_CALL_EVENT_FIRST_MEDIA,  /* the first frame of that member was opened */
    WZP_CALL_EVENT_STREAM,       /* something about a stream with that member (call/stream.h) */
    WZP_CALL_EVENT_ENDED,
};

struct wzp_call_event {
    enum wzp_call_event_kind kind;
    uint16_t slot;
    uint8_t identity[32]; /* of the member, where there is one */
    uint64_t stream;      /* STREAM, and what happened to it */
    enum wzp_stream_what what;
    enum wzp_stream_reason stream_reason; /* RESET, STOPPED */
    enum wzp_close_reason reason;
    bool by_peer;
    struct wzp_slice text;
    uint8_t versions[WZP_ENDPOINT_VERSIONS_MAX]; /* ENDED by VERSION: what the relay speaks */
    uint8_t version_count;
};
bool wzp_call_poll(struct wzp_call *call, struct wzp_call_event *event);

/* What bits and delay are spent on now (media/plan.h). */
struct wzp_call_plan {
    bool is_made; /* else nothing below says anything */
    enum wzp_codec codec;
    uint32_t bitrate_bps;      /* of the codec */
    unsigned packet_frames;    /* of 20 ms */
    unsigned repair_permille;  /* repair packets per 1000 of speech, to the relay */
    int64_t repair_horizon_ns; /* how long after a packet the last of them leaves */
    uint32_t changes;          /* of the plan, since it was first made */
};

struct wzp_call_facts {
    bool is_joined;
    bool is_reconnecting;
    uint16_t slot;
    unsigned member_count;       /* the others */
    int64_t first_media_sent_ns; /* WZP_NEVER before */
    uint64_t media_sent;
    uint32_t session;
    struct wzp_call_plan plan;
};
void wzp_call_facts(const struct wzp_call *call, struct wzp_call_facts *facts);
/* After ENDED by RELAY_KEY: the key that was to answer, and the one that did. */
void wzp_call_relay_keys(const struct wzp_call *call, uint8_t expected[32], uint8_t found[32]);
/* What came from a member; false when no decoder serves that slot. */
bool wzp_call_member_stats(const struct wzp_call *call, uint16_t slot, struct wzp_audio_receive_stats *stats);
bool wzp_call_session_facts(const struct wzp_call *call, struct wzp_session_facts *facts);
const struct wzp_endpoint_counters *wzp_call_counters(const struct wzp_call *call);

#endif
