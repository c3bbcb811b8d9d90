// SPDX-License-Identifier: Apache-2.0
#include "sim/link.h"

#include <string.h>

#include "base/check.h"
#include "base/time.h"

#define PAYLOAD_MAX 65507 /* what an IPv4 UDP datagram can carry */

static bool is_share(double value)
{
    return value >= 0 && value <= 1; /* false for NaN */
}

static bool is_time(int64_t value_ns)
{
    return value_ns >= 0 && value_ns <= SIM_LINK_TIME_MAX;
}

const char *sim_link_params_check(const struct sim_link_params *params)
{
    if (!is_share(params->loss))
        return "loss must be within 0..1 (0 % to 100 %)";
    if (!(params->burst >= 1 && params->burst <= 1e6))
        return "burst must be within 1..1000000 packets";
    if (params->burst > 1 && params->loss > params->burst * (1 - params->loss))
        return "burst is too short for this loss: loss/(burst (1 - loss)) must not exceed 1";
    if (!is_time(params->delay_ns))
        return "delay must be within 0..1 h";
    if (!is_time(params->jitter_ns))
        return "jitter must be within 0..1 h";
    if (params->rate_bps > SIM_LINK_RATE_MAX)
        return "rate must be at most 1 Tbit/s (0 = no limit)";
    if (!is_time(params->queue_ns))
        return "queue must be within 0..1 h";
    if (!is_share(params->dup))
        return "dup must be within 0..1 (0 % to 100 %)";
    if (!is_share(params->corrupt))
        return "corrupt must be within 0..1 (0 % to 100 %)";
    if (params->mtu && params->mtu < SIM_LINK_MTU_MIN)
        return "mtu must be at least 576 bytes of IP (0 = no limit)";
    if (!(params->dup_correlation >= 0 && params->dup_correlation < 1))
        return "dup_correlation must be at least 0 and below 1";
    if (!(params->corrupt_correlation >= 0 && params->corrupt_correlation < 1))
        return "corrupt_correlation must be at least 0 and below 1";
    const char *why = sim_loss_check(&params->loss_model, params->loss, params->burst);
    why = why ? why : sim_delay_check(&params->delay_model);
    return why ? why : sim_line_check(&params->line_model, params->rate_bps);
}

void sim_link_init(struct sim_link *link, const struct sim_link_params *params, uint64_t seed,
                   uint64_t stream)
{
    WZP_CHECK(!sim_link_params_check(params));
    memset(link, 0, sizeof *link);
    link->params = *params;
    /* Seeds of their own, so that they never meet another direction's or node's stream of the same seed. */
    struct wzp_rng parent = wzp_rng_make(seed, stream);
    link->loss_rng = wzp_rng_make(wzp_rng_u64(&parent), 0);
    link->jitter_rng = wzp_rng_make(wzp_rng_u64(&parent), 0);
    link->dup_rng = wzp_rng_make(wzp_rng_u64(&parent), 0);
    link->corrupt_rng = wzp_rng_make(wzp_rng_u64(&parent), 0);
    link->loss_state.rng = wzp_rng_make(wzp_rng_u64(&parent), 0);
    link->delay_state.rng = wzp_rng_make(wzp_rng_u64(&parent), 0);
    link->line_seed = wzp_rng_u64(&parent);
    link->free_at_ns = INT64_MIN;
    if (sim_line_is_needed(&params->line_model))
        link->line = sim_line_create(link->line_seed, link->free_at_ns);
    link->last_at_ns = INT64_MIN;
}

void sim_link_set_params(struct sim_link *link, const struct sim_link_params *params)
{
    WZP_CHECK(!sim_link_params_check(params));
    if (params->rate_bps != link->params.rate_bps)
        link->free_rest = 0; /* its unit is 1/rate */
    if (sim_line_is_needed(&params->line_model) && !link->line)
        link->line = sim_line_create(link->line_seed, link->free_at_ns);
    link->params = *params;
}

void sim_link_close(struct sim_link *link)
{
    sim_line_destroy(link->line);
    link->line = NULL;
}

/* Rate and queue. False: dropped. Else *leaves_ns is when the packet's last bit leaves, rounded down. */
static bool take_line(struct sim_link *link, int64_t now_ns, size_t wire_bytes, int64_t *wait_ns,
                      int64_t *leaves_ns)
{
    const struct sim_line_model *model = &link->params.line_model;
    wire_bytes = sim_line_bytes(model, wire_bytes);
    if (link->line) {
        struct sim_line_turn turn;
        sim_line_take(link->line, model, link->params.rate_bps, link->params.queue_ns, now_ns, wire_bytes,
                      &turn);
        *wait_ns = turn.starts_ns - now_ns;
        *leaves_ns = turn.leaves_ns;
        return !turn.dropped;
    }
    bool idle = link->free_at_ns < now_ns;
    *wait_ns = idle ? 0 : link->free_at_ns - now_ns;
    if (*wait_ns > link->params.queue_ns)
        return false;
    if (idle) {
        link->free_at_ns = now_ns;
        link->free_rest = 0;
    }
    if (link->params.rate_bps) {
        uint64_t work = (uint64_t)wire_bytes * 8 * (uint64_t)WZP_S + link->free_rest;
        link->free_at_ns += (int64_t)(work / link->params.rate_bps);
        link->free_rest = work % link->params.rate_bps;
    }
    *leaves_ns = link->free_at_ns;
    return true;
}

