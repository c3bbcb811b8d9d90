// SPDX-License-Identifier: Apache-2.0
#include "media/jitter.h"

#include "base/check.h"
#include "base/time.h"

#include <string.h>

#define MARGIN_MS      3   /* over the percentile: what waiting behind another packet costs */
#define SPURT_OVER_MS  200 /* of concealment: then it is silence */
#define IMPLAUSIBLE_NS (2 * WZP_S)
#define MISSED_FRAMES  25 /* half a second */
/*
 * In a pause less is reason enough, but not nothing: codecs take hum away, so what sounds like a pause here
 * may have been faint sound there, and leaving it out is a loss.
 */
#define QUIET_SURPLUS_MS 20
#define SURPLUS_MS       60 /* above the target that speech bears */
#define SURPLUS_NS       (2 * WZP_S)
#define COPIES_PACKETS   100 /* packets: copies count as in use after the last one */
#define LOSS_SHIFT       7   /* the loss estimate forgets by 1/128 a packet */
#define LOSS_ONE         (UINT32_C(1) << 20)
#define LOSS_SEEN        (LOSS_ONE / 200) /* 0.5 %: one lost packet is seen for a second */
#define WEIGHT_FIRST     (UINT32_C(1) << 12)
#define WEIGHT_LAST      (UINT32_C(1) << 20)
#define WEIGHT_SHIFT     8 /* a packet weighs 1/256 more than the one before it */
#define BINS             (WZP_JITTER_DELAY_MS_MAX + 1)

enum phase {
    EMPTY, /* nothing was ever played */
    PAUSE, /* silence: no frame is owed; the next one starts a spurt when it is due */
    TALK,  /* `play_ms` is the next moment of the sender's time to be played */
};

struct frame {
    uint32_t sequence;
    bool is_comfort_noise;
    bool carries_previous;
    uint16_t len;
    int64_t timestamp_ms; /* without wrap */
    uint8_t payload[WZP_AUDIO_PAYLOAD_MAX];
};

struct wzp_jitter {
    struct frame frames[WZP_JITTER_FRAMES]; /* by the low bits of the sequence */
    uint64_t present;                       /* one bit a frame, same index */
    uint32_t next_sequence;                 /* to be played */
    uint32_t delay_ms_max;

    enum phase phase;
    int64_t play_ms;
    int64_t invented_ms;      /* concealed in a row, at play_ms */
    int64_t surplus_since_ns; /* WZP_NEVER: the delay is not far above the target */

    bool has_timeline;
    uint32_t newest_sequence;
    uint64_t seen; /* bit i: newest_sequence - i has come */
    int64_t newest_ms;
    int64_t base_ns;
    struct {
        int64_t second;
        int64_t transit_ns; /* the smallest of that second */
    } lowest[WZP_JITTER_WINDOW];
    int64_t last_transit_ns;

    bool has_stranger; /* a packet that fits no timeline, and may be the first of a new one */
    uint32_t stranger_sequence;
    uint32_t stranger_timestamp_ms;
    int64_t stranger_at_ns;

    uint32_t lateness[BINS]; /* weight of packets by transit - base, ms rounded up */
    uint32_t lateness_top;   /* no bin above it holds anything */
    uint32_t lateness_sum;
    uint32_t weight; /* of the next packet */
    uint32_t loss;   /* share of LOSS_ONE */
    uint32_t copies; /* packets for which copies still count as in use */
    uint32_t missed; /* frames in a row that came too late for delay_ms_max */

    struct wzp_jitter_stats stats;
};

size_t wzp_jitter_size(void)
{
    return sizeof(struct wzp_jitter);
}

struct wzp_jitter *wzp_jitter_init(void *memory, uint32_t delay_ms_max)
{
    WZP_CHECK(delay_ms_max >= WZP_AUDIO_FRAME_MS && delay_ms_max <= WZP_JITTER_DELAY_MS_MAX);
    struct wzp_jitter *jitter = memory;
    memset(jitter, 0, sizeof *jitter);
    jitter->delay_ms_max = delay_ms_max;
    jitter->surplus_since_ns = WZP_NEVER;
    jitter->weight = WEIGHT_FIRST;
    jitter->stats.target_ms = MARGIN_MS;
    return jitter;
}

