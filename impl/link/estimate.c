// SPDX-License-Identifier: Apache-2.0
#include "link/estimate.h"
#include "base/check.h"
#include "base/time.h"
#include "link/estimate_rules.h"

#include <string.h>

#define IP_UDP_HEADER     28
#define INTERVAL_NS_FIRST (100 * WZP_MS)
#define SMALL_NS          (20 * WZP_MS) /* at most: a rival's share tells a line too slow */
#define LARGE_FADES       64
#define LARGER            2
#define SENT_NS           (100.0 * WZP_MS)

/* ---- the fixed rate ---- */

static double fixed_rate(const struct wzp_estimate *estimate)
{
    return (double)estimate->start_bps;
}

static const struct wzp_estimate_rules fixed_rules = {
    .name = "fixed", .target = fixed_rate, .pace = fixed_rate};

static const struct wzp_estimate_rules *const all[WZP_ESTIMATE_KINDS] = {
    [WZP_ESTIMATE_FIXED] = &fixed_rules,
    [WZP_ESTIMATE_OURS] = &wzp_estimate_ours_rules,
    [WZP_ESTIMATE_DELTA] = &wzp_estimate_delta_rules,
    [WZP_ESTIMATE_GCC] = &wzp_estimate_gcc_rules,
};

const char *wzp_estimate_kind_name(enum wzp_estimate_kind kind)
{
    if (kind == WZP_ESTIMATE_AUTO)
        return "auto";
    return kind < WZP_ESTIMATE_KINDS ? all[kind]->name : NULL;
}

bool wzp_estimate_kind_from(const char *name, enum wzp_estimate_kind *kind)
{
    for (unsigned i = 0; i <= WZP_ESTIMATE_AUTO; i++)
        if (strcmp(name, wzp_estimate_kind_name((enum wzp_estimate_kind)i)) == 0) {
            *kind = (enum wzp_estimate_kind)i;
            return true;
        }
    return false;
}

/* ---- the path ---- */

static void path_init(struct wzp_estimate_path *path, uint64_t first_number, int64_t now_ns)
{
    *path = (struct wzp_estimate_path){
        .first_number = first_number, .interval_ns = INTERVAL_NS_FIRST, .reported_ns = now_ns};
}

static void take_round_trip(struct wzp_estimate_path *path, const struct wzp_feedback_report *report,
                            const struct wzp_sent_packet *largest, int64_t now_ns)
{
    int64_t rtt_ns = wzp_time_max(now_ns - largest->sent_ns - report->receipts.delay_ns, WZP_US);
    int64_t interval_ns = wzp_time_min(now_ns - path->reported_ns, 2 * WZP_S);
    path->rtt_ns = path->rtt_ns ? path->rtt_ns + (rtt_ns - path->rtt_ns) / 8 : rtt_ns;
    path->rtt_min_ns = path->rtt_min_ns ? wzp_time_min(path->rtt_min_ns, rtt_ns) : rtt_ns;
    double passed_ns = (double)wzp_time_max(now_ns - path->reported_ns, WZP_MS);
    path->sent_bps += (path->sent_bytes * 8e9 / passed_ns - path->sent_bps) * passed_ns /
                      (passed_ns + SENT_NS);
    path->sent_bytes = 0;
    path->interval_ns += (interval_ns - path->interval_ns) / 8;
    path->reported_ns = now_ns;
}

/* When the report's largest arrived: its clock, unwrapped by how much time passed here. */
static int64_t arrived_at(struct wzp_estimate_path *path, const struct wzp_feedback_report *report,
                          int64_t now_ns)
{
    int64_t here_ns = now_ns - report->receipts.delay_ns;
    if (path->end == 0)
        path->clock_ns = here_ns;
    else {
        int64_t passed = (here_ns - path->here_ns) / WZP_FEEDBACK_CLOCK_NS;
        uint16_t off = (uint16_t)(report->clock_125us - path->clock_125us - (uint64_t)passed);
        path->clock_ns += (passed + (off < 0x8000 ? off : off - 0x10000)) * WZP_FEEDBACK_CLOCK_NS;
    }
    path->here_ns = here_ns;
    path->clock_125us = report->clock_125us;
    return path->clock_ns;
}

