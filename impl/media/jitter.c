// SPDX-License-Identifier: Apache-2.0
#include "media/jitter.h"

#include "base/check.h"
#include "base/time.h"

#include <string.h>

#define MARGIN_MS      3   /* over the percentile: what waiting behind another packet costs */
#define OVER_MS        50  /* of a delay that may be above its limit while it is lowered */
#define SPURT_OVER_MS  200 /* of concealment: then it is silence */
#define IMPLAUSIBLE_NS (2 * WZP_S)
#define MISSED_FRAMES  25 /* half a second */
/*
 * In a pause less is reason enough, but not nothing: codecs take hum away, so what sounds like a pause here
 * may have been faint sound there, and leaving it out is a loss.
 */
#define QUIET_SURPLUS_MS 20
#define SURPLUS_MS       60 /* above the target that speech bears */
#define STRETCH_EVERY_NS (50 * WZP_MS)
#define SQUEEZE_AFTER_NS (200 * WZP_MS) /* of a delay above the target, when no repair is waited for */
#define SQUEEZE_MUCH_NS  (500 * WZP_MS) /* of two pieces or more, while it is: the target may come back */
#define SQUEEZE_SOME_NS  (2 * WZP_S)
#define SQUEEZE_EVERY_NS (60 * WZP_MS)
#define SQUEEZE_FIRST_NS                                                                                     \
    (1500 * WZP_MS) /* where none ever was: pauses come first, and it before a piece is lost */
#define SURPLUS_NS       (2 * WZP_S)
#define COPIES_PACKETS   100 /* packets: copies count as in use after the last one */
#define LOSS_SHIFT       7   /* the loss estimate forgets by 1/128 a packet */
#define LOSS_ONE         (UINT32_C(1) << 20)
#define LOSS_SEEN        (LOSS_ONE / 200) /* 0.5 %: one lost packet is seen for a second */
#define DIRECT_PPM       10000            /* late packets delay; missing the wait loses nothing */
#define USUAL_PPM        100000           /* later and in need of the last repair are hardly any */
#define DIRECT_FORGET    8
#define MISSED_PPM       200 /* packets that waiting longer for repair does not pay for */
#define ARRIVAL_FORGET   10  /* 1024 packets: ten of them make up the tail above 1 % */
#define EVIDENCE_PACKETS 256 /* before that the horizon is believed */
#define GIVERS           8   /* packets searched for one that reaches back */
#define FRAME_MS         WZP_AUDIO_FRAME_MS
#define PIECE_MS         WZP_AUDIO_PIECE_MS

enum phase {
    EMPTY, /* nothing was ever played */
    PAUSE, /* silence: no frame is owed; the next one starts a spurt when it is due */
    TALK,  /* `play_ms` is the next moment of the sender's time to be played */
};

struct packet {
    uint32_t sequence;
    enum wzp_codec codec;
    bool is_comfort_noise;
    bool is_repaired;
    bool is_belated;
    uint8_t frames;
    uint8_t reach;
    uint16_t len;
    int64_t timestamp_ms; /* without wrap */
    uint8_t payload[WZP_AUDIO_PAYLOAD_MAX];
};

struct wzp_jitter {
    struct packet packets[WZP_JITTER_PACKETS]; /* by the low bits of the sequence */
    bool present[WZP_JITTER_PACKETS];          /* same index */
    uint32_t stored;                           /* how many are present */
    uint32_t next_sequence;                    /* to be played */
    uint32_t delay_ms_max;

    enum phase phase;
    int64_t play_ms;
    int64_t played_ns;        /* the transit of the last frame of the packet that is played */
    int64_t invented_ms;      /* concealed in a row, at play_ms */
    int64_t surplus_since_ns; /* WZP_NEVER: the delay is not far above the target */
    bool has_waited;          /* a horizon was ever set */
    int64_t stretched_ns, squeezed_ns;
    int64_t above_since_ns; /* the delay is a piece above the target; WZP_NEVER: it is not */

    bool has_timeline;
    uint32_t newest_sequence;
    bool seen[WZP_JITTER_PACKETS]; /* by the low bits of the sequence: it has come */
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

