// SPDX-License-Identifier: Apache-2.0
#include "run/join.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/time.h"
#include "run/cmd.h"
#include "run/console.h"
#include "run/drift.h"
#include "run/lag.h"
#include "run/room.h"

#define DRAIN_NS        (2 * WZP_S) /* after the input, so that the last words arrive on both sides */
#define GOODBYE_NS      (2 * WZP_S)
#define HEADER_BYTES    28  /* IPv4 and UDP */
#define RECENT_PIECES   512 /* 5 s of one speaker */
#define CTRL_C          3   /* as a key: a raw terminal sends no signal */
#define TALKS_DB        (-45)
#define TALKS_NS        (400 * WZP_MS)
#define PIECES_IN_FRAME (WZP_AUDIO_FRAME / WZP_AUDIO_PIECE)

/* What one other member gave to our ear. */
struct other {
    bool is_used, is_here;
    uint16_t slot;
    char fingerprint[WZP_FINGERPRINT_LEN];
    struct wzp_telemetry_pieces pieces, told; /* so far, and up to the last line of telemetry */
    struct wzp_lag lag;                       /* from its time in the speaker's sound to its time in ours */
    struct wzp_drift drift;                   /* of its clock */
    int64_t talked_ns;                        /* when it was last loud */
    uint64_t picture_bytes;                   /* of its pictures, that opened */
};

/* Of the newest pieces from all others, for the status line. */
struct recent {
    bool is_lost[RECENT_PIECES];
    unsigned next, count, lost;
};

struct wzp_join {
    struct wzp_join_config config;
    int64_t start_ns, end_ns;             /* of the devices */
    int64_t connected_ns, first_media_ns; /* WZP_NEVER before */
    int64_t goodbye_until_ns;             /* WZP_NEVER until we leave */
    bool was_in, is_over, is_other_relay;
    struct wzp_voice voice;
    struct wzp_test_picture picture;
    struct recent recent;
    int64_t telemetry_ns; /* of the next line; WZP_NEVER: none are wanted */
    int64_t told_ns;      /* of the last one, and what it told */
    struct wzp_endpoint_counters told;
    struct other others[WZP_MEMBERS_MAX];
};

/* ---- the others ---- */

static struct other *find(struct wzp_join *join, uint16_t slot)
{
    for (size_t i = 0; i < WZP_MEMBERS_MAX; i++)
        if (join->others[i].is_used && join->others[i].slot == slot)
            return &join->others[i];
    return NULL;
}

/* A place for a newcomer; the oldest of those that left gives way when all are taken. */
static struct other *add(struct wzp_join *join, uint16_t slot)
{
    struct other *place = NULL;
    for (size_t i = 0; i < WZP_MEMBERS_MAX; i++) {
        struct other *other = &join->others[i];
        if (!other->is_used) {
            place = other;
            break;
        }
        if (!other->is_here && (!place || other->slot < place->slot))
            place = other;
    }
    if (place)
        *place = (struct other){.is_used = true, .is_here = true, .slot = slot, .talked_ns = INT64_MIN / 2};
    return place;
}

static void count_recent(struct recent *recent, bool is_lost)
{
    if (recent->count == RECENT_PIECES)
        recent->lost -= recent->is_lost[recent->next];
    else
        recent->count++;
    recent->is_lost[recent->next] = is_lost;
    recent->lost += is_lost;
    recent->next = (recent->next + 1) % RECENT_PIECES;
}

/* Where a kind is counted; NULL: it is of the pieces beside it. */
static uint64_t *pieces_of(struct other *other, enum wzp_heard_kind kind)
{
    switch (kind) {
    case WZP_HEARD_RECEIVED:
        return &other->pieces.received;
    case WZP_HEARD_REPAIRED:
        return &other->pieces.repaired;
    case WZP_HEARD_LBRR:
        return &other->pieces.lbrr;
    case WZP_HEARD_DRED:
        return &other->pieces.dred;
    case WZP_HEARD_CONCEALED:
        return &other->pieces.concealed;
    case WZP_HEARD_NONE:
    case WZP_HEARD_COMFORT_NOISE:
        return &other->pieces.silence;
    case WZP_HEARD_STRETCHED:
        break;
    }
    return NULL;
}

