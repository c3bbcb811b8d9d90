// SPDX-License-Identifier: Apache-2.0
#include "link/feedback.h"
#include "base/check.h"

#include <string.h>

#define SLOT_NS          (128 * WZP_MS)
#define SLOTS            8
#define WORDS            (WZP_FEEDBACK_NUMBERS / 64)
#define ORDER_NUMBERS    3 /* a number is late, not lost, until one so much above it is there ... */
#define ORDER_NS         (10 * WZP_MS) /* ... for so long */
#define LATE_NS          (20 * WZP_MS)
#define LATE_DEVIATIONS  3
#define DEVIATION_FIRST  (5 * WZP_MS)
#define USUAL_SHARE      16
#define DEVIATION_SHARE  16
#define ONSET_PAUSE      (100 * WZP_MS)
#define STREAM_SILENT_NS (2 * WZP_S)
#define REPORTS_AT_ONCE  2
#define LOSS_PACKETS_MIN 64
#define LOSS_NS          (1 * WZP_S)
#define BURST_PACKETS    512
#define EARLY_NUMBERS    40  /* when the first of these arrived is told again: much hangs on it ... */
#define TRAIN_NUMBERS    160 /* ... and after a train until so many of these arrived */
#define SINGLE_MAX       40  /* arrivals of single packets in a report; more go by groups */
#define GROUP_NS         (5 * WZP_MS)
#define GROUP_MAX        256
#define FRESH_NS         (2 * WZP_S)
#define ALL_FORMS        (WZP_FEEDBACK_FORM_RUNS | WZP_FEEDBACK_FORM_GROUPS)

/* A byte for how much earlier a packet came: quarters of a millisecond, then whole ones, then 32 of them. */
#define FINE_END    128
#define MEDIUM_END  224
#define UNTOLD      255 /* later than the one before it in the report, or too much earlier */
#define FINE_NS     (250 * WZP_US)
#define MEDIUM_NS   (1 * WZP_MS)
#define COARSE_NS   (32 * WZP_MS)
#define MEDIUM_FROM (FINE_END * FINE_NS)
#define COARSE_FROM (MEDIUM_FROM + (MEDIUM_END - FINE_END) * MEDIUM_NS)

/* ---- what came ---- */

void wzp_feedback_init(struct wzp_feedback *feedback)
{
    memset(feedback, 0, sizeof *feedback);
    for (unsigned i = 0; i < WZP_FEEDBACK_NUMBERS; i++)
        feedback->arrived_ns[i] = WZP_NEVER;
    feedback->media_ns = WZP_NEVER;
    feedback->reported_ns = feedback->full_ns = feedback->onset_told_ns = INT64_MIN / 2;
    feedback->onset_ns = feedback->load_ns = WZP_NEVER;
    for (unsigned i = 0; i < WZP_FEEDBACK_STREAMS; i++)
        feedback->streams[i].heard_ns = INT64_MIN;
    feedback->budget = WZP_FEEDBACK_BURST * WZP_S;
}

void wzp_feedback_restart(struct wzp_feedback *feedback)
{
    feedback->first = feedback->next;
    for (unsigned i = 0; i < WZP_FEEDBACK_STREAMS; i++)
        feedback->streams[i].heard_ns = INT64_MIN;
}

static void note_arrival(struct wzp_feedback *feedback, uint64_t number, int64_t at_ns)
{
    uint64_t *word = &feedback->came[number / 64 % WORDS], bit = UINT64_C(1) << number % 64;
    feedback->arrived_ns[number % WZP_FEEDBACK_NUMBERS] = at_ns;
    *word = at_ns == WZP_NEVER ? *word & ~bit : *word | bit;
}

static int64_t arrived(const struct wzp_feedback *feedback, uint64_t number)
{
    return feedback->arrived_ns[number % WZP_FEEDBACK_NUMBERS];
}

/* Which came of the 64 numbers from `first` on, the lowest in the lowest bit. */
static uint64_t came(const struct wzp_feedback *feedback, uint64_t first)
{
    unsigned shift = first % 64;
    uint64_t low = feedback->came[first / 64 % WORDS] >> shift;
    return shift ? low | feedback->came[(first / 64 + 1) % WORDS] << (64 - shift) : low;
}

/* Numbers below it are forgotten. */
static uint64_t oldest(const struct wzp_feedback *feedback)
{
    return feedback->next > WZP_FEEDBACK_NUMBERS ? feedback->next - WZP_FEEDBACK_NUMBERS : 0;
}

