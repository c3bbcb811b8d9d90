// SPDX-License-Identifier: Apache-2.0
/* Repair that leaves: the frames of the last moments, how much repair they need, and when it goes. */
#include "base/check.h"
#include "session/repair.h"
#include "session/session.h"

#include <string.h>

#define HORIZON_NS                                                                                           \
    (150 * WZP_MS) /* or 5 frames, what is more: a source too large for its path is not waited for */
#define AROUND_NS        (24 * WZP_MS) /* the codec's look-ahead, a step of playing, and a margin */
#define PLAN_EVERY_NS    (100 * WZP_MS)
#define PACE_NS          (250 * WZP_MS)
#define PAUSE_NS         (250 * WZP_MS) /* no packet of speech is so long */
#define QUEUE_NS         (25 * WZP_MS)  /* of a link that the bound of the rate is for */
#define INTERVAL_STEP_NS (10 * WZP_MS)
#define INTERVAL_MIN_NS  (2 * WZP_MS)
#define UNKNOWN_RATE_BPS 250000         /* that a hop is trusted to carry while nothing is known of it */
#define KNOWN_PACKETS    32             /* that a word about the loss is worth listening to */
#define HANDSHAKE_NS_MAX WZP_S          /* that may be a round trip */
#define SILENCE_NS       (120 * WZP_MS) /* over the round trip, without a word */
#define SILENCE_FRAMES   6              /* and after so many: reports on few packets are rare */
#define PACKET_BYTES     (IP_UDP_HEADER + 7 + WZP_TAG_LEN) /* around frames: IP, UDP, short header, seal */
#define YOUNG_NS         (10 * WZP_S)
#define TYPICAL_SOURCES  16
#define FRAME_STEP_MS    20 /* frames of speech last a multiple of it */
#define STEPS_MAX        8  /* of a sequence, between two frames that tell how long one lasts */
#define MINI_BYTES       8
#define HORIZON_OFFSET   2 /* in a REPAIR frame behind its type (proto/10-repair.md) */

/* Of the newest frame but `back`. */
static unsigned place_of(const struct repair_out *out, unsigned back)
{
    return (out->next + REPAIR_SOURCES - 1 - back) % REPAIR_SOURCES;
}

static struct repair_source *source_at(const struct repair_out *out, unsigned back)
{
    return &out->sources[place_of(out, back)];
}

static uint64_t key_at(const struct repair_out *out, unsigned back)
{
    return out->keys[place_of(out, back)];
}

static bool is_of_stream(const struct repair_out *out, unsigned place, uint64_t key)
{
    return (out->keys[place] ^ key) >> REPAIR_KEY_STREAM == 0;
}

/* Bytes of the longest symbol of the newest `count` frames. */
static unsigned longest_of(const struct repair_out *out, unsigned count)
{
    unsigned longest = 0;
    for (unsigned back = 0; back < out->count && back < count; back++)
        if (source_at(out, back)->len > longest)
            longest = source_at(out, back)->len;
    return longest;
}

/* Bytes of the symbol of a frame of speech, as the newest went: the mean, so that a report in one of them
 * does not make all repair dear. */
static unsigned typical(const struct repair_out *out)
{
    unsigned sum = 0, count = 0;
    uint32_t newest_ms = source_at(out, 0)->frame_ms;
    for (unsigned back = 0; back < out->count && back < TYPICAL_SOURCES; back++) {
        bool is_older_kind = source_at(out, back)->frame_ms != newest_ms &&
                             is_of_stream(out, place_of(out, back), key_at(out, 0));
        if (source_at(out, back)->is_noise || is_older_kind)
            continue;
        sum += source_at(out, back)->len;
        count++;
    }
    return count ? sum / count : longest_of(out, TYPICAL_SOURCES);
}

/* On the wire, of a packet with the frame of such a symbol. */
static unsigned packet_bytes(unsigned symbol_len)
{
    return PACKET_BYTES + MINI_BYTES + symbol_len - REPAIR_SYMBOL_HEAD;
}

/* How many of the newest frames are covered at that time. A shorter horizon does not take from those that
 * left before it what was planned for them. */
static unsigned live(const struct repair_out *out, int64_t at_ns)
{
    unsigned live = 0;
    while (live < out->count && at_ns <= source_at(out, live)->until_ns)
        live++;
    return live;
}