/* ---- arrival ---- */

static void start_timeline(struct wzp_jitter *jitter, uint32_t sequence, uint32_t timestamp_ms,
                           int64_t now_ns)
{
    jitter->has_timeline = true;
    jitter->has_stranger = false;
    jitter->present = 0;
    jitter->next_sequence = sequence;
    jitter->newest_sequence = sequence - 1;
    jitter->seen = 0;
    jitter->newest_ms = timestamp_ms;
    jitter->base_ns = now_ns - jitter->newest_ms * WZP_MS;
    jitter->last_transit_ns = jitter->base_ns;
    for (size_t i = 0; i < WZP_JITTER_WINDOW; i++)
        jitter->lowest[i].transit_ns = INT64_MAX;
    if (jitter->phase == TALK)
        jitter->phase = PAUSE;
}

static bool is_plausible(const struct wzp_jitter *jitter, uint32_t sequence, int64_t timestamp_ms,
                         int64_t transit_ns)
{
    int64_t ahead = (int32_t)(sequence - jitter->newest_sequence);
    int64_t late_ns = transit_ns - jitter->base_ns;
    /* No sender makes more packets than frames. */
    int64_t ahead_max = WZP_JITTER_FRAMES + (timestamp_ms - jitter->newest_ms) / WZP_AUDIO_FRAME_MS;
    return ahead > -WZP_JITTER_FRAMES && ahead <= ahead_max && late_ns > -IMPLAUSIBLE_NS &&
           late_ns < IMPLAUSIBLE_NS;
}

/* Two strangers in a row that fit each other are a sender that has started anew. */
static bool is_restart(struct wzp_jitter *jitter, uint32_t sequence, uint32_t timestamp_ms, int64_t now_ns)
{
    uint32_t ahead = sequence - jitter->stranger_sequence;
    int64_t later_ns = now_ns - jitter->stranger_at_ns;
    later_ns -= (int32_t)(timestamp_ms - jitter->stranger_timestamp_ms) * WZP_MS;
    if (jitter->has_stranger && ahead > 0 && ahead < WZP_JITTER_FRAMES && later_ns > -IMPLAUSIBLE_NS &&
        later_ns < IMPLAUSIBLE_NS)
        return true;
    jitter->has_stranger = true;
    jitter->stranger_sequence = sequence;
    jitter->stranger_timestamp_ms = timestamp_ms;
    jitter->stranger_at_ns = now_ns;
    return false;
}

/* Enters the sequence into the account of what came; false for a duplicate. */
static bool note_sequence(struct wzp_jitter *jitter, uint32_t sequence)
{
    int32_t ahead = (int32_t)(sequence - jitter->newest_sequence);
    if (ahead > 0) {
        jitter->seen = ahead < WZP_JITTER_FRAMES ? jitter->seen << ahead | 1 : 1;
        jitter->newest_sequence = sequence;
        jitter->stats.expected += (uint32_t)ahead;
        for (int32_t i = 1; i < ahead && i < WZP_JITTER_FRAMES; i++)
            jitter->loss += (LOSS_ONE - jitter->loss) >> LOSS_SHIFT;
        jitter->loss -= jitter->loss >> LOSS_SHIFT;
    } else {
        uint64_t bit = UINT64_C(1) << -ahead;
        if (jitter->seen & bit)
            return false;
        jitter->seen |= bit;
        uint32_t counted = (LOSS_ONE - jitter->loss) >> LOSS_SHIFT; /* it was taken for lost */
        jitter->loss -= counted < jitter->loss ? counted : jitter->loss;
    }
    jitter->stats.received++;
    return true;
}

