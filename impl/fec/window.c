// SPDX-License-Identifier: Apache-2.0
#include "fec/window.h"

#include "base/check.h"

#include <string.h>

#define UNKNOWNS WZP_WINDOW_UNKNOWNS_MAX
#define NONE     UINT16_MAX
#define LINE     64 /* symbols start at multiples of a cache line */

/* Of which known sources something is made: a bit each, by slot. */
struct origin {
    uint64_t bits[WZP_WINDOW_SOURCES_MAX / 64];
};

/* A symbol that is remembered: slots [0, sources_max) are the known ones, the next UNKNOWNS the missing ones,
 * the last sources_max the keys of those that were given up. */
struct entry {
    uint64_t key;
    uint16_t next; /* in its bucket */
    bool is_used;
};

struct source {
    uint16_t len;        /* what a repair of it has at least; a recovered one without its zeros */
    uint16_t padded_len; /* as poll gives it */
    bool is_recovered;   /* and not polled yet */
    struct origin origin;
};

struct unknown {
    uint64_t order; /* of first appearance */
    bool has_row;   /* the row that leads with it: its coefficient there is 1, and 0 in all other rows */
    uint16_t row_len;
    struct origin origin; /* of the row */
    uint8_t row[UNKNOWNS];
};

struct wzp_window {
    const struct wzp_gf256 *field;
    size_t symbol_max, stride;
    unsigned sources_max, bucket_bits;
    unsigned source_next, gone_next; /* rings */
    uint64_t order_next;
    unsigned recovered_first, recovered_count;
    uint64_t recovered[UNKNOWNS]; /* keys, a ring */
    struct unknown unknowns[UNKNOWNS];
    struct origin spread; /* what rows, or other sources, are made of, and perhaps more */
    struct source *sources;
    struct entry *entries;
    uint16_t *buckets;
    uint8_t *source_data, *row_data; /* zero behind each symbol */
    uint8_t *draft_data;
};

/* An equation on its way into the rows; its symbol is in draft_data. */
struct draft {
    uint8_t row[UNKNOWNS];
    size_t len;
    struct origin origin;
};

/* ---- the code ---- */

/* The mixer is lowbias32 of Chris Wellons ("Prospecting for Hash Functions", 2018). */
uint8_t wzp_window_coefficient(uint16_t id, unsigned position)
{
    uint32_t x = (uint32_t)id << 16 | (position & UINT16_MAX);
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return (uint8_t)(1 + ((x ^ x >> 16) >> 16) * 255 / 65536);
}

void wzp_window_encode(const struct wzp_gf256 *field, uint16_t id, const struct wzp_slice *symbols,
                       unsigned count, uint8_t *out, size_t len)
{
    uint8_t coefficients[WZP_WINDOW_SYMBOLS_MAX];
    const uint8_t *data[WZP_WINDOW_SYMBOLS_MAX];
    size_t common = len;
    WZP_CHECK(count >= 1 && count <= WZP_WINDOW_SYMBOLS_MAX);
    for (unsigned i = 0; i < count; i++) {
        WZP_CHECK(symbols[i].len <= len);
        common = symbols[i].len < common ? symbols[i].len : common;
        coefficients[i] = wzp_window_coefficient(id, i);
        data[i] = symbols[i].data;
    }
    memset(out, 0, len);
    field->product(&out, data, coefficients, 1, count, common);
    for (unsigned i = 0; i < count; i++)
        if (symbols[i].len > common)
            field->mul_add(out + common, data[i] + common, coefficients[i], symbols[i].len - common);
}

/* ---- memory ---- */

static unsigned entry_count(unsigned sources_max)
{
    return 2 * sources_max + UNKNOWNS;
}

static unsigned bucket_bits_for(unsigned sources_max)
{
    unsigned bits = 0;
    while (1u << bits < entry_count(sources_max))
        bits++;
    return bits;
}

static size_t up_to_line(size_t len)
{
    return (len + LINE - 1) / LINE * LINE;
}

