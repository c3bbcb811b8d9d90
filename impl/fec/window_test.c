// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "fec/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SYMBOL_MAX 40
#define SOURCES    64 /* the decoder's, unless told */
#define STREAM     36 /* sources of one random stream */
#define EVENTS_MAX 1024

static struct wzp_window *make(unsigned sources_max)
{
    void *memory = malloc(wzp_window_size(sources_max, SYMBOL_MAX));
    return wzp_window_init(memory, wzp_gf256_best(), sources_max, SYMBOL_MAX);
}

/* ---- a stream of sources and repairs, on a road that loses, swaps and doubles ---- */

struct truth {
    unsigned count;
    uint64_t keys[STREAM];
    uint8_t data[STREAM][SYMBOL_MAX];
    size_t lens[STREAM];
};

struct event {
    bool is_repair;
    uint16_t id;
    unsigned first, count; /* of the truth */
    uint8_t repair[SYMBOL_MAX];
    size_t len;
};

static void make_truth(struct wzp_rng *rng, struct truth *truth)
{
    truth->count = STREAM;
    for (unsigned i = 0; i < STREAM; i++) {
        /* Some buckets shared, no order. */
        truth->keys[i] = i % 2 ? wzp_rng_u64(rng) : (uint64_t)(STREAM - i) << 60 | i;
        truth->lens[i] = 1 + wzp_rng_below(rng, SYMBOL_MAX);
        for (size_t j = 0; j < truth->lens[i]; j++)
            truth->data[i][j] = (uint8_t)wzp_rng_below(rng, 3); /* zeros at the end as well */
    }
}

static void make_repair(const struct truth *truth, struct event *event)
{
    struct wzp_slice symbols[WZP_WINDOW_SYMBOLS_MAX];
    event->len = 0;
    for (unsigned i = 0; i < event->count; i++) {
        symbols[i] = (struct wzp_slice){truth->data[event->first + i], truth->lens[event->first + i]};
        event->len = symbols[i].len > event->len ? symbols[i].len : event->len;
    }
    wzp_window_encode(wzp_gf256_best(), event->id, symbols, event->count, event->repair, event->len);
}

/* What arrives, in order of arrival. */
static unsigned make_events(struct wzp_rng *rng, const struct truth *truth, double loss, struct event *events)
{
    unsigned count = 0, window = 1 + (unsigned)wzp_rng_below(rng, 20),
             repairs = (unsigned)wzp_rng_below(rng, 5);
    for (unsigned i = 0; i < truth->count; i++) {
        for (unsigned j = 0; j <= repairs; j++) {
            struct event *event = &events[count];
            unsigned covered = i + 1 < window ? i + 1 : window;
            *event = (struct event){j > 0, (uint16_t)(i * 16 + j), j > 0 ? i + 1 - covered : i, covered, {0},
                                    0};
            if (wzp_rng_unit(rng) < loss)
                continue;
            if (event->is_repair)
                make_repair(truth, event);
            if (++count < EVENTS_MAX / 2 && wzp_rng_below(rng, 10) == 0) {
                events[count] = *event;
                count++;
            }
        }
    }
    for (unsigned i = 0; i + 1 < count; i++) {
        unsigned other = i + (unsigned)wzp_rng_below(rng, 4);
        if (wzp_rng_below(rng, 3) == 0 && other < count) {
            struct event swapped = events[i];
            events[i] = events[other];
            events[other] = swapped;
        }
    }
    return count;
}

/* ---- the twin: all equations of the stream, solved from the start each time ---- */

struct twin {
    bool is_known[STREAM];
    unsigned row_count;
    uint8_t rows[EVENTS_MAX][STREAM];
};

static void twin_on_event(struct twin *twin, const struct event *event)
{
    if (!event->is_repair) {
        twin->is_known[event->first] = true;
        return;
    }
    uint8_t *row = twin->rows[twin->row_count++];
    memset(row, 0, STREAM);
    for (unsigned i = 0; i < event->count; i++)
        row[event->first + i] = wzp_window_coefficient(event->id, i);
}

