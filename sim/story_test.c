// SPDX-License-Identifier: Apache-2.0
/* Stories: one seed, one text; each subset of lines is a scenario; what fails is shrunk to what it needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <unistd.h>

#include "base/rng.h"
#include "sim/run.h"
#include "sim/swarm.h"

#define SEEDS 3000

static char text[2][SIM_STORY_TEXT_MAX];

static void one_seed_gives_one_text(void **state)
{
    struct sim_story story;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sim_story_make(&story, seed, 60);
        assert_true(sim_story_write(&story, NULL, text[0], sizeof text[0]));
        sim_story_make(&story, seed, 60);
        assert_true(sim_story_write(&story, NULL, text[1], sizeof text[1]));
        assert_string_equal(text[0], text[1]);
        sim_story_make(&story, seed + SEEDS, 60);
        assert_true(sim_story_write(&story, NULL, text[1], sizeof text[1]));
        assert_string_not_equal(strchr(text[0], '\n') + 40, strchr(text[1], '\n') + 40);
    }
}

/* Each kind comes about, and is left out entirely of a good part of the seeds. */
static void every_kind_comes_and_stays_away(void **state)
{
    unsigned met[SIM_STORY_KINDS] = {0}, longest = 0;
    struct sim_story story;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t kinds = 0;
        sim_story_make(&story, seed, 60);
        for (unsigned i = 0; i < story.line_count; i++) {
            kinds |= UINT64_C(1) << story.line[i].kind;
            assert_true(sim_story_stands(&story, i));
            assert_true(story.line[i].until_ms <= story.calm_s * 1000);
        }
        for (unsigned kind = 0; kind < SIM_STORY_KINDS; kind++)
            met[kind] += (unsigned)(kinds >> kind & 1);
        longest = story.line_count > longest ? story.line_count : longest;
    }
    for (unsigned kind = SIM_STORY_DELAY; kind < SIM_STORY_KINDS; kind++)
        assert_in_range(met[kind], SEEDS / 100, SEEDS * 95 / 100);
    assert_true(longest < SIM_STORY_LINES_MAX); /* else the last ones were cut off */
}

/* A person that is left out takes with it what needs it; what stands is a scenario that runs. */
static void subsets_are_scenarios(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 1);
        struct sim_story story;
        struct sim_outcome outcome;
        sim_story_make(&story, seed, SIM_STORY_S_MIN);
        for (unsigned i = 0; i < story.line_count; i++)
            story.line[i].is_left_out = wzp_rng_below(&rng, 3) == 0;
        for (unsigned i = 0; i < story.line_count; i++)
            if (sim_story_stands(&story, i) && story.line[i].needs)
                assert_true(sim_story_people(&story) > 0);
        assert_true(sim_trial_run(&story, &outcome));
        if (outcome.status != SIM_EXIT_OK)
            print_error("seed %u: %s: %s\n", (unsigned)seed, outcome.what, outcome.detail);
        assert_int_equal(outcome.status, SIM_EXIT_OK);
    }
}

/* A line that breaks a rule, and one that is needed for it, among all the others. */
static void a_failure_is_shrunk(void **state)
{
    struct sim_story story;
    struct sim_outcome outcome;
    unsigned standing = 0;
    (void)state;
    sim_story_make(&story, 4, SIM_STORY_S_MIN);
    struct sim_story_line *cause = &story.line[story.line_count++], *effect = &story.line[story.line_count++];
    *cause = (struct sim_story_line){.kind = SIM_STORY_FILE, .text = "local cause = 1"};
    *effect = (struct sim_story_line){.kind = SIM_STORY_FILE,
                                      .text = "judge(\"safety\", \"planted\", cause ~= 1)"};
    cause->needs = effect->needs = 1;
    assert_true(sim_trial_run(&story, &outcome));
    assert_int_equal(outcome.status, SIM_EXIT_SAFETY);
    assert_string_equal(outcome.what, "safety: planted");
    assert_true(sim_shrink(&story, &outcome, 200) < 200);
    for (unsigned i = 0; i < story.line_count; i++)
        standing += sim_story_stands(&story, i);
    assert_int_equal(standing, 3); /* and who they need */
    assert_true(!cause->is_left_out && !effect->is_left_out && sim_story_people(&story) == 1);
    assert_int_equal(story.calm_s, sim_story_trouble_s(&story));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_gives_one_text),
        cmocka_unit_test(every_kind_comes_and_stays_away),
        cmocka_unit_test(subsets_are_scenarios),
        cmocka_unit_test(a_failure_is_shrunk),
    };
    if (sodium_init() < 0 || chdir(WZP_ROOT) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
