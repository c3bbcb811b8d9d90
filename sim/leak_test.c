// SPDX-License-Identifier: Apache-2.0
/* The index against a twin that compares every window of everything with every place of a text. */
#include "sim/leak.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define PAYLOADS 60
#define LEN_MAX  90

struct twin {
    uint8_t payload[PAYLOADS][LEN_MAX];
    size_t len[PAYLOADS], count, first_of_newest;
};

static bool is_telling(const uint8_t *window)
{
    unsigned zeros = 0;
    for (size_t i = 0; i < SIM_LEAK_WINDOW; i++)
        zeros += window[i] == 0;
    return 2 * zeros <= SIM_LEAK_WINDOW;
}

static bool twin_is_in(const struct twin *twin, const uint8_t *text, size_t len)
{
    for (size_t p = 0; p < twin->count; p++)
        for (size_t i = 0; i + SIM_LEAK_WINDOW <= twin->len[p]; i++)
            for (size_t k = 0; is_telling(twin->payload[p] + i) && k + SIM_LEAK_WINDOW <= len; k++)
                if (memcmp(twin->payload[p] + i, text + k, SIM_LEAK_WINDOW) == 0)
                    return true;
    return false;
}

static void twin_next_generation(struct twin *twin)
{
    size_t gone = twin->first_of_newest;
    memmove(twin->payload, twin->payload + gone, (twin->count - gone) * sizeof *twin->payload);
    memmove(twin->len, twin->len + gone, (twin->count - gone) * sizeof *twin->len);
    twin->count -= gone;
    twin->first_of_newest = twin->count;
}

/* Of so few letters, 0 among them, that runs of all lengths are shared by chance. */
static size_t draw(struct wzp_rng *rng, unsigned letters, uint8_t bytes[LEN_MAX])
{
    size_t len = (size_t)wzp_rng_below(rng, LEN_MAX + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)wzp_rng_below(rng, letters);
    return len;
}

/* A piece of something that is or was remembered, at any place of a text. */
static void plant(struct wzp_rng *rng, const struct twin *twin, uint8_t text[LEN_MAX], size_t len)
{
    size_t p = (size_t)wzp_rng_below(rng, twin->count), run = 8 + (size_t)wzp_rng_below(rng, 8);
    if (twin->len[p] < run || len < run)
        return;
    memcpy(text + wzp_rng_below(rng, len - run + 1),
           twin->payload[p] + wzp_rng_below(rng, twin->len[p] - run + 1), run);
}

static void test_twin(void **state)
{
    (void)state;
    static const unsigned letters[] = {2, 3, 256};
    unsigned found = 0, clean = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct sim_leak *leak = sim_leak_create();
        struct twin twin = {.count = 0};
        for (unsigned step = 0; step < 400; step++) {
            uint8_t text[LEN_MAX];
            size_t len = draw(&rng, letters[seed % 3], text);
            if (step % 40 == 39) {
                sim_leak_next_generation(leak);
                twin_next_generation(&twin);
            } else if (twin.count == 0 || (twin.count < PAYLOADS && wzp_rng_below(&rng, 3) == 0)) {
                sim_leak_remember(leak, text, len);
                memcpy(twin.payload[twin.count], text, len);
                twin.len[twin.count++] = len;
            } else {
                plant(&rng, &twin, text, len);
                bool is_in = twin_is_in(&twin, text, len);
                assert_int_equal(sim_leak_is_in(leak, text, len), is_in);
                found += is_in;
                clean += !is_in;
            }
        }
        sim_leak_destroy(leak);
    }
    assert_in_range(found, 1000, 1000000);
    assert_in_range(clean, 1000, 1000000);
}

static void fill(struct wzp_rng *rng, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)wzp_rng_below(rng, 256);
}

/* More payloads than the first index and filter hold: every one of them is still found, wherever it lies. */
static void test_growth(void **state)
{
    (void)state;
    enum { MANY = 3000, LEN = 40 };
    struct wzp_rng rng = wzp_rng_make(7, 0);
    struct sim_leak *leak = sim_leak_create();
    uint8_t *payloads = malloc((size_t)MANY * LEN), text[64];
    assert_non_null(payloads);
    fill(&rng, payloads, (size_t)MANY * LEN);
    for (size_t i = 0; i < MANY; i++) {
        if (i == MANY / 2)
            sim_leak_next_generation(leak);
        sim_leak_remember(leak, payloads + i * LEN, LEN);
    }
    for (size_t i = 0; i < MANY; i++) {
        fill(&rng, text, sizeof text);
        assert_false(sim_leak_is_in(leak, text, sizeof text));
        memcpy(text + i % 52, payloads + i * LEN + i % 29, SIM_LEAK_WINDOW);
        assert_true(sim_leak_is_in(leak, text, sizeof text));
    }
    sim_leak_next_generation(leak);
    assert_false(sim_leak_is_in(leak, payloads, LEN));
    assert_true(sim_leak_is_in(leak, payloads + (size_t)(MANY - 1) * LEN, LEN));
    free(payloads);
    sim_leak_destroy(leak);
}

/* One payload again and again, of one letter: as quick as any other. */
static void test_monotony(void **state)
{
    (void)state;
    struct sim_leak *leak = sim_leak_create();
    uint8_t payload[400], text[40];
    memset(payload, 'a', sizeof payload);
    for (unsigned i = 0; i < 5000; i++)
        sim_leak_remember(leak, payload, sizeof payload);
    memset(text, 'b', sizeof text);
    memset(text + 3, 'a', SIM_LEAK_WINDOW - 1);
    assert_false(sim_leak_is_in(leak, text, sizeof text));
    memset(text + 3, 'a', SIM_LEAK_WINDOW);
    assert_true(sim_leak_is_in(leak, text, sizeof text));
    sim_leak_destroy(leak);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twin),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_monotony),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