size_t wzp_window_size(unsigned sources_max, size_t symbol_max)
{
    WZP_CHECK(sources_max >= UNKNOWNS && sources_max <= WZP_WINDOW_SOURCES_MAX);
    WZP_CHECK(symbol_max <= WZP_WINDOW_SYMBOL_MAX);
    return sizeof(struct wzp_window) + sources_max * sizeof(struct source) +
           entry_count(sources_max) * sizeof(struct entry) +
           up_to_line(sizeof(uint16_t) << bucket_bits_for(sources_max)) +
           (sources_max + UNKNOWNS + 1) * up_to_line(symbol_max);
}

struct wzp_window *wzp_window_init(void *memory, const struct wzp_gf256 *field, unsigned sources_max,
                                   size_t symbol_max)
{
    struct wzp_window *window = memory;
    memset(memory, 0, wzp_window_size(sources_max, symbol_max));
    window->field = field;
    window->symbol_max = symbol_max;
    window->stride = up_to_line(symbol_max);
    window->sources_max = sources_max;
    window->bucket_bits = bucket_bits_for(sources_max);
    window->sources = (struct source *)(window + 1);
    window->entries = (struct entry *)(window->sources + sources_max);
    window->buckets = (uint16_t *)(window->entries + entry_count(sources_max));
    memset(window->buckets, 0xff, sizeof(uint16_t) << window->bucket_bits); /* NONE */
    window->source_data = (uint8_t *)window->buckets + up_to_line(sizeof(uint16_t) << window->bucket_bits);
    window->row_data = window->source_data + sources_max * window->stride;
    window->draft_data = window->row_data + UNKNOWNS * window->stride;
    return window;
}

static uint8_t *source_symbol(const struct wzp_window *window, unsigned slot)
{
    return window->source_data + slot * window->stride;
}

static uint8_t *row_symbol(const struct wzp_window *window, unsigned row)
{
    return window->row_data + row * window->stride;
}

/* ---- what is remembered of a key ---- */

static uint16_t *bucket_of(const struct wzp_window *window, uint64_t key)
{
    return &window->buckets[key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - window->bucket_bits)];
}

static unsigned find(const struct wzp_window *window, uint64_t key)
{
    unsigned at = *bucket_of(window, key);
    while (at != NONE && window->entries[at].key != key)
        at = window->entries[at].next;
    return at;
}

static bool is_source(const struct wzp_window *window, unsigned at)
{
    return at < window->sources_max;
}

static bool is_unknown(const struct wzp_window *window, unsigned at)
{
    return at >= window->sources_max && at < window->sources_max + UNKNOWNS;
}

static bool is_gone(const struct wzp_window *window, unsigned at)
{
    return at != NONE && at >= window->sources_max + UNKNOWNS;
}

static struct entry *unknown_entry(const struct wzp_window *window, unsigned column)
{
    return &window->entries[window->sources_max + column];
}

static void enter(struct wzp_window *window, unsigned at, uint64_t key)
{
    uint16_t *bucket = bucket_of(window, key);
    window->entries[at] = (struct entry){key, *bucket, true};
    *bucket = (uint16_t)at;
}

static void leave(struct wzp_window *window, unsigned at)
{
    uint16_t *link = bucket_of(window, window->entries[at].key);
    while (*link != at)
        link = &window->entries[*link].next;
    *link = window->entries[at].next;
    window->entries[at].is_used = false;
}

/* What names this key from now on is stale. */
static void give_up(struct wzp_window *window, uint64_t key)
{
    unsigned at = window->sources_max + UNKNOWNS + window->gone_next;
    window->gone_next = (window->gone_next + 1) % window->sources_max;
    if (window->entries[at].is_used)
        leave(window, at);
    enter(window, at, key);
}

/* ---- origins ---- */

static bool comes_from(const struct origin *origin, unsigned slot)
{
    return origin->bits[slot / 64] >> slot % 64 & 1;
}

static void join(struct origin *to, const struct origin *from)
{
    for (unsigned i = 0; i < WZP_WINDOW_SOURCES_MAX / 64; i++)
        to->bits[i] |= from->bits[i];
}

