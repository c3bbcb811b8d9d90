// SPDX-License-Identifier: Apache-2.0
#include "sim/leak.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#define PROBE          6                         /* bytes */
#define BEFORE         (SIM_LEAK_WINDOW - PROBE) /* bytes of a window before the last probe in it */
#define STRIDE         (BEFORE + 1)
#define AROUND         (2 * BEFORE + PROBE) /* all windows that hold a probe */
#define GENERATIONS    2
#define FILTER_FIRST   1024 /* words; a power of two */
#define FILTER_PROBES  2    /* of a generation, for each word: of others 1 in 200 is taken for one */
#define CAPACITY_FIRST 4096
#define AT_ONCE        32
#define UNCACHED       (1u << 14) /* places of an index that is larger than a fast cache */

/* A probe in the index, by the name that tells it from nearly all others without a look at the text. */
struct known {
    uint32_t place; /* in the text; 0: free */
    uint32_t name;
};

/* What is remembered of a generation. Payloads lie in the text with BEFORE bytes of nothing around each. */
struct generation {
    uint8_t *text;
    uint8_t *begins; /* 1: a window that tells something begins here */
    size_t len, room;
    struct known *known; /* open addressing */
    size_t count, capacity;
};

/* A word of the filter has half of its bits for each generation, and a probe sets three of a half. */
struct sim_leak {
    struct generation generation[GENERATIONS];
    unsigned newest;
    uint64_t *filter;
    size_t words;
};