/* A longer one is for those that are still covered as well; what was given up would only cost equations. */
static void extend(struct repair_out *out, int64_t now_ns)
{
    for (unsigned back = live(out, now_ns); back-- > 0;) {
        struct repair_source *source = source_at(out, back);
        source->until_ns = wzp_time_max(source->until_ns, source->sent_ns + out->cover.horizon_ns);
    }
}

int64_t repair_rtt(const struct session *session)
{
    if (session->rtt.has_sample)
        return session->rtt.min_ns;
    return wzp_time_max(wzp_rtt_known_ns(&session->rtt),
                        wzp_time_min(session->handshake_ns, HANDSHAKE_NS_MAX));
}

/* How long repair may take: what the owner says, or what the peer's wish for the delay from mouth to ear
 * leaves when the frame was captured, has travelled here and travels on. */
static int64_t horizon_max(const struct session *session)
{
    const struct repair_out *out = &session->repair_out;
    if (session->is_initiator)
        return out->horizon_max_ns;
    int64_t most_ns = wzp_time_min(wzp_time_max(5 * out->interval_ns, HORIZON_NS), WZP_PLAN_HORIZON_NS_MAX);
    if (!session->peer_wait_ns)
        return wzp_time_min(most_ns, out->horizon_max_ns);
    bool is_measured = session->rtt.has_sample; /* what the handshake took may be across repeats */
    int64_t left_ns = session->peer_wait_ns - repair_rtt(session) / 2 - out->interval_ns - AROUND_NS;
    return wzp_time_min(most_ns, wzp_time_max(left_ns, is_measured ? 0 : 2 * out->interval_ns));
}

/* Reports should have come since the first frame left, and none did: both ways are bad. */
static bool is_silent(const struct session *session, int64_t now_ns)
{
    const struct repair_out *out = &session->repair_out;
    return out->begun >= SILENCE_FRAMES && session->feedback_seen.at_ns == INT64_MIN &&
           now_ns - out->began_ns > repair_rtt(session) + SILENCE_NS;
}

static bool is_known(const struct session *session, int64_t now_ns)
{
    return wzp_feedback_is_fresh(&session->feedback_seen, now_ns) && session->loss.judged >= KNOWN_PACKETS;
}

/* Is the link so new that it is taken to lose alike both ways, as far as what was seen of them agrees? */
static bool is_young(const struct session *session, int64_t now_ns)
{
    return session->repair_out.begun && now_ns - session->repair_out.began_ns < YOUNG_NS;
}

static struct wzp_loss_seen seen_here(const struct session *session)
{
    return (struct wzp_loss_seen){session->feedback.loss_permille, session->feedback.judged};
}

static struct wzp_loss_seen seen_there(const struct session *session)
{
    return (struct wzp_loss_seen){wzp_loss_permille(&session->loss), session->loss.judged};
}

unsigned repair_loss_in(const struct session *session, int64_t now_ns)
{
    struct wzp_loss_seen here = seen_here(session);
    return is_young(session, now_ns) ? wzp_loss_pool(here, seen_there(session)).permille : here.permille;
}

struct repair_estimate repair_estimate(const struct wzp_endpoint *endpoint, const struct session *session,
                                       int64_t now_ns)
{
    struct repair_estimate estimate = {
        .path = {.loss_permille = wzp_loss_permille(&session->loss),
                 .burst_16 = wzp_loss_burst_16(&session->loss),
                 .rate_bps = share_of_audio(session, repair_rate(endpoint, session), now_ns)},
        .packets = session->loss.judged,
        .is_known = is_known(session, now_ns),
    };
    if (estimate.is_known && is_young(session, now_ns)) {
        struct wzp_loss_seen both = wzp_loss_pool(seen_there(session), seen_here(session));
        estimate.path.loss_permille = both.permille;
        estimate.packets = both.judged;
    }
    if (estimate.is_known)
        return estimate;
    const struct wzp_cover_tracker *tracker = &session->repair_out.tracker;
    estimate.is_remembered = session->loss.judged >= KNOWN_PACKETS && tracker->has_estimate &&
                             !session->peer_passes_repair; /* else it is of the links beyond, too */
    if (estimate.is_remembered) {
        estimate.path.loss_permille = tracker->path.loss_permille;
        estimate.path.burst_16 = tracker->path.burst_16;
    }
    estimate.packets = KNOWN_PACKETS;
    int64_t rtt_ns = repair_rtt(session);
    unsigned feared = wzp_cover_unknown_loss(rtt_ns, repair_assumed(endpoint, session));
    bool is_bad = is_silent(session, now_ns);
    if (is_bad)
        feared = WZP_COVER_UNKNOWN_LOSS_MAX;
    if (estimate.path.loss_permille > feared)
        return estimate;
    estimate.path.loss_permille = feared;
    if (!is_bad)
        estimate.horizon_ns = wzp_cover_unknown_horizon(rtt_ns, repair_assumed(endpoint, session));
    return estimate;
}