static void begin(struct wzp_feedback *feedback, uint64_t number, int64_t now_ns)
{
    feedback->next = feedback->first = number;
    for (unsigned i = 0; i <= WZP_FEEDBACK_REPEATS; i++)
        feedback->told[i] = number;
    feedback->budget_ns = now_ns;
}

static void take_number(struct wzp_feedback *feedback, uint64_t number, int64_t now_ns)
{
    uint64_t gap = number >= feedback->next ? number - feedback->next : 0;
    if (gap >= WZP_FEEDBACK_NUMBERS)
        gap = WZP_FEEDBACK_NUMBERS - 1;
    for (uint64_t skipped = number - gap; skipped < number; skipped++)
        note_arrival(feedback, skipped, WZP_NEVER);
    if (number >= feedback->next)
        feedback->next = number + 1;
    if (number >= oldest(feedback))
        note_arrival(feedback, number, now_ns);
}

/* ---- what may be said: bytes of 5 % of what came, or the floor ---- */

static int64_t growth(uint64_t rate)
{
    return (int64_t)(rate / 20 > WZP_FEEDBACK_FLOOR_BPS / 8 ? rate / 20 : WZP_FEEDBACK_FLOOR_BPS / 8);
}

static int64_t budget_at(const struct wzp_feedback *feedback, uint64_t rate, int64_t now_ns)
{
    const int64_t most = WZP_FEEDBACK_BURST * WZP_S;
    int64_t passed_ns = wzp_time_max(now_ns - feedback->budget_ns, 0), each = growth(rate);
    return passed_ns > most / each ? most : wzp_time_min(feedback->budget + passed_ns * each, most);
}

static uint64_t rate_of(struct wzp_feedback *feedback, int64_t now_ns)
{
    int64_t slot = now_ns / SLOT_NS;
    uint64_t bytes = 0;
    if (slot - feedback->slot >= SLOTS)
        memset(feedback->slots, 0, sizeof feedback->slots);
    else
        for (int64_t i = feedback->slot + 1; i <= slot; i++)
            feedback->slots[(uint64_t)i % SLOTS] = 0;
    feedback->slot = wzp_time_max(slot, feedback->slot);
    for (unsigned i = 0; i < SLOTS; i++)
        bytes += feedback->slots[i];
    return bytes * (uint64_t)WZP_S / (SLOTS * (uint64_t)SLOT_NS);
}

/* What did not come in the meantime gives no budget. */
static void take_size(struct wzp_feedback *feedback, size_t size, int64_t now_ns)
{
    uint64_t rate = rate_of(feedback, now_ns);
    feedback->budget = budget_at(feedback, rate < feedback->rate ? rate : feedback->rate, now_ns);
    feedback->budget_ns = wzp_time_max(feedback->budget_ns, now_ns);
    feedback->slots[(uint64_t)feedback->slot % SLOTS] += (uint32_t)size;
    feedback->rate = rate_of(feedback, now_ns);
}

void wzp_feedback_on_packet(struct wzp_feedback *feedback, uint64_t number, size_t size, bool has_media,
                            int64_t now_ns)
{
    if (feedback->next == 0)
        begin(feedback, number, now_ns);
    take_number(feedback, number, now_ns);
    take_size(feedback, size, now_ns);
    if (has_media && feedback->media_ns == WZP_NEVER)
        feedback->media_ns = now_ns;
}

/* ---- the onset of delay ---- */

/* Its own, or the place of the one that is silent for longest. */
static struct wzp_feedback_stream *stream_of(struct wzp_feedback *feedback, uint64_t key)
{
    struct wzp_feedback_stream *oldest = &feedback->streams[0];
    for (unsigned i = 0; i < WZP_FEEDBACK_STREAMS; i++) {
        struct wzp_feedback_stream *stream = &feedback->streams[i];
        if (stream->heard_ns != INT64_MIN && stream->key == key)
            return stream;
        if (stream->heard_ns < oldest->heard_ns)
            oldest = stream;
    }
    *oldest = (struct wzp_feedback_stream){.key = key, .heard_ns = INT64_MIN};
    return oldest;
}