/* A base that has risen is a slower path: what was late by the old one is less so by the new one. */
static void set_base(struct wzp_jitter *jitter, int64_t base_ns)
{
    int64_t rise_ms = (base_ns - jitter->base_ns) / WZP_MS;
    jitter->base_ns = base_ns;
    if (rise_ms <= 0)
        return;
    size_t shift = rise_ms < BINS - 1 ? (size_t)rise_ms : BINS - 1;
    for (size_t i = 1; i <= shift; i++)
        jitter->lateness[0] += jitter->lateness[i];
    memmove(&jitter->lateness[1], &jitter->lateness[1 + shift],
            (BINS - 1 - shift) * sizeof jitter->lateness[0]);
    memset(&jitter->lateness[BINS - shift], 0, shift * sizeof jitter->lateness[0]);
}

static void note_transit(struct wzp_jitter *jitter, int64_t transit_ns, int64_t now_ns)
{
    int64_t second = now_ns / WZP_S;
    size_t here = (size_t)((uint64_t)second % WZP_JITTER_WINDOW);
    if (jitter->lowest[here].second != second || transit_ns < jitter->lowest[here].transit_ns) {
        jitter->lowest[here].second = second;
        jitter->lowest[here].transit_ns = transit_ns;
    }
    int64_t base_ns = transit_ns;
    for (size_t i = 0; i < WZP_JITTER_WINDOW; i++)
        if (second - jitter->lowest[i].second < WZP_JITTER_WINDOW && jitter->lowest[i].transit_ns < base_ns)
            base_ns = jitter->lowest[i].transit_ns;
    set_base(jitter, base_ns);

    int64_t change_us = (transit_ns - jitter->last_transit_ns) / WZP_US;
    jitter->last_transit_ns = transit_ns;
    int64_t jitter_us = jitter->stats.jitter_us;
    jitter_us += ((change_us < 0 ? -change_us : change_us) - jitter_us) / 16;
    jitter->stats.jitter_us = (uint32_t)jitter_us;
}

static void note_lateness(struct wzp_jitter *jitter, int64_t late_ns)
{
    uint64_t late_ms = (uint64_t)(late_ns + WZP_MS - 1) / (uint64_t)WZP_MS;
    uint32_t bin = late_ms < BINS ? (uint32_t)late_ms : BINS - 1;
    jitter->lateness[bin] += jitter->weight;
    jitter->lateness_sum += jitter->weight;
    if (bin > jitter->lateness_top)
        jitter->lateness_top = bin;
    jitter->weight += jitter->weight >> WEIGHT_SHIFT;
    if (jitter->weight < WEIGHT_LAST)
        return;
    jitter->weight = WEIGHT_FIRST;
    jitter->lateness_sum = 0;
    for (size_t i = 0; i < BINS; i++) {
        jitter->lateness[i] /= WEIGHT_LAST / WEIGHT_FIRST;
        jitter->lateness_sum += jitter->lateness[i];
    }
}

static void set_target(struct wzp_jitter *jitter)
{
    while (jitter->lateness_top > 0 && jitter->lateness[jitter->lateness_top] == 0)
        jitter->lateness_top--;
    uint32_t bin = jitter->lateness_top;
    for (uint32_t above = 0; bin > 0; bin--) {
        above += jitter->lateness[bin];
        if (above > jitter->lateness_sum / 100)
            break;
    }
    uint32_t target = bin + MARGIN_MS;
    if (jitter->loss >= LOSS_SEEN && jitter->copies > 0)
        target += WZP_AUDIO_FRAME_MS;
    jitter->stats.target_ms = target < jitter->delay_ms_max ? target : jitter->delay_ms_max;
}

/* Every frame comes too late to be played: the path is another one, and the smallest transit of the old one
 * void. */
static void forget_path(struct wzp_jitter *jitter)
{
    for (size_t i = 0; i < WZP_JITTER_WINDOW; i++)
        jitter->lowest[i].transit_ns = INT64_MAX;
    set_base(jitter, jitter->last_transit_ns);
    set_target(jitter);
}

