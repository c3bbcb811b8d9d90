// SPDX-License-Identifier: Apache-2.0
/*
 * The subcommands of the programs in bin/, and what they share. Each takes its own words (without the
 * program's name) and gives the exit status of docs/running.md; sodium_init has been called. Status goes to
 * stderr, results to stdout.
 */
#ifndef WZP_RUN_CMD_H
#define WZP_RUN_CMD_H

#include "call/sound.h"
#include "crypt/identity.h"
#include "run/options.h"
#include "session/endpoint.h"

#define WZP_EXIT_OK    0
#define WZP_EXIT_USAGE 1 /* also: a file or an address cannot be used */
#define WZP_EXIT_NEVER_CONNECTED                                                                             \
    3                       /* also: another relay than the known one answers; not all was measured          \
                             */
#define WZP_EXIT_TRANSFER 4 /* a file did not arrive whole */

#define WZP_KEY_TEXT_MAX 65 /* 64 hexadecimal digits, NUL */

int wzp_cmd_relay(int argc, char **argv);
int wzp_cmd_invite(int argc, char **argv);
/* `cards` is what "mic" and "speaker" mean. */
int wzp_cmd_join(int argc, char **argv, const struct wzp_sound_cards *cards);
/* Lists them. */
int wzp_cmd_devices(int argc, char **argv, const struct wzp_sound_cards *cards);
int wzp_cmd_send(int argc, char **argv);
int wzp_cmd_receive(int argc, char **argv);
int wzp_cmd_netcheck(int argc, char **argv);
int wzp_cmd_client_id(int argc, char **argv);
int wzp_cmd_relay_id(int argc, char **argv);
int wzp_cmd_known(int argc, char **argv);
int wzp_cmd_name(int argc, char **argv);
int wzp_cmd_forget(int argc, char **argv);

/* Where they are without --id, in the data folder (run/private_file.h). */
#define WZP_CLIENT_IDENTITY "identity"
#define WZP_RELAY_IDENTITY  "relay-identity"

struct wzp_token {
    uint8_t bytes[WZP_TOKEN_MAX];
    uint8_t len;
};

/* For option tables: target is struct wzp_token; 32 bytes that a relay printed as its key. */
const char *wzp_option_token(const struct wzp_option *option, const char *text);
const char *wzp_option_key(const struct wzp_option *option, const char *text);
const char *wzp_option_invitation(const struct wzp_option *option, const char *text); /* 32 bytes */

/* What --rekey takes; target is int64_t, ns, not less than WZP_REKEY_MIN_NS. */
const char *wzp_option_rekey(const struct wzp_option *option, const char *text);
/* Rows of option tables: when a session gets fresh keys. */
#define WZP_REKEY_OPTIONS(every_ns, packets)                                                                 \
    {.name = "rekey",                                                                                        \
     .value = "DURATION",                                                                                    \
     .help = "fresh keys for a session after so long, at least 60s (10min)",                                 \
     .parse = wzp_option_rekey,                                                                              \
     .target = &(every_ns)},                                                                                 \
    {                                                                                                        \
        .name = "rekey-packets", .value = "N", .help = "or after so many packets", .parse = wzp_option_u32,  \
        .target = &(packets), .min = 1, .max = UINT32_MAX                                                    \
    }

void wzp_key_format(const uint8_t key[32], char out[static WZP_KEY_TEXT_MAX]);

/* Rows of option tables: who the program is (run/identity_open.h), and what it may leave behind. */
#define WZP_IDENTITY_OPTIONS(id_path, passphrase, core_dumps, default_name)                                  \
    {.name = "id",                                                                                           \
     .value = "FILE|ephemeral",                                                                              \
     .help = "identity file, made if missing (" default_name " in the data folder)",                         \
     .parse = wzp_option_text,                                                                               \
     .target = &(id_path)},                                                                                  \
        {.name = "passphrase-file",                                                                          \
         .value = "FILE|-",                                                                                  \
         .help = "its first line opens the identity file (asked at the terminal)",                           \
         .parse = wzp_option_text,                                                                           \
         .target = &(passphrase)},                                                                           \
    {                                                                                                        \
        .name = "core", .help = "let a crash leave a core dump, secrets in it", .target = &(core_dumps)      \
    }

/* From here on the process leaves no core dump, and no other process of the user reads its memory. */
void wzp_cmd_no_core(void);

/* Gives the endpoint its memory, a fresh seed and the identity's Noise keys. */
void wzp_cmd_endpoint(struct wzp_endpoint_config *config, const struct wzp_identity *identity);

#endif
