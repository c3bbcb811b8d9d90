// SPDX-License-Identifier: Apache-2.0
/* wzp-client join: what the words mean, and what is opened and closed around a join (run/join.h). */
#include "run/cmd.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/time.h"
#include "run/addr_text.h"
#include "run/join.h"
#include "run/units.h"

#define PROGRAM "wzp-client join"

struct arguments {
    struct wzp_addr relay;
    const char *room, *id, *in, *out, *json;
    int64_t seconds_ns, rekey_ns;
    uint32_t rekey_packets;
    struct wzp_token token;
    uint8_t relay_key[32];
    bool has_relay_key;
};

/* All that is open while the client runs. */
struct opened {
    struct wzp_identity identity;
    struct wzp_sound_files files;
    FILE *json;
    struct wzp_call *call;
    struct wzp_join *join;
    char relay[WZP_ADDR_TEXT_MAX], name[WZP_FINGERPRINT_LEN];
};

static const char *parse_room(const struct wzp_option *option, const char *text)
{
    if (strlen(text) > WZP_ROOM_NAME_MAX)
        return "it is longer than 128 bytes";
    return wzp_option_text(option, text);
}

static const char *parse_in(const struct wzp_option *option, const char *text)
{
    if (strcmp(text, "mic") == 0)
        return "this build has no sound devices; give a sound file";
    return wzp_option_text(option, text);
}

static const char *parse_out(const struct wzp_option *option, const char *text)
{
    if (strcmp(text, "speaker") == 0)
        return "this build has no sound devices; give a WAV file to write";
    return wzp_option_text(option, text);
}

/* A plain number, or a time with its unit. */
static const char *parse_seconds(const struct wzp_option *option, const char *text)
{
    double seconds;
    int64_t *target = option->target;
    const char *why = NULL;
    if (wzp_units_number(text, &seconds) == NULL)
        *target = seconds > 1e9 ? WZP_NEVER : (int64_t)(seconds * (double)WZP_S);
    else
        why = wzp_units_time(text, target);
    if (!why && *target <= 0)
        why = "it must be more than 0";
    return why;
}

static bool parse(struct arguments *arguments, int argc, char **argv, int *status)
{
    const struct wzp_endpoint_config defaults = wzp_endpoint_config_client();
    *arguments = (struct arguments){.id = "ephemeral",
                                    .seconds_ns = WZP_NEVER,
                                    .rekey_packets = defaults.rekey_packets,
                                    .rekey_ns = defaults.rekey_ns};
    struct wzp_option table[] = {
        {.name = "relay",
         .value = "ADDR",
         .help = "the relay, such as relay.example:4433 or [::1]:4433",
         .parse = wzp_option_addr,
         .target = &arguments->relay,
         .is_required = true},
        {.name = "room",
         .value = "NAME",
         .help = "the room; who does not know its name cannot listen",
         .parse = parse_room,
         .target = &arguments->room,
         .is_required = true},
        {.name = "id",
         .value = "FILE|ephemeral",
         .help = "identity file, made if missing (ephemeral)",
         .parse = wzp_option_text,
         .target = &arguments->id},
        {.name = "in",
         .value = "FILE",
         .help = "sound file to speak, any rate (silence)",
         .parse = parse_in,
         .target = &arguments->in},
        {.name = "out",
         .value = "FILE",
         .help = "WAV file to write what is heard to: 48 kHz mono 16 bit",
         .parse = parse_out,
         .target = &arguments->out},
        {.name = "seconds",
         .value = "N",
         .help = "leave after so long",
         .parse = parse_seconds,
         .target = &arguments->seconds_ns},
        {.name = "json",
         .value = "FILE",
         .help = "write what was measured",
         .parse = wzp_option_text,
         .target = &arguments->json},
        {.name = "relay-key",
         .value = "KEY",
         .help = "the key that the relay printed: speak to no other, and faster",
         .parse = wzp_option_key,
         .target = arguments->relay_key},
        WZP_REKEY_OPTIONS(arguments->rekey_ns, arguments->rekey_packets),
        {.name = "token",
         .value = "TEXT",
         .help = "the relay's join token",
         .parse = wzp_option_token,
         .target = &arguments->token},
    };
    struct wzp_options options = {
        PROGRAM, "Joins a room on a relay, speaks a sound file into it and writes what it hears.",
        "It leaves 2 s after the input's end, after --seconds, or on SIGINT or SIGTERM. Exit\n"
        "status: 0 was in the room, 1 usage or a file failed, 3 never got into the room.",
        table, sizeof table / sizeof *table};
    if (!wzp_options_take(&options, argc, argv, status))
        return false;
    for (size_t i = 0; i < options.count; i++)
        if (strcmp(table[i].name, "relay-key") == 0)
            arguments->has_relay_key = table[i].is_given;
    return true;
}

static bool complain(const char *sentence)
{
    fprintf(stderr, PROGRAM ": %s\n", sentence);
    return false;
}