/* Gives up what is older than `sequence`. */
static void advance_to(struct wzp_jitter *jitter, uint32_t sequence)
{
    uint32_t steps = sequence - jitter->next_sequence;
    jitter->stats.lost += steps;
    if (steps >= WZP_JITTER_FRAMES)
        jitter->present = 0;
    else
        for (uint32_t i = 0; i < steps; i++)
            jitter->present &= ~(UINT64_C(1) << (jitter->next_sequence + i) % WZP_JITTER_FRAMES);
    jitter->next_sequence = sequence;
}

enum wzp_jitter_result wzp_jitter_put(struct wzp_jitter *jitter, uint32_t sequence, uint32_t timestamp_ms,
                                      bool is_comfort_noise, bool carries_previous, struct wzp_slice payload,
                                      int64_t now_ns)
{
    if (payload.len > WZP_AUDIO_PAYLOAD_MAX)
        return WZP_JITTER_TOO_LARGE;
    if (!jitter->has_timeline)
        start_timeline(jitter, sequence, timestamp_ms, now_ns);
    int64_t whole_ms = jitter->newest_ms + (int32_t)(timestamp_ms - (uint32_t)jitter->newest_ms);
    int64_t transit_ns = now_ns - whole_ms * WZP_MS;
    if (!is_plausible(jitter, sequence, whole_ms, transit_ns)) {
        if (!is_restart(jitter, sequence, timestamp_ms, now_ns)) {
            jitter->stats.too_far++;
            return WZP_JITTER_TOO_FAR;
        }
        jitter->stats.restarts++;
        start_timeline(jitter, sequence, timestamp_ms, now_ns);
        whole_ms = jitter->newest_ms;
        transit_ns = jitter->base_ns;
    }
    if (!note_sequence(jitter, sequence)) {
        jitter->stats.duplicate++;
        return WZP_JITTER_DUPLICATE;
    }
    jitter->has_stranger = false;
    if (whole_ms > jitter->newest_ms)
        jitter->newest_ms = whole_ms;
    note_transit(jitter, transit_ns, now_ns);
    note_lateness(jitter, transit_ns - jitter->base_ns);
    if (carries_previous)
        jitter->copies = COPIES_PACKETS;
    else if (jitter->copies > 0)
        jitter->copies--;
    set_target(jitter);

    int32_t ahead = (int32_t)(sequence - jitter->next_sequence);
    if (ahead < 0) {
        jitter->stats.late++;
        return WZP_JITTER_LATE;
    }
    if (ahead >= WZP_JITTER_FRAMES) { /* no room: the oldest go, and with them the spurt */
        advance_to(jitter, sequence - (WZP_JITTER_FRAMES - 1));
        if (jitter->phase == TALK)
            jitter->phase = PAUSE;
    }
    struct frame *frame = &jitter->frames[sequence % WZP_JITTER_FRAMES];
    frame->sequence = sequence;
    frame->is_comfort_noise = is_comfort_noise;
    frame->carries_previous = carries_previous;
    frame->timestamp_ms = whole_ms;
    frame->len = (uint16_t)payload.len;
    if (payload.len > 0)
        memcpy(frame->payload, payload.data, payload.len);
    jitter->present |= UINT64_C(1) << sequence % WZP_JITTER_FRAMES;
    return WZP_JITTER_STORED;
}

/* ---- playout ---- */

/* The stored frame with the lowest sequence, or NULL. */
static const struct frame *head_of(const struct wzp_jitter *jitter)
{
    if (jitter->present == 0)
        return NULL;
    uint32_t first = jitter->next_sequence % WZP_JITTER_FRAMES;
    uint64_t turned = first ? jitter->present >> first | jitter->present << (WZP_JITTER_FRAMES - first)
                            : jitter->present;
    return &jitter->frames[(first + (uint32_t)__builtin_ctzll(turned)) % WZP_JITTER_FRAMES];
}

/* The delay, ms rounded down, of sound of the moment `timestamp_ms` that is played now. */
static int64_t delay_of(const struct wzp_jitter *jitter, int64_t timestamp_ms, int64_t now_ns)
{
    int64_t delay_ns = now_ns - jitter->base_ns - timestamp_ms * WZP_MS;
    return delay_ns >= 0 ? delay_ns / WZP_MS : -((-delay_ns + WZP_MS - 1) / WZP_MS);
}

