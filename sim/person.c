// SPDX-License-Identifier: Apache-2.0
#include "sim/person.h"

#include "base/check.h"
#include "call/video.h"
#include "run/wav.h"
#include "sim/parcel.h"
#include "sim/watch.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_NS       (WZP_AUDIO_FRAME_MS * WZP_MS)
#define PIECE_NS       (WZP_AUDIO_PIECE_MS * WZP_MS)
#define TONE_HALF_WAVE 48 /* samples */
#define TONE_LEVEL     8000

#define KNOWN_ROOMS        256 /* whose secrets a process keeps */
#define STREAM_LOUDSPEAKER 500 /* + person, of the first 500 */

struct sim_crowd {
    struct sim_net *net;
    bool keep_tracks;
    int64_t horizon_ns;
    struct sim_person **person;
    unsigned count, capacity;
    struct sim_person **of_node; /* NULL: it is no person's */
    unsigned node_count;
    struct sim_room **room;
    unsigned room_count, room_capacity;
    uint64_t answers; /* to first messages, copies too */
};

/* Room for one more. */
static void *grown(void *items, unsigned count, unsigned *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 16;
    items = realloc(items, *capacity * size);
    WZP_CHECK(items);
    return items;
}

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    WZP_CHECK(memory);
    return memory;
}

/* ---- voices ---- */

const struct sim_voice *sim_voice_load(const char *path, char *why, size_t why_len)
{
    static struct sim_voice *voices;
    for (const struct sim_voice *voice = voices; voice; voice = voice->next)
        if (strcmp(voice->path, path) == 0)
            return voice;
    struct wzp_wav wav;
    char reason[WZP_WAV_WHY_MAX];
    if (!wzp_wav_read(path, &wav, reason) || wav.len < WZP_AUDIO_FRAME) {
        snprintf(why, why_len, "%s", reason);
        return NULL;
    }
    struct sim_voice *voice = take(1, sizeof *voice);
    voice->path = strdup(path);
    voice->samples = wav.samples;
    voice->len = wav.len;
    voice->pcm = take(wav.len, sizeof *voice->pcm);
    wzp_wav_to_int16(wav.samples, voice->pcm, wav.len);
    voice->next = voices;
    voices = voice;
    return voice;
}

/* A voice that is over begins again. */
void sim_voice_say(const struct sim_voice *voice, size_t from, int16_t pcm[WZP_AUDIO_FRAME])
{
    size_t len = voice ? voice->len : TONE_HALF_WAVE;
    for (size_t i = 0, run; i < WZP_AUDIO_FRAME; i += run) {
        size_t at = (from + i) % len;
        run = len - at < WZP_AUDIO_FRAME - i ? len - at : WZP_AUDIO_FRAME - i;
        int16_t tone = (from + i) / len % 2 ? TONE_LEVEL : -TONE_LEVEL;
        if (voice)
            memcpy(pcm + i, voice->pcm + at, run * sizeof *pcm);
        for (size_t k = 0; !voice && k < run; k++)
            pcm[i + k] = tone;
    }
}

static void voice_frame(const struct sim_person *person, int16_t pcm[WZP_AUDIO_FRAME])
{
    if (person->probe) {
        wzp_probe_say(person->probe, pcm);
        return;
    }
    sim_voice_say(person->config.voice, (size_t)person->captured * WZP_AUDIO_FRAME, pcm);
}

/* ---- the client as a node ---- */

int64_t sim_person_clock(const struct sim_person *person, int64_t now_ns)
{
    return now_ns + person->clock_ahead_ns;
}

static void person_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                           int64_t now_ns)
{
    const struct sim_person *person = self;
    if (!person->is_down)
        wzp_call_receive(person->call, from, datagram, len, sim_person_clock(person, now_ns));
}

static size_t person_transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                              size_t capacity)
{
    const struct sim_person *person = self;
    if (person->is_down)
        return 0;
    return wzp_call_transmit(person->call, sim_person_clock(person, now_ns), to, datagram, capacity);
}