/* Between frames: as measured, or, before there were two, what leaves two thirds of the path to repair. */
static int64_t interval_of(const struct repair_out *out)
{
    static const int64_t intervals[] = {20 * WZP_MS, 40 * WZP_MS, 60 * WZP_MS};
    uint64_t rate_bps = out->path.rate_bps;
    if (out->pace[0].sum_ns + out->pace[1].sum_ns || !rate_bps)
        return out->interval_ns;
    unsigned len = typical(out);
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++)
        if (packet_bytes(len) * 3 * 8 * (uint64_t)WZP_S <= rate_bps * (uint64_t)intervals[i])
            return intervals[i];
    return 120 * WZP_MS;
}

static void plan(const struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    struct repair_out *out = &session->repair_out;
    if (now_ns - out->planned_at_ns < PLAN_EVERY_NS && is_known(session, now_ns) == out->is_known &&
        interval_of(out) == out->planned_interval_ns)
        return;
    struct repair_estimate estimate = repair_estimate(endpoint, session, now_ns);
    unsigned len = typical(out);
    out->planned_at_ns = now_ns;
    if (session->peer_passes_repair)
        estimate.path = wzp_cover_in_a_row(&estimate.path, &out->beyond);
    if (!estimate.is_known && !estimate.path.rate_bps)
        estimate.path.rate_bps = UNKNOWN_RATE_BPS;
    if (!estimate.is_known && !estimate.is_remembered)
        wzp_cover_tracker_init(&out->tracker);
    if (estimate.is_known)
        wzp_cover_track(&out->tracker, &estimate.path, estimate.packets, now_ns);
    out->is_known = estimate.is_known;
    out->path = estimate.is_known ? out->tracker.path : wzp_cover_heed(&estimate.path);
    wzp_cover_curves_make(&out->path, &out->curves);
    out->planned_interval_ns = interval_of(out);
    const struct wzp_cover_source source = {
        .interval_ns = out->planned_interval_ns,
        .packet_bytes = packet_bytes(len),
        .repair_bytes = PACKET_BYTES + repair_frame_bytes(key_at(out, 0)) + len,
    };
    int64_t horizon_ns = horizon_max(session);
    if (estimate.horizon_ns)
        horizon_ns = wzp_time_min(horizon_ns, estimate.horizon_ns);
    wzp_cover_choose(&out->curves, &source, &wzp_plan_weights, horizon_ns, &out->cover);
    extend(out, now_ns);
}

/* So many repair packets until the next frame is expected. What could not be sent is forgotten but for what
 * belongs to a burst of frames, and one. */
static void step(struct repair_out *out, int64_t now_ns)
{
    int64_t burst = out->cover.repair_permille * out->longest_ns / out->interval_ns;
    unsigned most = (unsigned)((burst + 999) / 1000) + 1;
    out->step_ns = now_ns;
    out->credit += out->cover.repair_permille;
    out->due += out->credit / 1000;
    out->due = out->due < most ? out->due : most;
    out->credit %= 1000;
    out->apart_ns = out->longest_ns / (out->due + 1);
    out->next_ns = now_ns + out->apart_ns;
}

/* Frames are captured every 20 ms: what differs from that is noise of the way here, or several speakers. */
static int64_t rounded(int64_t gap_ns)
{
    int64_t steps = (gap_ns + INTERVAL_STEP_NS / 2) / INTERVAL_STEP_NS;
    return steps > 1 ? steps * INTERVAL_STEP_NS : wzp_time_max(gap_ns, INTERVAL_MIN_NS);
}