/* `sounds_ns` is when the pieces' first sample leaves the loudspeaker. */
static void count_heard(struct wzp_join *join, int64_t now_ns, int64_t sounds_ns)
{
    struct wzp_call_heard heard[WZP_MEMBERS_MAX];
    size_t count = wzp_call_heard(join->config.call, heard, WZP_MEMBERS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct other *other = find(join, heard[i].slot);
        if (!other)
            continue;
        struct wzp_call_video_stats pictures;
        if (wzp_call_video_stats(join->config.call, heard[i].slot, &pictures))
            other->picture_bytes = pictures.bytes;
        struct wzp_audio_receive_stats stats;
        if (heard[i].heard.has_timestamp && wzp_drift_is_due(&other->drift, now_ns) &&
            wzp_call_member_stats(join->config.call, heard[i].slot, &stats))
            wzp_drift_add(&other->drift, now_ns, stats.jitter.base_ns);
        uint64_t *pieces = pieces_of(other, heard[i].heard.kind);
        bool is_sound = pieces && pieces != &other->pieces.silence;
        if (pieces)
            ++*pieces;
        if (is_sound)
            count_recent(&join->recent, heard[i].heard.kind != WZP_HEARD_RECEIVED);
        if (is_sound && pieces != &other->pieces.concealed && heard[i].heard.has_timestamp)
            wzp_lag_add(&other->lag, sounds_ns - join->start_ns - heard[i].heard.timestamp_ms * WZP_MS +
                                         heard[i].heard.delay_samples * WZP_S / WZP_AUDIO_RATE);
        if (wzp_voice_peak_db(heard[i].pcm, WZP_AUDIO_PIECE) > TALKS_DB)
            other->talked_ns = now_ns;
    }
}

/* ---- events ---- */

static void on_connected(struct wzp_join *join, int64_t now_ns)
{
    join->connected_ns = now_ns;
    if (!wzp_room_say_connected(join->config.call, join->config.contacts, join->config.relay,
                                now_ns - join->start_ns))
        join->is_over = true;
}

static void on_member(struct wzp_join *join, const struct wzp_call_event *event)
{
    char fingerprint[WZP_FINGERPRINT_LEN], contact[WZP_CONTACT_TEXT_MAX];
    wzp_identity_fingerprint(event->identity, fingerprint);
    if (event->kind == WZP_CALL_EVENT_MEMBER_JOINED) {
        struct other *other = add(join, event->slot);
        if (other)
            memcpy(other->fingerprint, fingerprint, sizeof fingerprint);
        wzp_contacts_on_person(join->config.contacts, fingerprint, contact);
        wzp_console_say("%s is in the room, slot %u, %s", fingerprint, event->slot, contact);
    } else if (event->kind == WZP_CALL_EVENT_MEMBER_LEFT) {
        struct other *other = find(join, event->slot);
        if (other)
            other->is_here = false;
        wzp_console_say("%s left", fingerprint);
    } else {
        wzp_console_say("slot %u is listed without proof that it knows the room: it is given no key",
                        event->slot);
    }
}

/* Slots are a relay's; a person is known by name. */
static void on_moved(struct wzp_join *join, const struct wzp_call_event *event)
{
    char fingerprint[WZP_FINGERPRINT_LEN];
    wzp_identity_fingerprint(event->identity, fingerprint);
    struct other *taken = find(join, event->slot);
    for (size_t i = 0; i < WZP_MEMBERS_MAX; i++) {
        struct other *other = &join->others[i];
        if (!other->is_used || !other->is_here ||
            memcmp(other->fingerprint, fingerprint, sizeof fingerprint) != 0)
            continue;
        if (taken)
            taken->slot = other->slot;
        other->slot = event->slot;
        return;
    }
}