/* Which sources can be known. */
static void twin_solve(const struct twin *twin, bool determined[STREAM])
{
    static uint8_t m[EVENTS_MAX][STREAM];
    unsigned rank = 0;
    memcpy(m, twin->rows, twin->row_count * sizeof(m[0]));
    memcpy(determined, twin->is_known, sizeof(twin->is_known));
    for (unsigned r = 0; r < twin->row_count; r++)
        for (unsigned c = 0; c < STREAM; c++)
            if (twin->is_known[c])
                m[r][c] = 0;
    for (unsigned c = 0; c < STREAM; c++) {
        unsigned pivot = rank;
        while (pivot < twin->row_count && m[pivot][c] == 0)
            pivot++;
        if (pivot == twin->row_count)
            continue;
        uint8_t swapped[STREAM];
        memcpy(swapped, m[rank], STREAM);
        memcpy(m[rank], m[pivot], STREAM);
        memcpy(m[pivot], swapped, STREAM);
        uint8_t inverse = wzp_gf256_inverse(m[rank][c]);
        for (unsigned i = 0; i < STREAM; i++)
            m[rank][i] = wzp_gf256_mul(m[rank][i], inverse);
        for (unsigned r = 0; r < twin->row_count; r++) {
            uint8_t factor = m[r][c];
            for (unsigned i = 0; r != rank && factor != 0 && i < STREAM; i++)
                m[r][i] ^= wzp_gf256_mul(m[rank][i], factor);
        }
        rank++;
    }
    for (unsigned r = 0; r < rank; r++) {
        unsigned held = 0, last = 0;
        for (unsigned c = 0; c < STREAM; c++)
            if (m[r][c] != 0)
                held++, last = c;
        if (held == 1)
            determined[last] = true;
    }
}

static unsigned index_of(const struct truth *truth, uint64_t key)
{
    unsigned i = 0;
    while (i < truth->count && truth->keys[i] != key)
        i++;
    assert_true(i < truth->count);
    return i;
}

static enum wzp_window_verdict tell(struct wzp_window *window, const struct truth *truth,
                                    const struct event *event)
{
    const uint64_t *keys = truth->keys + event->first;
    return event->is_repair ? wzp_window_on_repair(window, event->id, keys, event->count,
                                                   (struct wzp_slice){event->repair, event->len})
                            : wzp_window_on_source(
                                  window, keys[0],
                                  (struct wzp_slice){truth->data[event->first], truth->lens[event->first]});
}

/* Polls all; each must be new, and true. */
static void take_recovered(struct wzp_window *window, const struct truth *truth, bool got[STREAM])
{
    uint64_t key;
    struct wzp_slice symbol;
    while (wzp_window_poll(window, &key, &symbol)) {
        unsigned i = index_of(truth, key);
        assert_false(got[i]);
        got[i] = true;
        assert_true(symbol.len >= truth->lens[i]);
        assert_memory_equal(symbol.data, truth->data[i], truth->lens[i]);
        for (size_t j = truth->lens[i]; j < symbol.len; j++)
            assert_int_equal(symbol.data[j], 0);
    }
}

static void test_twin(void **state)
{
    (void)state;
    static struct event events[EVENTS_MAX];
    static struct twin twin;
    unsigned recovered = 0, useless = 0;
    for (uint64_t seed = 0; seed < 120; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 1);
        struct truth truth = {0};
        make_truth(&rng, &truth);
        unsigned count = make_events(&rng, &truth, (double)(seed % 8) / 10, events);
        struct wzp_window *window = make(SOURCES);
        bool got[STREAM] = {false}, determined[STREAM] = {false}, before[STREAM];
        memset(&twin, 0, sizeof(twin));
        for (unsigned i = 0; i < count; i++) {
            enum wzp_window_verdict verdict = tell(window, &truth, &events[i]);
            assert_true(verdict == WZP_WINDOW_USEFUL || verdict == WZP_WINDOW_USELESS);
            useless += verdict == WZP_WINDOW_USELESS;
            memcpy(before, determined, sizeof(before));
            twin_on_event(&twin, &events[i]);
            twin_solve(&twin, determined);
            take_recovered(window, &truth, got);
            for (unsigned s = 0; s < STREAM; s++) {
                if (!events[i].is_repair && events[i].first == s && !before[s])
                    got[s] = true; /* it came */
                assert_int_equal(got[s], determined[s]);
                recovered += determined[s] && !before[s] && !twin.is_known[s];
            }
        }
        free(window);
    }
    assert_true(recovered > 300 && useless > 300);
}