/* A small packet takes the line for less time than a large one, which is no difference of queues: what a
 * packet would have come later, had it been as large as the largest. */
static int64_t smallness(struct wzp_estimate_path *path, const struct wzp_sent_packet *packet)
{
    path->large -= path->large / LARGE_FADES;
    path->is_larger |= packet->size > LARGER * path->large;
    path->large = wzp_estimate_max(path->large, packet->size);
    if (path->line_bps <= 0)
        return 0;
    return wzp_time_min((int64_t)((path->large - packet->size) * 8e9 / path->line_bps), SMALL_NS);
}

static void add_sample(struct wzp_estimate_path *path, const struct wzp_sent *sent,
                       const struct wzp_sent_packet *packet, bool is_rough, int64_t arrived_ns)
{
    struct wzp_estimate_sample sample = {
        .number = packet->number, .sent_ns = packet->sent_ns, .arrived_ns = arrived_ns, .is_rough = is_rough};
    sample.small_ns = smallness(path, packet);
    sample.is_larger = path->is_larger;
    path->is_larger = false;
    uint64_t from = packet->number;
    if (path->end > 0)
        from = wzp_estimate_sample(path, path->end - 1)->number + 1;
    for (uint64_t number = from; number <= packet->number; number++) {
        const struct wzp_sent_packet *record = wzp_sent_find(sent, number);
        if (!record)
            continue;
        sample.bytes += record->size + IP_UDP_HEADER;
        sample.got_bytes += record->acked ? record->size + IP_UDP_HEADER : 0;
        sample.told = (uint16_t)(sample.told + (record->reported || record->acked));
        sample.got = (uint16_t)(sample.got + record->acked);
    }
    path->samples[path->end++ % WZP_ESTIMATE_SAMPLES] = sample;
}

/* False: nothing new in it. */
static bool path_on_report(struct wzp_estimate_path *path, const struct wzp_feedback_report *report,
                           const struct wzp_sent *sent, int64_t now_ns)
{
    const struct wzp_sent_packet *largest = wzp_sent_find(sent, report->receipts.largest);
    if (!largest || largest->number < path->first_number || report->arrivals_count == 0)
        return false;
    uint64_t newest = path->end ? wzp_estimate_sample(path, path->end - 1)->number : 0;
    if (path->end && largest->number <= newest)
        return false;
    int64_t at_ns = arrived_at(path, report, now_ns);
    take_round_trip(path, report, largest, now_ns);
    path->begin = path->end;
    path->burst = report->burst_16 > 16 ? report->burst_16 / 16.0 : 1;
    for (unsigned i = report->arrivals_count; i > 0; i--) {
        const struct wzp_feedback_arrival *arrival = &report->arrivals[i - 1];
        const struct wzp_sent_packet *packet = wzp_sent_find(sent, arrival->number);
        bool is_new = path->end == 0 || arrival->number > newest;
        if (packet && is_new && packet->number >= path->first_number)
            add_sample(path, sent, packet, arrival->is_rough, at_ns - arrival->before_ns);
    }
    path->flying_bytes = 0;
    for (uint64_t number = largest->number + 1; number < sent->next_number; number++)
        path->flying_bytes += sent->packets[number % WZP_SENT_PACKETS].size + IP_UDP_HEADER;
    return path->end > path->begin;
}

/* ---- the face ---- */

static const struct wzp_estimate_rules *rules(const struct wzp_estimate *estimate)
{
    return all[estimate->kind];
}

void wzp_estimate_init(struct wzp_estimate *estimate, enum wzp_estimate_kind kind, uint64_t start_bps,
                       int64_t now_ns)
{
    WZP_CHECK(kind < WZP_ESTIMATE_KINDS);
    memset(estimate, 0, sizeof *estimate);
    estimate->kind = kind;
    estimate->start_bps = start_bps;
    wzp_estimate_restart(estimate, 0, now_ns);
}