    struct wzp_lateness direct;  /* of packets received directly */
    struct wzp_lateness arrival; /* of all packets, since the horizon rose */
    uint32_t horizon_ms;
    uint32_t known_horizon_ms; /* under which `arrival` was seen */
    uint32_t span_ms;          /* the newest packet's length less a frame */
    uint32_t copies_ms;        /* the newest packet's copies reach so far, up to its length */
    uint32_t copies;           /* packets for which copies still count as in use */
    uint32_t loss;             /* share of LOSS_ONE */
    uint32_t missed;           /* packets in a row that came too late for delay_ms_max */

    struct wzp_jitter_stats stats;
};

size_t wzp_jitter_size(void)
{
    return sizeof(struct wzp_jitter);
}

struct wzp_jitter *wzp_jitter_init(void *memory, uint32_t delay_ms_max)
{
    WZP_CHECK(delay_ms_max >= FRAME_MS && delay_ms_max <= WZP_JITTER_DELAY_MS_MAX);
    struct wzp_jitter *jitter = memory;
    memset(jitter, 0, sizeof *jitter);
    jitter->delay_ms_max = delay_ms_max;
    jitter->surplus_since_ns = WZP_NEVER;
    jitter->stretched_ns = jitter->squeezed_ns = -WZP_S;
    jitter->above_since_ns = WZP_NEVER;
    wzp_lateness_init(&jitter->direct, DIRECT_FORGET);
    wzp_lateness_init(&jitter->arrival, ARRIVAL_FORGET);
    jitter->stats.target_ms = MARGIN_MS;
    return jitter;
}

/* ---- the target ---- */

static void set_target(struct wzp_jitter *jitter)
{
    uint32_t direct_ms = wzp_lateness_quantile(&jitter->direct, DIRECT_PPM) + MARGIN_MS;
    uint32_t wait_ms = direct_ms;
    if (jitter->loss >= LOSS_SEEN && jitter->copies > 0)
        wait_ms += jitter->copies_ms;
    if (jitter->horizon_ms > 0) {
        uint32_t late_ms = wzp_lateness_quantile(&jitter->direct, USUAL_PPM);
        uint32_t repair_ms = late_ms + jitter->horizon_ms; /* which is rounded up as it is */
        if (jitter->arrival.count >= EVIDENCE_PACKETS) {
            uint32_t pays_ms = wzp_lateness_extreme(&jitter->arrival, MISSED_PPM) + MARGIN_MS;
            repair_ms = pays_ms < repair_ms ? pays_ms : repair_ms;
        }
        wait_ms = repair_ms > wait_ms ? repair_ms : wait_ms;
    }
    uint32_t most_ms = jitter->delay_ms_max - PIECE_MS; /* what is due then is played up to a piece later */
    wait_ms = wait_ms < most_ms ? wait_ms : most_ms;
    jitter->stats.target_ms = jitter->span_ms + wait_ms;
}

/*
 * What was seen under a much shorter horizon does not tell how late packets come under a longer one; after a
 * much longer one it only has to be forgotten sooner.
 */
void wzp_jitter_set_horizon(struct wzp_jitter *jitter, int64_t horizon_ns)
{
    int64_t longest_ns = WZP_JITTER_DELAY_MS_MAX * WZP_MS;
    int64_t bound_ns = horizon_ns < 0 ? 0 : horizon_ns < longest_ns ? horizon_ns : longest_ns;
    uint32_t horizon_ms = (uint32_t)((bound_ns + WZP_MS - 1) / WZP_MS);
    if (horizon_ms == jitter->horizon_ms)
        return;
    jitter->horizon_ms = horizon_ms;
    jitter->has_waited = true;
    if (horizon_ms > jitter->known_horizon_ms * 5 / 4 + PIECE_MS) {
        wzp_lateness_init(&jitter->arrival, ARRIVAL_FORGET);
        jitter->known_horizon_ms = horizon_ms;
    } else if (horizon_ms < jitter->known_horizon_ms / 2) {
        wzp_lateness_doubt(&jitter->direct);
        wzp_lateness_doubt(&jitter->arrival);
        jitter->known_horizon_ms = horizon_ms;
    }
    set_target(jitter);
}

void wzp_jitter_set_limit(struct wzp_jitter *jitter, uint32_t delay_ms_max)
{
    uint32_t most_ms = delay_ms_max < WZP_JITTER_DELAY_MS_MAX ? delay_ms_max : WZP_JITTER_DELAY_MS_MAX;
    jitter->delay_ms_max = most_ms > FRAME_MS ? most_ms : FRAME_MS;
    set_target(jitter);
}

