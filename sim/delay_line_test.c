// SPDX-License-Identifier: Apache-2.0
#include "sim/delay_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"

#define PLACES 40
#define STEPS  5000
#define SEEDS  20

/* The simple twin: looks through everything, every time. */
struct twin {
    int64_t at_ns[STEPS];
    bool waits[STEPS];
    size_t pushed, waiting;
};

static size_t twin_first(const struct twin *twin)
{
    size_t first = STEPS;
    for (size_t i = 0; i < twin->pushed; i++)
        if (twin->waits[i] && (first == STEPS || twin->at_ns[i] < twin->at_ns[first]))
            first = i;
    return first;
}

static void does_as_its_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        static struct twin twin;
        struct sim_delay_line *line = sim_delay_line_create(PLACES);
        int64_t now_ns = 0;
        memset(&twin, 0, sizeof twin);
        for (size_t step = 0; step < STEPS; step++) {
            now_ns += (int64_t)wzp_rng_below(&rng, 3);
            if (wzp_rng_below(&rng, 2)) {
                int64_t at_ns = now_ns + (int64_t)wzp_rng_below(&rng, 30); /* few times: many ties */
                struct sim_delayed *delayed = sim_delay_line_push(line, at_ns, twin.pushed, 4);
                assert_int_equal(delayed != NULL, twin.waiting < PLACES);
                if (!delayed)
                    continue;
                memset(delayed->bytes, (int)(twin.pushed & 0xff), 4);
                twin.at_ns[twin.pushed] = at_ns;
                twin.waits[twin.pushed++] = true;
                twin.waiting++;
            } else {
                size_t first = twin_first(&twin);
                const struct sim_delayed *delayed = sim_delay_line_pop(line, now_ns);
                assert_int_equal(delayed != NULL, first < STEPS && twin.at_ns[first] <= now_ns);
                if (!delayed)
                    continue;
                assert_int_equal(delayed->tag, first);
                assert_int_equal(delayed->len, 4);
                assert_int_equal(delayed->bytes[3], first & 0xff);
                twin.waits[first] = false;
                twin.waiting--;
            }
            size_t first = twin_first(&twin);
            assert_true(sim_delay_line_next_at(line) == (first < STEPS ? twin.at_ns[first] : WZP_NEVER));
        }
        sim_delay_line_destroy(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_as_its_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