void wzp_feedback_on_media(struct wzp_feedback *feedback, uint64_t stream_key, uint32_t timestamp_ms,
                           int64_t now_ns)
{
    struct wzp_feedback_stream *stream = stream_of(feedback, stream_key);
    uint32_t passed_ms = timestamp_ms - stream->timestamp_ms;
    if (stream->heard_ns == INT64_MIN || now_ns - stream->heard_ns > STREAM_SILENT_NS) {
        *stream = (struct wzp_feedback_stream){.key = stream_key,
                                               .heard_ns = now_ns,
                                               .usual_ns = now_ns,
                                               .deviation_ns = DEVIATION_FIRST,
                                               .timestamp_ms = timestamp_ms};
        return;
    }
    if (passed_ms > UINT32_MAX / 2) /* overtaken */
        return;
    stream->timestamp_ms = timestamp_ms;
    stream->time_ns += (int64_t)passed_ms * WZP_MS;
    stream->heard_ns = now_ns;
    int64_t late_ns = now_ns - stream->time_ns - stream->usual_ns;
    int64_t onset_ns = wzp_time_max(LATE_NS, LATE_DEVIATIONS * stream->deviation_ns);
    if (late_ns > onset_ns && stream->was_late && now_ns - feedback->onset_told_ns >= ONSET_PAUSE &&
        feedback->onset_ns == WZP_NEVER)
        feedback->onset_ns = now_ns;
    stream->was_late = late_ns > onset_ns / 2;
    stream->usual_ns += late_ns / USUAL_SHARE;
    stream->deviation_ns += ((late_ns < 0 ? -late_ns : late_ns) - stream->deviation_ns) / DEVIATION_SHARE;
}

/* ---- when ---- */

/* 20 a second, and as many as two at once: as of a time at which the stock is full. */
static int64_t stock_at(const struct wzp_feedback *feedback)
{
    return feedback->full_ns - (REPORTS_AT_ONCE - 1) * WZP_FEEDBACK_INTERVAL_NS;
}

static int64_t regular_at(const struct wzp_feedback *feedback, size_t overhead)
{
    int64_t pause_ns = WZP_FEEDBACK_INTERVAL_NS, from_ns = feedback->media_ns;
    if (overhead) {
        if (feedback->rate * 8 < WZP_FEEDBACK_THIN_BPS)
            pause_ns = WZP_FEEDBACK_BLIND_NS - WZP_FEEDBACK_WAIT_NS;
        from_ns += WZP_FEEDBACK_WAIT_NS;
        pause_ns += WZP_FEEDBACK_WAIT_NS;
    }
    return wzp_time_max(feedback->reported_ns + pause_ns, from_ns);
}

void wzp_feedback_on_load(struct wzp_feedback *feedback, int64_t now_ns)
{
    feedback->load_ns = now_ns;
}

int64_t wzp_feedback_due_at(const struct wzp_feedback *feedback, size_t overhead)
{
    if (feedback->media_ns == WZP_NEVER)
        return WZP_NEVER;
    int64_t at_ns = regular_at(feedback, overhead);
    if (feedback->reported_ns < 0 && feedback->load_ns != WZP_NEVER)
        at_ns = wzp_time_max(at_ns, wzp_time_min(feedback->load_ns + WZP_FEEDBACK_CAR_NS,
                                                 feedback->media_ns + WZP_FEEDBACK_TRAIN_NS));
    if (feedback->onset_ns != WZP_NEVER)
        at_ns = wzp_time_min(at_ns,
                             wzp_time_max(feedback->onset_ns, feedback->reported_ns + WZP_FEEDBACK_ONSET_NS));
    at_ns = wzp_time_max(at_ns, stock_at(feedback));
    int64_t missing = (int64_t)(WZP_FEEDBACK_MAX + overhead) * WZP_S - feedback->budget;
    int64_t each = growth(feedback->rate);
    return missing <= 0 ? at_ns : wzp_time_max(at_ns, feedback->budget_ns + (missing + each - 1) / each);
}

bool wzp_feedback_is_flowing(const struct wzp_feedback *feedback, int64_t now_ns)
{
    return now_ns - feedback->reported_ns <= 2 * WZP_FEEDBACK_INTERVAL_NS;
}

/* ---- what ---- */

struct losses {
    unsigned lost, runs;
};