static unsigned bucket_of(uint64_t key)
{
    return ((uint32_t)(key >> REPAIR_KEY_STREAM) * 0x9e3779b1u >> 16) % REPAIR_SOURCES;
}

/* Where the newest frame of a stream is; REPAIR_SOURCES: none is held. */
static unsigned newest_of(const struct repair_out *out, uint64_t key)
{
    unsigned newest = out->newest[bucket_of(key)];
    if (newest < out->count && is_of_stream(out, newest, key))
        return newest;
    for (unsigned back = 0; back < out->count; back++)
        if (is_of_stream(out, place_of(out, back), key))
            return place_of(out, back);
    return REPAIR_SOURCES;
}

/* How long a frame of the stream lasts, by the timestamps of this one and the one held before it. */
static uint32_t frame_ms(const struct repair_out *out, unsigned before, uint64_t key, uint32_t timestamp_ms)
{
    const struct repair_source *source = &out->sources[before];
    uint32_t steps = (uint32_t)key - (uint32_t)out->keys[before];
    uint32_t passed_ms = timestamp_ms - source->timestamp_ms;
    bool is_told = !source->is_noise && steps > 0 && steps <= STEPS_MAX && passed_ms > 0 &&
                   passed_ms % (steps * FRAME_STEP_MS) == 0 && passed_ms / steps < PAUSE_NS / WZP_MS;
    return is_told ? passed_ms / steps : source->frame_ms;
}

/* Has nobody else spoken for a while? */
static bool is_alone(const struct repair_out *out, uint64_t key, int64_t now_ns)
{
    for (unsigned back = 0; back < out->count && now_ns - source_at(out, back)->sent_ns < PAUSE_NS; back++)
        if (!is_of_stream(out, place_of(out, back), key))
            return false;
    return true;
}

/* Speech sets the pace; pauses, and the comfort noise in them, do not count. */
static void note_gap(struct repair_out *out, bool begins_to_talk, int64_t now_ns)
{
    int64_t gap_ns = begins_to_talk ? PAUSE_NS : now_ns - out->spoke_ns;
    struct repair_pace *pace = out->pace;
    out->spoke_ns = now_ns;
    if (now_ns - out->pace_at_ns >= PACE_NS) {
        pace[1] = pace[0];
        pace[0] = (struct repair_pace){0};
        out->pace_at_ns = now_ns;
    }
    if (gap_ns >= PAUSE_NS)
        return;
    pace->sum_ns += gap_ns;
    pace->longest_ns = wzp_time_max(pace->longest_ns, gap_ns);
    pace->count++;
    int64_t mean_ns = (pace[0].sum_ns + pace[1].sum_ns) / (pace[0].count + pace[1].count);
    out->interval_ns = rounded(mean_ns);
    out->longest_ns = wzp_time_max(out->interval_ns, wzp_time_max(pace[0].longest_ns, pace[1].longest_ns));
}

/* Whoever speaks alone and goes over to longer or shorter frames has this pace at once. */
static void begin_pace(struct repair_out *out, uint32_t frame_ms, int64_t now_ns)
{
    int64_t gap_ns = frame_ms * WZP_MS;
    out->pace[0] = (struct repair_pace){.sum_ns = gap_ns, .longest_ns = gap_ns, .count = 1};
    out->pace[1] = (struct repair_pace){0};
    out->pace_at_ns = now_ns;
    out->interval_ns = out->longest_ns = gap_ns;
}

/* Different for two frames of one stream, and nearly always for others. */
static uint32_t name_of(uint64_t key)
{
    return (uint32_t)key ^ (uint32_t)(key >> 32) * 0x9e3779b1u;
}

/* Two frames of one key in a window would shift its coefficients. */
static bool is_held(const struct repair_out *out, uint64_t key)
{
    unsigned alike = 0;
    for (unsigned i = 0; i < REPAIR_SOURCES; i++) /* to the end: so a vector does it */
        alike += out->names[i] == name_of(key);
    for (unsigned back = 0; alike && back < out->count; back++)
        if (key_at(out, back) == key)
            return true;
    return false;
}