static int64_t person_next_at(const void *self)
{
    const struct sim_person *person = self;
    int64_t next_ns = person->is_down ? WZP_NEVER : wzp_call_next_at(person->call);
    return next_ns == WZP_NEVER ? next_ns : next_ns - person->clock_ahead_ns;
}

static void person_advance(void *self, int64_t now_ns)
{
    const struct sim_person *person = self;
    if (!person->is_down)
        wzp_call_advance(person->call, sim_person_clock(person, now_ns));
}

struct sim_person *sim_person_of_slot(const struct sim_person *listener, uint16_t slot)
{
    const struct sim_room *room = listener->room;
    struct sim_person *found = NULL;
    for (unsigned i = 0; i < room->count; i++) {
        struct sim_person *person = room->member[i];
        if (person->slot != slot || person == listener)
            continue;
        if (person->left_ns == WZP_NEVER)
            return person; /* another relay gives the slot of who left before again */
        found = found ? found : person;
    }
    return found;
}

static size_t frames_until(const struct sim_person *person, int64_t at_ns)
{
    if (at_ns <= person->config.start_ns)
        return 0;
    double by_its_clock_ns = (double)(at_ns - person->config.start_ns) *
                             (1 + person->config.clock_ppm * 1e-6);
    return (size_t)(by_its_clock_ns / FRAME_NS) + 2;
}

static struct sim_hearing *hearing_of(struct sim_person *person, uint16_t slot)
{
    struct sim_person *speaker = sim_person_of_slot(person, slot);
    if (!speaker)
        return NULL;
    for (unsigned i = 0; i < person->hearing_count; i++)
        if (person->hearing[i].speaker == speaker->index)
            return &person->hearing[i];
    struct sim_hearing *hearing = &person->hearing[person->hearing_count++];
    size_t frames = frames_until(speaker, person->crowd->horizon_ns);
    *hearing = (struct sim_hearing){.speaker = speaker->index, .key_held_ns = WZP_NEVER, .frames = frames};
    hearing->heard = take(frames, sizeof *hearing->heard);
    hearing->played_ns = take(frames, sizeof *hearing->played_ns);
    hearing->delay_samples = take(frames, sizeof *hearing->delay_samples);
    for (size_t i = 0; i < frames; i++)
        hearing->played_ns[i] = WZP_NEVER;
    if (person->crowd->keep_tracks) {
        hearing->track_len = person->mix_len;
        hearing->track = take(hearing->track_len, sizeof *hearing->track);
    }
    return hearing;
}

static void note_member(struct sim_person *person, const uint8_t identity[32], int64_t *at_ns, int64_t now_ns)
{
    const struct sim_room *room = person->room;
    for (unsigned i = 0; i < room->count; i++)
        if (memcmp(room->member[i]->identity.sign_public, identity, 32) == 0) {
            at_ns[i] = now_ns;
            return;
        }
    const struct sim_crowd *crowd = person->crowd;
    for (unsigned i = 0; i < crowd->count; i++)
        if (memcmp(crowd->person[i]->identity.sign_public, identity, 32) == 0)
            sim_net_violate(crowd->net, person->node, "was told of somebody of another room");
}