static void forget_origin(struct wzp_window *window, unsigned slot)
{
    uint64_t keep = ~(UINT64_C(1) << slot % 64);
    if (!comes_from(&window->spread, slot))
        return;
    window->spread.bits[slot / 64] &= keep;
    for (unsigned i = 0; i < window->sources_max; i++)
        window->sources[i].origin.bits[slot / 64] &= keep;
    for (unsigned i = 0; i < UNKNOWNS; i++)
        window->unknowns[i].origin.bits[slot / 64] &= keep;
}

/* ---- rows ---- */

static void drop_row(struct wzp_window *window, unsigned column)
{
    window->unknowns[column].has_row = false;
    memset(window->unknowns[column].row, 0, UNKNOWNS);
}

/* No row but its own may hold it any more. */
static void release_unknown(struct wzp_window *window, unsigned column)
{
    drop_row(window, column);
    leave(window, window->sources_max + column);
}

/* A slot for a source that nobody else remembers; the one before it is given up. Its symbol is zero. */
static unsigned take_source(struct wzp_window *window, uint64_t key)
{
    unsigned slot = window->source_next;
    window->source_next = (slot + 1) % window->sources_max;
    if (window->entries[slot].is_used) {
        uint64_t old = window->entries[slot].key;
        leave(window, slot);
        give_up(window, old);
        forget_origin(window, slot);
    }
    enter(window, slot, key);
    struct source *source = &window->sources[slot];
    memset(source_symbol(window, slot), 0,
           source->len > source->padded_len ? source->len : source->padded_len);
    memset(source, 0, sizeof *source);
    source->origin.bits[slot / 64] = UINT64_C(1) << slot % 64;
    return slot;
}

/* The row holds its leading source and no other. */
static bool is_solved(const struct wzp_window *window, unsigned column)
{
    uint64_t words[UNKNOWNS / sizeof(uint64_t)], others = 0;
    if (!window->unknowns[column].has_row)
        return false;
    memcpy(words, window->unknowns[column].row, UNKNOWNS);
    ((uint8_t *)words)[column] = 0;
    for (unsigned i = 0; i < UNKNOWNS / sizeof(uint64_t); i++)
        others |= words[i];
    return others == 0;
}

/* The leading source of a solved row is known from now on. */
static void recover(struct wzp_window *window, unsigned column)
{
    struct unknown solved = window->unknowns[column];
    uint64_t key = unknown_entry(window, column)->key;
    release_unknown(window, column);
    unsigned slot = take_source(window, key);
    struct source *source = &window->sources[slot];
    uint8_t *symbol = source_symbol(window, slot);
    memcpy(symbol, row_symbol(window, column), solved.row_len);
    source->len = source->padded_len = solved.row_len;
    while (source->len > 0 && symbol[source->len - 1] == 0)
        source->len--;
    source->is_recovered = true;
    join(&source->origin, &solved.origin);
    join(&window->spread, &solved.origin);
    if (window->recovered_count == UNKNOWNS) {
        window->recovered_first = (window->recovered_first + 1) % UNKNOWNS;
        window->recovered_count--;
    }
    window->recovered[(window->recovered_first + window->recovered_count++) % UNKNOWNS] = key;
}

/* The rows that hold `column`, without the one that leads with it. */
struct rows {
    unsigned count;
    uint8_t columns[UNKNOWNS], coefficients[UNKNOWNS];
    uint8_t *rows[UNKNOWNS], *symbols[UNKNOWNS];
};

static void find_rows(struct wzp_window *window, unsigned column, struct rows *found)
{
    found->count = 0;
    for (unsigned i = 0; i < UNKNOWNS; i++) {
        struct unknown *unknown = &window->unknowns[i];
        if (i == column || !unknown->has_row || unknown->row[column] == 0)
            continue;
        found->columns[found->count] = (uint8_t)i;
        found->coefficients[found->count] = unknown->row[column];
        found->rows[found->count] = unknown->row;
        found->symbols[found->count++] = row_symbol(window, i);
    }
}