static struct losses losses_of(const struct wzp_feedback *feedback, uint64_t first, uint64_t end)
{
    struct losses losses = {0};
    for (; first < end; first += 64) {
        uint64_t those = end - first < 64 ? (UINT64_C(1) << (end - first)) - 1 : UINT64_MAX;
        uint64_t after = end - first > 64 ? UINT64_MAX : those >> 1;
        uint64_t lost = ~came(feedback, first) & those, lost_after = ~came(feedback, first + 1) & after;
        losses.lost += (unsigned)__builtin_popcountll(lost);
        losses.runs += (unsigned)__builtin_popcountll(lost & ~lost_after); /* by their last numbers */
    }
    return losses;
}

/* Loss of the newest 64 packets, or of the last second, whichever is more; runs of a few hundred. */
static void judge(struct wzp_feedback *feedback, int64_t now_ns, struct wzp_frame_feedback *frame)
{
    uint64_t low = feedback->first > oldest(feedback) ? feedback->first : oldest(feedback);
    uint64_t end = feedback->next; /* one above the newest that is there long enough */
    while (end > low &&
           (arrived(feedback, end - 1) == WZP_NEVER || now_ns - arrived(feedback, end - 1) < ORDER_NS))
        end--;
    end = end > ORDER_NUMBERS + low ? end - ORDER_NUMBERS : low;
    low = end - low > BURST_PACKETS ? end - BURST_PACKETS : low;
    uint64_t from = end - low > LOSS_PACKETS_MIN ? end - LOSS_PACKETS_MIN : low;
    while (from > low && arrived(feedback, from) > now_ns - LOSS_NS) /* WZP_NEVER is above all */
        from--;
    struct losses window = losses_of(feedback, from, end), all = losses_of(feedback, low, end);
    feedback->judged = (unsigned)(end - from);
    if (feedback->judged)
        frame->loss = (uint8_t)((255 * window.lost + feedback->judged / 2) / feedback->judged);
    unsigned burst_8 = all.runs ? (8 * all.lost + all.runs / 2) / all.runs : 0;
    frame->burst_8 = (uint8_t)(burst_8 < 255 ? burst_8 : 255);
}

/* How many of the newest `most` below `end` fared as the first of them did. */
static unsigned run_below(const struct wzp_feedback *feedback, uint64_t end, unsigned most)
{
    uint64_t like = came(feedback, end - 64) >> 63 ? UINT64_MAX : 0, unlike = 0;
    unsigned run = 0;
    for (; run < most && !unlike; run += unlike ? (unsigned)__builtin_clzll(unlike) : 64)
        unlike = came(feedback, end - run - 64) ^ like;
    return run < most ? run : most;
}

/* Run lengths, received ones first, as far as there is room: the numbers they speak of. */
static unsigned put_runs(struct wzp_feedback *feedback, unsigned span, struct wzp_writer *writer)
{
    unsigned told = 0;
    while (told < span) {
        unsigned run = run_below(feedback, feedback->next - told, span - told);
        if (wzp_writer_left(writer) < wzp_varint_len(run))
            break;
        wzp_write_varint(writer, run);
        told += run;
    }
    return told;
}

/* Runs are shorter where less than about one packet in 16 is lost (two runs of a byte each for a loss, or a
 * bit for each packet), a bitmap above, so both are tried: what says more, then what is shorter. */
static void put_receipts(struct wzp_feedback *feedback, unsigned span, struct wzp_frame_feedback *frame)
{
    uint8_t runs[WZP_FEEDBACK_RECEIPTS];
    struct wzp_writer writer = wzp_writer_make(runs, sizeof runs);
    unsigned by_runs = put_runs(feedback, span, &writer);
    unsigned by_bits = span < 8 * WZP_FEEDBACK_RECEIPTS ? span : 8 * WZP_FEEDBACK_RECEIPTS;
    size_t bytes = (by_bits + 7) / 8;
    frame->receipts.data = feedback->receipts;
    if (by_runs > by_bits || (by_runs == by_bits && wzp_writer_len(&writer) < bytes)) {
        memcpy(feedback->receipts, runs, wzp_writer_len(&writer));
        frame->receipts.len = wzp_writer_len(&writer);
        frame->form |= WZP_FEEDBACK_FORM_RUNS;
        frame->span = by_runs;
        return;
    }
    for (unsigned i = 0; i < bytes; i++)
        feedback->receipts[i] = (uint8_t)(came(feedback, feedback->next - 8 * i - 64) >> 56);
    if (by_bits % 8)
        feedback->receipts[bytes - 1] &= (uint8_t)(0xff << (8 - by_bits % 8));
    frame->receipts.len = bytes;
    frame->span = by_bits;
}