/* ---- against the ideal: so many repairs as are missing are enough ---- */

static void test_recovery(void **state)
{
    (void)state;
    static const unsigned losses[] = {5, 20, 30, 50, 70}; /* percent */
    for (unsigned row = 0; row < sizeof(losses) / sizeof(losses[0]); row++) {
        unsigned enough = 0, failed = 0;
        for (uint64_t seed = 0; seed < 1500; seed++) {
            struct wzp_rng rng = wzp_rng_make(seed, 100 + row);
            struct truth truth = {0};
            make_truth(&rng, &truth);
            struct wzp_window *window = make(SOURCES);
            unsigned missing = 0, repairs = 0, got_count = 0;
            for (unsigned i = 0; i < STREAM; i++) {
                struct event event = {.first = i, .count = 1};
                bool is_lost = wzp_rng_below(&rng, 100) < losses[row];
                missing += is_lost;
                if (!is_lost)
                    assert_int_equal(tell(window, &truth, &event), WZP_WINDOW_USEFUL);
            }
            bool got[STREAM] = {false};
            unsigned wanted = missing + (unsigned)wzp_rng_below(&rng, 2);
            wanted -= wanted > 0 && seed % 4 == 0;
            for (; repairs < wanted; repairs++) {
                struct event event = {
                    .is_repair = true, .id = (uint16_t)(seed * 64 + repairs), .count = STREAM};
                make_repair(&truth, &event);
                tell(window, &truth, &event);
                take_recovered(window, &truth, got);
            }
            for (unsigned i = 0; i < STREAM; i++)
                got_count += got[i];
            assert_true(got_count <= repairs && got_count <= missing);
            if (repairs >= missing && missing > 0)
                enough++, failed += got_count != missing;
            free(window);
        }
        /* A random square matrix over GF(256) is singular once in 255; one row more makes that once in
         * 65,000. */
        print_message("%u %%: %u of %u with just enough not solved\n", losses[row], failed, enough);
        assert_true(enough > 700 && failed * 150 <= enough);
    }
}

/* ---- symbols of one length, made of their key ---- */

#define LEN 24

static void symbol_of(uint64_t key, uint8_t out[LEN])
{
    for (unsigned i = 0; i < LEN; i++)
        out[i] = (uint8_t)(key * 31 + i * 7 + 1);
}

static enum wzp_window_verdict tell_source(struct wzp_window *window, uint64_t key)
{
    uint8_t symbol[LEN];
    symbol_of(key, symbol);
    return wzp_window_on_source(window, key, (struct wzp_slice){symbol, LEN});
}

static enum wzp_window_verdict tell_repair(struct wzp_window *window, uint16_t id, uint64_t first,
                                           unsigned count)
{
    uint8_t symbols[WZP_WINDOW_SYMBOLS_MAX][LEN], repair[LEN];
    struct wzp_slice slices[WZP_WINDOW_SYMBOLS_MAX];
    uint64_t keys[WZP_WINDOW_SYMBOLS_MAX];
    for (unsigned i = 0; i < count; i++) {
        keys[i] = first + i;
        symbol_of(keys[i], symbols[i]);
        slices[i] = (struct wzp_slice){symbols[i], LEN};
    }
    wzp_window_encode(wzp_gf256_best(), id, slices, count, repair, LEN);
    return wzp_window_on_repair(window, id, keys, count, (struct wzp_slice){repair, LEN});
}