static void person_settle(void *self, int64_t now_ns)
{
    struct sim_person *person = self;
    struct wzp_call_event event;
    if (person->is_down)
        return;
    while (wzp_call_poll(person->call, &event)) {
        struct sim_hearing *hearing;
        switch (event.kind) {
        case WZP_CALL_EVENT_KEYS:
            person->keys_ns = now_ns;
            break;
        case WZP_CALL_EVENT_JOINED:
            person->joined_ns = now_ns;
            person->slot = event.slot;
            break;
        case WZP_CALL_EVENT_KEY_HELD:
            hearing = hearing_of(person, event.slot);
            if (hearing && hearing->key_held_ns == WZP_NEVER)
                hearing->key_held_ns = now_ns;
            break;
        case WZP_CALL_EVENT_FIRST_MEDIA:
            if (person->first_media_ns == WZP_NEVER)
                person->first_media_ns = now_ns;
            break;
        case WZP_CALL_EVENT_MEMBER_REFUSED:
            person->refused++;
            break;
        case WZP_CALL_EVENT_ENDED:
            person->has_ended = true;
            person->ended_ns = now_ns;
            person->left_ns = wzp_time_min(person->left_ns, now_ns);
            person->ended_reason = event.reason;
            person->ended_by_peer = event.by_peer;
            person->ended_version_count = event.version_count;
            memcpy(person->ended_versions, event.versions, sizeof person->ended_versions);
            break;
        case WZP_CALL_EVENT_MEMBER_JOINED:
            note_member(person, event.identity, person->told_joined_ns, now_ns);
            break;
        case WZP_CALL_EVENT_MEMBER_LEFT:
            note_member(person, event.identity, person->told_left_ns, now_ns);
            break;
        case WZP_CALL_EVENT_RECONNECTED:
            person->slot = event.slot;
            break;
        case WZP_CALL_EVENT_CONNECTED:
        case WZP_CALL_EVENT_RECONNECTING:
        case WZP_CALL_EVENT_MEMBER_MOVED:
            break;
        case WZP_CALL_EVENT_STREAM:
            sim_parcel_on_event(person, &event);
            break;
        }
    }
    sim_parcel_settle(person, now_ns);
}

static const struct sim_node_ops person_ops = {.receive = person_receive,
                                               .transmit = person_transmit,
                                               .next_at = person_next_at,
                                               .advance = person_advance,
                                               .settle = person_settle};

/* ---- devices: a clock that is `ppm` fast makes its n-th period end early ---- */

static int64_t device_time(const struct sim_person *person, int64_t start_ns, int64_t count,
                           int64_t period_ns)
{
    return start_ns + (int64_t)((double)(count * period_ns) / (1 + person->config.clock_ppm * 1e-6));
}

int64_t sim_person_captured_at(const struct sim_person *speaker, size_t frame)
{
    return device_time(speaker, speaker->config.start_ns, (int64_t)frame, FRAME_NS);
}

static void capture(void *self, int64_t now_ns)
{
    struct sim_person *person = self;
    int16_t pcm[WZP_AUDIO_FRAME];
    if (person->is_leaving)
        return;
    voice_frame(person, pcm);
    person->energy[person->captured] = wzp_audio_energy(pcm, WZP_AUDIO_FRAME);
    if (person->energy[person->captured] > person->loudest)
        person->loudest = person->energy[person->captured];
    sim_net_drive(person->crowd->net, person->node);
    if (!person->is_down)
        wzp_call_capture(person->call, pcm, sim_person_clock(person, now_ns));
    person->captured++;
    sim_net_poke(person->crowd->net, person->node);
    int64_t next_ns = sim_person_captured_at(person, (size_t)person->captured + 1);
    if (next_ns <= person->config.stop_ns)
        sim_net_at(person->crowd->net, next_ns, capture, person);
}

/* How a piece was heard as it was said; 0 when it was not. */
static uint8_t way_heard(enum wzp_heard_kind kind, bool is_second)
{
    uint8_t half = is_second ? SIM_HEARD_SECOND : SIM_HEARD_FIRST;
    switch (kind) {
    case WZP_HEARD_RECEIVED:
        return half;
    case WZP_HEARD_REPAIRED:
        return half | SIM_HEARD_REPAIRED;
    case WZP_HEARD_LBRR:
        return half | SIM_HEARD_LBRR;
    case WZP_HEARD_DRED:
        return half | SIM_HEARD_DRED;
    case WZP_HEARD_NONE:
    case WZP_HEARD_CONCEALED:
    case WZP_HEARD_COMFORT_NOISE:
    case WZP_HEARD_STRETCHED:
        break;
    }
    return 0;
}

/* The captured frame of a time that is heard. What is older than this process the one before it said, and it
 * is heard late. */
static size_t frame_of(const struct sim_person *speaker, uint32_t timestamp_ms, int64_t now_ns)
{
    bool is_of_last = timestamp_ms * WZP_MS > now_ns - speaker->process_ns;
    return timestamp_ms / WZP_AUDIO_FRAME_MS +
           (is_of_last ? speaker->frames_before_last : speaker->frames_before);
}