static uint8_t scaled(int64_t earlier_ns)
{
    if (earlier_ns < 0)
        return UNTOLD;
    if (earlier_ns < MEDIUM_FROM)
        return (uint8_t)(earlier_ns / FINE_NS);
    if (earlier_ns < COARSE_FROM)
        return (uint8_t)(FINE_END + (earlier_ns - MEDIUM_FROM) / MEDIUM_NS);
    int64_t coarse = MEDIUM_END + (earlier_ns - COARSE_FROM) / COARSE_NS;
    return coarse < UNTOLD ? (uint8_t)coarse : UNTOLD;
}

static int64_t unscaled(uint8_t byte)
{
    if (byte == UNTOLD)
        return 0;
    if (byte < FINE_END)
        return byte * FINE_NS;
    if (byte < MEDIUM_END)
        return MEDIUM_FROM + (byte - FINE_END) * MEDIUM_NS;
    return COARSE_FROM + (byte - MEDIUM_END) * COARSE_NS;
}

/* The next number below that arrived and has to be told; false: there is none. */
static bool step_down(const struct wzp_feedback *feedback, uint64_t low, uint64_t *number)
{
    while (*number > low)
        if (arrived(feedback, --*number) != WZP_NEVER)
            return true;
    return false;
}

/* A byte for each that came since the last report and for the newest that it told of, so that no interval is
 * missing; each counts from the time that the reader knows, so that what is cut off does not add up. */
static size_t put_singles(struct wzp_feedback *feedback, uint64_t low, size_t room)
{
    uint64_t number = feedback->next - 1;
    int64_t known_ns = arrived(feedback, number);
    size_t len = 0;
    while (len < room && step_down(feedback, low, &number)) {
        uint8_t byte = scaled(known_ns - arrived(feedback, number));
        known_ns -= unscaled(byte);
        feedback->arrivals[len++] = byte;
    }
    return len;
}

/* Packets next to each other that came within 5 ms of the newest of them: how many less one, and between two
 * groups how much earlier that of the older one came. */
static size_t put_groups(struct wzp_feedback *feedback, uint64_t low, size_t room)
{
    uint64_t number = feedback->next - 1;
    int64_t known_ns = arrived(feedback, number), group_ns = known_ns;
    unsigned count = 1;
    size_t len = 0;
    if (room == 0)
        return 0;
    while (step_down(feedback, low, &number)) {
        int64_t at_ns = arrived(feedback, number), off_ns = group_ns - at_ns;
        if (off_ns <= GROUP_NS && off_ns >= -GROUP_NS && count < GROUP_MAX) {
            count++;
            continue;
        }
        if (len + 3 > room)
            break;
        uint8_t byte = scaled(known_ns - at_ns);
        known_ns -= unscaled(byte);
        feedback->arrivals[len++] = (uint8_t)(count - 1);
        feedback->arrivals[len++] = byte;
        group_ns = at_ns;
        count = 1;
    }
    feedback->arrivals[len++] = (uint8_t)(count - 1);
    return len;
}

/* What the path carries hangs on when the packets of a train came, and each report may be lost. */
static bool tells_train(const struct wzp_feedback *feedback)
{
    uint64_t numbers = feedback->next - feedback->first;
    return feedback->load_ns != WZP_NEVER && numbers < TRAIN_NUMBERS &&
           numbers - losses_of(feedback, feedback->first, feedback->next).lost < EARLY_NUMBERS;
}

static void put_arrivals(struct wzp_feedback *feedback, struct wzp_frame_feedback *frame, size_t room)
{
    bool is_early = feedback->next < feedback->first + EARLY_NUMBERS || tells_train(feedback);
    uint64_t start = feedback->next - frame->span, from = is_early ? start : feedback->told[0],
             low = from > start ? from - 1 : start;
    unsigned count = 0;
    for (uint64_t number = feedback->next - 1; count <= SINGLE_MAX && step_down(feedback, low, &number);)
        count++;
    if (count > SINGLE_MAX)
        frame->form |= WZP_FEEDBACK_FORM_GROUPS;
    frame->arrivals.data = feedback->arrivals;
    frame->arrivals.len = count > SINGLE_MAX ? put_groups(feedback, low, room)
                                             : put_singles(feedback, low, room);
}