/* ---- arrival ---- */

static void drop_stored(struct wzp_jitter *jitter, uint32_t sequence)
{
    bool *present = &jitter->present[sequence % WZP_JITTER_PACKETS];
    jitter->stored -= *present;
    *present = false;
}

static void drop_all(struct wzp_jitter *jitter)
{
    memset(jitter->present, 0, sizeof jitter->present);
    jitter->stored = 0;
}

static void start_timeline(struct wzp_jitter *jitter, const struct wzp_jitter_packet *packet, int64_t now_ns)
{
    jitter->has_timeline = true;
    jitter->has_stranger = false;
    drop_all(jitter);
    jitter->next_sequence = packet->sequence;
    jitter->newest_sequence = packet->sequence - 1;
    memset(jitter->seen, 0, sizeof jitter->seen);
    jitter->newest_ms = packet->timestamp_ms;
    jitter->base_ns = now_ns - (jitter->newest_ms + ((int64_t)packet->frames - 1) * FRAME_MS) * WZP_MS;
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
    int64_t ahead_max = WZP_JITTER_PACKETS + (timestamp_ms - jitter->newest_ms) / FRAME_MS;
    return ahead > -WZP_JITTER_PACKETS && ahead <= ahead_max && late_ns > -IMPLAUSIBLE_NS &&
           late_ns < IMPLAUSIBLE_NS;
}