static void note_heard(struct sim_person *person, const struct wzp_call_heard *heard, int64_t now_ns)
{
    struct sim_hearing *hearing = hearing_of(person, heard->slot);
    if (!hearing)
        return;
    struct wzp_audio_receive_stats stats;
    if (heard->heard.has_timestamp && wzp_drift_is_due(&hearing->drift, now_ns) &&
        wzp_call_member_stats(person->call, heard->slot, &stats))
        wzp_drift_add(&hearing->drift, now_ns, stats.jitter.base_ns);
    const struct sim_person *speaker = person->crowd->person[hearing->speaker];
    if (now_ns < wzp_time_min(speaker->config.stop_ns, speaker->left_ns)) {
        hearing->shown += way_heard(heard->heard.kind, false) != 0;
        hearing->concealed += heard->heard.kind == WZP_HEARD_CONCEALED;
    }
    size_t at = (size_t)person->played * WZP_AUDIO_PIECE;
    if (hearing->track && at + WZP_AUDIO_PIECE <= hearing->track_len)
        memcpy(hearing->track + at, heard->pcm, WZP_AUDIO_PIECE * sizeof *heard->pcm);
    if (heard->heard.kind == WZP_HEARD_STRETCHED) {
        hearing->first_piece++; /* what follows is still in place */
        return;
    }
    size_t frame = frame_of(speaker, heard->heard.timestamp_ms, now_ns);
    if (!heard->heard.has_timestamp || frame >= hearing->frames)
        return;
    bool is_second = heard->heard.timestamp_ms % WZP_AUDIO_FRAME_MS != 0;
    uint8_t way = way_heard(heard->heard.kind, is_second);
    bool in_place = !is_second ||
                    (hearing->first_frame == frame && hearing->first_piece + 1 == person->played);
    hearing->heard[frame] |= way && in_place ? way : SIM_HEARD_INVENTED;
    if (way && heard->heard.is_squeezed)
        hearing->heard[frame] |= SIM_HEARD_SECOND;
    if (!way || is_second)
        return;
    hearing->played_ns[frame] = now_ns;
    hearing->delay_samples[frame] = heard->heard.delay_samples;
    hearing->first_frame = frame;
    hearing->first_piece = person->played;
}

static void play(void *self, int64_t now_ns)
{
    struct sim_person *person = self;
    int16_t pcm[WZP_AUDIO_PIECE];
    struct wzp_call_heard heard[SIM_ROOM_MAX];
    size_t count = 0;
    memset(pcm, 0, sizeof pcm);
    if (!person->is_down) {
        wzp_call_play(person->call, pcm, sim_person_clock(person, now_ns));
        count = wzp_call_heard(person->call, heard, SIM_ROOM_MAX);
    }
    for (size_t i = 0; i < count; i++)
        note_heard(person, &heard[i], now_ns);
    if (person->probe)
        wzp_probe_hear(person->probe, pcm);
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i += 8)
        person->heard_digest = person->heard_digest * UINT64_C(0x100000001b3) + (uint16_t)pcm[i];
    size_t at = (size_t)person->played * WZP_AUDIO_PIECE;
    if (person->mix && at + WZP_AUDIO_PIECE <= person->mix_len)
        memcpy(person->mix + at, pcm, sizeof pcm);
    person->played++;
    int64_t next_ns = device_time(person, person->play_start_ns, person->played, PIECE_NS);
    if (next_ns < person->crowd->horizon_ns && !person->has_ended)
        sim_net_at(person->crowd->net, next_ns, play, person);
}

static void start(void *self, int64_t now_ns)
{
    struct sim_person *person = self;
    struct sim_net *net = person->crowd->net;
    if (person->is_leaving)
        return; /* before it came */
    if (!person->is_down)
        WZP_CHECK(wzp_call_start(person->call, sim_person_clock(person, now_ns)) == WZP_ERR_OK);
    sim_net_poke(net, person->node);
    if (sim_person_captured_at(person, 1) <= person->config.stop_ns)
        sim_net_at(net, sim_person_captured_at(person, 1), capture, person);
    sim_net_at(net, person->play_start_ns, play, person);
}