bool wzp_feedback_make(struct wzp_feedback *feedback, size_t room, size_t overhead, int64_t now_ns,
                       struct wzp_frame_feedback *frame)
{
    if (room < WZP_FEEDBACK_MAX || now_ns < wzp_feedback_due_at(feedback, overhead))
        return false;
    uint64_t from = feedback->told[WZP_FEEDBACK_REPEATS];
    if (tells_train(feedback) && feedback->first < from)
        from = feedback->first;
    uint64_t span = feedback->next - (from > oldest(feedback) ? from : oldest(feedback));
    if (span == 0) /* older ones came late, and none since */
        span = 1;
    *frame = (struct wzp_frame_feedback){
        .largest = feedback->next - 1,
        .delay_8us = (uint64_t)wzp_time_max(now_ns - arrived(feedback, feedback->next - 1), 0) / (8 * WZP_US),
        .clock_125us = (uint16_t)(arrived(feedback, feedback->next - 1) / WZP_FEEDBACK_CLOCK_NS),
    };
    judge(feedback, now_ns, frame);
    feedback->loss_permille = (frame->loss * 1000u + 127) / 255;
    feedback->burst_16 = frame->burst_8 * 2u;
    put_receipts(feedback, span < WZP_FEEDBACK_SPAN_MAX ? (unsigned)span : WZP_FEEDBACK_SPAN_MAX, frame);
    size_t left = WZP_FEEDBACK_MAX - wzp_frame_feedback_size(frame);
    put_arrivals(feedback, frame, left < WZP_FEEDBACK_ARRIVALS ? left : WZP_FEEDBACK_ARRIVALS);
    size_t len = wzp_frame_feedback_size(frame);
    WZP_CHECK(len <= WZP_FEEDBACK_MAX);

    memmove(&feedback->told[1], &feedback->told[0], WZP_FEEDBACK_REPEATS * sizeof *feedback->told);
    feedback->told[0] = feedback->next;
    feedback->media_ns = WZP_NEVER;
    feedback->reported_ns = now_ns;
    feedback->full_ns = wzp_time_max(feedback->full_ns, now_ns) + WZP_FEEDBACK_INTERVAL_NS;
    if (feedback->onset_ns != WZP_NEVER)
        feedback->onset_told_ns = now_ns;
    feedback->onset_ns = WZP_NEVER;
    feedback->budget = budget_at(feedback, feedback->rate, now_ns) - (int64_t)(len + overhead) * WZP_S;
    feedback->budget_ns = wzp_time_max(feedback->budget_ns, now_ns);
    return true;
}

/* ---- the reader's side ---- */

void wzp_feedback_seen_init(struct wzp_feedback_seen *seen, uint64_t first_number)
{
    *seen = (struct wzp_feedback_seen){.largest = first_number, .at_ns = INT64_MIN};
}

bool wzp_feedback_is_fresh(const struct wzp_feedback_seen *seen, int64_t now_ns)
{
    return seen->at_ns != INT64_MIN && now_ns - seen->at_ns <= FRESH_NS;
}

/* Takes `run` numbers more into the receipts, downwards from *next. */
static void take_run(struct wzp_receipts *receipts, uint64_t *next, uint64_t run, bool has)
{
    struct wzp_receipts_range *last = receipts->count ? &receipts->ranges[receipts->count - 1] : NULL;
    if (has && last && last->first == *next + 1)
        last->first -= run;
    else if (has)
        receipts->ranges[receipts->count++] = (struct wzp_receipts_range){*next + 1 - run, *next};
    *next -= run;
}

static bool read_runs(const struct wzp_frame_feedback *frame, struct wzp_receipts *receipts)
{
    struct wzp_reader reader = wzp_reader_make(frame->receipts.data, frame->receipts.len);
    uint64_t left = frame->span, next = frame->largest;
    for (bool has = true; left > 0; has = !has) {
        uint64_t run = wzp_read_varint(&reader);
        if (reader.failed || run == 0 || run > left)
            return false;
        take_run(receipts, &next, run, has);
        left -= run;
    }
    return wzp_reader_left(&reader) == 0;
}

static bool read_bits(const struct wzp_frame_feedback *frame, struct wzp_receipts *receipts)
{
    const uint8_t *bits = frame->receipts.data;
    uint64_t next = frame->largest;
    if (frame->receipts.len != (frame->span + 7) / 8 || !(bits[0] & 0x80))
        return false;
    for (size_t i = 0; i < frame->span; i++)
        take_run(receipts, &next, 1, bits[i / 8] & 0x80 >> i % 8);
    return frame->span % 8 == 0 || (uint8_t)(bits[frame->span / 8] << frame->span % 8) == 0;
}

