// SPDX-License-Identifier: Apache-2.0
/* Delta debugging over the lines of a story (Zeller and Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input", 2002): smaller and smaller parts of what is left are left out, as long as the
 * story fails as it did. */
#include "sim/run.h"
#include "sim/swarm.h"

#include <string.h>

struct shrink {
    struct sim_story *story;
    const struct sim_outcome *failure;
    unsigned trials, used;
};

static bool is_same(const struct sim_outcome *a, const struct sim_outcome *b)
{
    bool has_rule = a->status == SIM_EXIT_SAFETY || a->status == SIM_SWARM_CRASHED;
    return a->status == b->status && (!has_rule || strcmp(a->what, b->what) == 0);
}

/* Is the smaller story as bad? Then it takes the place of the one before. */
static bool try(struct shrink *shrink, const struct sim_story *smaller)
{
    struct sim_outcome outcome;
    if (shrink->used == shrink->trials || sim_story_people(smaller) == 0)
        return false;
    shrink->used++;
    if (!sim_trial_run(smaller, &outcome) || !is_same(&outcome, shrink->failure))
        return false;
    *shrink->story = *smaller;
    return true;
}

/* The lines that still stand, and that could be left out. */
static unsigned standing(const struct sim_story *story, unsigned line[SIM_STORY_LINES_MAX])
{
    unsigned count = 0;
    for (unsigned i = 0; i < story->line_count; i++)
        if (sim_story_stands(story, i))
            line[count++] = i;
    return count;
}

static void leave_out_lines(struct shrink *shrink)
{
    unsigned line[SIM_STORY_LINES_MAX];
    for (unsigned part = standing(shrink->story, line) / 2; part > 0;) {
        bool is_smaller = false;
        unsigned count = standing(shrink->story, line);
        for (unsigned from = 0; from < count; from += part) {
            struct sim_story smaller = *shrink->story;
            for (unsigned i = from; i < count && i < from + part; i++)
                smaller.line[line[i]].is_left_out = true;
            is_smaller = try(shrink, &smaller) || is_smaller;
        }
        if (!is_smaller)
            part /= 2;
        if (shrink->used == shrink->trials)
            return;
    }
}

/* What comes after the faults stays as long. */
static void leave_out_seconds(struct shrink *shrink)
{
    unsigned tail = shrink->story->seconds - shrink->story->calm_s;
    for (unsigned step = shrink->story->calm_s / 2; step > 0; step /= 2) {
        struct sim_story smaller = *shrink->story;
        if (smaller.calm_s < sim_story_trouble_s(&smaller) + step)
            continue;
        smaller.calm_s -= step;
        smaller.seconds = smaller.calm_s + tail;
        try(shrink, &smaller);
    }
}

unsigned sim_shrink(struct sim_story *story, const struct sim_outcome *failure, unsigned trials)
{
    struct shrink shrink = {story, failure, trials, 0};
    leave_out_lines(&shrink);
    leave_out_seconds(&shrink);
    return shrink.used;
}