static void recover_solved(struct wzp_window *window, const struct rows *changed)
{
    for (unsigned i = 0; i < changed->count; i++)
        if (is_solved(window, changed->columns[i]))
            recover(window, changed->columns[i]);
}

/* The oldest source of a row; NONE of an empty one. */
static unsigned leading(const struct wzp_window *window, const uint8_t *row)
{
    unsigned oldest = NONE;
    for (unsigned i = 0; i < UNKNOWNS; i++)
        if (row[i] != 0 && (oldest == NONE || window->unknowns[i].order < window->unknowns[oldest].order))
            oldest = i;
    return oldest;
}

/* A row that holds no leading source of another row, and is not empty, becomes one of them. */
static void insert(struct wzp_window *window, struct draft *draft)
{
    const struct wzp_gf256 *field = window->field;
    unsigned column = leading(window, draft->row);
    struct unknown *unknown = &window->unknowns[column];
    uint8_t inverse = wzp_gf256_inverse(draft->row[column]);
    field->scale(draft->row, inverse, UNKNOWNS);
    field->scale(window->draft_data, inverse, draft->len);
    memcpy(unknown->row, draft->row, UNKNOWNS);
    memcpy(row_symbol(window, column), window->draft_data, window->stride);
    unknown->row_len = (uint16_t)draft->len;
    unknown->origin = draft->origin;
    join(&window->spread, &draft->origin);
    unknown->has_row = true;

    struct rows holders;
    find_rows(window, column, &holders);
    const uint8_t *row = draft->row, *symbol = window->draft_data;
    field->product(holders.rows, &row, holders.coefficients, holders.count, 1, UNKNOWNS);
    field->product(holders.symbols, &symbol, holders.coefficients, holders.count, 1, draft->len);
    for (unsigned i = 0; i < holders.count; i++) {
        struct unknown *holder = &window->unknowns[holders.columns[i]];
        holder->row_len = (uint16_t)(holder->row_len > draft->len ? holder->row_len : draft->len);
        join(&holder->origin, &draft->origin);
    }
    if (is_solved(window, column))
        recover(window, column);
    recover_solved(window, &holders);
}

/* ---- sources ---- */

/* The row that leads with a source that is known now goes on without it. */
static void substitute_leading(struct wzp_window *window, unsigned column, unsigned slot)
{
    struct unknown *unknown = &window->unknowns[column];
    struct draft draft = {.len = unknown->row_len, .origin = unknown->origin};
    bool is_true = window->sources[slot].len <= unknown->row_len;
    memcpy(draft.row, unknown->row, UNKNOWNS);
    memcpy(window->draft_data, row_symbol(window, column), window->stride);
    drop_row(window, column);
    if (!is_true)
        return;
    draft.row[column] = 0;
    window->field->add(window->draft_data, source_symbol(window, slot), draft.len);
    join(&draft.origin, &window->sources[slot].origin);
    insert(window, &draft);
}

/* No row leads with it: those that hold it go on without it. */
static void substitute(struct wzp_window *window, unsigned column, unsigned slot)
{
    const struct source *source = &window->sources[slot];
    struct rows holders;
    find_rows(window, column, &holders);
    join(&window->spread, &source->origin);
    const uint8_t *symbol = source_symbol(window, slot);
    window->field->product(holders.symbols, &symbol, holders.coefficients, holders.count, 1, source->len);
    for (unsigned i = 0; i < holders.count; i++) {
        struct unknown *holder = &window->unknowns[holders.columns[i]];
        holder->row[column] = 0;
        join(&holder->origin, &source->origin);
        if (holder->row_len < source->len)
            drop_row(window, holders.columns[i]);
    }
    recover_solved(window, &holders);
}