void sim_person_leave(struct sim_person *person)
{
    if (person->is_leaving)
        return;
    person->is_leaving = true;
    sim_net_drive(person->crowd->net, person->node);
    person->left_ns = sim_net_now(person->crowd->net);
    if (!person->is_down)
        wzp_call_leave(person->call, sim_person_clock(person, sim_net_now(person->crowd->net)));
    sim_net_poke(person->crowd->net, person->node);
}

void sim_person_move(struct sim_person *person, bool is_far)
{
    struct sim_net *net = person->crowd->net;
    sim_net_move(net, person->node, is_far);
    if (!is_far || person->is_down)
        return; /* it does not know */
    sim_net_drive(net, person->node);
    wzp_call_on_moved(person->call, sim_person_clock(person, sim_net_now(net)));
    sim_net_poke(net, person->node);
}

/* ---- the crowd ---- */

static void note_rekey(const struct sim_crowd *crowd, int64_t now_ns, unsigned node)
{
    struct sim_person *person = sim_crowd_at(crowd, node);
    if (person && person->rekeyed_count < SIM_REKEYS_MAX)
        person->rekeyed_ns[person->rekeyed_count++] = now_ns;
}

/* When clients rekeyed; and the relay's half of `connect_ms`: whose datagram gave it keys. */
static void on_trace(void *ctx, int64_t now_ns, unsigned node, enum wzp_trace_kind kind, uint64_t a,
                     uint64_t b)
{
    struct sim_crowd *crowd = ctx;
    int sender = sim_net_sender(crowd->net);
    (void)b;
    if (kind == WZP_TRACE_HANDSHAKE_SENT && a == 2)
        crowd->answers++;
    if (kind == WZP_TRACE_REKEYED)
        note_rekey(crowd, sim_net_now(crowd->net), node);
    if (kind != WZP_TRACE_KEYS || a != 0 || sender < 0)
        return;
    struct sim_person *person = sim_crowd_at(crowd, (unsigned)sender);
    if (person && person->relay_keys_ns == WZP_NEVER)
        person->relay_keys_ns = now_ns;
}

/* What the access links are given. */
static void on_tap(void *ctx, const struct sim_tap_event *event)
{
    const struct sim_crowd *crowd = ctx;
    if (event->kind != SIM_TAP_SENT)
        return;
    struct sim_person *from = sim_crowd_at(crowd, event->from), *to = sim_crowd_at(crowd, event->to);
    if (from)
        sim_meter_add(&from->up, event->now_ns, event->len + SIM_LINK_HEADER_BYTES);
    if (to)
        sim_meter_add(&to->down, event->now_ns, event->len + SIM_LINK_HEADER_BYTES);
}

struct sim_crowd *sim_crowd_create(struct sim_net *net, bool keep_tracks, int64_t horizon_ns)
{
    struct sim_crowd *crowd = take(1, sizeof *crowd);
    *crowd = (struct sim_crowd){.net = net, .keep_tracks = keep_tracks, .horizon_ns = horizon_ns};
    sim_net_tap(net, on_tap, crowd);
    sim_net_tap_trace(net, on_trace, crowd);
    return crowd;
}

void sim_crowd_destroy(struct sim_crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++) {
        struct sim_person *person = crowd->person[i];
        wzp_call_destroy(person->call);
        sim_parcel_destroy(person->giving);
        for (unsigned h = 0; h < person->hearing_count; h++) {
            free(person->hearing[h].heard);
            free(person->hearing[h].played_ns);
            free(person->hearing[h].delay_samples);
            free(person->hearing[h].track);
        }
        sim_meter_deinit(&person->up);
        sim_meter_deinit(&person->down);
        wzp_probe_destroy(person->probe);
        free(person->energy);
        free(person->mix);
        free(person);
    }
    for (unsigned i = 0; i < crowd->room_count; i++)
        free(crowd->room[i]);
    free(crowd->person);
    free(crowd->of_node);
    free(crowd->room);
    free(crowd);
}