static void on_ended(struct wzp_join *join, const struct wzp_call_event *event)
{
    bool we_left = join->goodbye_until_ns != WZP_NEVER;
    char silent[WZP_WHY_MAX];
    join->is_over = true;
    join->is_other_relay = event->reason == WZP_CLOSE_REASON_RELAY_KEY;
    wzp_contacts_silent(join->config.contacts, silent);
    if (we_left && join->was_in)
        wzp_console_say("left");
    else if (we_left)
        wzp_console_say("%s: ended before the room was reached%s%s", join->config.relay,
                        *silent && join->connected_ns == WZP_NEVER ? "; perhaps " : "",
                        join->connected_ns == WZP_NEVER ? silent : "");
    else
        wzp_room_say_ended(join->config.call, join->config.contacts, join->config.relay, event);
}

static void drain_events(struct wzp_join *join, int64_t now_ns)
{
    struct wzp_call_event event;
    while (wzp_call_poll(join->config.call, &event)) {
        switch (event.kind) {
        case WZP_CALL_EVENT_KEYS:
        case WZP_CALL_EVENT_KEY_HELD:
        case WZP_CALL_EVENT_STREAM:
            break;
        case WZP_CALL_EVENT_CONNECTED:
            on_connected(join, now_ns);
            break;
        case WZP_CALL_EVENT_MEMBER_MOVED:
            on_moved(join, &event);
            break;
        case WZP_CALL_EVENT_RECONNECTING:
            wzp_console_say("%s: %s; reconnecting", join->config.relay, wzp_close_reason_text(event.reason));
            break;
        case WZP_CALL_EVENT_RECONNECTED:
            wzp_console_say("%s: in the room again, slot %u", join->config.relay, event.slot);
            break;
        case WZP_CALL_EVENT_JOINED:
            join->was_in = true;
            wzp_console_say("in the room as %s, slot %u", join->config.name, event.slot);
            break;
        case WZP_CALL_EVENT_MEMBER_JOINED:
        case WZP_CALL_EVENT_MEMBER_LEFT:
        case WZP_CALL_EVENT_MEMBER_REFUSED:
            on_member(join, &event);
            break;
        case WZP_CALL_EVENT_FIRST_MEDIA:
            join->first_media_ns = wzp_time_min(join->first_media_ns, now_ns);
            break;
        case WZP_CALL_EVENT_ENDED:
            on_ended(join, &event);
            break;
        }
    }
}

/* Until we leave, or are thrown out. */
static bool devices_run(const struct wzp_join *join)
{
    return join->goodbye_until_ns == WZP_NEVER && !join->is_over;
}

/* ---- telemetry ---- */

static size_t heard_since(struct wzp_join *join, struct wzp_telemetry_heard heard[WZP_MEMBERS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < WZP_MEMBERS_MAX; i++) {
        struct other *other = &join->others[i];
        struct wzp_audio_receive_stats stats;
        bool is_news = memcmp(&other->told, &other->pieces, sizeof other->told) != 0;
        if (!other->is_used || (!other->is_here && !is_news))
            continue;
        bool has_buffer = other->is_here && wzp_call_member_stats(join->config.call, other->slot, &stats);
        heard[count++] = (struct wzp_telemetry_heard){
            .who = other->fingerprint,
            .pieces = {other->pieces.received - other->told.received,
                       other->pieces.repaired - other->told.repaired, other->pieces.lbrr - other->told.lbrr,
                       other->pieces.dred - other->told.dred, other->pieces.concealed - other->told.concealed,
                       other->pieces.silence - other->told.silence},
            .has_buffer = has_buffer,
            .buffer_ms = has_buffer ? stats.jitter.delay_ms : 0,
            .target_ms = has_buffer ? stats.jitter.target_ms : 0,
            .drift_ppm = wzp_drift_ppm(&other->drift),
        };
        other->told = other->pieces;
    }
    return count;
}

/* A line that comes late tells of a longer time. A stream that failed gets no more. */
static void tell(struct wzp_join *join, int64_t now_ns)
{
    struct wzp_telemetry_heard heard[WZP_MEMBERS_MAX];
    struct wzp_telemetry_line line = {.at_ns = now_ns - join->start_ns,
                                      .since_ns = join->told_ns - join->start_ns,
                                      .is_leaving = !devices_run(join),
                                      .now = *wzp_call_counters(join->config.call),
                                      .before = join->told,
                                      .heard = heard,
                                      .heard_count = heard_since(join, heard)};
    wzp_call_facts(join->config.call, &line.facts);
    line.has_session = wzp_call_session_facts(join->config.call, &line.session);
    bool good = wzp_telemetry_write(join->config.telemetry, &line);
    join->told = line.now;
    join->told_ns = now_ns;
    while (join->telemetry_ns <= now_ns)
        join->telemetry_ns += WZP_TELEMETRY_NS;
    if (!good)
        join->telemetry_ns = WZP_NEVER;
}