static unsigned count_recovered(struct wzp_window *window)
{
    uint64_t key;
    struct wzp_slice symbol;
    unsigned count = 0;
    for (; wzp_window_poll(window, &key, &symbol); count++) {
        uint8_t expected[LEN];
        symbol_of(key, expected);
        assert_int_equal(symbol.len, LEN);
        assert_memory_equal(symbol.data, expected, LEN);
    }
    return count;
}

static void test_verdicts(void **state)
{
    (void)state;
    static const uint8_t zeros[SYMBOL_MAX + 1];
    struct wzp_window *window = make(SOURCES);
    assert_int_equal(tell_source(window, 1), WZP_WINDOW_USEFUL);
    assert_int_equal(tell_source(window, 1), WZP_WINDOW_USELESS);
    static const struct {
        const char *what;
        uint64_t keys[WZP_WINDOW_SYMBOLS_MAX + 1];
        unsigned count;
        size_t len;
        enum wzp_window_verdict verdict;
    } rows[] = {
        {"no keys", {0}, 0, LEN, WZP_WINDOW_MALFORMED},
        {"too many", {0}, WZP_WINDOW_SYMBOLS_MAX + 1, LEN, WZP_WINDOW_MALFORMED},
        {"a key twice", {7, 8, 7}, 3, LEN, WZP_WINDOW_MALFORMED},
        {"the same key at once", {7, 7}, 2, LEN, WZP_WINDOW_MALFORMED},
        {"too long", {7, 8}, 2, SYMBOL_MAX + 1, WZP_WINDOW_MALFORMED},
        {"shorter than a source", {1, 8}, 2, LEN - 1, WZP_WINDOW_MALFORMED},
        {"all known", {1}, 1, LEN, WZP_WINDOW_USELESS},
        {"an equation", {7, 8}, 2, LEN, WZP_WINDOW_USEFUL},
        {"the same", {7, 8}, 2, LEN, WZP_WINDOW_USELESS},
        {"empty, of the same", {7, 8}, 2, 0, WZP_WINDOW_USELESS},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum wzp_window_verdict verdict = wzp_window_on_repair(window, 5, rows[i].keys, rows[i].count,
                                                               (struct wzp_slice){zeros, rows[i].len});
        if (verdict != rows[i].verdict)
            fail_msg("%s: %d", rows[i].what, verdict);
    }
    uint8_t one[LEN] = {1};
    assert_int_equal(wzp_window_on_repair(window, 5, rows[7].keys, 2, (struct wzp_slice){one, LEN}),
                     WZP_WINDOW_CONFLICT);
    assert_int_equal(wzp_window_on_source(window, 9, (struct wzp_slice){zeros, SYMBOL_MAX + 1}),
                     WZP_WINDOW_MALFORMED);
    assert_int_equal(wzp_window_on_source(window, 9, (struct wzp_slice){NULL, 0}), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 0);
    free(window);
}

/* A source longer than what was said of it is kept, and what was said is not. */
static void test_long_source(void **state)
{
    (void)state;
    uint8_t data[LEN] = {0}, longer[SYMBOL_MAX];
    memset(longer, 9, sizeof(longer));
    for (uint64_t key = 10; key <= 11; key++) { /* the one that leads the row, and the other */
        struct wzp_window *window = make(SOURCES);
        uint64_t keys[] = {10, 11}, got;
        struct wzp_slice symbol;
        assert_int_equal(wzp_window_on_repair(window, 1, keys, 2, (struct wzp_slice){data, LEN}),
                         WZP_WINDOW_USEFUL);
        assert_int_equal(wzp_window_on_source(window, key, (struct wzp_slice){longer, LEN + 1}),
                         WZP_WINDOW_USEFUL);
        assert_false(wzp_window_poll(window, &got, &symbol));
        assert_int_equal(wzp_window_on_repair(window, 2, keys, 2, (struct wzp_slice){longer, LEN + 2}),
                         WZP_WINDOW_USEFUL);
        assert_true(wzp_window_poll(window, &got, &symbol));
        assert_int_equal(got, 21 - key);
        assert_int_equal(symbol.len, LEN + 2);
        free(window);
    }
}

/* The oldest missing sources are given up one by one, each with one equation; what is about them is refused.
 */
