// SPDX-License-Identifier: Apache-2.0
/*
 * Connection ids to their owners: open addressing with linear probing, no tombstones.
 *
 * Law: find gives the owner put last for an id, until it is removed; after as many removals as puts the table
 * is as it was at first. The caller keeps it at most half full. Ids are never 0. Memory is the caller's.
 * Private to session/.
 */
#ifndef WZP_SESSION_ID_TABLE_H
#define WZP_SESSION_ID_TABLE_H

#include <stdint.h>

struct id_slot {
    uint32_t id; /* 0: free */
    uint32_t owner;
};

struct id_table {
    struct id_slot *slots; /* zeroed at first */
    uint32_t mask;         /* their count, a power of two, less one */
};

#define ID_NOBODY UINT32_MAX

uint32_t id_table_find(const struct id_table *table, uint32_t id); /* ID_NOBODY if there is none */
/* Adds it, or gives it another owner. */
void id_table_put(struct id_table *table, uint32_t id, uint32_t owner);
/* Nothing when it is not there. */
void id_table_remove(struct id_table *table, uint32_t id);

#endif