static struct wzp_slice payload_of(const struct frame *frame)
{
    return (struct wzp_slice){frame->payload, frame->len};
}

static struct wzp_jitter_play play_frame(struct wzp_jitter *jitter, const struct frame *frame, int64_t now_ns)
{
    int64_t delay_ms = delay_of(jitter, frame->timestamp_ms, now_ns);
    advance_to(jitter, frame->sequence);
    jitter->present &= ~(UINT64_C(1) << frame->sequence % WZP_JITTER_FRAMES);
    jitter->next_sequence++;
    jitter->stats.grown += (uint64_t)(jitter->invented_ms / WZP_AUDIO_PIECE_MS);
    jitter->stats.delay_ms = delay_ms > 0 ? (uint32_t)delay_ms : 0;
    jitter->invented_ms = 0;
    jitter->missed = 0;
    jitter->phase = TALK;
    jitter->play_ms = frame->timestamp_ms + WZP_AUDIO_FRAME_MS;
    if (delay_ms <= jitter->stats.target_ms + SURPLUS_MS)
        jitter->surplus_since_ns = WZP_NEVER;
    else if (jitter->surplus_since_ns == WZP_NEVER)
        jitter->surplus_since_ns = now_ns;
    return (struct wzp_jitter_play){
        .kind = WZP_JITTER_FRAME,
        .timestamp_ms = (uint32_t)frame->timestamp_ms,
        .payload = payload_of(frame),
    };
}

/* The frame before `next`, from the copy in it; `next` itself stays. */
static struct wzp_jitter_play play_copy(struct wzp_jitter *jitter, const struct frame *next)
{
    advance_to(jitter, next->sequence);
    jitter->stats.grown += (uint64_t)(jitter->invented_ms / WZP_AUDIO_PIECE_MS);
    jitter->invented_ms = 0;
    jitter->phase = TALK;
    jitter->play_ms = next->timestamp_ms;
    return (struct wzp_jitter_play){
        .kind = WZP_JITTER_RECOVER,
        .timestamp_ms = (uint32_t)(next->timestamp_ms - WZP_AUDIO_FRAME_MS),
        .payload = payload_of(next),
    };
}

static struct wzp_jitter_play play_noise(struct wzp_jitter *jitter, const struct frame *frame)
{
    struct wzp_jitter_play play = {.kind = WZP_JITTER_NOISE};
    if (frame != NULL) {
        play.payload = payload_of(frame);
        advance_to(jitter, frame->sequence);
        jitter->present &= ~(UINT64_C(1) << frame->sequence % WZP_JITTER_FRAMES);
        jitter->next_sequence++;
    } else if (jitter->phase == EMPTY) {
        play.kind = WZP_JITTER_NOTHING;
        return play;
    }
    jitter->phase = PAUSE;
    jitter->surplus_since_ns = WZP_NEVER;
    return play;
}

static struct wzp_jitter_play play_head(struct wzp_jitter *jitter, const struct frame *head, int64_t now_ns)
{
    return head->is_comfort_noise ? play_noise(jitter, head) : play_frame(jitter, head, now_ns);
}

/* The lowest frame that can still be played within delay_ms_max. */
static const struct frame *timely_head(struct wzp_jitter *jitter, int64_t now_ns)
{
    const struct frame *head = head_of(jitter);
    while (head != NULL && delay_of(jitter, head->timestamp_ms, now_ns) > jitter->delay_ms_max &&
           !head->is_comfort_noise) {
        jitter->play_ms = head->timestamp_ms + WZP_AUDIO_FRAME_MS;
        jitter->invented_ms = 0;
        advance_to(jitter, head->sequence + 1);
        if (++jitter->missed == MISSED_FRAMES) {
            forget_path(jitter);
            jitter->missed = 0;
        }
        head = head_of(jitter);
    }
    return head;
}

