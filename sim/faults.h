// SPDX-License-Identifier: Apache-2.0
/*
 * What is wrong with nodes and between them, apart from links: partitions and slow nodes.
 *
 * Law: while a partition lasts, a datagram sent between nodes of different groups is lost; nodes of no group
 * reach everybody. A slow node serves what arrives one after the other, `cost_ns` each; what finds `queue`
 * datagrams waiting behind the one being served is dropped. Does not: make a node's sending slow.
 */
#ifndef WZP_SIM_FAULTS_H
#define WZP_SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_PARTITIONS_MAX 16
#define SIM_GROUPS_MAX     8
#define SIM_NO_GROUP       0

struct sim_partition {
    int64_t from_ns, to_ns;
    uint8_t *group; /* of each node; SIM_NO_GROUP, or 1.. */
    unsigned nodes;
};

struct sim_partitions {
    struct sim_partition list[SIM_PARTITIONS_MAX];
    unsigned count;
};

/* The caller's `group` is copied. False: there are too many. */
bool sim_partitions_add(struct sim_partitions *partitions, int64_t from_ns, int64_t to_ns,
                        const uint8_t *group, unsigned nodes);
void sim_partitions_clear(struct sim_partitions *partitions);
bool sim_partitions_cut(const struct sim_partitions *partitions, unsigned from, unsigned to, int64_t now_ns);

struct sim_slow {
    int64_t cost_ns; /* 0: as quick as can be */
    uint64_t queue;
    int64_t free_at_ns;
    uint64_t served, dropped;
};

/* A datagram arrives; *served_ns is when it has been served. False: dropped. */
bool sim_slow_take(struct sim_slow *slow, int64_t now_ns, int64_t *served_ns);

#endif