/* Goes down the numbers that the receipts hold. */
struct walk {
    const struct wzp_receipts *receipts;
    unsigned range;
    uint64_t below; /* numbers of the range passed */
};

/* Passes `count` numbers; false if there are not so many. */
static bool walk_on(struct walk *walk, uint64_t count, uint64_t *number)
{
    walk->below += count;
    for (; walk->range < walk->receipts->count; walk->range++) {
        const struct wzp_receipts_range *range = &walk->receipts->ranges[walk->range];
        uint64_t size = range->last - range->first + 1;
        if (walk->below < size) {
            *number = range->last - walk->below;
            return true;
        }
        walk->below -= size;
    }
    return false;
}

static bool read_arrivals(const struct wzp_frame_feedback *frame, struct wzp_feedback_report *report)
{
    bool by_groups = frame->form & WZP_FEEDBACK_FORM_GROUPS;
    struct wzp_reader reader = wzp_reader_make(frame->arrivals.data, frame->arrivals.len);
    struct walk walk = {.receipts = &report->receipts};
    int64_t before_ns = 0;
    uint64_t number = frame->largest;
    report->arrivals[report->arrivals_count++] = (struct wzp_feedback_arrival){number, 0, false};
    if (by_groups && frame->arrivals.len % 2 == 0)
        return false;
    for (;;) {
        uint64_t passed = by_groups ? (uint64_t)wzp_read_u8(&reader) : 0;
        if (passed && !walk_on(&walk, passed, &number))
            return false;
        if (wzp_reader_left(&reader) == 0)
            return !reader.failed;
        uint8_t byte = wzp_read_u8(&reader);
        if (!walk_on(&walk, 1, &number))
            return false;
        before_ns += unscaled(byte);
        if (byte != UNTOLD)
            report->arrivals[report->arrivals_count++] = (struct wzp_feedback_arrival){number, before_ns,
                                                                                       byte >= MEDIUM_END};
    }
}

bool wzp_feedback_read(const struct wzp_frame_feedback *frame, struct wzp_feedback_report *report)
{
    struct wzp_receipts *receipts = &report->receipts;
    if (frame->form & ~ALL_FORMS || frame->span == 0 || frame->span > WZP_FEEDBACK_SPAN_MAX ||
        frame->span - 1 > frame->largest || frame->arrivals.len > WZP_FEEDBACK_ARRIVALS)
        return false;
    receipts->largest = frame->largest;
    receipts->lowest = frame->largest - (frame->span - 1);
    receipts->delay_ns = wzp_receipts_delay_ns(frame->delay_8us);
    receipts->is_prompt = true;
    receipts->count = 0;
    report->arrivals_count = 0;
    report->clock_125us = frame->clock_125us;
    report->loss_permille = (frame->loss * 1000u + 127) / 255;
    report->burst_16 = frame->burst_8 * 2u;
    bool is_good = frame->form & WZP_FEEDBACK_FORM_RUNS ? read_runs(frame, receipts)
                                                        : read_bits(frame, receipts);
    return is_good && read_arrivals(frame, report);
}

bool wzp_feedback_on_report(struct wzp_feedback_seen *seen, const struct wzp_feedback_report *report,
                            const struct wzp_sent *sent, int64_t now_ns)
{
    if (report->receipts.largest < seen->largest)
        return false;
    seen->largest = report->receipts.largest;
    seen->at_ns = now_ns;
    for (unsigned i = 0; i + 1 < report->arrivals_count; i++) {
        const struct wzp_feedback_arrival *newer = &report->arrivals[i], *older = &report->arrivals[i + 1];
        const struct wzp_sent_packet *newer_sent = wzp_sent_find(sent, newer->number);
        const struct wzp_sent_packet *older_sent = wzp_sent_find(sent, older->number);
        int64_t apart_ns = older->before_ns - newer->before_ns;
        if (!newer_sent || !older_sent || apart_ns >= COARSE_FROM) /* told too roughly */
            continue;
        int64_t off_ns = apart_ns - (newer_sent->sent_ns - older_sent->sent_ns);
        seen->jitter_ns += ((off_ns < 0 ? -off_ns : off_ns) - seen->jitter_ns) / 16;
    }
    return true;
}
