// SPDX-License-Identifier: Apache-2.0
/* wzp-sim swarm: seeds, jobs, what was drawn, what was found. */
#include "sim/swarm.h"
#include "base/check.h"
#include "sim/folder.h"
#include "sim/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX    64
#define SEEDS_MAX   10000000
#define MINUTES_MAX 100000
#define SHRUNK_MAX  8   /* failures that are shrunk, one of each rule */
#define TRIALS_MAX  300 /* to shrink one */
#define LOGGED_S    30  /* between two lines where nobody watches */
#define PROGRESS_S  0.2

struct job {
    struct sim_trial trial;
    uint64_t index;
};

struct swarm {
    uint64_t first, seeds, jobs, seconds;
    uint64_t minutes; /* 0: no bound */
    const char *out_dir;
    bool prints_hashes, prints_story, ends_at_failure;
    struct job job[JOBS_MAX];
    struct sim_outcome *outcome; /* of each seed */
    uint64_t next, done, failed;
    double began_s, virtual_s, shown_s;
    bool is_over; /* no more are started */
};

static int complain(const char *sentence, const char *what)
{
    fprintf(stderr, "wzp-sim swarm: %s%s%s\n", sentence, what ? " " : "", what ? what : "");
    return SIM_EXIT_USAGE;
}

static double wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void make_story(const struct swarm *swarm, uint64_t index, struct sim_story *story)
{
    sim_story_make(story, swarm->first + index, (unsigned)swarm->seconds);
}

/* ---- running ---- */

static void progress(struct swarm *swarm)
{
    double now_s = wall_clock(), elapsed_s = now_s - swarm->began_s;
    char bar[31];
    bool is_seen = isatty(STDERR_FILENO);
    if (now_s - swarm->shown_s < (is_seen ? PROGRESS_S : LOGGED_S))
        return;
    swarm->shown_s = now_s;
    unsigned full = (unsigned)(30 * swarm->done / swarm->seeds);
    memset(bar, '.', sizeof bar - 1);
    memset(bar, '#', full);
    bar[30] = '\0';
    fprintf(stderr, "%s[%s] %llu of %llu seeds, %llu failed, %.0f simulated hours an hour%s",
            is_seen ? "\r" : "", bar, (unsigned long long)swarm->done, (unsigned long long)swarm->seeds,
            (unsigned long long)swarm->failed, elapsed_s > 0 ? swarm->virtual_s / elapsed_s : 0,
            is_seen ? " " : "\n");
}

static void finish(struct swarm *swarm, struct job *job, int status)
{
    struct sim_outcome *outcome = &swarm->outcome[job->index];
    sim_trial_finish(&job->trial, status, outcome);
    outcome->seed = swarm->first + job->index;
    swarm->done++;
    swarm->failed += outcome->status != SIM_EXIT_OK;
    swarm->virtual_s += outcome->virtual_s;
}

static unsigned start_jobs(struct swarm *swarm)
{
    unsigned running = 0;
    swarm->is_over = swarm->is_over || swarm->next == swarm->seeds ||
                     (swarm->ends_at_failure && swarm->failed > 0) ||
                     (swarm->minutes > 0 && wall_clock() - swarm->began_s > 60 * (double)swarm->minutes);
    for (unsigned i = 0; i < swarm->jobs; i++) {
        struct job *job = &swarm->job[i];
        struct sim_story story;
        if (!job->trial.pid && !swarm->is_over && swarm->next < swarm->seeds) {
            job->index = swarm->next;
            make_story(swarm, swarm->next, &story);
            if (sim_trial_start(&job->trial, &story))
                swarm->next++;
            else
                swarm->is_over = complain("cannot start a process:", strerror(errno));
        }
        running += job->trial.pid != 0;
    }
    return running;
}