static void test_give_up(void **state)
{
    (void)state;
    struct wzp_window *window = make(SOURCES);
    /* Pairs (0 1) (2 3) .. fill the table of missing sources; one more pair costs the first. */
    for (uint64_t key = 0; key < WZP_WINDOW_UNKNOWNS_MAX + 2; key += 2)
        assert_int_equal(tell_repair(window, 1, key, 2), WZP_WINDOW_USEFUL);
    assert_int_equal(tell_repair(window, 2, 0, 2), WZP_WINDOW_STALE);
    assert_int_equal(tell_repair(window, 2, 2, 2), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 2);
    assert_int_equal(tell_source(window, 4), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 1); /* 5 */
    assert_int_equal(tell_source(window, 7), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 1); /* 6 */
    /* A source that was given up may still come, and helps again. */
    assert_int_equal(tell_source(window, 0), WZP_WINDOW_USEFUL);
    assert_int_equal(tell_repair(window, 3, 0, 2), WZP_WINDOW_STALE); /* 1 is given up as well */
    assert_int_equal(tell_source(window, 1), WZP_WINDOW_USEFUL);
    assert_int_equal(tell_repair(window, 3, 0, 2), WZP_WINDOW_USELESS);
    /* Known sources go when so many newer ones are known. */
    for (uint64_t key = 1000; key < 1000 + SOURCES; key++)
        tell_source(window, key);
    assert_int_equal(tell_repair(window, 4, 0, 2), WZP_WINDOW_STALE);
    assert_int_equal(tell_repair(window, 4, 1000, 64), WZP_WINDOW_USELESS);
    free(window);
}

/* One loss of everything longer than the decoder's memory: it goes on afterwards. */
static void test_blackout(void **state)
{
    (void)state;
    struct wzp_window *window = make(SOURCES);
    for (uint64_t key = 0; key < 500;
         key++) { /* every third source never comes, and no repair helps enough */
        if (key % 3 != 0)
            tell_source(window, key);
        if (key >= 63 && key % 8 == 0)
            tell_repair(window, (uint16_t)key, key - 63, 64);
    }
    count_recovered(window);
    for (uint64_t key = 600; key < 616; key++) {
        if (key != 610)
            tell_source(window, key);
    }
    assert_int_equal(tell_repair(window, 9, 600, 16), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 1);
    free(window);
}

static void test_poison(void **state)
{
    (void)state;
    uint8_t forged[LEN] = {0};
    /* A forged source went into a row of two others: all of it goes, the next repairs are right. */
    struct wzp_window *window = make(SOURCES);
    assert_int_equal(wzp_window_on_source(window, 1, (struct wzp_slice){forged, LEN}), WZP_WINDOW_USEFUL);
    assert_int_equal(tell_repair(window, 1, 1, 3), WZP_WINDOW_USEFUL);
    wzp_window_poison(window, 1);
    assert_int_equal(tell_repair(window, 2, 2, 2), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 0);
    assert_int_equal(tell_source(window, 1), WZP_WINDOW_USEFUL);
    assert_int_equal(tell_repair(window, 3, 1, 3), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 2);
    free(window);
    /* What was recovered by a forged source goes with it, polled or not, and what that went into. */
    window = make(SOURCES);
    assert_int_equal(wzp_window_on_source(window, 1, (struct wzp_slice){forged, LEN}), WZP_WINDOW_USEFUL);
    assert_int_equal(tell_repair(window, 1, 1, 2), WZP_WINDOW_USEFUL); /* 2, and wrong */
    assert_int_equal(tell_repair(window, 2, 2, 3), WZP_WINDOW_USEFUL); /* a row of 3 and 4, wrong as well */
    wzp_window_poison(window, 1);
    assert_int_equal(count_recovered(window), 0);
    assert_int_equal(tell_source(window, 2), WZP_WINDOW_USEFUL);
    assert_int_equal(tell_source(window, 3), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 0);
    assert_int_equal(tell_repair(window, 3, 1, 4), WZP_WINDOW_USEFUL);
    assert_int_equal(tell_repair(window, 4, 1, 4), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 2);
    free(window);
    /* A missing one: the rows that hold it go. Of (1 3) and (2 3) that is one, or both. */
    for (uint64_t key = 1; key <= 3; key++) {
        window = make(SOURCES);
        tell_repair(window, 1, 1, 3);
        tell_repair(window, 2, 1, 3);
        wzp_window_poison(window, key);
        assert_int_equal(tell_repair(window, 3, 1, 3), WZP_WINDOW_USEFUL);
        assert_int_equal(tell_repair(window, 4, 1, 3), WZP_WINDOW_USEFUL);
        assert_int_equal(count_recovered(window), key == 3 ? 0 : 3);
        assert_int_equal(tell_repair(window, 5, 1, 3), key == 3 ? WZP_WINDOW_USEFUL : WZP_WINDOW_USELESS);
        assert_int_equal(count_recovered(window), key == 3 ? 3 : 0);
        free(window);
    }
    window = make(SOURCES);
    wzp_window_poison(window, 1); /* of nothing: nothing */
    assert_int_equal(tell_source(window, 1), WZP_WINDOW_USEFUL);
    free(window);
}