static uint32_t name_of(const uint8_t *probe)
{
    uint32_t first;
    uint16_t last;
    memcpy(&first, probe, sizeof first);
    memcpy(&last, probe + sizeof first, sizeof last);
    return (uint32_t)(((uint64_t)last << 32 | first) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* ---- the filter ---- */

/* Which word it is by the middle of this, which bits by its top. */
static uint64_t hash_of(uint32_t name)
{
    return name * UINT64_C(0xd6e8feb86659fd93);
}

static uint64_t bits_of(uint64_t hash)
{
    return UINT64_C(1) << (hash >> 49 & 31) | UINT64_C(1) << (hash >> 54 & 31) | UINT64_C(1) << (hash >> 59);
}

static uint64_t *filter_word(const struct sim_leak *leak, uint64_t hash)
{
    return &leak->filter[hash >> 21 & (leak->words - 1)];
}

static void mark(struct sim_leak *leak, unsigned g, uint64_t hash)
{
    *filter_word(leak, hash) |= bits_of(hash) << 32 * g;
}

static void widen_filter(struct sim_leak *leak)
{
    leak->words = leak->words ? 2 * leak->words : FILTER_FIRST;
    free(leak->filter);
    leak->filter = calloc(leak->words, sizeof *leak->filter);
    WZP_CHECK(leak->filter);
    for (unsigned g = 0; g < GENERATIONS; g++)
        for (size_t i = 0; i < leak->generation[g].capacity; i++)
            if (leak->generation[g].known[i].place)
                mark(leak, g, hash_of(leak->generation[g].known[i].name));
}

/* ---- the index ---- */

/* The first free place for it, or the first with it, from `at` on. */
static struct known *seek(const struct generation *generation, uint32_t name, size_t *at)
{
    for (;; ++*at) {
        struct known *known = &generation->known[*at & (generation->capacity - 1)];
        if (!known->place || known->name == name)
            return known;
    }
}

static void widen_index(struct generation *generation)
{
    struct generation old = *generation;
    generation->capacity = old.capacity ? 2 * old.capacity : CAPACITY_FIRST;
    generation->known = calloc(generation->capacity, sizeof *generation->known);
    WZP_CHECK(generation->known);
    for (size_t i = 0; i < old.capacity; i++) {
        size_t at = old.known[i].name;
        if (!old.known[i].place)
            continue;
        while (generation->known[at & (generation->capacity - 1)].place)
            at++;
        generation->known[at & (generation->capacity - 1)] = old.known[i];
    }
    free(old.known);
}

/* The same probe in the same surroundings: it tells nothing more. */
static bool is_same(const struct generation *generation, size_t a, size_t b)
{
    return memcmp(generation->text + a - BEFORE, generation->text + b - BEFORE, AROUND) == 0 &&
           memcmp(generation->begins + a - BEFORE, generation->begins + b - BEFORE, BEFORE + 1) == 0;
}

static void enter(struct sim_leak *leak, size_t place)
{
    struct generation *generation = &leak->generation[leak->newest];
    if (2 * generation->count >= generation->capacity)
        widen_index(generation);
    if (generation->count >= FILTER_PROBES * leak->words)
        widen_filter(leak);
    uint32_t name = name_of(generation->text + place);
    struct known *known;
    for (size_t at = name; (known = seek(generation, name, &at))->place; at++)
        if (is_same(generation, known->place, place))
            return;
    *known = (struct known){(uint32_t)place, name};
    generation->count++;
    mark(leak, leak->newest, hash_of(name));
}

/* Of the windows that hold these PROBE bytes of the text. */
static bool holds(const struct generation *generation, uint32_t name, const uint8_t *text, size_t len,
                  size_t probe_at)
{
    const struct known *known;
    for (size_t at = name; (known = seek(generation, name, &at))->place; at++) {
        size_t place = known->place;
        if (memcmp(generation->text + place, text + probe_at, PROBE) != 0)
            continue;
        for (size_t back = 0; back <= BEFORE && back <= probe_at; back++)
            if (generation->begins[place - back] && probe_at - back + SIM_LEAK_WINDOW <= len &&
                memcmp(generation->text + place - back, text + probe_at - back, SIM_LEAK_WINDOW) == 0)
                return true;
    }
    return false;
}

/* ---- payloads ---- */

/* Where the payload lies from now on. */
static size_t append(struct generation *generation, const uint8_t *payload, size_t len)
{
    size_t need = generation->len + len + 2 * BEFORE;
    if (need > generation->room) {
        size_t before = generation->room;
        generation->room = 2 * need;
        WZP_CHECK(generation->room <= UINT32_MAX);
        generation->text = realloc(generation->text, generation->room);
        generation->begins = realloc(generation->begins, generation->room);
        WZP_CHECK(generation->text && generation->begins);
        memset(generation->text + before, 0, generation->room - before);
        memset(generation->begins + before, 0, generation->room - before);
    }
    size_t start = generation->len + BEFORE;
    memcpy(generation->text + start, payload, len);
    generation->len = start + len;
    return start;
}

void sim_leak_remember(struct sim_leak *leak, const uint8_t *payload, size_t len)
{
    struct generation *generation = &leak->generation[leak->newest];
    if (len < SIM_LEAK_WINDOW)
        return;
    size_t start = append(generation, payload, len), next = start; /* probe that is not known yet */
    unsigned zeros = 0;
    for (size_t i = 0; i < len; i++) {
        zeros += payload[i] == 0;
        zeros -= i >= SIM_LEAK_WINDOW && payload[i - SIM_LEAK_WINDOW] == 0;
        if (i + 1 >= SIM_LEAK_WINDOW)
            generation->begins[start + i + 1 - SIM_LEAK_WINDOW] = zeros <= SIM_LEAK_WINDOW / 2;
    }
    if (generation->capacity >= UNCACHED)
        for (size_t i = 0; i + PROBE <= len; i++) { /* all at once: neither lies in a cache */
            uint32_t name = name_of(payload + i);
            __builtin_prefetch(&generation->known[name & (generation->capacity - 1)]);
            __builtin_prefetch(filter_word(leak, hash_of(name)));
        }
    for (size_t window = start; window + SIM_LEAK_WINDOW <= start + len; window++) {
        if (!generation->begins[window])
            continue;
        for (next = next > window ? next : window; next <= window + BEFORE; next++)
            enter(leak, next);
    }
}

void sim_leak_next_generation(struct sim_leak *leak)
{
    leak->newest = (leak->newest + 1) % GENERATIONS;
    struct generation *generation = &leak->generation[leak->newest];
    if (generation->len > 0) {
        memset(generation->text, 0, generation->len);
        memset(generation->begins, 0, generation->len);
        memset(generation->known, 0, generation->capacity * sizeof *generation->known);
    }
    generation->len = generation->count = 0;
    for (size_t i = 0; i < leak->words; i++)
        leak->filter[i] &= ~(UINT64_C(0xffffffff) << 32 * leak->newest);
}

/* Of the probes from `from` on; each place in the filter is asked for before the first is looked at, since
 * none lies in a cache. */
static bool is_any_in(const struct sim_leak *leak, const uint8_t *text, size_t len, size_t from, size_t count)
{
    uint32_t names[AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        names[i] = name_of(text + from + i * STRIDE);
        __builtin_prefetch(filter_word(leak, hash_of(names[i])));
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hash_of(names[i]), bits = bits_of(hash);
        uint64_t missing = ~*filter_word(leak, hash) & (bits | bits << 32);
        if ((uint32_t)missing && missing >> 32)
            continue; /* nearly always */
        for (unsigned g = 0; g < GENERATIONS; g++)
            if (!(uint32_t)(missing >> 32 * g) &&
                holds(&leak->generation[g], names[i], text, len, from + i * STRIDE))
                return true;
    }
    return false;
}

bool sim_leak_is_in(const struct sim_leak *leak, const uint8_t *text, size_t len)
{
    size_t count = leak->words && len >= PROBE ? (len - PROBE) / STRIDE + 1 : 0;
    for (size_t i = 0; i < count; i += AT_ONCE)
        if (is_any_in(leak, text, len, i * STRIDE, count - i < AT_ONCE ? count - i : AT_ONCE))
            return true;
    return false;
}

/* ---- making ---- */

struct sim_leak *sim_leak_create(void)
{
    struct sim_leak *leak = calloc(1, sizeof *leak);
    WZP_CHECK(leak);
    return leak;
}

void sim_leak_destroy(struct sim_leak *leak)
{
    for (unsigned g = 0; g < GENERATIONS; g++) {
        free(leak->generation[g].text);
        free(leak->generation[g].begins);
        free(leak->generation[g].known);
    }
    free(leak->filter);
    free(leak);
}