static void run_all(struct swarm *swarm)
{
    int status;
    swarm->began_s = swarm->shown_s = wall_clock();
    while (start_jobs(swarm) > 0) {
        pid_t pid = waitpid(-1, &status, 0);
        for (unsigned i = 0; i < swarm->jobs && pid > 0; i++)
            if (swarm->job[i].trial.pid == pid)
                finish(swarm, &swarm->job[i], status);
        progress(swarm);
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%90s\r", "");
}

/* ---- telling ---- */

static void print_drawn(const struct swarm *swarm)
{
    unsigned seeds[SIM_STORY_KINDS] = {0}, lines[SIM_STORY_KINDS] = {0},
             people[SIM_STORY_PEOPLE_MAX + 1] = {0};
    struct sim_story story;
    for (uint64_t i = 0; i < swarm->next; i++) {
        uint64_t met = 0;
        make_story(swarm, i, &story);
        people[story.people]++;
        for (unsigned k = 0; k < story.line_count; k++) {
            lines[story.line[k].kind]++;
            met |= UINT64_C(1) << story.line[k].kind;
        }
        for (unsigned kind = 0; kind < SIM_STORY_KINDS; kind++)
            seeds[kind] += (unsigned)(met >> kind & 1);
    }
    printf("%-24s %8s %8s\n", "drawn", "seeds", "times");
    for (unsigned kind = 0; kind < SIM_STORY_KINDS; kind++)
        printf("%-24s %8u %8u\n", sim_story_kind_name(kind), seeds[kind], lines[kind]);
    for (unsigned count = 2; count <= SIM_STORY_PEOPLE_MAX; count++)
        printf("%u %-22s %8u\n", count, "people", people[count]);
}

/* A seed whose rule broke for an earlier one too. */
static bool is_known(const struct swarm *swarm, uint64_t index)
{
    for (uint64_t i = 0; i < index; i++)
        if (swarm->outcome[i].status == swarm->outcome[index].status &&
            strcmp(swarm->outcome[i].what, swarm->outcome[index].what) == 0)
            return true;
    return false;
}

static bool write_story(const struct swarm *swarm, const struct sim_story *story,
                        const struct sim_outcome *outcome, char path[512])
{
    static char text[SIM_STORY_TEXT_MAX];
    char remark[SIM_SWARM_WHAT_MAX + 96];
    snprintf(path, 512, "%s/swarm-%llu.lua", swarm->out_dir, (unsigned long long)story->seed);
    snprintf(remark, sizeof remark, "It broke: %s.", outcome->what);
    FILE *file = sim_story_write(story, remark, text, sizeof text) ? fopen(path, "w") : NULL;
    bool good = file && fputs(text, file) >= 0;
    if (file)
        good = fclose(file) == 0 && good;
    return good;
}

static void shrink(const struct swarm *swarm, uint64_t index)
{
    struct sim_story story;
    char path[512];
    const struct sim_outcome *outcome = &swarm->outcome[index];
    make_story(swarm, index, &story);
    unsigned before = story.line_count, after = 0;
    unsigned trials = sim_shrink(&story, outcome, TRIALS_MAX);
    for (unsigned i = 0; i < story.line_count; i++)
        after += sim_story_stands(&story, i);
    if (!write_story(swarm, &story, outcome, path)) {
        complain("cannot write", path);
        return;
    }
    printf("    %u of %u lines and %u of %u s are needed for it (%u runs): wzp-sim run %s --seed %llu\n",
           after, before, story.seconds, (unsigned)swarm->seconds, trials, path,
           (unsigned long long)story.seed);
    fflush(stdout);
}

/* The status of the worst. */
static int print_found(const struct swarm *swarm)
{
    int worst = SIM_EXIT_OK;
    unsigned shrunk = 0;
    for (uint64_t i = 0; i < swarm->next; i++) {
        const struct sim_outcome *outcome = &swarm->outcome[i];
        int status = outcome->status == SIM_SWARM_CRASHED ? SIM_EXIT_SAFETY : outcome->status;
        if (status == SIM_EXIT_OK)
            continue;
        if (worst == SIM_EXIT_OK || status < worst)
            worst = status;
        printf("seed %llu: %s\n    %.*s\n", (unsigned long long)swarm->outcome[i].seed, outcome->what,
               (int)strcspn(outcome->detail, "\n"), outcome->detail);
        fflush(stdout);
        if (swarm->out_dir && !is_known(swarm, i) && shrunk++ < SHRUNK_MAX)
            shrink(swarm, i);
    }
    return worst;
}

static int run_swarm(struct swarm *swarm)
{
    struct wzp_room room;
    if (swarm->out_dir && !sim_folder_make(swarm->out_dir))
        return SIM_EXIT_USAGE;
    swarm->outcome = calloc(swarm->seeds, sizeof *swarm->outcome);
    WZP_CHECK(swarm->outcome);
    for (const char *const *name = (const char *const[]){"red", "green", "blue", NULL}; *name; name++)
        sim_crowd_room(*name, &room); /* costs much, and processes inherit it */
    run_all(swarm);
    double elapsed_s = wall_clock() - swarm->began_s;
    if (swarm->prints_hashes)
        for (uint64_t i = 0; i < swarm->next; i++)
            printf("%llu %s %d\n", (unsigned long long)swarm->outcome[i].seed, swarm->outcome[i].hash,
                   swarm->outcome[i].status);
    else
        print_drawn(swarm);
    int worst = print_found(swarm);
    if (!swarm->prints_hashes)
        printf("%llu seeds, %llu failed\n", (unsigned long long)swarm->next,
               (unsigned long long)swarm->failed);
    fprintf(stderr, "%.0f s, %.1f simulated hours, %.0f simulated hours an hour\n", elapsed_s,
            swarm->virtual_s / 3600, swarm->virtual_s / elapsed_s);
    free(swarm->outcome);
    return swarm->next < swarm->seeds && worst == SIM_EXIT_OK && swarm->minutes == 0 ? SIM_EXIT_USAGE : worst;
}

static int print_story(const struct swarm *swarm)
{
    static char text[SIM_STORY_TEXT_MAX];
    struct sim_story story;
    make_story(swarm, 0, &story);
    WZP_CHECK(sim_story_write(&story, NULL, text, sizeof text));
    fputs(text, stdout);
    return SIM_EXIT_OK;
}

/* ---- the command line ---- */

/* 0, or the status to end with. */
static int take_option(struct swarm *swarm, const char *option, const char *value)
{
    const struct {
        const char *option;
        uint64_t least, most, *number;
    } rows[] = {{"--seeds", 1, SEEDS_MAX, &swarm->seeds},
                {"--jobs", 1, JOBS_MAX, &swarm->jobs},
                {"--first", 0, INT64_MAX, &swarm->first},
                {"--minutes", 1, MINUTES_MAX, &swarm->minutes},
                {"--seconds", SIM_STORY_S_MIN, SIM_STORY_S_MAX, &swarm->seconds}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sentence[128];
        if (strcmp(option, rows[i].option) != 0)
            continue;
        if (sim_number_parse(value, rows[i].least, rows[i].most, rows[i].number))
            return SIM_EXIT_OK;
        snprintf(sentence, sizeof sentence, "%s takes a whole number within %llu..%llu, not", option,
                 (unsigned long long)rows[i].least, (unsigned long long)rows[i].most);
        return complain(sentence, value);
    }
    if (strcmp(option, "--out") != 0)
        return complain("an option that swarm does not take:", option);
    swarm->out_dir = value[0] ? value : NULL;
    return SIM_EXIT_OK;
}

/* 0, or the status to end with. */
static int parse(struct swarm *swarm, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--hashes") == 0)
            swarm->prints_hashes = true;
        else if (strcmp(argv[i], "--story") == 0)
            swarm->prints_story = true;
        else if (strcmp(argv[i], "--first-failure") == 0)
            swarm->ends_at_failure = true;
        else if (i + 1 >= argc)
            return complain("an option that swarm does not take, or a value is missing behind", argv[i]);
        else if (take_option(swarm, argv[i], argv[i + 1]) != SIM_EXIT_OK)
            return SIM_EXIT_USAGE;
        else
            i++;
    }
    return SIM_EXIT_OK;
}

int sim_swarm_command(int argc, char **argv)
{
    struct swarm *swarm = calloc(1, sizeof *swarm);
    WZP_CHECK(swarm);
    swarm->first = 1;
    swarm->seeds = 100;
    swarm->jobs = 2;
    swarm->seconds = 60;
    swarm->out_dir = "scenarios/regress";
    int status = parse(swarm, argc, argv);
    if (status == SIM_EXIT_OK)
        status = swarm->prints_story ? print_story(swarm) : run_swarm(swarm);
    free(swarm);
    return status;
}