/* A forged source somewhere in a stream: once it is poisoned, nothing wrong is recovered any more. */
static void test_poison_stream(void **state)
{
    (void)state;
    static struct event events[EVENTS_MAX];
    unsigned before = 0, after = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 4);
        struct truth truth = {0};
        make_truth(&rng, &truth);
        unsigned count = make_events(&rng, &truth, (double)(1 + seed % 6) / 10, events);
        unsigned forged = (unsigned)wzp_rng_below(&rng, STREAM);
        unsigned from = (unsigned)wzp_rng_below(&rng, count / 2 + 1);
        unsigned until = from + (unsigned)wzp_rng_below(&rng, count / 2 + 1);
        struct wzp_window *window = make(SOURCES);
        for (unsigned i = 0; i < count; i++) {
            static const uint8_t lie[1] = {0x55};
            if (i == from)
                wzp_window_on_source(window, truth.keys[forged], (struct wzp_slice){lie, sizeof(lie)});
            tell(window, &truth, &events[i]);
            if (i == until)
                wzp_window_poison(window, truth.keys[forged]);
            uint64_t key;
            struct wzp_slice symbol;
            while (wzp_window_poll(window, &key, &symbol)) {
                unsigned s = index_of(&truth, key);
                bool is_true = symbol.len >= truth.lens[s] &&
                               memcmp(symbol.data, truth.data[s], truth.lens[s]) == 0;
                assert_true(is_true || (i >= from && i < until));
                before += !is_true;
                after += is_true && i > until;
            }
        }
        free(window);
    }
    assert_true(before > 20 && after > 300);
}

/* What had the slot of a source before is not poisoned with it. */
static void test_poison_slot(void **state)
{
    (void)state;
    struct wzp_window *window = make(SOURCES);
    tell_source(window, 0);
    tell_repair(window, 1, 0, 3); /* of 1 and 2 */
    for (uint64_t key = 100; key < 100 + SOURCES; key++)
        tell_source(window, key);
    wzp_window_poison(window, 100 + SOURCES - 1); /* where 0 was */
    assert_int_equal(tell_source(window, 1), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 1);
    /* Recovered, poisoned before it was polled, and told: told is not recovered. */
    tell_repair(window, 1, 10, 1);
    wzp_window_poison(window, 10);
    assert_int_equal(tell_source(window, 10), WZP_WINDOW_USEFUL);
    assert_int_equal(count_recovered(window), 0);
    free(window);
}