/* Argon2id is slow on purpose. */
void sim_crowd_room(const char *name, struct wzp_room *room)
{
    static struct {
        char name[WZP_ROOM_NAME_MAX + 1];
        struct wzp_room room;
    } known[KNOWN_ROOMS];
    static unsigned count;
    for (unsigned i = 0; i < count; i++)
        if (strcmp(known[i].name, name) == 0) {
            *room = known[i].room;
            return;
        }
    WZP_CHECK(wzp_room_derive(name, room) == WZP_ERR_OK);
    unsigned place = count < KNOWN_ROOMS ? count++ : KNOWN_ROOMS - 1;
    snprintf(known[place].name, sizeof known[place].name, "%s", name);
    known[place].room = *room;
}

/* A new process of the person. */
static void make_call(struct sim_person *person)
{
    struct sim_net *net = person->crowd->net;
    char purpose[32];
    person->process_ns = sim_net_now(net);
    sim_net_open_memory(net, person->node);
    struct wzp_call_config config = wzp_call_config_default();
    config.identity = person->identity;
    sim_crowd_room(person->config.room, &config.room);
    config.relay = person->config.relay->addr;
    config.has_relay_static = person->config.is_ik;
    memcpy(config.relay_static, person->config.relay->identity.noise_public, 32);
    config.token_len = (uint8_t)strlen(person->config.token);
    memcpy(config.token, person->config.token, config.token_len);
    config.codec = sim_watch_codec(person->config.codec);
    config.takes_streams = true;
    snprintf(purpose, sizeof purpose, person->starts ? "randomness %u" : "randomness", person->starts);
    person->starts++;
    sim_net_secret(net, person->node, purpose, config.endpoint.seed);
    config.endpoint.alloc = sim_net_alloc(net, person->node);
    config.endpoint.trace = sim_net_trace(net, person->node);
    sim_set_rekey(&config.endpoint, person->config.rekey_ns);
    config.endpoint.max_rate_bps = person->config.max_rate_bps;
    if (person->config.bitrate_bps)
        config.bitrate_bps_max = person->config.bitrate_bps;
    config.is_tier_forced = person->config.is_tier_forced;
    config.priority = person->config.priority;
    config.endpoint.estimate = person->config.estimate;
    config.delay_budget_ns = person->config.delay_budget_ns;
    if (person->config.version)
        config.endpoint.versions[0] = person->config.version;
    person->call = wzp_call_create(&config);
    WZP_CHECK(person->call);
    sim_net_close_memory(net, person->node);
}

void sim_person_crash(struct sim_person *person)
{
    person->is_down = true;
}

void sim_person_restart(struct sim_person *person)
{
    struct sim_net *net = person->crowd->net;
    WZP_CHECK(person->is_down);
    wzp_call_destroy(person->call);
    make_call(person);
    person->is_down = false;
    person->frames_before_last = person->frames_before;
    person->frames_before = (size_t)person->captured;
    if (person->camera.picture.is_on)
        wzp_call_video_wish(person->call, person->camera.min_bps, person->camera.most_bps);
    sim_net_drive(net, person->node);
    if (sim_net_now(net) >= person->config.start_ns)
        WZP_CHECK(wzp_call_start(person->call, sim_person_clock(person, sim_net_now(net))) == WZP_ERR_OK);
    sim_net_poke(net, person->node);
}

void sim_person_clock_step(struct sim_person *person, int64_t ahead_ns)
{
    WZP_CHECK(ahead_ns >= 0);
    person->clock_ahead_ns += ahead_ns;
    sim_net_drive(person->crowd->net, person->node);
    sim_net_poke(person->crowd->net, person->node);
}

static struct sim_room *find_room(const struct sim_crowd *crowd, const struct sim_relay *relay,
                                  const char *name)
{
    for (unsigned i = 0; i < crowd->room_count; i++)
        if (crowd->room[i]->relay == relay && strcmp(crowd->room[i]->name, name) == 0)
            return crowd->room[i];
    return NULL;
}

const struct sim_room *sim_crowd_find_room(const struct sim_crowd *crowd, const struct sim_relay *relay,
                                           const char *name)
{
    return find_room(crowd, relay, name);
}

