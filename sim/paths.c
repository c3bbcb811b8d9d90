// SPDX-License-Identifier: Apache-2.0
#include "sim/paths.h"

#include "base/check.h"

#include <stdlib.h>

#define CAPACITY_FIRST 64

/* Of these two, or the free one that they would take. */
static struct sim_path **place_of(const struct sim_paths *paths, unsigned from, unsigned to)
{
    uint64_t mixed = ((uint64_t)from << 32 | to) * UINT64_C(0x9e3779b97f4a7c15);
    size_t place = (size_t)(mixed >> 32) & (paths->capacity - 1);
    while (paths->place[place] && (paths->place[place]->from != from || paths->place[place]->to != to))
        place = (place + 1) & (paths->capacity - 1);
    return &paths->place[place];
}

static void grow(struct sim_paths *paths)
{
    struct sim_paths old = *paths;
    paths->capacity = old.capacity ? 2 * old.capacity : CAPACITY_FIRST;
    paths->place = calloc(paths->capacity, sizeof *paths->place);
    WZP_CHECK(paths->place);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.place[i])
            *place_of(paths, old.place[i]->from, old.place[i]->to) = old.place[i];
    free(old.place);
}

struct sim_path *sim_paths_find(const struct sim_paths *paths, unsigned from, unsigned to)
{
    return paths->count > 0 ? *place_of(paths, from, to) : NULL;
}

struct sim_path *sim_paths_make(struct sim_paths *paths, unsigned from, unsigned to)
{
    struct sim_path *path = sim_paths_find(paths, from, to);
    if (path)
        return path;
    if (2 * paths->count >= paths->capacity)
        grow(paths);
    path = calloc(1, sizeof *path);
    WZP_CHECK(path);
    path->from = from;
    path->to = to;
    paths->count++;
    return *place_of(paths, from, to) = path;
}

void sim_paths_close(struct sim_paths *paths)
{
    for (size_t i = 0; i < paths->capacity; i++)
        if (paths->place[i]) {
            sim_link_close(&paths->place[i]->link);
            free(paths->place[i]);
        }
    free(paths->place);
    *paths = (struct sim_paths){0};
}