/* Slots that are used again bring nothing along. */
static void test_reuse(void **state)
{
    (void)state;
    struct wzp_window *window = make(SOURCES);
    uint8_t longest[SYMBOL_MAX], one[LEN], two[LEN], repair[SYMBOL_MAX];
    memset(longest, 0xff, sizeof(longest));
    for (uint64_t key = 0; key < SOURCES; key++)
        wzp_window_on_source(window, key, (struct wzp_slice){longest, sizeof(longest)});
    for (uint64_t key = 100; key < 100 + SOURCES; key++)
        tell_source(window, key);
    symbol_of(100, one);
    symbol_of(200, two);
    struct wzp_slice symbols[] = {{one, LEN}, {two, LEN}}, symbol;
    uint64_t keys[WZP_WINDOW_SYMBOLS_MAX] = {100, 200}, key;
    wzp_window_encode(wzp_gf256_best(), 1, symbols, 2, repair, SYMBOL_MAX);
    wzp_window_on_repair(window, 1, keys, 2, (struct wzp_slice){repair, SYMBOL_MAX});
    assert_true(wzp_window_poll(window, &key, &symbol));
    assert_int_equal(symbol.len, SYMBOL_MAX);
    assert_memory_equal(symbol.data, two, LEN);
    for (unsigned i = LEN; i < SYMBOL_MAX; i++)
        assert_int_equal(symbol.data[i], 0);
    /* The place of a missing source is free when it comes: the table holds so many others. */
    tell_repair(window, 1, 300, 2);
    tell_source(window, 300);
    assert_int_equal(count_recovered(window), 1);
    for (key = 400; key < 400 + WZP_WINDOW_UNKNOWNS_MAX; key += 2)
        tell_repair(window, 1, key, 2);
    assert_int_equal(tell_repair(window, 2, 300, 2), WZP_WINDOW_USELESS); /* both are known, not given up */
    for (key = 400; key < 400 + WZP_WINDOW_UNKNOWNS_MAX; key += 2)
        tell_source(window, key);
    assert_int_equal(count_recovered(window), WZP_WINDOW_UNKNOWNS_MAX / 2);
    /* An equation whose own sources would have to be given up for it. */
    tell_repair(window, 1, 1000, WZP_WINDOW_SYMBOLS_MAX);
    keys[0] = 1000;
    for (unsigned i = 1; i < WZP_WINDOW_SYMBOLS_MAX; i++)
        keys[i] = 2000 + i;
    assert_int_equal(
        wzp_window_on_repair(window, 1, keys, WZP_WINDOW_SYMBOLS_MAX, (struct wzp_slice){one, LEN}),
        WZP_WINDOW_STALE);
    free(window);
}

/* ---- the bound of the work ---- */

static uint64_t symbol_work; /* symbols times coefficients since it was set to 0 */

static void counting_product(uint8_t *const *dst, const uint8_t *const *src, const uint8_t *coefficients,
                             unsigned rows, unsigned cols, size_t len)
{
    if (len != WZP_WINDOW_UNKNOWNS_MAX) /* the rows themselves */
        symbol_work += rows * cols;
    wzp_gf256_kernels(0)->product(dst, src, coefficients, rows, cols, len);
}

static void counting_scale(uint8_t *dst, uint8_t c, size_t len)
{
    symbol_work += len != WZP_WINDOW_UNKNOWNS_MAX;
    wzp_gf256_kernels(0)->scale(dst, c, len);
}

static void test_work(void **state)
{
    (void)state;
    struct wzp_gf256 counting = *wzp_gf256_kernels(0);
    counting.product = counting_product;
    counting.scale = counting_scale;
    void *memory = malloc(wzp_window_size(WZP_WINDOW_SOURCES_MAX, SYMBOL_MAX));
    struct wzp_window *window = wzp_window_init(memory, &counting, WZP_WINDOW_SOURCES_MAX, SYMBOL_MAX);
    uint64_t worst = 0;
    for (unsigned round = 0; round < 40; round++) {
        uint64_t first = round * 40;
        for (uint16_t id = 0; id < 64;
             id++) { /* a window of nothing but missing sources, until all are known */
            symbol_work = 0;
            tell_repair(window, id, first, 64);
            worst = symbol_work > worst ? symbol_work : worst;
            if (id == 62 && round % 2) {
                symbol_work = 0;
                tell_source(window, first + round);
                worst = symbol_work > worst ? symbol_work : worst;
            }
        }
        count_recovered(window);
    }
    assert_in_range(worst, WZP_WINDOW_UNKNOWNS_MAX, 2 * WZP_WINDOW_UNKNOWNS_MAX);
    free(memory);
}