/* Two strangers in a row that fit each other are a sender that has started anew. */
static bool is_restart(struct wzp_jitter *jitter, uint32_t sequence, uint32_t timestamp_ms, int64_t now_ns)
{
    uint32_t ahead = sequence - jitter->stranger_sequence;
    int64_t later_ns = now_ns - jitter->stranger_at_ns;
    later_ns -= (int32_t)(timestamp_ms - jitter->stranger_timestamp_ms) * WZP_MS;
    if (jitter->has_stranger && ahead > 0 && ahead < WZP_JITTER_PACKETS && later_ns > -IMPLAUSIBLE_NS &&
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
        for (int32_t i = 1; i < ahead && i < WZP_JITTER_PACKETS; i++) {
            jitter->seen[(sequence - (uint32_t)i) % WZP_JITTER_PACKETS] = false;
            jitter->loss += (LOSS_ONE - jitter->loss) >> LOSS_SHIFT;
        }
        jitter->loss -= jitter->loss >> LOSS_SHIFT;
        jitter->newest_sequence = sequence;
        jitter->stats.expected += (uint32_t)ahead;
    } else {
        if (jitter->seen[sequence % WZP_JITTER_PACKETS])
            return false;
        uint32_t counted = (LOSS_ONE - jitter->loss) >> LOSS_SHIFT; /* it was taken for lost */
        jitter->loss -= counted < jitter->loss ? counted : jitter->loss;
    }
    jitter->seen[sequence % WZP_JITTER_PACKETS] = true;
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
    uint32_t shift = rise_ms < WZP_LATENESS_MS_MAX ? (uint32_t)rise_ms : WZP_LATENESS_MS_MAX;
    wzp_lateness_lower(&jitter->direct, shift);
    wzp_lateness_lower(&jitter->arrival, shift);
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

/* Every frame comes too late to be played: the path is another one, and the smallest transit of the old one
 * void. */
static void forget_path(struct wzp_jitter *jitter)
{
    for (size_t i = 0; i < WZP_JITTER_WINDOW; i++)
        jitter->lowest[i].transit_ns = INT64_MAX;
    set_base(jitter, jitter->last_transit_ns);
    set_target(jitter);
}

/* Learns from an arrival; its lateness in ms, rounded up. */
static uint32_t note_arrival(struct wzp_jitter *jitter, const struct wzp_jitter_packet *packet,
                             bool is_belated, int64_t transit_ns, int64_t now_ns)
{
    if (!is_belated)
        note_transit(jitter, transit_ns, now_ns);
    int64_t late_ns = transit_ns > jitter->base_ns ? transit_ns - jitter->base_ns : 0;
    uint32_t late_ms = (uint32_t)((late_ns + WZP_MS - 1) / WZP_MS);
    if (!is_belated)
        wzp_lateness_add(&jitter->direct, late_ms);
    wzp_lateness_add(&jitter->arrival, late_ms);
    if (packet->reach > 0) {
        uint32_t reach = packet->reach < packet->frames ? packet->reach : packet->frames;
        jitter->copies_ms = reach * FRAME_MS;
        jitter->copies = COPIES_PACKETS;
    } else if (jitter->copies > 0) {
        jitter->copies--;
    }
    if (!packet->is_comfort_noise && packet->sequence == jitter->newest_sequence)
        jitter->span_ms = (packet->frames - 1) * FRAME_MS;
    set_target(jitter);
    return late_ms;
}

/* Gives up what is older than `sequence`. */
static void advance_to(struct wzp_jitter *jitter, uint32_t sequence)
{
    uint32_t steps = sequence - jitter->next_sequence;
    jitter->stats.lost += steps;
    if (steps >= WZP_JITTER_PACKETS)
        drop_all(jitter);
    else
        for (uint32_t i = 0; i < steps; i++)
            drop_stored(jitter, jitter->next_sequence + i);
    jitter->next_sequence = sequence;
}

static void store(struct wzp_jitter *jitter, const struct wzp_jitter_packet *packet, bool is_belated,
                  int64_t timestamp_ms)
{
    struct packet *stored = &jitter->packets[packet->sequence % WZP_JITTER_PACKETS];
    *stored = (struct packet){
        .sequence = packet->sequence,
        .codec = packet->codec,
        .is_comfort_noise = packet->is_comfort_noise,
        .is_repaired = packet->is_repaired,
        .is_belated = is_belated,
        .frames = (uint8_t)packet->frames,
        .reach = (uint8_t)(packet->reach < WZP_AUDIO_REACH_MAX ? packet->reach : WZP_AUDIO_REACH_MAX),
        .len = (uint16_t)packet->payload.len,
        .timestamp_ms = timestamp_ms,
    };
    if (packet->payload.len > 0)
        memcpy(stored->payload, packet->payload.data, packet->payload.len);
    jitter->present[packet->sequence % WZP_JITTER_PACKETS] = true;
    jitter->stored++;
}

enum wzp_jitter_result wzp_jitter_put(struct wzp_jitter *jitter, const struct wzp_jitter_packet *packet,
                                      int64_t now_ns)
{
    uint32_t sequence = packet->sequence, timestamp_ms = packet->timestamp_ms;
    if (packet->payload.len > WZP_AUDIO_PAYLOAD_MAX || packet->frames < 1 ||
        packet->frames > WZP_AUDIO_PACKET_FRAMES_MAX)
        return WZP_JITTER_TOO_LARGE;
    if (!jitter->has_timeline)
        start_timeline(jitter, packet, now_ns);
    int64_t length_ms = (int64_t)packet->frames * FRAME_MS;
    int64_t whole_ms = jitter->newest_ms + (int32_t)(timestamp_ms - (uint32_t)jitter->newest_ms);
    int64_t transit_ns = now_ns - (whole_ms + length_ms - FRAME_MS) * WZP_MS;
    if (!is_plausible(jitter, sequence, whole_ms, transit_ns)) {
        if (!is_restart(jitter, sequence, timestamp_ms, now_ns)) {
            jitter->stats.too_far++;
            return WZP_JITTER_TOO_FAR;
        }
        jitter->stats.restarts++;
        start_timeline(jitter, packet, now_ns);
        whole_ms = jitter->newest_ms;
        transit_ns = jitter->base_ns;
    }
    bool is_behind = (int32_t)(sequence - jitter->newest_sequence) < 0;
    bool is_belated = packet->is_repaired || (is_behind && jitter->horizon_ms > 0);
    if (!note_sequence(jitter, sequence)) {
        jitter->stats.duplicate++;
        return WZP_JITTER_DUPLICATE;
    }
    jitter->stats.repaired += packet->is_repaired;
    jitter->has_stranger = false;
    if (whole_ms > jitter->newest_ms)
        jitter->newest_ms = whole_ms;
    uint32_t late_ms = note_arrival(jitter, packet, is_belated, transit_ns, now_ns);

    int32_t ahead = (int32_t)(sequence - jitter->next_sequence);
    if (ahead < 0 && jitter->phase == EMPTY) { /* the first that came was not the first that left */
        jitter->next_sequence = sequence;
        ahead = 0;
    }
    uint32_t wait_ms = jitter->stats.target_ms - jitter->span_ms;
    if (ahead < 0 || (is_belated && jitter->phase == PAUSE && late_ms > wait_ms + PIECE_MS)) {
        jitter->stats.late++;
        return WZP_JITTER_LATE;
    }
    if (ahead >= WZP_JITTER_PACKETS) { /* no room: the oldest go, and with them the spurt */
        advance_to(jitter, sequence - (WZP_JITTER_PACKETS - 1));
        if (jitter->phase == TALK)
            jitter->phase = PAUSE;
    }
    store(jitter, packet, is_belated, whole_ms);
    return WZP_JITTER_STORED;
}

/* ---- playout ---- */

/* The stored packet with the lowest sequence, or NULL. */
static const struct packet *head_of(const struct wzp_jitter *jitter)
{
    if (jitter->stored == 0)
        return NULL;
    uint32_t sequence = jitter->next_sequence;
    while (!jitter->present[sequence % WZP_JITTER_PACKETS])
        sequence++;
    return &jitter->packets[sequence % WZP_JITTER_PACKETS];
}

static int64_t length_of(const struct packet *packet)
{
    return (int64_t)packet->frames * FRAME_MS;
}

/* From the packet's first frame to the last: delay_ms_max counts from that. In front of longer packets a
 * shorter one is played with the delay that those will have. */
static int64_t span_of(const struct wzp_jitter *jitter, const struct packet *packet)
{
    int64_t span_ms = length_of(packet) - FRAME_MS;
    return span_ms > jitter->span_ms ? span_ms : jitter->span_ms;
}

/* The delay, ms rounded down, of sound of the moment `timestamp_ms` that is played now. */
static int64_t delay_of(const struct wzp_jitter *jitter, int64_t timestamp_ms, int64_t now_ns)
{
    int64_t delay_ns = now_ns - jitter->base_ns - timestamp_ms * WZP_MS;
    return delay_ns >= 0 ? delay_ns / WZP_MS : -((-delay_ns + WZP_MS - 1) / WZP_MS);
}

/* What is lost until now and comes after its time is worth the delay that the target foresees for it. */
static bool may_grow_for(const struct wzp_jitter *jitter, int64_t timestamp_ms, int64_t now_ns)
{
    return delay_of(jitter, timestamp_ms, now_ns) < (int64_t)jitter->stats.target_ms + PIECE_MS;
}

static struct wzp_slice payload_of(const struct packet *packet)
{
    return (struct wzp_slice){packet->payload, packet->len};
}

static void take(struct wzp_jitter *jitter, const struct packet *packet)
{
    advance_to(jitter, packet->sequence);
    drop_stored(jitter, packet->sequence);
    jitter->next_sequence++;
}

static void grow(struct wzp_jitter *jitter, int64_t ms)
{
    jitter->stats.grown += ms > 0 ? (uint64_t)(ms / PIECE_MS) : 0;
}

/* `skip_ms`: the part of it whose time has passed. */
static struct wzp_jitter_play play_frames(struct wzp_jitter *jitter, const struct packet *packet,
                                          int64_t skip_ms, int64_t now_ns)
{
    int64_t delay_ms = delay_of(jitter, packet->timestamp_ms + skip_ms, now_ns);
    jitter->played_ns = now_ns - (packet->timestamp_ms + skip_ms + span_of(jitter, packet)) * WZP_MS;
    take(jitter, packet);
    grow(jitter, jitter->invented_ms - skip_ms);
    jitter->stats.delay_ms = delay_ms > 0 ? (uint32_t)delay_ms : 0;
    jitter->invented_ms = 0;
    jitter->missed = 0;
    jitter->phase = TALK;
    jitter->play_ms = packet->timestamp_ms + length_of(packet);
    if (delay_ms <= jitter->stats.target_ms + SURPLUS_MS)
        jitter->surplus_since_ns = WZP_NEVER;
    else if (jitter->surplus_since_ns == WZP_NEVER)
        jitter->surplus_since_ns = now_ns;
    return (struct wzp_jitter_play){
        .kind = WZP_JITTER_FRAME,
        .timestamp_ms = (uint32_t)(packet->timestamp_ms + skip_ms),
        .codec = packet->codec,
        .frames = packet->frames,
        .skip_ms = (unsigned)skip_ms,
        .is_repaired = packet->is_repaired,
        .payload = payload_of(packet),
    };
}

static struct wzp_jitter_play play_noise(struct wzp_jitter *jitter, const struct packet *packet)
{
    struct wzp_jitter_play play = {.kind = WZP_JITTER_NOISE};
    if (packet != NULL) {
        play.payload = payload_of(packet);
        take(jitter, packet);
        jitter->play_ms = packet->timestamp_ms + FRAME_MS;
    } else if (jitter->phase == EMPTY) {
        play.kind = WZP_JITTER_NOTHING;
        return play;
    }
    jitter->phase = PAUSE;
    jitter->surplus_since_ns = WZP_NEVER;
    return play;
}

static struct wzp_jitter_play play_head(struct wzp_jitter *jitter, const struct packet *head, int64_t skip_ms,
                                        int64_t now_ns)
{
    return head->is_comfort_noise ? play_noise(jitter, head) : play_frames(jitter, head, skip_ms, now_ns);
}

/* The first packet from `head` on that can give the lost frame at `start_ms`, or NULL. */
static const struct packet *giver_of(const struct wzp_jitter *jitter, const struct packet *head,
                                     int64_t start_ms)
{
    for (uint32_t i = 0; i < GIVERS; i++) {
        uint32_t slot = (head->sequence + i) % WZP_JITTER_PACKETS;
        const struct packet *packet = &jitter->packets[slot];
        int64_t behind = (packet->timestamp_ms - start_ms) / FRAME_MS;
        if (jitter->present[slot] && packet->sequence == head->sequence + i && behind >= 1 &&
            behind <= packet->reach)
            return packet;
    }
    return NULL;
}

/*
 * Plays the lost frame that lies `behind` frames before `head`, from what `giver` has of it. Its packet is
 * given up with its last frame only: the repair of the others may still come. A lost packet is taken to be as
 * long as the one after it.
 */
static struct wzp_jitter_play play_copy(struct wzp_jitter *jitter, const struct packet *head, int64_t behind,
                                        const struct packet *giver)
{
    int64_t start_ms = head->timestamp_ms - behind * FRAME_MS;
    int64_t length = head->is_comfort_noise ? 1 : head->frames;
    uint32_t sequence = head->sequence - (uint32_t)((behind + length - 1) / length);
    if ((behind - 1) % length == 0)
        sequence++;
    if ((int32_t)(sequence - jitter->next_sequence) > 0)
        advance_to(jitter, sequence);
    grow(jitter, jitter->play_ms + jitter->invented_ms - start_ms);
    jitter->invented_ms = 0;
    jitter->phase = TALK;
    jitter->play_ms = start_ms + FRAME_MS;
    return (struct wzp_jitter_play){
        .kind = WZP_JITTER_RECOVER,
        .timestamp_ms = (uint32_t)start_ms,
        .codec = giver->codec,
        .behind = (unsigned)((giver->timestamp_ms - start_ms) / FRAME_MS),
        .payload = payload_of(giver),
    };
}

/* The lowest packet that can still be played within delay_ms_max. When that has fallen by a little, what is
 * there is played later until the delay could be lowered, rather than not at all. */
static const struct packet *timely_head(struct wzp_jitter *jitter, int64_t now_ns)
{
    const struct packet *head = head_of(jitter);
    int64_t most_ms = jitter->delay_ms_max;
    if (jitter->phase == TALK)
        most_ms = wzp_time_max(most_ms,
                               wzp_time_min(delay_of(jitter, 0, jitter->played_ns), most_ms + OVER_MS));
    while (head != NULL && !head->is_comfort_noise &&
           delay_of(jitter, head->timestamp_ms + span_of(jitter, head), now_ns) > most_ms) {
        jitter->play_ms = head->timestamp_ms + length_of(head);
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
static struct wzp_jitter_play get_in_pause(struct wzp_jitter *jitter, const struct packet *head,
                                           int64_t now_ns)
{
    jitter->invented_ms = 0;
    if (head == NULL)
        return play_noise(jitter, NULL);
    int64_t target_ms = jitter->stats.target_ms;
    int64_t delay_ms = delay_of(jitter, head->timestamp_ms, now_ns);
    if (delay_ms >= target_ms)
        return play_head(jitter, head, 0, now_ns);
    /* Packets are missing before this one: a spurt whose start was lost, if something gives it in time. */
    int64_t behind = (target_ms - delay_ms + FRAME_MS - 1) / FRAME_MS;
    int64_t start_ms = head->timestamp_ms - behind * FRAME_MS;
    int64_t missing = (int32_t)(head->sequence - jitter->next_sequence) * (int64_t)head->frames;
    if (behind <= missing && (jitter->phase == EMPTY || start_ms >= jitter->play_ms)) {
        const struct packet *giver = giver_of(jitter, head, start_ms);
        if (giver != NULL)
            return play_copy(jitter, head, behind, giver);
    }
    return play_noise(jitter, NULL);
}

/* In a spurt, packets before `head` are missing: the frame to be played now, if a later packet gives it. */
static bool get_copy(struct wzp_jitter *jitter, const struct packet *head, int64_t now_ns,
                     struct wzp_jitter_play *play)
{
    int64_t now_at_ms = jitter->play_ms + jitter->invented_ms;
    int64_t behind = (head->timestamp_ms - jitter->play_ms) / FRAME_MS;
    for (behind = behind < WZP_AUDIO_REACH_MAX ? behind : WZP_AUDIO_REACH_MAX; behind > 0; behind--) {
        int64_t start_ms = head->timestamp_ms - behind * FRAME_MS;
        if (start_ms > now_at_ms)
            return false; /* not yet */
        if (start_ms < now_at_ms && !may_grow_for(jitter, start_ms, now_ns))
            continue;
        const struct packet *giver = giver_of(jitter, head, start_ms);
        if (giver != NULL) {
            *play = play_copy(jitter, head, behind, giver);
            return true;
        }
    }
    return false;
}

/* How much of the next packet has passed: was played as something else, or is not worth the delay any more.
 */
static int64_t passed_of(const struct wzp_jitter *jitter, const struct packet *head, int64_t now_ns)
{
    int64_t gap_ms = head->timestamp_ms - jitter->play_ms;
    int64_t passed_ms = gap_ms < 0 ? -gap_ms : 0;
    if (head->is_belated && jitter->invented_ms > gap_ms &&
        !may_grow_for(jitter, head->timestamp_ms + passed_ms, now_ns))
        passed_ms = jitter->invented_ms - gap_ms;
    return (passed_ms + PIECE_MS - 1) / PIECE_MS * PIECE_MS;
}

/* In a spurt, the packet that is to follow is there, or it is not known that it is lost. */
static const struct packet *drop_passed(struct wzp_jitter *jitter, const struct packet *head, int64_t now_ns)
{
    while (head != NULL && head->sequence == jitter->next_sequence && !head->is_comfort_noise &&
           passed_of(jitter, head, now_ns) >= length_of(head)) {
        int64_t end_ms = head->timestamp_ms + length_of(head);
        if (end_ms > jitter->play_ms) {
            int64_t left_ms = jitter->invented_ms - (end_ms - jitter->play_ms);
            jitter->invented_ms = left_ms > 0 ? left_ms : 0;
            jitter->play_ms = end_ms;
        }
        advance_to(jitter, head->sequence + 1);
        head = head_of(jitter);
    }
    return head;
}

static struct wzp_jitter_play invent(int64_t timestamp_ms)
{
    return (struct wzp_jitter_play){.kind = WZP_JITTER_CONCEAL, .timestamp_ms = (uint32_t)timestamp_ms};
}

static struct wzp_jitter_play get_in_talk(struct wzp_jitter *jitter, const struct packet *head,
                                          int64_t now_ns, bool quiet)
{
    if (quiet && jitter->invented_ms == 0 &&
        delay_of(jitter, jitter->play_ms, now_ns) + PIECE_MS <= jitter->stats.target_ms) {
        jitter->stats.grown++;
        return invent(jitter->play_ms - PIECE_MS); /* more of the pause that was */
    }
    head = drop_passed(jitter, head, now_ns);
    int64_t at_ms = jitter->play_ms + jitter->invented_ms;
    if (head != NULL) {
        int64_t gap_ms = head->timestamp_ms - jitter->play_ms;
        bool is_missing = head->sequence != jitter->next_sequence;
        if (!is_missing && gap_ms < FRAME_MS)
            return play_head(jitter, head, passed_of(jitter, head, now_ns), now_ns);
        if (!is_missing) /* the sender has sent nothing for this time */
            return get_in_pause(jitter, head, now_ns);
        struct wzp_jitter_play copy;
        if (get_copy(jitter, head, now_ns, &copy))
            return copy;
        bool may_come = jitter->horizon_ms > 0 &&
                        delay_of(jitter, head->timestamp_ms, now_ns) + PIECE_MS <= jitter->stats.target_ms;
        if (gap_ms <= jitter->invented_ms && !may_come) { /* the time of what is lost has been filled */
            jitter->invented_ms -= gap_ms > 0 ? gap_ms : 0;
            return play_head(jitter, head, 0, now_ns);
        }
        if (at_ms >= head->timestamp_ms)
            at_ms = head->timestamp_ms - PIECE_MS; /* of what is lost */
    }
    if (jitter->invented_ms >= SPURT_OVER_MS)
        return get_in_pause(jitter, head, now_ns);
    jitter->invented_ms += PIECE_MS;
    return invent(at_ms);
}

struct wzp_jitter_play wzp_jitter_get(struct wzp_jitter *jitter, int64_t now_ns, bool quiet)
{
    const struct packet *head = timely_head(jitter, now_ns);
    return jitter->phase == TALK ? get_in_talk(jitter, head, now_ns, quiet)
                                 : get_in_pause(jitter, head, now_ns);
}

bool wzp_jitter_skip(struct wzp_jitter *jitter, int64_t now_ns, uint32_t left_ms, bool quiet)
{
    if (jitter->phase != TALK)
        return false;
    const struct packet *head = head_of(jitter);
    if (left_ms == 0 && (head == NULL || head->sequence != jitter->next_sequence))
        return false;
    int64_t ends_ns = now_ns + left_ms * WZP_MS;
    if (quiet)
        return delay_of(jitter, jitter->play_ms, ends_ns) >= jitter->stats.target_ms + QUIET_SURPLUS_MS;
    if (jitter->surplus_since_ns == WZP_NEVER || now_ns - jitter->surplus_since_ns < SURPLUS_NS)
        return false;
    jitter->surplus_since_ns = WZP_NEVER;
    return true;
}

bool wzp_jitter_wants_stretch(const struct wzp_jitter *jitter, int64_t now_ns, uint32_t left_ms)
{
    return jitter->phase == TALK && jitter->horizon_ms > 0 &&
           now_ns - jitter->stretched_ns >= STRETCH_EVERY_NS &&
           delay_of(jitter, jitter->play_ms, now_ns + left_ms * WZP_MS) + PIECE_MS <= jitter->stats.target_ms;
}

void wzp_jitter_on_stretched(struct wzp_jitter *jitter, int64_t now_ns)
{
    jitter->stretched_ns = now_ns;
    jitter->stats.grown++;
}

bool wzp_jitter_wants_squeeze(struct wzp_jitter *jitter, int64_t now_ns, uint32_t left_ms)
{
    int64_t above_ms = delay_of(jitter, jitter->play_ms, now_ns + left_ms * WZP_MS) - jitter->stats.target_ms;
    if (jitter->phase != TALK || above_ms < (jitter->has_waited ? PIECE_MS : SURPLUS_MS)) {
        jitter->above_since_ns = WZP_NEVER;
        return false;
    }
    jitter->above_since_ns = wzp_time_min(jitter->above_since_ns, now_ns);
    int64_t after_ns = above_ms < 2 * PIECE_MS ? SQUEEZE_SOME_NS : SQUEEZE_MUCH_NS;
    if (!jitter->has_waited)
        after_ns = SQUEEZE_FIRST_NS;
    else if (jitter->horizon_ms == 0)
        after_ns = SQUEEZE_AFTER_NS;
    return now_ns - jitter->above_since_ns >= after_ns && now_ns - jitter->squeezed_ns >= SQUEEZE_EVERY_NS;
}

void wzp_jitter_on_squeezed(struct wzp_jitter *jitter, int64_t now_ns)
{
    jitter->squeezed_ns = now_ns;
}

struct wzp_jitter_stats wzp_jitter_stats(const struct wzp_jitter *jitter)
{
    struct wzp_jitter_stats stats = jitter->stats;
    stats.base_ns = jitter->base_ns;
    stats.span_ms = jitter->span_ms;
    return stats;
}
