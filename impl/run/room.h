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

struct wzp_room_options {
    struct wzp_addr relay;
    const char *room, *id;
    struct wzp_token token;
    uint8_t relay_key[32];
    uint8_t invitation[32];
    bool has_relay_key, has_invitation;
    int64_t rekey_ns;
    uint32_t rekey_packets;
};

struct wzp_room_options wzp_room_options_default(void);

/* Rows for a command's table; `o` is a struct wzp_room_options. */
#define WZP_ROOM_ROWS(o)                                                                                     \
    {.name = "relay",                                                                                        \
     .value = "ADDR",                                                                                        \
     .help = "the relay, such as relay.example:4433 or [::1]:4433",                                          \
     .parse = wzp_option_addr,                                                                               \
     .target = &(o)->relay,                                                                                  \
     .is_required = true},                                                                                   \
        {.name = "room",                                                                                     \
         .value = "NAME",                                                                                    \
         .help = "the room; who does not know its name cannot listen",                                       \
         .parse = wzp_option_room,                                                                           \
         .target = &(o)->room,                                                                               \
         .is_required = true},                                                                               \
        {.name = "id",                                                                                       \
         .value = "FILE|ephemeral",                                                                          \
         .help = "identity file, made if missing (ephemeral)",                                               \
         .parse = wzp_option_text,                                                                           \
         .target = &(o)->id},                                                                                \
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
    {                                                                                                        \
        .name = "token", .value = "TEXT", .help = "the relay's join token", .parse = wzp_option_token,       \
        .target = &(o)->token                                                                                \
    }

const char *wzp_option_room(const struct wzp_option *option, const char *text);      /* const char * */
const char *wzp_option_relay_key(const struct wzp_option *option, const char *text); /* wzp_room_options */
const char *wzp_option_invite(const struct wzp_option *option, const char *text);    /* the same */

struct wzp_room_client {
    struct wzp_identity identity;
    struct wzp_call *call;
    char relay[WZP_ADDR_TEXT_MAX], name[WZP_FINGERPRINT_LEN];
    bool has_pin; /* a wrong key looks like silence: say so */
};

/* Makes the call, not started. False: a sentence was printed; close takes back what is there. */
bool wzp_room_open(const char *program, const struct wzp_room_options *options, bool takes_streams,
                   struct wzp_room_client *client);
void wzp_room_close(struct wzp_room_client *client);

/* ---- sentences ---- */

void wzp_room_say_connected(const struct wzp_call *call, const char *relay, int64_t took_ns);
/* Why the relay ended it. */
void wzp_room_say_ended(const char *relay, bool has_pin, const struct wzp_call_event *event);

#endif