/* ---- the node ---- */

static void leave(struct wzp_join *join, int64_t now_ns)
{
    join->goodbye_until_ns = now_ns + GOODBYE_NS;
    wzp_call_leave(join->config.call, now_ns);
    drain_events(join, now_ns);
}

static void advance_call(struct wzp_join *join, int64_t now_ns)
{
    if (wzp_call_next_at(join->config.call) > now_ns)
        return;
    wzp_call_advance(join->config.call, now_ns);
    drain_events(join, now_ns);
}

static int64_t devices_next_at(const struct wzp_join *join)
{
    const struct wzp_sound_source *source = &join->config.source;
    const struct wzp_sound_sink *sink = &join->config.sink;
    return wzp_time_min(source->next_at(source->ctx), sink->next_at(sink->ctx));
}

/* Asks the device whose turn it is; at the same instant the microphone is first. */
static void run_device(struct wzp_join *join, int64_t at_ns)
{
    const struct wzp_sound_source *source = &join->config.source;
    const struct wzp_sound_sink *sink = &join->config.sink;
    int16_t pcm[WZP_AUDIO_FRAME];
    int64_t sounds_ns;
    if (source->next_at(source->ctx) == at_ns) {
        if (!source->capture(source->ctx, at_ns, pcm))
            return;
        wzp_voice_capture(&join->voice, at_ns, pcm);
        wzp_call_capture(join->config.call, pcm, at_ns);
    } else if (sink->wants(sink->ctx, at_ns, &sounds_ns)) {
        wzp_call_play(join->config.call, pcm, sounds_ns);
        count_heard(join, at_ns, sounds_ns);
        wzp_voice_play(&join->voice, at_ns, pcm);
        sink->play(sink->ctx, pcm);
    }
}

/* All that the devices were to do up to now, each at its time. */
static void run_devices(struct wzp_join *join, int64_t now_ns)
{
    int64_t at_ns;
    while (devices_run(join) && (at_ns = devices_next_at(join)) <= now_ns && at_ns < join->end_ns) {
        advance_call(join, at_ns);
        run_device(join, at_ns);
    }
    if (devices_run(join) && now_ns >= join->end_ns)
        leave(join, join->end_ns);
}

static void receive(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    struct wzp_join *join = ctx;
    run_devices(join, now_ns);
    wzp_call_receive(join->config.call, from, datagram, len, now_ns);
    drain_events(join, now_ns);
}

static size_t transmit(void *ctx, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    struct wzp_join *join = ctx;
    return wzp_call_transmit(join->config.call, now_ns, to, datagram, capacity);
}

static unsigned dscp(void *ctx)
{
    struct wzp_join *join = ctx;
    return wzp_call_dscp(join->config.call);
}

static int64_t next_at(void *ctx)
{
    struct wzp_join *join = ctx;
    int64_t at_ns = wzp_time_min(wzp_call_next_at(join->config.call), join->goodbye_until_ns);
    at_ns = wzp_time_min(at_ns, join->telemetry_ns);
    if (devices_run(join))
        at_ns = wzp_time_min(at_ns, wzp_time_min(devices_next_at(join), join->end_ns));
    if (devices_run(join))
        at_ns = wzp_time_min(at_ns, wzp_test_picture_next_at(&join->picture));
    return at_ns;
}

static void advance(void *ctx, int64_t now_ns)
{
    struct wzp_join *join = ctx;
    run_devices(join, now_ns);
    if (devices_run(join))
        wzp_test_picture_advance(&join->picture, join->config.call, now_ns);
    advance_call(join, now_ns);
    if (now_ns >= join->telemetry_ns)
        tell(join, now_ns);
    if (now_ns >= join->goodbye_until_ns)
        join->is_over = true;
}