enum wzp_window_verdict wzp_window_on_source(struct wzp_window *window, uint64_t key, struct wzp_slice symbol)
{
    if (symbol.len > window->symbol_max)
        return WZP_WINDOW_MALFORMED;
    unsigned at = find(window, key);
    if (is_source(window, at))
        return WZP_WINDOW_USELESS;
    if (at != NONE)
        leave(window, at);
    unsigned slot = take_source(window, key);
    if (symbol.len > 0)
        memcpy(source_symbol(window, slot), symbol.data, symbol.len);
    window->sources[slot].len = (uint16_t)symbol.len;
    if (is_unknown(window, at)) {
        unsigned column = at - window->sources_max;
        if (window->unknowns[column].has_row)
            substitute_leading(window, column, slot);
        else
            substitute(window, column, slot);
    }
    return WZP_WINDOW_USEFUL;
}

/* ---- repairs ---- */

static bool are_distinct(const uint64_t *keys, unsigned count)
{
    unsigned ascending = 1;
    while (ascending < count && keys[ascending - 1] < keys[ascending])
        ascending++;
    for (unsigned i = ascending; i < count; i++)
        for (unsigned j = 0; j < i; j++)
            if (keys[i] == keys[j])
                return false;
    return true;
}

/* Gives up the oldest missing sources until `count` more have room. */
static bool make_room(struct wzp_window *window, unsigned count)
{
    unsigned used = 0, given_up = 0;
    for (unsigned i = 0; i < UNKNOWNS; i++)
        used += unknown_entry(window, i)->is_used;
    for (; used + count > UNKNOWNS; used--, given_up++) {
        unsigned oldest = NONE;
        for (unsigned i = 0; i < UNKNOWNS; i++)
            if (unknown_entry(window, i)->is_used &&
                (oldest == NONE || window->unknowns[i].order < window->unknowns[oldest].order))
                oldest = i;
        uint64_t key = unknown_entry(window, oldest)->key;
        release_unknown(window, oldest);
        give_up(window, key);
    }
    return given_up > 0;
}

/* The places of the keys of a repair, with new missing sources where it names some; other verdicts than
 * USEFUL mean that it is not to be used. */
static enum wzp_window_verdict place(struct wzp_window *window, const uint64_t *keys, unsigned count,
                                     size_t len, uint16_t *places)
{
    unsigned fresh = 0, missing = 0;
    for (unsigned i = 0; i < count; i++) {
        places[i] = (uint16_t)find(window, keys[i]);
        fresh += places[i] == NONE;
        missing += is_unknown(window, places[i]);
        if (is_source(window, places[i]) && window->sources[places[i]].len > len)
            return WZP_WINDOW_MALFORMED;
    }
    for (unsigned i = 0; i < count; i++)
        if (is_gone(window, places[i]))
            return WZP_WINDOW_STALE;
    if (fresh + missing == 0)
        return WZP_WINDOW_USELESS;
    if (make_room(window, fresh))
        for (unsigned i = 0; i < count; i++)
            if (is_unknown(window, places[i]) && !window->entries[places[i]].is_used)
                return WZP_WINDOW_STALE;
    unsigned free_at = window->sources_max;
    for (unsigned i = 0; i < count; i++) {
        if (places[i] != NONE)
            continue;
        while (window->entries[free_at].is_used)
            free_at++;
        places[i] = (uint16_t)free_at;
        enter(window, free_at, keys[i]);
        struct unknown *unknown = &window->unknowns[free_at - window->sources_max];
        memset(unknown, 0, sizeof(*unknown));
        unknown->order = window->order_next++;
    }
    return WZP_WINDOW_USEFUL;
}