void repair_on_sent(const struct wzp_endpoint *endpoint, struct session *session, uint16_t slot,
                    const struct wzp_media_header *header, struct wzp_slice payload, int64_t now_ns)
{
    struct repair_out *out = &session->repair_out;
    uint64_t key = repair_key(slot, header);
    if (!out->sources || !repair_covers(header, payload) || is_held(out, key))
        return;
    bool is_noise = header->media_type == WZP_MEDIA_TYPE_AUDIO && header->codec == WZP_CODEC_COMFORT_NOISE;
    unsigned before = newest_of(out, key);
    bool is_known = before < REPAIR_SOURCES;
    uint32_t before_ms = is_known ? out->sources[before].frame_ms : 0;
    uint32_t lasts_ms = is_known ? frame_ms(out, before, key, header->timestamp_ms) : 0;
    if (!is_noise)
        note_gap(out, !is_known || out->sources[before].is_noise, now_ns);
    if (before_ms && lasts_ms != before_ms && is_alone(out, key, now_ns))
        begin_pace(out, lasts_ms, now_ns);
    if (!out->begun)
        out->began_ns = now_ns;
    out->begun += out->begun < SILENCE_FRAMES;
    struct repair_source *source = &out->sources[out->next];
    out->keys[out->next] = key;
    out->names[out->next] = name_of(key);
    out->newest[bucket_of(key)] = (uint8_t)out->next;
    out->next = (out->next + 1) % REPAIR_SOURCES;
    out->count += out->count < REPAIR_SOURCES;
    source->sent_ns = now_ns;
    source->timestamp_ms = header->timestamp_ms;
    source->frame_ms = lasts_ms;
    source->is_noise = is_noise;
    source->len = (uint16_t)repair_symbol(source->symbol, header, payload);
    source->until_ns = now_ns;
    plan(endpoint, session, now_ns);
    source->until_ns = now_ns + out->cover.horizon_ns;
    step(out, now_ns);
}

/* When the frame after this step is so late that it may not come: the last ones need their repair all the
 * same. */
static int64_t late_ns(const struct repair_out *out)
{
    return out->step_ns + out->longest_ns + out->longest_ns / 4;
}

/* The earliest that the plan wants. */
static int64_t wanted_ns(const struct repair_out *out)
{
    return out->due ? wzp_time_min(out->next_ns, late_ns(out)) : late_ns(out);
}

/* When the bounds of the rate let repair out: itself, and the frame that is expected next at its time. */
static int64_t let_out_at(const struct wzp_endpoint *endpoint, const struct session *session, int64_t from_ns)
{
    const struct repair_out *out = &session->repair_out;
    unsigned longest = longest_of(out, live(out, from_ns));
    size_t own = PACKET_BYTES + repair_frame_bytes(key_at(out, 0)) + longest +
                 send_reserved(endpoint, session);
    int64_t both_ns = endpoint_rate_at(endpoint, session, own + packet_bytes(longest), from_ns);
    if (both_ns > wzp_time_max(from_ns, out->step_ns + out->interval_ns))
        return both_ns;
    return endpoint_rate_at(endpoint, session, own, from_ns);
}

/* When so little waits in front of the link that repair does not make the frames behind it late. */
static int64_t clear_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    int64_t clear_ns = wzp_time_max(wzp_rate_clear_at(&endpoint->rate, QUEUE_NS),
                                    wzp_rate_clear_at(&session->rate, QUEUE_NS));
    return wzp_time_max(clear_ns, pace_at(session, QUEUE_NS));
}

int64_t repair_next_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    const struct repair_out *out = &session->repair_out;
    if (!out->sources || !out->count || !out->cover.repair_permille)
        return WZP_NEVER;
    int64_t at_ns = let_out_at(endpoint, session, wzp_time_max(wanted_ns(out), clear_at(endpoint, session)));
    return live(out, wzp_time_max(at_ns, endpoint->now_ns)) ? at_ns : WZP_NEVER;
}

/* How long repair of the newest `count` frames may take: of those that left before the plan did, as was
 * planned. */
static int64_t horizon_of(const struct repair_out *out, unsigned count)
{
    int64_t longest_ns = out->cover.horizon_ns;
    for (unsigned back = 0; back < count; back++)
        longest_ns = wzp_time_max(longest_ns, source_at(out, back)->until_ns - source_at(out, back)->sent_ns);
    return longest_ns;
}