/* Nothing is owed: wait until the head is due. */
static struct wzp_jitter_play get_in_pause(struct wzp_jitter *jitter, const struct frame *head,
                                           int64_t now_ns)
{
    jitter->invented_ms = 0;
    if (head == NULL)
        return play_noise(jitter, NULL);
    int64_t target_ms = jitter->stats.target_ms;
    int64_t delay_ms = delay_of(jitter, head->timestamp_ms, now_ns);
    if (delay_ms >= target_ms)
        return play_head(jitter, head, now_ns);
    /* A frame is missing just before this one: a spurt whose start was lost, if the copy is there in time. */
    if (head->carries_previous && head->sequence != jitter->next_sequence &&
        delay_ms + WZP_AUDIO_FRAME_MS >= target_ms)
        return play_copy(jitter, head);
    return play_noise(jitter, NULL);
}

/* A copy that comes too late for the delay so far is worth the delay that the target foresees for copies. */
static bool may_grow_for_copy(const struct wzp_jitter *jitter, const struct frame *next, int64_t now_ns)
{
    int64_t delay_ms = delay_of(jitter, next->timestamp_ms - WZP_AUDIO_FRAME_MS, now_ns);
    return delay_ms < jitter->stats.target_ms + WZP_AUDIO_PIECE_MS;
}

static struct wzp_jitter_play get_in_talk(struct wzp_jitter *jitter, const struct frame *head, int64_t now_ns,
                                          bool quiet)
{
    struct wzp_jitter_play invented = {
        .kind = WZP_JITTER_CONCEAL,
        .timestamp_ms = (uint32_t)(jitter->play_ms + jitter->invented_ms),
    };
    if (quiet && jitter->invented_ms == 0 &&
        delay_of(jitter, jitter->play_ms, now_ns) + WZP_AUDIO_PIECE_MS <= jitter->stats.target_ms) {
        jitter->stats.grown++;
        return invented;
    }
    if (head != NULL) {
        int64_t gap_ms = head->timestamp_ms - jitter->play_ms;
        if (head->sequence != jitter->next_sequence) {
            int64_t over_ms = jitter->invented_ms - (gap_ms - WZP_AUDIO_FRAME_MS);
            if (head->carries_previous && over_ms >= 0 &&
                (over_ms == 0 || may_grow_for_copy(jitter, head, now_ns))) {
                jitter->invented_ms = over_ms;
                return play_copy(jitter, head);
            }
            if (gap_ms <= jitter->invented_ms) { /* the time of what is lost has been filled */
                jitter->invented_ms -= gap_ms > 0 ? gap_ms : 0;
                return play_head(jitter, head, now_ns);
            }
        } else if (gap_ms < WZP_AUDIO_FRAME_MS) {
            return play_head(jitter, head, now_ns);
        } else { /* the sender has sent nothing for this time */
            return get_in_pause(jitter, head, now_ns);
        }
    }
    if (jitter->invented_ms >= SPURT_OVER_MS)
        return get_in_pause(jitter, head, now_ns);
    jitter->invented_ms += WZP_AUDIO_PIECE_MS;
    return invented;
}

struct wzp_jitter_play wzp_jitter_get(struct wzp_jitter *jitter, int64_t now_ns, bool quiet)
{
    const struct frame *head = timely_head(jitter, now_ns);
    return jitter->phase == TALK ? get_in_talk(jitter, head, now_ns, quiet)
                                 : get_in_pause(jitter, head, now_ns);
}

bool wzp_jitter_skip(struct wzp_jitter *jitter, int64_t now_ns, bool quiet)
{
    const struct frame *head = head_of(jitter);
    if (jitter->phase != TALK || head == NULL || head->sequence != jitter->next_sequence)
        return false;
    if (quiet)
        return delay_of(jitter, jitter->play_ms, now_ns) >= jitter->stats.target_ms + QUIET_SURPLUS_MS;
    if (jitter->surplus_since_ns == WZP_NEVER || now_ns - jitter->surplus_since_ns < SURPLUS_NS)
        return false;
    jitter->surplus_since_ns = WZP_NEVER;
    return true;
}

struct wzp_jitter_stats wzp_jitter_stats(const struct wzp_jitter *jitter)
{
    return jitter->stats;
}