static void interrupt(void *ctx, int64_t now_ns)
{
    struct wzp_join *join = ctx;
    run_devices(join, now_ns);
    if (devices_run(join))
        leave(join, now_ns);
    else
        join->is_over = true;
}

static bool is_over(void *ctx)
{
    const struct wzp_join *join = ctx;
    return join->is_over;
}

struct wzp_node wzp_join_node(struct wzp_join *join)
{
    return (struct wzp_node){receive, transmit, dscp, next_at, advance, interrupt, is_over, join};
}

struct wzp_join *wzp_join_create(const struct wzp_join_config *config)
{
    struct wzp_join *join = calloc(1, sizeof *join);
    if (!join)
        return NULL;
    join->config = *config;
    join->voice = config->voice;
    join->connected_ns = join->first_media_ns = join->goodbye_until_ns = join->end_ns = WZP_NEVER;
    return join;
}

void wzp_join_destroy(struct wzp_join *join)
{
    free(join);
}

enum wzp_err wzp_join_start(struct wzp_join *join, int64_t now_ns)
{
    const struct wzp_join_config *config = &join->config;
    join->start_ns = join->told_ns = now_ns;
    join->telemetry_ns = config->telemetry ? now_ns + WZP_TELEMETRY_NS : WZP_NEVER;
    config->source.start(config->source.ctx, now_ns);
    config->sink.start(config->sink.ctx, now_ns);
    if (config->input_ns != WZP_NEVER)
        join->end_ns = now_ns + config->input_ns + DRAIN_NS;
    if (join->config.seconds_ns != WZP_NEVER)
        join->end_ns = wzp_time_min(join->end_ns, now_ns + join->config.seconds_ns);
    wzp_test_picture_set(&join->picture, config->call, config->picture_bps / 4, config->picture_bps, now_ns);
    enum wzp_err err = wzp_call_start(join->config.call, now_ns);
    drain_events(join, now_ns);
    return err;
}

void wzp_join_ended(struct wzp_join *join, int64_t now_ns)
{
    if (join->telemetry_ns != WZP_NEVER)
        tell(join, now_ns);
}

/* ---- what a person sees and presses ---- */

bool wzp_join_on_key(struct wzp_join *join, char key, int64_t now_ns)
{
    if (key != 'q' && key != CTRL_C)
        return wzp_voice_on_key(&join->voice, key, now_ns);
    interrupt(join, now_ns);
    return true;
}

void wzp_join_on_moved(struct wzp_join *join, int64_t now_ns)
{
    wzp_console_say("this machine's addresses changed");
    wzp_call_on_moved(join->config.call, now_ns);
}