/* The window's symbols in the order of their keys. */
static unsigned gather(const struct repair_out *out, unsigned count, struct repair_window *window,
                       struct wzp_slice symbols[REPAIR_SOURCES])
{
    unsigned longest = 0;
    window->count = count;
    for (unsigned back = 0; back < count; back++) {
        const struct repair_source *source = source_at(out, back);
        unsigned at = back;
        uint64_t key = key_at(out, back);
        for (; at > 0 && window->keys[at - 1] > key; at--) {
            window->keys[at] = window->keys[at - 1];
            symbols[at] = symbols[at - 1];
        }
        window->keys[at] = key;
        symbols[at] = (struct wzp_slice){source->symbol, source->len};
        if (source->len > longest)
            longest = source->len;
    }
    return longest;
}

bool repair_put(const struct wzp_endpoint *endpoint, struct session *session, struct wzp_writer *writer,
                int64_t now_ns)
{
    struct repair_out *out = &session->repair_out;
    int64_t let_out_ns = repair_next_at(endpoint, session);
    if (let_out_ns > now_ns)
        return false;
    if (now_ns >= late_ns(out)) {
        step(out, now_ns);
        out->longest_ns = out->interval_ns;
    }
    if (!out->due || now_ns < out->next_ns)
        return false;
    out->due--;
    /* A timer's lateness does not add up; what a bound of the rate held back starts anew. */
    bool is_held = let_out_ns > out->next_ns;
    out->next_ns = is_held ? now_ns + out->apart_ns : wzp_time_max(out->next_ns + out->apart_ns, now_ns);
    struct wzp_frame_repair frame = {.id = out->id++};
    struct repair_window window;
    struct wzp_slice symbols[REPAIR_SOURCES];
    unsigned count = live(out, now_ns), len = gather(out, count, &window, symbols);
    while (!repair_window_encode(&window, &frame)) /* one frame always fits */
        len = gather(out, --count, &window, symbols);
    uint8_t symbol[REPAIR_SYMBOL_MAX];
    wzp_window_encode(wzp_gf256_best(), frame.id, symbols, count, symbol, len);
    int64_t horizon_4ms = (horizon_of(out, count) + 4 * WZP_MS - 1) / (4 * WZP_MS);
    frame.horizon_4ms = (uint8_t)wzp_time_min(horizon_4ms, UINT8_MAX);
    frame.symbol = (struct wzp_slice){symbol, len};
    struct wzp_writer before = *writer;
    wzp_frame_repair_encode(writer, &frame);
    bool fits = !writer->failed;
    if (!fits)
        *writer = before;
    return fits;
}

/* ---- repair of others ---- */

/* What it covers is waited for as long as its sender said that repair takes. */
static bool is_stale(const struct send_entry *entry, int64_t now_ns)
{
    int64_t horizon_ns = entry->body.data[HORIZON_OFFSET] * 4 * WZP_MS;
    return now_ns - entry->queued_ns > wzp_time_max(horizon_ns, QUEUE_NS);
}

void repair_drop_stale(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    struct send_entry entry;
    while (send_queue_first(&session->passed, &entry) && is_stale(&entry, now_ns)) {
        endpoint_drop(endpoint, session->local_id, WZP_DROP_REPAIR_STALE, entry.body.len);
        send_queue_pop(&session->passed);
    }
}

int64_t repair_pass_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    struct send_entry entry;
    if (!send_queue_first(&session->passed, &entry))
        return WZP_NEVER;
    size_t bytes = IP_UDP_HEADER + QUEUE_PACKET_BYTES + 1 + entry.body.len + send_reserved(endpoint, session);
    return endpoint_rate_at(endpoint, session, bytes, clear_at(endpoint, session));
}

bool repair_pass(struct wzp_endpoint *endpoint, struct session *session, struct wzp_writer *writer,
                 int64_t now_ns)
{
    struct send_entry entry;
    repair_drop_stale(endpoint, session, now_ns);
    if (repair_pass_at(endpoint, session) > now_ns || !send_queue_first(&session->passed, &entry) ||
        wzp_writer_left(writer) < 1 + entry.body.len)
        return false;
    wzp_write_u8(writer, WZP_FRAME_TYPE_REPAIR);
    wzp_write_bytes(writer, entry.body.data, entry.body.len);
    send_queue_pop(&session->passed);
    return true;
}
