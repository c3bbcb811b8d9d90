// SPDX-License-Identifier: Apache-2.0
#include "sim/faults.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/time.h"

bool sim_partitions_add(struct sim_partitions *partitions, int64_t from_ns, int64_t to_ns,
                        const uint8_t *group, unsigned nodes)
{
    if (partitions->count == SIM_PARTITIONS_MAX)
        return false;
    uint8_t *copy = malloc(nodes ? nodes : 1);
    WZP_CHECK(copy);
    memcpy(copy, group, nodes);
    partitions->list[partitions->count++] = (struct sim_partition){from_ns, to_ns, copy, nodes};
    return true;
}

void sim_partitions_clear(struct sim_partitions *partitions)
{
    for (unsigned i = 0; i < partitions->count; i++)
        free(partitions->list[i].group);
    partitions->count = 0;
}

static uint8_t group_of(const struct sim_partition *partition, unsigned node)
{
    return node < partition->nodes ? partition->group[node] : SIM_NO_GROUP;
}

bool sim_partitions_cut(const struct sim_partitions *partitions, unsigned from, unsigned to, int64_t now_ns)
{
    for (unsigned i = 0; i < partitions->count; i++) {
        const struct sim_partition *partition = &partitions->list[i];
        uint8_t a = group_of(partition, from), b = group_of(partition, to);
        if (now_ns >= partition->from_ns && now_ns < partition->to_ns && a != SIM_NO_GROUP &&
            b != SIM_NO_GROUP && a != b)
            return true;
    }
    return false;
}

bool sim_slow_take(struct sim_slow *slow, int64_t now_ns, int64_t *served_ns)
{
    int64_t wait_ns = slow->free_at_ns > now_ns ? slow->free_at_ns - now_ns : 0;
    /* Behind the one that is being served, each wait takes one cost. */
    if (wait_ns > 0 && (uint64_t)((wait_ns - 1) / slow->cost_ns) >= slow->queue) {
        slow->dropped++;
        return false;
    }
    slow->free_at_ns = now_ns + wait_ns + slow->cost_ns;
    slow->served++;
    *served_ns = slow->free_at_ns;
    return true;
}
