// SPDX-License-Identifier: Apache-2.0
#include "sim/meter.h"

#include "base/check.h"

#include <math.h>
#include <stdlib.h>

void sim_meter_deinit(struct sim_meter *meter)
{
    free(meter->packet);
    *meter = (struct sim_meter){0};
}

void sim_meter_add(struct sim_meter *meter, int64_t at_ns, size_t bytes)
{
    uint64_t before = meter->count ? meter->packet[meter->count - 1].sum : 0;
    WZP_CHECK(!meter->count || meter->packet[meter->count - 1].at_ns <= at_ns);
    if (meter->count == meter->capacity) {
        meter->capacity = meter->capacity ? 2 * meter->capacity : 256;
        meter->packet = realloc(meter->packet, meter->capacity * sizeof *meter->packet);
        WZP_CHECK(meter->packet);
    }
    meter->packet[meter->count++] = (struct sim_meter_packet){at_ns, before + bytes};
}

/* Bytes of all packets before the time. */
static uint64_t sum_before(const struct sim_meter *meter, int64_t at_ns)
{
    size_t low = 0, high = meter->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (meter->packet[middle].at_ns < at_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? meter->packet[low - 1].sum : 0;
}

uint64_t sim_meter_bytes(const struct sim_meter *meter, int64_t from_ns, int64_t until_ns)
{
    return from_ns < until_ns ? sum_before(meter, until_ns) - sum_before(meter, from_ns) : 0;
}

static double kbps(uint64_t bytes, int64_t time_ns)
{
    return time_ns > 0 ? (double)bytes * 8e6 / (double)time_ns : NAN;
}

double sim_meter_kbps(const struct sim_meter *meter, int64_t from_ns, int64_t until_ns)
{
    return kbps(sim_meter_bytes(meter, from_ns, until_ns), until_ns - from_ns);
}

double sim_meter_peak_kbps(const struct sim_meter *meter, int64_t window_ns)
{
    /* A window that carries most can be moved until it ends just after a packet. */
    uint64_t most = 0;
    for (size_t last = 0, first = 0; last < meter->count; last++) {
        while (meter->packet[first].at_ns <= meter->packet[last].at_ns - window_ns)
            first++;
        uint64_t sum = meter->packet[last].sum - (first ? meter->packet[first - 1].sum : 0);
        most = sum > most ? sum : most;
    }
    return kbps(most, window_ns);
}