static bool lose(struct sim_link *link, double draw)
{
    const struct sim_link_params *params = &link->params;
    if (params->loss_model.kind != SIM_LOSS_BURST)
        return sim_loss_next(&params->loss_model, &link->loss_state, params->loss, draw);
    double chance = params->loss; /* also the stationary probability of the chain's bad state */
    if (params->burst > 1 && link->chain_started)
        chance = link->lost_last ? 1 - 1 / params->burst
                                 : params->loss / (params->burst * (1 - params->loss));
    link->chain_started = true;
    link->lost_last = draw < chance;
    return link->lost_last;
}

/* Uniform in 0..bound - 1; the bias is below 2^-53 bound, and it takes one draw whatever the bound. */
static int64_t scale(double draw, int64_t bound)
{
    return (int64_t)(draw * (double)bound);
}

/* By a two-state chain with that share and that correlation; without correlation `draw < share`. */
static bool happens(double draw, double share, double correlation, bool *last)
{
    *last = draw < share + correlation * ((*last ? 1 : 0) - share);
    return *last;
}

/* When a packet arrives that has left the line at leaves_ns, if nothing holds it back; *skips: nothing does.
 */
static int64_t travel(struct sim_link *link, int64_t leaves_ns, double jitter_draw, bool *skips)
{
    const struct sim_link_params *params = &link->params;
    *skips = params->delay_model.reorder_share > 0 &&
             sim_delay_skips(&params->delay_model, &link->delay_state);
    if (params->delay_model.kind != SIM_DELAY_ABOVE) {
        int64_t delay_ns = sim_delay_next(&params->delay_model, &link->delay_state, params->delay_ns,
                                          params->jitter_ns, jitter_draw);
        return leaves_ns + (*skips ? 0 : delay_ns);
    }
    return *skips ? leaves_ns : leaves_ns + params->delay_ns + scale(jitter_draw, params->jitter_ns + 1);
}

static void deliver(struct sim_link *link, int64_t leaves_ns, size_t payload_len, double jitter_draw,
                    bool twice, double corrupt_draws[static 4], struct sim_link_verdict *verdict)
{
    bool skips;
    int64_t at_ns = travel(link, leaves_ns, jitter_draw, &skips);
    if (!link->params.reorder && !skips)
        at_ns = wzp_time_max(at_ns, link->last_at_ns);
    link->last_at_ns = wzp_time_max(at_ns, link->last_at_ns);
    verdict->fate = SIM_LINK_DELIVERED;
    verdict->copies = twice ? 2 : 1;
    for (unsigned i = 0; i < verdict->copies; i++) {
        bool corrupt = happens(corrupt_draws[2 * i], link->params.corrupt, link->params.corrupt_correlation,
                               &link->corrupt_last) &&
                       payload_len > 0;
        verdict->copy[i].at_ns = at_ns;
        verdict->copy[i].flip_bit = corrupt ? scale(corrupt_draws[2 * i + 1], (int64_t)payload_len * 8) : -1;
        link->counts.corrupted += corrupt;
    }
    link->counts.delivered++;
    link->counts.duplicated += twice;
}

void sim_link_send(struct sim_link *link, int64_t now_ns, size_t payload_len,
                   struct sim_link_verdict *verdict)
{
    WZP_CHECK(payload_len <= PAYLOAD_MAX);
    double loss_draw = wzp_rng_unit(&link->loss_rng);
    double jitter_draw = wzp_rng_unit(&link->jitter_rng);
    double dup_draw = wzp_rng_unit(&link->dup_rng);
    double corrupt_draws[4];
    for (int i = 0; i < 4; i++)
        corrupt_draws[i] = wzp_rng_unit(&link->corrupt_rng);

    size_t wire_bytes = payload_len + SIM_LINK_HEADER_BYTES;
    link->counts.packets++;
    link->counts.bytes += wire_bytes;
    memset(verdict, 0, sizeof *verdict);
    verdict->copy[0].flip_bit = verdict->copy[1].flip_bit = -1;

    if (link->params.mtu && wire_bytes > link->params.mtu) {
        verdict->fate = SIM_LINK_TOO_LARGE;
        link->counts.too_large++;
        return;
    }
    int64_t leaves_ns;
    if (!take_line(link, now_ns, wire_bytes, &verdict->queued_ns, &leaves_ns)) {
        verdict->fate = SIM_LINK_DROPPED_QUEUE;
        link->counts.queue_drops++;
        return;
    }
    if (lose(link, loss_draw) || sim_line_is_out(&link->params.line_model, leaves_ns)) {
        verdict->fate = SIM_LINK_LOST;
        link->counts.lost++;
        return;
    }
    bool twice = happens(dup_draw, link->params.dup, link->params.dup_correlation, &link->dup_last);
    deliver(link, leaves_ns, payload_len, jitter_draw, twice, corrupt_draws, verdict);
}

void sim_link_flip(uint8_t *data, int64_t bit)
{
    if (bit >= 0)
        data[bit / 8] = (uint8_t)(data[bit / 8] ^ 0x80 >> bit % 8);
}