static bool create_call(struct opened *opened, const struct arguments *arguments)
{
    struct wzp_call_config config = wzp_call_config_default();
    if (wzp_room_derive(arguments->room, &config.room) != WZP_ERR_OK)
        return complain("the room's name cannot be used, or there is no memory for it");
    wzp_cmd_endpoint(&config.endpoint, &opened->identity);
    config.endpoint.rekey_packets = arguments->rekey_packets;
    config.endpoint.rekey_ns = arguments->rekey_ns;
    config.identity = opened->identity;
    config.relay = arguments->relay;
    config.has_relay_static = arguments->has_relay_key;
    memcpy(config.relay_static, arguments->relay_key, sizeof config.relay_static);
    memcpy(config.token, arguments->token.bytes, sizeof config.token);
    config.token_len = arguments->token.len;
    opened->call = wzp_call_create(&config);
    return opened->call ? true : complain("out of memory");
}

/* What fails here leaves the rest NULL; close_all takes back what is there. */
static bool open_all(struct opened *opened, const struct arguments *arguments)
{
    char why[WZP_WAV_WHY_MAX];
    if (!wzp_cmd_identity(PROGRAM, arguments->id, &opened->identity))
        return false;
    wzp_identity_fingerprint(opened->identity.sign_public, opened->name);
    wzp_addr_format(&arguments->relay, opened->relay);
    if (arguments->json && !(opened->json = fopen(arguments->json, "we"))) {
        fprintf(stderr, PROGRAM ": %s: %s\n", arguments->json, strerror(errno));
        return false;
    }
    if (!create_call(opened, arguments))
        return false;
    if (!wzp_sound_files_open(&opened->files, arguments->in, arguments->out, why))
        return complain(why);
    struct wzp_join_config config = {.call = opened->call,
                                     .files = &opened->files,
                                     .has_input = arguments->in != NULL,
                                     .seconds_ns = arguments->seconds_ns,
                                     .has_pin = arguments->has_relay_key,
                                     .relay = opened->relay,
                                     .name = opened->name};
    opened->join = wzp_join_create(&config);
    return opened->join ? true : complain("out of memory");
}

static int run(struct opened *opened, const struct arguments *arguments)
{
    struct wzp_loop loop;
    struct wzp_addr local = wzp_udp_any(&arguments->relay);
    struct wzp_node node = wzp_join_node(opened->join);
    int err = wzp_loop_open(&loop, &local);
    if (err) {
        fprintf(stderr, PROGRAM ": cannot open a UDP socket: %s\n", uv_strerror(err));
        return WZP_EXIT_USAGE;
    }
    enum wzp_err start_err = wzp_join_start(opened->join, wzp_loop_now_ns(&loop));
    if (start_err == WZP_ERR_OK)
        wzp_loop_run(&loop, &node);
    else
        fprintf(stderr, PROGRAM ": %s: %s\n", opened->relay, wzp_err_text(start_err));
    wzp_loop_close(&loop);
    if (start_err != WZP_ERR_OK)
        return WZP_EXIT_USAGE;
    return wzp_join_was_in(opened->join) ? WZP_EXIT_OK : WZP_EXIT_NEVER_CONNECTED;
}

static bool write_json(struct opened *opened, const char *path)
{
    struct wzp_member_hears hears[WZP_MEMBERS_MAX];
    struct wzp_member_measured measured;
    struct wzp_json json = wzp_json_make(opened->json);
    wzp_join_measured(opened->join, hears, &measured);
    wzp_member_json_write(&json, NULL, &measured);
    bool ok = wzp_json_finish(&json);
    ok = fclose(opened->json) == 0 && ok;
    opened->json = NULL;
    if (!ok)
        fprintf(stderr, PROGRAM ": %s: could not be written whole\n", path);
    return ok;
}

static bool close_all(struct opened *opened)
{
    char why[WZP_WAV_WHY_MAX];
    bool ok = wzp_sound_files_close(&opened->files, why);
    if (!ok)
        complain(why);
    if (opened->json)
        fclose(opened->json);
    wzp_join_destroy(opened->join);
    if (opened->call)
        wzp_call_destroy(opened->call);
    wzp_identity_deinit(&opened->identity);
    return ok;
}

int wzp_cmd_join(int argc, char **argv)
{
    struct arguments arguments;
    struct opened opened = {0};
    int status;
    if (!parse(&arguments, argc, argv, &status))
        return status;
    status = WZP_EXIT_USAGE;
    if (open_all(&opened, &arguments)) {
        status = run(&opened, &arguments);
        if (opened.json && !write_json(&opened, arguments.json) && status == WZP_EXIT_OK)
            status = WZP_EXIT_USAGE;
    }
    if (!close_all(&opened) && status == WZP_EXIT_OK)
        status = WZP_EXIT_USAGE;
    sodium_memzero(&arguments, sizeof arguments);
    return status;
}
