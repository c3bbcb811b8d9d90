// SPDX-License-Identifier: Apache-2.0
/* wzp-client join: what the words mean, and what is opened and closed around a join (run/join.h). */
#include "run/cmd.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "run/console.h"
#include "run/join.h"
#include "run/probe.h"
#include "run/room.h"
#include "run/sound_files.h"
#include "run/units.h"
#include "run/watch.h"

#define PROGRAM "wzp-client join"

struct arguments {
    struct wzp_room_options room;
    const char *in, *out, *json, *telemetry;
    enum wzp_probe_kind test;
    int64_t seconds_ns;
    uint64_t picture_bps;
    struct wzp_voice voice;
};

/* All that is open while the client runs. */
struct opened {
    struct wzp_room_client client;
    struct wzp_sound_files files; /* those ends that are files */
    struct wzp_sound_source source;
    struct wzp_sound_sink sink;
    bool has_microphone;
    struct wzp_probe_devices probe; /* its probe is NULL unless --test */
    FILE *json, *telemetry;
    struct wzp_join *join;
    uint64_t loop_start_ns; /* 0 of the join's clock, on the machine's monotonic one */
};

static const char *parse_db(const struct wzp_option *option, const char *text)
{
    char *end;
    long db = strtol(text, &end, 10);
    if (end == text || *end)
        return "it must be a whole number of decibels";
    if (db < -WZP_VOICE_GAIN_DB_MAX || db > WZP_VOICE_GAIN_DB_MAX)
        return "it must be -24 to 24";
    *(int *)option->target = (int)db;
    return NULL;
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

static const char *parse_test(const struct wzp_option *option, const char *text)
{
    for (enum wzp_probe_kind kind = WZP_PROBE_ECHO; kind <= WZP_PROBE_SWEEP; kind++)
        if (strcmp(text, wzp_probe_name(kind)) == 0) {
            *(enum wzp_probe_kind *)option->target = kind;
            return NULL;
        }
    return "it must be echo, tone or sweep";
}

static const char *parse_priority(const struct wzp_option *option, const char *text)
{
    return wzp_priority_from(text, option->target)
               ? NULL
               : "it must be balanced, audio-first, video-first or screen-share";
}

static bool parse(struct arguments *arguments, int argc, char **argv, int *status)
{
    *arguments = (struct arguments){.room = wzp_room_options_default(), .seconds_ns = WZP_NEVER};
    struct wzp_option table[] = {
        WZP_ROOM_ROWS(&arguments->room),
        {.name = "in",
         .value = "FILE|mic[:NAME]",
         .help = "sound file to speak, any rate, or the microphone (silence)",
         .parse = wzp_option_text,
         .target = &arguments->in},
        {.name = "out",
         .value = "FILE|speaker[:NAME]",
         .help = "WAV file to write what is heard to, 48 kHz mono 16 bit, or the loudspeaker",
         .parse = wzp_option_text,
         .target = &arguments->out},
        {.name = "test",
         .value = "KIND",
         .help = "say back what is heard (echo), or chirps to such a member (tone), or a sweep (sweep)",
         .parse = parse_test,
         .target = &arguments->test},
        {.name = "test-picture",
         .value = "RATE",
         .help = "send test pictures beside the voice, at most so much: 500kbit",
         .parse = wzp_option_max_rate,
         .target = &arguments->picture_bps},
        {.name = "push-to-talk",
         .help = "speak only while the space bar is held",
         .target = &arguments->voice.is_push_to_talk},
        {.name = "muted", .help = "begin muted; m unmutes", .target = &arguments->voice.is_muted},
        {.name = "gain",
         .value = "DB",
         .help = "louder or softer microphone (0)",
         .parse = parse_db,
         .target = &arguments->voice.gain_db},
        {.name = "volume",
         .value = "DB",
         .help = "louder or softer loudspeaker (0)",
         .parse = parse_db,
         .target = &arguments->voice.volume_db},
        {.name = "tier",
         .value = "TIER",
         .help =
             "best quality to speak with: opus64k, opus48k, opus32k, opus24k, opus16k, opus6k, codec2-3200, "
             "codec2-1200, codec2-700 (auto)",
         .parse = wzp_option_tier,
         .target = &arguments->room.bitrate_bps},
        {.name = "force-tier",
         .help = "speak with --tier and nothing else, whatever the network does",
         .target = &arguments->room.is_tier_forced},
        {.name = "priority",
         .value = "MODE",
         .help = "what matters most where the network does not carry all: balanced, audio-first, video-first "
                 "or screen-share (balanced)",
         .parse = parse_priority,
         .target = &arguments->room.priority},
        {.name = "estimate",
         .value = "KIND[:RATE]",
         .help = "who tells what the network carries: fixed (nobody but --max-rate), ours, delta, gcc, or "
                 "auto: fixed with a --max-rate, else ours (auto)",
         .parse = wzp_option_estimate,
         .target = &arguments->room.estimate},
        {.name = "delay-budget",
         .value = "TIME",
         .help = "longest from mouth to ear, such as 200ms, as far as the network lets it (0: no bound)",
         .parse = wzp_option_delay_budget,
         .target = &arguments->room.delay_budget_ns},
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
        {.name = "telemetry",
         .value = "FILE",
         .help = "write how things are as a line of JSON, every second",
         .parse = wzp_option_text,
         .target = &arguments->telemetry},
    };
    struct wzp_options options = {
        PROGRAM, "Joins a room on a relay, speaks into it and plays or writes what it hears.",
        "Keys, on a terminal: m mute, space push to talk, + - volume, ] [ gain, q leave.\n"
        "It leaves 2 s after the input's end, after --seconds, or on SIGINT or SIGTERM. Exit\n"
        "status: 0 was in the room, 1 usage or a file failed, 3 never got into the room, or another\n"
        "relay than the known one answers.",
        table, sizeof table / sizeof *table};
    return wzp_options_take(&options, argc, argv, status);
}

static bool complain(const char *sentence)
{
    fprintf(stderr, PROGRAM ": %s\n", sentence);
    return false;
}

/* "mic" or "mic:NAME"; *name is NULL for the system's choice. */
static bool names_device(const char *text, const char *kind, const char **name)
{
    size_t len = strlen(kind);
    if (!text || strncmp(text, kind, len) != 0 || (text[len] != '\0' && text[len] != ':'))
        return false;
    *name = text[len] == ':' ? text + len + 1 : NULL;
    return true;
}

static bool open_sound(struct opened *opened, const struct arguments *arguments,
                       const struct wzp_sound_cards *cards)
{
    char why[WZP_SOUND_WHY_MAX], file_why[WZP_WAV_WHY_MAX];
    const char *microphone, *loudspeaker;
    bool has_microphone = names_device(arguments->in, "mic", &microphone);
    bool has_loudspeaker = names_device(arguments->out, "speaker", &loudspeaker);
    if (!wzp_sound_files_open(&opened->files, has_microphone ? NULL : arguments->in,
                              has_loudspeaker ? NULL : arguments->out, file_why))
        return complain(file_why);
    opened->source = wzp_sound_files_source(&opened->files);
    opened->sink = wzp_sound_files_sink(&opened->files);
    opened->has_microphone = has_microphone;
    if (has_microphone && !cards->open_input(microphone, &opened->source, why))
        return complain(why);
    if (has_loudspeaker && !cards->open_output(loudspeaker, &opened->sink, why))
        return complain(why);
    if (arguments->test == WZP_PROBE_NONE)
        return true;
    if (arguments->in && !has_microphone)
        return complain("--test says its own sounds: --in can only be a microphone beside it, for its pace");
    opened->probe = (struct wzp_probe_devices){wzp_probe_create(arguments->test), opened->source,
                                               opened->sink};
    opened->source = wzp_probe_source(&opened->probe);
    opened->sink = wzp_probe_sink(&opened->probe);
    return opened->probe.probe ? true : complain("out of memory");
}

/* True as well where none is wanted. */
static bool open_report(const char *path, FILE **file)
{
    if (!path || (*file = fopen(path, "we")))
        return true;
    fprintf(stderr, PROGRAM ": %s: %s\n", path, strerror(errno));
    return false;
}

/* What fails here leaves the rest NULL; close_all takes back what is there. */
static bool open_all(struct opened *opened, const struct arguments *arguments,
                     const struct wzp_sound_cards *cards)
{
    if (!wzp_room_open(PROGRAM, &arguments->room, false, &opened->client))
        return false;
    if (!open_report(arguments->json, &opened->json) ||
        !open_report(arguments->telemetry, &opened->telemetry))
        return false;
    if (!open_sound(opened, arguments, cards))
        return false;
    struct wzp_join_config config = {.call = opened->client.call,
                                     .source = opened->source,
                                     .sink = opened->sink,
                                     .input_ns = arguments->in && !opened->has_microphone
                                                     ? wzp_sound_files_input_ns(&opened->files)
                                                     : WZP_NEVER,
                                     .voice = arguments->voice,
                                     .seconds_ns = arguments->seconds_ns,
                                     .picture_bps = arguments->picture_bps,
                                     .contacts = &opened->client.contacts,
                                     .relay = opened->client.relay,
                                     .name = opened->client.name,
                                     .telemetry = opened->telemetry};
    opened->join = wzp_join_create(&config);
    return opened->join ? true : complain("out of memory");
}

/* The terminal of this join. */
struct seat {
    struct wzp_loop loop;
    struct wzp_join *join;
};

static void on_key(void *ctx, char key)
{
    const struct seat *seat = ctx;
    wzp_join_on_key(seat->join, key, wzp_loop_now_ns(&seat->loop));
}

static void status_line(void *ctx, char *line, size_t capacity)
{
    const struct seat *seat = ctx;
    wzp_join_status(seat->join, wzp_loop_now_ns(&seat->loop), line, capacity);
}

static void on_addresses(void *ctx)
{
    const struct seat *seat = ctx;
    wzp_join_on_moved(seat->join, wzp_loop_now_ns(&seat->loop));
}

static int run(struct opened *opened, const struct arguments *arguments)
{
    struct seat seat = {.join = opened->join};
    struct wzp_console console = {.ctx = &seat, .on_key = on_key, .status = status_line};
    struct wzp_addr local = wzp_udp_any(&arguments->room.relay);
    struct wzp_node node = wzp_join_node(opened->join);
    int err = wzp_loop_open(&seat.loop, &local);
    if (err) {
        fprintf(stderr, PROGRAM ": cannot open a UDP socket: %s\n", uv_strerror(err));
        return WZP_EXIT_USAGE;
    }
    opened->loop_start_ns = seat.loop.start_ns;
    enum wzp_err start_err = wzp_join_start(opened->join, wzp_loop_now_ns(&seat.loop));
    if (start_err == WZP_ERR_OK) {
        struct wzp_watch watch = {.ctx = &seat, .on_changed = on_addresses};
        wzp_console_open(&console, &seat.loop.uv);
        wzp_watch_open(&watch, &seat.loop.uv);
        wzp_loop_run(&seat.loop, &node);
        wzp_join_ended(opened->join, wzp_loop_now_ns(&seat.loop));
        wzp_watch_close(&watch);
        wzp_console_close(&console);
    } else {
        fprintf(stderr, PROGRAM ": %s: %s\n", opened->client.relay, wzp_err_text(start_err));
    }
    wzp_loop_close(&seat.loop);
    if (start_err != WZP_ERR_OK)
        return WZP_EXIT_USAGE;
    if (wzp_join_met_another_relay(opened->join))
        return WZP_EXIT_NEVER_CONNECTED;
    return wzp_join_was_in(opened->join) ? WZP_EXIT_OK : WZP_EXIT_NEVER_CONNECTED;
}

/* What the test sounds told, for people. */
static void say_test(const struct wzp_probe *probe)
{
    struct wzp_probe_result result;
    wzp_probe_result(probe, &result);
    if (result.kind == WZP_PROBE_TONE && result.returned > 0)
        printf("%u of %u chirps came back, after %.1f ms (p50) and %.1f ms (p95)\n", result.returned,
               result.said, result.round_trip_p50_ms, result.round_trip_p95_ms);
    else if (result.kind == WZP_PROBE_TONE)
        printf("none of %u chirps came back\n", result.said);
    for (size_t i = 0; result.kind == WZP_PROBE_SWEEP && i < WZP_PROBE_BANDS; i++)
        printf("%5u Hz: said at %.1f dB, heard at %.1f dB\n", (unsigned)wzp_probe_band_hz[i],
               result.said_db[i], result.heard_db[i]);
}

static bool write_json(struct opened *opened, const char *path)
{
    struct wzp_member_hears hears[WZP_MEMBERS_MAX];
    struct wzp_member_measured measured;
    struct wzp_json json = wzp_json_make(opened->json);
    wzp_join_measured(opened->join, hears, &measured);
    struct wzp_probe_result test;
    if (opened->probe.probe) {
        wzp_probe_result(opened->probe.probe, &test);
        measured.test = &test;
    }
    measured.started_ms += (double)opened->loop_start_ns / (double)WZP_MS;
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
    if (opened->telemetry && (ferror(opened->telemetry) | (fclose(opened->telemetry) != 0)))
        ok = complain("the telemetry could not be written whole");
    wzp_join_destroy(opened->join);
    wzp_probe_destroy(opened->probe.probe);
    wzp_room_close(PROGRAM, &opened->client);
    return ok;
}

int wzp_cmd_join(int argc, char **argv, const struct wzp_sound_cards *cards)
{
    struct arguments arguments;
    struct opened opened = {.client.contacts.known.lock = -1};
    int status;
    if (!parse(&arguments, argc, argv, &status))
        return status;
    status = WZP_EXIT_USAGE;
    if (open_all(&opened, &arguments, cards)) {
        status = run(&opened, &arguments);
        if (opened.probe.probe)
            say_test(opened.probe.probe);
        if (opened.json && !write_json(&opened, arguments.json) && status == WZP_EXIT_OK)
            status = WZP_EXIT_USAGE;
    }
    cards->close_all();
    if (!close_all(&opened) && status == WZP_EXIT_OK)
        status = WZP_EXIT_USAGE;
    sodium_memzero(&arguments, sizeof arguments);
    return status;
}