static size_t append(char *line, size_t capacity, size_t len, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static size_t append(char *line, size_t capacity, size_t len, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(line + len, capacity - len, format, arguments);
    va_end(arguments);
    return more < 0 || len + (size_t)more >= capacity ? capacity - 1 : len + (size_t)more;
}

/* What our own voice costs; repair in packets, beside those of speech. */
static void append_plan(const struct wzp_join *join, char *line, size_t capacity, size_t len)
{
    struct wzp_call_facts facts;
    wzp_call_facts(join->config.call, &facts);
    if (!facts.plan.is_made)
        return;
    len = append(line, capacity, len, " | %s %g kbit/s",
                 wzp_audio_is_codec2((double)facts.plan.codec) ? "Codec2" : "Opus",
                 facts.plan.bitrate_bps * 1e-3);
    if (facts.plan.repair_permille)
        append(line, capacity, len, ", repair %u %%", facts.plan.repair_permille / 10);
}

void wzp_join_status(const struct wzp_join *join, int64_t now_ns, char *line, size_t capacity)
{
    const struct wzp_voice *voice = &join->voice;
    struct wzp_audio_receive_stats stats;
    struct wzp_session_facts facts;
    uint32_t buffer_ms = 0;
    const char *mic = voice->is_muted ? "muted" : wzp_voice_is_open(voice, now_ns) ? "mic" : "space to talk";
    size_t len = append(line, capacity, 0, "%s %d dB | talking:", mic,
                        wzp_voice_level_db(&voice->in, now_ns));
    unsigned talking = 0;
    for (size_t i = 0; i < WZP_MEMBERS_MAX; i++) {
        const struct other *other = &join->others[i];
        if (!other->is_used || !other->is_here)
            continue;
        if (now_ns < other->talked_ns + TALKS_NS && ++talking)
            len = append(line, capacity, len, " %.9s", other->fingerprint);
        if (wzp_call_member_stats(join->config.call, other->slot, &stats) &&
            stats.jitter.delay_ms > buffer_ms)
            buffer_ms = stats.jitter.delay_ms;
    }
    if (!talking)
        len = append(line, capacity, len, " nobody");
    if (join->recent.count)
        len = append(line, capacity, len, " | loss %u %%", 100 * join->recent.lost / join->recent.count);
    if (wzp_call_session_facts(join->config.call, &facts) && facts.has_keys)
        len = append(line, capacity, len, " | round trip %.0f ms, buffer %u ms",
                     (double)facts.rtt_ns / (double)WZP_MS, (unsigned)buffer_ms);
    append_plan(join, line, capacity, len);
}

/* ---- afterwards ---- */

bool wzp_join_was_in(const struct wzp_join *join)
{
    return join->was_in;
}

bool wzp_join_met_another_relay(const struct wzp_join *join)
{
    return join->is_other_relay;
}

static double since_start_ms(const struct wzp_join *join, int64_t at_ns)
{
    return at_ns == WZP_NEVER ? NAN : (double)(at_ns - join->start_ns) / (double)WZP_MS;
}

static double frames(uint64_t pieces)
{
    return (double)(pieces / PIECES_IN_FRAME);
}

static struct wzp_member_hears measure(const struct other *other)
{
    struct wzp_member_hears hears = wzp_member_hears_none(other->fingerprint);
    uint64_t shown = other->pieces.received + other->pieces.repaired + other->pieces.lbrr +
                     other->pieces.dred;
    hears.frames_played = frames(shown);
    hears.recovered_window = frames(other->pieces.repaired);
    hears.recovered_lbrr = frames(other->pieces.lbrr);
    hears.recovered_dred = frames(other->pieces.dred);
    hears.lag_p50_ms = wzp_lag_quantile_ms(&other->lag, 0.5);
    hears.lag_p95_ms = wzp_lag_quantile_ms(&other->lag, 0.95);
    hears.drift_ppm = wzp_drift_ppm(&other->drift);
    hears.picture_bytes = (double)other->picture_bytes;
    if (shown + other->pieces.concealed > 0)
        hears.concealed_pct = 100.0 * (double)other->pieces.concealed /
                              (double)(shown + other->pieces.concealed);
    return hears;
}

void wzp_join_measured(const struct wzp_join *join, struct wzp_member_hears *hears,
                       struct wzp_member_measured *measured)
{
    const struct wzp_endpoint_counters *counters = wzp_call_counters(join->config.call);
    struct wzp_call_facts facts;
    wzp_call_facts(join->config.call, &facts);
    *measured = (struct wzp_member_measured){
        .name = join->config.name,
        .started_ms = (double)join->start_ns / (double)WZP_MS,
        .connect_ms = since_start_ms(join, join->connected_ns),
        .first_media_ms = since_start_ms(join, join->first_media_ns),
        .rekeys = counters->rekeys,
        .up = {counters->bytes_out + HEADER_BYTES * counters->packets_out, counters->packets_out},
        .down = {counters->bytes_in + HEADER_BYTES * counters->packets_in, counters->packets_in},
        .wire_up_kbps = NAN,
        .wire_down_kbps = NAN,
        .max_500ms_up_kbps = NAN,
        .max_500ms_down_kbps = NAN,
        .sent = {counters->media_bytes_out, counters->repair_bytes_out, counters->feedback_bytes_out},
        .plan_changes = facts.plan.is_made ? (double)facts.plan.changes : (double)NAN,
        .hears = hears,
    };
    for (size_t i = 0; i < WZP_MEMBERS_MAX; i++)
        if (join->others[i].is_used)
            hears[measured->hears_count++] = measure(&join->others[i]);
}