void wzp_estimate_restart(struct wzp_estimate *estimate, uint64_t first_number, int64_t now_ns)
{
    estimate->is_far = false;
    path_init(&estimate->path, first_number, now_ns);
    if (rules(estimate)->init)
        rules(estimate)->init(estimate, now_ns);
}

void wzp_estimate_expect_loss(struct wzp_estimate *estimate, unsigned permille, unsigned packets)
{
    struct wzp_estimate_loss *loss = &estimate->ours.loss;
    if (estimate->kind != WZP_ESTIMATE_OURS)
        return;
    loss->random = permille / 1000.0;
    loss->expected = (struct wzp_estimate_tally){packets, packets * (1 - loss->random)};
}

void wzp_estimate_expect_rtt(struct wzp_estimate *estimate, int64_t rtt_ns)
{
    estimate->path.rtt_expected_ns = rtt_ns;
}

void wzp_estimate_expect_far(struct wzp_estimate *estimate)
{
    estimate->is_far = true;
}

void wzp_estimate_set_bounds(struct wzp_estimate *estimate, uint64_t max_bps, uint64_t wish_bps)
{
    estimate->max_bps = max_bps;
    estimate->wish_bps = wish_bps;
}

void wzp_estimate_set_modest(struct wzp_estimate *estimate, bool is_modest)
{
    estimate->is_modest = is_modest;
}

void wzp_estimate_on_sent(struct wzp_estimate *estimate, uint64_t number, size_t bytes, int64_t now_ns)
{
    (void)now_ns;
    if (number >= estimate->path.first_number)
        estimate->path.sent_bytes += (double)bytes;
}

void wzp_estimate_on_idle(struct wzp_estimate *estimate, int64_t now_ns)
{
    estimate->path.was_idle = true;
    if (rules(estimate)->on_idle)
        rules(estimate)->on_idle(estimate, now_ns);
}

void wzp_estimate_on_report(struct wzp_estimate *estimate, const struct wzp_feedback_report *report,
                            const struct wzp_sent *sent, int64_t now_ns)
{
    if (!rules(estimate)->on_report || !path_on_report(&estimate->path, report, sent, now_ns))
        return;
    rules(estimate)->on_report(estimate, now_ns);
    estimate->path.was_idle = false;
}

int64_t wzp_estimate_next_at(const struct wzp_estimate *estimate)
{
    return rules(estimate)->next_at ? rules(estimate)->next_at(estimate) : WZP_NEVER;
}

void wzp_estimate_advance(struct wzp_estimate *estimate, int64_t now_ns)
{
    if (rules(estimate)->advance)
        rules(estimate)->advance(estimate, now_ns);
}

static uint64_t bounded(const struct wzp_estimate *estimate, double rate)
{
    uint64_t most = estimate->max_bps ? estimate->max_bps : UINT64_MAX;
    uint64_t bps = rate < 1e15 ? (uint64_t)rate : UINT64_C(1000000000000000);
    bps = bps < most ? bps : most;
    return bps > WZP_ESTIMATE_BPS_MIN ? bps : WZP_ESTIMATE_BPS_MIN;
}

uint64_t wzp_estimate_target_bps(const struct wzp_estimate *estimate)
{
    return bounded(estimate, rules(estimate)->target(estimate));
}

uint64_t wzp_estimate_pace_bps(const struct wzp_estimate *estimate)
{
    return bounded(estimate, rules(estimate)->pace(estimate));
}

bool wzp_estimate_wants_padding(const struct wzp_estimate *estimate)
{
    return rules(estimate)->wants_padding && rules(estimate)->wants_padding(estimate);
}

struct wzp_estimate_facts wzp_estimate_facts(const struct wzp_estimate *estimate)
{
    struct wzp_estimate_facts facts = {0};
    if (rules(estimate)->tell)
        rules(estimate)->tell(estimate, &facts);
    return facts;
}