/* ---- whatever a peer tells ---- */

static void test_garbage(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 3);
        struct wzp_window *window = make(SOURCES);
        uint64_t range = 10 + wzp_rng_below(&rng, 300), verdicts[5] = {0};
        for (unsigned step = 0; step < 2000; step++) {
            uint8_t data[SYMBOL_MAX + 2];
            uint64_t keys[WZP_WINDOW_SYMBOLS_MAX + 2], key;
            unsigned count = (unsigned)wzp_rng_below(&rng, WZP_WINDOW_SYMBOLS_MAX + 2);
            for (unsigned i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t)wzp_rng_u64(&rng);
            uint64_t first = wzp_rng_below(&rng, range);
            for (unsigned i = 0; i < count; i++)
                keys[i] = seed % 2 ? first + i : wzp_rng_below(&rng, range * 100);
            struct wzp_slice symbol = {data, wzp_rng_below(&rng, sizeof(data) + 1)};
            if (wzp_rng_below(&rng, 4) == 0)
                verdicts[wzp_window_on_source(window, first, symbol)]++;
            else
                verdicts[wzp_window_on_repair(window, (uint16_t)step, keys, count, symbol)]++;
            unsigned polled = 0;
            while (wzp_rng_below(&rng, 3) != 0 && wzp_window_poll(window, &key, &symbol))
                assert_true(symbol.len <= SYMBOL_MAX && ++polled <= WZP_WINDOW_UNKNOWNS_MAX);
            if (wzp_rng_below(&rng, 50) == 0)
                wzp_window_poison(window, wzp_rng_below(&rng, range));
        }
        assert_true(verdicts[WZP_WINDOW_USEFUL] > 0 && verdicts[WZP_WINDOW_MALFORMED] > 0);
        free(window);
    }
}

static void test_coefficients(void **state)
{
    (void)state;
    unsigned seen[256] = {0};
    for (unsigned id = 0; id < 65536; id++)
        for (unsigned position = 0; position < WZP_WINDOW_SYMBOLS_MAX; position++)
            seen[wzp_window_coefficient((uint16_t)id, position)]++;
    assert_int_equal(seen[0], 0);
    for (unsigned c = 1; c < 256; c++)
        assert_in_range(seen[c], 16000, 16900); /* 65536 * 64 / 255 = 16448 */
    /* Peers must agree on them, so they may not change. */
    static const struct {
        uint16_t id;
        unsigned position;
        uint8_t coefficient;
    } rows[] = {{0, 0, 1},        {0, 1, 105}, {1, 0, 220}, {0xffff, 63, 60},
                {0x1234, 17, 76}, {7, 0, 240}, {7, 1, 177}};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(wzp_window_coefficient(rows[i].id, rows[i].position), rows[i].coefficient);
}

/* The example of proto/10-repair.md. */
static void test_chapter(void **state)
{
    (void)state;
    static const uint8_t first[] = {0, 2, 0, 0, 0, 0, 20, 0xaa, 0xbb},
                         second[] = {0, 1, 0, 0, 0, 0, 40, 0xcc};
    static const uint8_t sum[] = {0, 0x4c, 0, 0, 0, 0, 0x1e, 0x06, 0xbf};
    const struct wzp_slice symbols[] = {{first, sizeof first}, {second, sizeof second}};
    uint8_t out[sizeof sum];
    wzp_window_encode(wzp_gf256_kernels(0), 7, symbols, 2, out, sizeof out);
    assert_memory_equal(out, sum, sizeof sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twin),         cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_verdicts),     cmocka_unit_test(test_long_source),
        cmocka_unit_test(test_give_up),      cmocka_unit_test(test_blackout),
        cmocka_unit_test(test_poison),       cmocka_unit_test(test_poison_stream),
        cmocka_unit_test(test_poison_slot),  cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_work),         cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_coefficients), cmocka_unit_test(test_chapter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
