// SPDX-License-Identifier: Apache-2.0
#include "session/id_table.h"

static uint32_t home_of(const struct id_table *table, uint32_t id)
{
    return id * UINT32_C(2654435761) & table->mask;
}

/* The place of `id`, or the free place where it would go. */
static uint32_t place_of(const struct id_table *table, uint32_t id)
{
    uint32_t place = home_of(table, id);
    while (table->slots[place].id && table->slots[place].id != id)
        place = (place + 1) & table->mask;
    return place;
}

uint32_t id_table_find(const struct id_table *table, uint32_t id)
{
    if (id == 0)
        return ID_NOBODY;
    const struct id_slot *slot = &table->slots[place_of(table, id)];
    return slot->id ? slot->owner : ID_NOBODY;
}

void id_table_put(struct id_table *table, uint32_t id, uint32_t owner)
{
    table->slots[place_of(table, id)] = (struct id_slot){id, owner};
}

void id_table_remove(struct id_table *table, uint32_t id)
{
    uint32_t hole = place_of(table, id), place = hole;
    if (id == 0 || !table->slots[hole].id)
        return;
    table->slots[hole] = (struct id_slot){0};
    /* Whoever was pushed on by this one moves back. */
    for (;;) {
        place = (place + 1) & table->mask;
        if (!table->slots[place].id)
            return;
        uint32_t home = home_of(table, table->slots[place].id);
        if (((place - home) & table->mask) >= ((place - hole) & table->mask)) {
            table->slots[hole] = table->slots[place];
            table->slots[place] = (struct id_slot){0};
            hole = place;
        }
    }
}