/* The room of its wish, which is made for who comes first. */
static void enter_room(struct sim_crowd *crowd, struct sim_person *person)
{
    const struct sim_person_config *config = &person->config;
    struct sim_room *room = find_room(crowd, config->relay, config->room);
    if (!room) {
        room = take(1, sizeof *room);
        room->relay = config->relay;
        snprintf(room->name, sizeof room->name, "%s", config->room);
        crowd->room = grown(crowd->room, crowd->room_count, &crowd->room_capacity, sizeof *crowd->room);
        crowd->room[crowd->room_count++] = room;
    }
    WZP_CHECK(room->count < SIM_ROOM_MAX);
    person->room = room;
    person->config.room = room->name;
    person->place = room->count;
    room->member[room->count++] = person;
}

static void note_node(struct sim_crowd *crowd, struct sim_person *person)
{
    if (person->node >= crowd->node_count) {
        unsigned count = 2 * person->node + 16;
        crowd->of_node = realloc(crowd->of_node, count * sizeof *crowd->of_node);
        WZP_CHECK(crowd->of_node);
        memset(crowd->of_node + crowd->node_count, 0, (count - crowd->node_count) * sizeof *crowd->of_node);
        crowd->node_count = count;
    }
    crowd->of_node[person->node] = person;
}

struct sim_person *sim_crowd_at(const struct sim_crowd *crowd, unsigned node)
{
    return node < crowd->node_count ? crowd->of_node[node] : NULL;
}

struct sim_person *sim_crowd_add(struct sim_crowd *crowd, const struct sim_person_config *wanted)
{
    WZP_CHECK(crowd->count < SIM_PEOPLE_MAX);
    struct sim_person *person = take(1, sizeof *person);
    person->config = *wanted;
    person->disk_left = wanted->disk_bytes;
    person->crowd = crowd;
    person->index = crowd->count;
    snprintf(person->token, sizeof person->token, "%s", wanted->token);
    person->config.token = person->token;
    enter_room(crowd, person);
    person->keys_ns = person->relay_keys_ns = person->joined_ns = WZP_NEVER;
    person->first_media_ns = person->ended_ns = person->left_ns = WZP_NEVER;
    for (unsigned i = 0; i < SIM_ROOM_MAX; i++)
        person->told_joined_ns[i] = person->told_left_ns[i] = WZP_NEVER;
    crowd->person = grown(crowd->person, crowd->count, &crowd->capacity, sizeof *crowd->person);
    crowd->person[crowd->count++] = person;
    person->node = sim_net_add(crowd->net, wanted->name, &person_ops, person);
    note_node(crowd, person);
    sim_net_secret(crowd->net, person->node, "identity", person->seed);
    wzp_identity_from_seed(&person->identity, person->seed);

    make_call(person);

    /* The loudspeaker's grid lies anywhere against the microphone's: the seed says where. */
    uint64_t stream = person->index < 500 ? STREAM_LOUDSPEAKER + person->index
                                          : UINT64_C(1) << 63 | person->index;
    struct wzp_rng rng = wzp_rng_make(sim_net_seed(crowd->net), stream);
    person->play_start_ns = wanted->start_ns + (int64_t)wzp_rng_below(&rng, PIECE_NS);
    person->energy = take(frames_until(person, wanted->stop_ns), sizeof *person->energy);
    if (wanted->test)
        person->probe = wzp_probe_create(wanted->test);
    if (crowd->keep_tracks) {
        person->mix_len = (size_t)((crowd->horizon_ns - wanted->start_ns) / PIECE_NS + 1) * WZP_AUDIO_PIECE;
        person->mix = take(person->mix_len, sizeof *person->mix);
    }
    sim_net_at(crowd->net, wanted->start_ns, start, person);
    return person;
}

struct sim_net *sim_crowd_net(const struct sim_crowd *crowd)
{
    return crowd->net;
}

uint64_t sim_crowd_answers(const struct sim_crowd *crowd)
{
    return crowd->answers;
}

unsigned sim_crowd_count(const struct sim_crowd *crowd)
{
    return crowd->count;
}

struct sim_person *sim_crowd_person(const struct sim_crowd *crowd, unsigned index)
{
    return crowd->person[index];
}
