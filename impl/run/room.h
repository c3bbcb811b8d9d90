// SPDX-License-Identifier: Apache-2.0
/*
 * What the commands that enter a room share: the options that say which, the call they make, and the words
 * for what happens on the way in and out.
 *
 * Law: one sentence a happening, on stderr, behind "wzp-client: "; no secret in any of them. Owns what
 * wzp_room_open gave, until wzp_room_close. Not here: what is done in the room (run/join.h, run/visit.h).
 */
#ifndef WZP_RUN_ROOM_H
#define WZP_RUN_ROOM_H

#include "call/call.h"
#include "run/addr_text.h"
#include "run/cmd.h"
#include "run/contacts.h"

struct wzp_room_options {
    struct wzp_addr relay;
    const char *relay_text; /* as typed: the name under which it is remembered */
    const char *room, *id, *passphrase_file;
    struct wzp_token token;
    uint8_t relay_key[32], invitation[32];
    bool has_relay_key, has_invitation, core;
    int64_t rekey_ns;
    uint32_t rekey_packets;
    uint64_t max_rate_bps; /* 0: no bound */
    uint32_t bitrate_bps;  /* of the speech codec at most; 0: the call's own choice */
    bool is_tier_forced;   /* that and no other */
    enum wzp_priority priority;
    struct wzp_estimate_choice estimate;
    int64_t delay_budget_ns; /* 0: no bound */
};

struct wzp_room_options wzp_room_options_default(void);

/* Rows for a command's table; `o` is a struct wzp_room_options. */
#define WZP_ROOM_ROWS(o)                                                                                     \
    {.name = "relay",                                                                                        \
     .value = "ADDR",                                                                                        \
     .help = "the relay, such as relay.example:4433 or [::1]:4433",                                          \
     .parse = wzp_option_relay,                                                                              \
     .target = (o),                                                                                          \
     .is_required = true},                                                                                   \
        {.name = "room",                                                                                     \
         .value = "NAME",                                                                                    \
         .help = "the room; who does not know its name cannot listen",                                       \
         .parse = wzp_option_room,                                                                           \
         .target = &(o)->room,                                                                               \
         .is_required = true},                                                                               \
        WZP_IDENTITY_OPTIONS((o)->id, (o)->passphrase_file, (o)->core, WZP_CLIENT_IDENTITY),                 \
        {.name = "invite",                                                                                   \
         .value = "CODE",                                                                                    \
         .help = "the invitation code that the relay's operator gave out",                                   \
         .parse = wzp_option_invite,                                                                         \
         .target = (o)},                                                                                     \
        {.name = "relay-key",                                                                                \
         .value = "KEY",                                                                                     \
         .help = "the key that the relay printed: speak to no other, and faster",                            \
         .parse = wzp_option_relay_key,                                                                      \
         .target = (o)},                                                                                     \
        WZP_REKEY_OPTIONS((o)->rekey_ns, (o)->rekey_packets),                                                \
        {.name = "max-rate",                                                                                 \
         .value = "RATE",                                                                                    \
         .help = "send, and have the relay send, at most so much: 500kbit (0: no bound)",                    \
         .parse = wzp_option_max_rate,                                                                       \
         .target = &(o)->max_rate_bps},                                                                      \
    {                                                                                                        \
        .name = "token", .value = "TEXT", .help = "the relay's join token", .parse = wzp_option_token,       \
        .target = &(o)->token                                                                                \
    }

const char *wzp_option_room(const struct wzp_option *option, const char *text);      /* const char * */
const char *wzp_option_relay(const struct wzp_option *option, const char *text);     /* wzp_room_options */
const char *wzp_option_relay_key(const struct wzp_option *option, const char *text); /* wzp_room_options */
const char *wzp_option_invite(const struct wzp_option *option, const char *text);    /* the same */

struct wzp_room_client {
    struct wzp_identity identity;
    struct wzp_contacts contacts; /* contacts.known.lock is -1 before open */
    struct wzp_call *call;
    char relay[WZP_ADDR_TEXT_MAX], name[WZP_FINGERPRINT_LEN];
};

/* Who the program is and whom it knows, and an endpoint's part of the options; the room is not looked at.
 * False: a sentence was printed; close takes back what is there. */
bool wzp_room_open_endpoint(const char *program, const struct wzp_room_options *options,
                            struct wzp_room_client *client, struct wzp_endpoint_config *endpoint);
/* The key that the relay must have; NULL: whoever answers is believed. */
const uint8_t *wzp_room_relay_key(const struct wzp_room_options *options,
                                  const struct wzp_room_client *client);

/* Makes the call, not started. False: a sentence was printed; close takes back what is there. */
bool wzp_room_open(const char *program, const struct wzp_room_options *options, bool takes_streams,
                   struct wzp_room_client *client);
void wzp_room_close(const char *program, struct wzp_room_client *client);

/* ---- sentences ---- */

/* False: it is not the relay that is known there, and must not be spoken to. */
bool wzp_room_say_connected(const struct wzp_call *call, struct wzp_contacts *contacts, const char *relay,
                            int64_t took_ns);
/* The same for a session without a call, by the key that the relay proved. */
bool wzp_room_say_key(struct wzp_contacts *contacts, const char *relay, const uint8_t key[32],
                      int64_t took_ns);
/* Why the relay ended it. */
struct wzp_room_end {
    enum wzp_close_reason reason;
    uint8_t expected[32], found[32]; /* RELAY_KEY */
    const uint8_t *versions;         /* VERSION */
    size_t version_count;
};
void wzp_room_say_end(const struct wzp_contacts *contacts, const char *relay, const struct wzp_room_end *end);
void wzp_room_say_ended(const struct wzp_call *call, struct wzp_contacts *contacts, const char *relay,
                        const struct wzp_call_event *event);

#endif
