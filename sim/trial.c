// SPDX-License-Identifier: Apache-2.0
/* One story in a process of its own, and what is told of how it ended. */
#include "base/check.h"
#include "sim/run.h"
#include "sim/swarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WALL_S_MAX 600 /* of one story: it turns for ever */

/* The rule in "at 1.5 s: anna: rule". */
static const char *rule_of(const char *violation)
{
    const char *rule = violation;
    for (unsigned i = 0; i < 2 && strstr(rule, ": "); i++)
        rule = strstr(rule, ": ") + 2;
    return rule;
}

static void tell(const struct sim_run *run, struct sim_outcome *outcome)
{
    const struct sim_judge_row *row = NULL;
    for (unsigned i = 0; i < run->judge_count && !row; i++)
        row = run->judge[i].passed ? NULL : &run->judge[i];
    if (run->violation[0]) {
        snprintf(outcome->what, sizeof outcome->what, "%s", rule_of(run->violation));
        snprintf(outcome->detail, sizeof outcome->detail, "%s", run->violation);
    } else if (row) {
        snprintf(outcome->what, sizeof outcome->what, "%s: %s", row->kind, row->name);
        snprintf(outcome->detail, sizeof outcome->detail, "%s", row->text);
    }
}

/* Never returns. */
static void run_one(const struct sim_trial *trial, const struct sim_story *story)
{
    static char text[SIM_STORY_TEXT_MAX];
    static struct sim_run run;
    struct sim_outcome outcome = {0};
    char name[48];
    dup2(trial->errors, STDERR_FILENO);
    alarm(WALL_S_MAX);
    WZP_CHECK(sim_story_write(story, NULL, text, sizeof text));
    snprintf(name, sizeof name, "swarm-%llu.lua", (unsigned long long)story->seed);
    run.file = name;
    run.text = text;
    run.seed = story->seed;
    run.quiet = true;
    int status = (int)sim_run(&run);
    memcpy(outcome.hash, run.hash, sizeof outcome.hash);
    outcome.virtual_s = (double)run.virtual_ns / WZP_S;
    tell(&run, &outcome);
    if (write(trial->result, &outcome, sizeof outcome) != (ssize_t)sizeof outcome)
        status = SIM_EXIT_USAGE;
    _exit(status);
}

bool sim_trial_start(struct sim_trial *trial, const struct sim_story *story)
{
    trial->result = memfd_create("result", MFD_CLOEXEC);
    trial->errors = memfd_create("errors", MFD_CLOEXEC);
    fflush(NULL);
    trial->pid = trial->result >= 0 && trial->errors >= 0 ? fork() : -1;
    if (trial->pid == 0)
        run_one(trial, story);
    if (trial->pid > 0)
        return true;
    trial->pid = 0;
    close(trial->result);
    close(trial->errors);
    return false;
}

void sim_trial_finish(struct sim_trial *trial, int wait_status, struct sim_outcome *outcome)
{
    *outcome = (struct sim_outcome){.status = SIM_SWARM_CRASHED};
    bool has_ended = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) <= SIM_EXIT_QUALITY &&
                     pread(trial->result, outcome, sizeof *outcome, 0) == (ssize_t)sizeof *outcome;
    outcome->status = has_ended ? WEXITSTATUS(wait_status) : SIM_SWARM_CRASHED;
    if (!outcome->detail[0] && outcome->status != SIM_EXIT_OK) {
        ssize_t len = pread(trial->errors, outcome->detail, sizeof outcome->detail - 1, 0);
        outcome->detail[len > 0 ? len : 0] = '\0';
    }
    if (outcome->status == SIM_SWARM_CRASHED)
        snprintf(outcome->what, sizeof outcome->what, "the process ended by signal %d, or status %d",
                 WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0,
                 WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0);
    else if (outcome->status == SIM_EXIT_USAGE)
        snprintf(outcome->what, sizeof outcome->what, "an error of the scenario");
    close(trial->result);
    close(trial->errors);
    trial->pid = 0;
}

bool sim_trial_run(const struct sim_story *story, struct sim_outcome *outcome)
{
    struct sim_trial trial;
    int status;
    if (!sim_trial_start(&trial, story) || waitpid(trial.pid, &status, 0) < 0)
        return false;
    sim_trial_finish(&trial, status, outcome);
    return true;
}