/* What is left of the equation without what is known and without the sources that lead rows. */
static void reduce(struct wzp_window *window, uint16_t id, const uint16_t *places, unsigned count,
                   struct wzp_slice repair, struct draft *draft)
{
    uint8_t symbol_by[WZP_WINDOW_SYMBOLS_MAX], row_by[WZP_WINDOW_SYMBOLS_MAX];
    const uint8_t *symbols[WZP_WINDOW_SYMBOLS_MAX], *rows[WZP_WINDOW_SYMBOLS_MAX];
    unsigned symbol_count = 0, row_count = 0;
    memset(draft, 0, sizeof(*draft));
    draft->len = repair.len;
    for (unsigned i = 0; i < count; i++) {
        uint8_t coefficient = wzp_window_coefficient(id, i);
        if (is_source(window, places[i])) {
            symbol_by[symbol_count] = coefficient;
            symbols[symbol_count++] = source_symbol(window, places[i]);
            join(&draft->origin, &window->sources[places[i]].origin);
            continue;
        }
        unsigned column = places[i] - window->sources_max;
        const struct unknown *unknown = &window->unknowns[column];
        draft->row[column] = coefficient;
        if (!unknown->has_row)
            continue;
        row_by[row_count] = symbol_by[symbol_count] = coefficient;
        rows[row_count++] = unknown->row;
        symbols[symbol_count++] = row_symbol(window, column);
        draft->len = unknown->row_len > draft->len ? unknown->row_len : draft->len;
        join(&draft->origin, &unknown->origin);
    }
    uint8_t *row = draft->row;
    window->field->product(&row, rows, row_by, 1, row_count, UNKNOWNS);
    memset(window->draft_data, 0, window->stride);
    if (repair.len > 0)
        memcpy(window->draft_data, repair.data, repair.len);
    window->field->product(&window->draft_data, symbols, symbol_by, 1, symbol_count, draft->len);
}

enum wzp_window_verdict wzp_window_on_repair(struct wzp_window *window, uint16_t id, const uint64_t *keys,
                                             unsigned count, struct wzp_slice repair)
{
    if (count == 0 || count > WZP_WINDOW_SYMBOLS_MAX || repair.len > window->symbol_max ||
        !are_distinct(keys, count))
        return WZP_WINDOW_MALFORMED;
    uint16_t places[WZP_WINDOW_SYMBOLS_MAX];
    enum wzp_window_verdict verdict = place(window, keys, count, repair.len, places);
    if (verdict != WZP_WINDOW_USEFUL)
        return verdict;
    struct draft draft;
    reduce(window, id, places, count, repair, &draft);
    if (leading(window, draft.row) == NONE) {
        for (size_t i = 0; i < draft.len; i++)
            if (window->draft_data[i] != 0)
                return WZP_WINDOW_CONFLICT;
        return WZP_WINDOW_USELESS;
    }
    insert(window, &draft);
    return WZP_WINDOW_USEFUL;
}

bool wzp_window_poll(struct wzp_window *window, uint64_t *key, struct wzp_slice *symbol)
{
    while (window->recovered_count > 0) {
        *key = window->recovered[window->recovered_first];
        window->recovered_first = (window->recovered_first + 1) % UNKNOWNS;
        window->recovered_count--;
        unsigned at = find(window, *key);
        if (!is_source(window, at) || !window->sources[at].is_recovered)
            continue;
        window->sources[at].is_recovered = false;
        *symbol = (struct wzp_slice){source_symbol(window, at), window->sources[at].padded_len};
        return true;
    }
    return false;
}

/* The source, what was recovered by its help, and the rows that it or those went into. */
static void poison_source(struct wzp_window *window, unsigned slot)
{
    for (unsigned i = 0; i < UNKNOWNS; i++)
        if (window->unknowns[i].has_row && comes_from(&window->unknowns[i].origin, slot))
            drop_row(window, i);
    for (unsigned i = 0; i < window->sources_max; i++)
        if (window->entries[i].is_used && comes_from(&window->sources[i].origin, slot))
            leave(window, i);
}

static void poison_unknown(struct wzp_window *window, unsigned column)
{
    struct rows holders;
    find_rows(window, column, &holders);
    for (unsigned i = 0; i < holders.count; i++)
        drop_row(window, holders.columns[i]);
    release_unknown(window, column);
}

void wzp_window_poison(struct wzp_window *window, uint64_t key)
{
    unsigned at = find(window, key);
    if (is_source(window, at))
        poison_source(window, at);
    else if (is_unknown(window, at))
        poison_unknown(window, at - window->sources_max);
}
