// SPDX-License-Identifier: Apache-2.0
/* wzp-sim: replays scenarios in virtual time. */
#include "sim/compare.h"
#include "sim/matrix.h"
#include "sim/real.h"
#include "sim/run.h"
#include "sim/swarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: wzp-sim run FILE.lua [--seed N] [--set key=value ...]... [--json FILE] [--out DIR] [--quiet]\n"
    "       wzp-sim compare A.json B.json [--out FILE.html]\n"
    "       wzp-sim matrix FILE.lua --set key=value,value,... ... [--seeds N] [--seed FIRST]\n"
    "                      [--metric NAME] [--jobs N] [--out DIR]\n"
    "       wzp-sim real FILE.lua [--seed N] [--set key=value ...]... [--runs N] [--seeds N] [--json FILE]\n"
    "                      [--out DIR] [--build DIR]\n"
    "       wzp-sim tc FILE.lua [--seed N] [--set key=value ...]...\n"
    "       wzp-sim swarm [--seeds N] [--first SEED] [--seconds S] [--jobs N] [--minutes N] [--out DIR]\n"
    "                     [--hashes] [--story] [--first-failure]\n"
    "\n"
    "run replays a scenario: the real client and relay code over simulated links, in virtual time.\n"
    "compare says what differs between two results; matrix runs a scenario for every combination of values\n"
    "and shows the median over seeds of the worst that anybody met.\n"
    "real runs it with the programs beside wzp-sim (or in DIR/bin) over the same links on this machine, in "
    "real\n"
    "time, and prints what they measured beside what is simulated.\n"
    "tc prints its links as tc commands, for a kernel with netem.\n"
    "swarm makes up a scenario a seed, runs them all, and shrinks and writes what fails.\n"
    "\n"
    "  --seed N          the seed of everything random, 1 by default\n"
    "  --set key=value   one or more parameters of the scenario; may be repeated\n"
    "  --json FILE       writes the result as JSON, whatever the verdict\n"
    "  --out DIR         writes what each said and heard (WAV), result.json, index.html and capture.pcap\n"
    "  --quiet           prints nothing but errors\n"
    "  --metric NAME     a measure of docs/sim.md, concealed_pct by default\n"
    "  --jobs N          processes at once, 2 by default; the results are the same\n"
    "  --first SEED      of the swarm's, 1 by default; --seeds 100, of --seconds 60 each, --out "
    "scenarios/regress\n"
    "  --minutes N       no seed is begun after that\n"
    "  --first-failure   none is begun after one failed\n"
    "  --hashes          prints seeds and their trace hashes; --story prints the scenario of the first\n"
    "\n"
    "Units as in tc: ns us ms s min; bit kbit mbit; shares as 0..1 or 30%. An unknown key lists those there "
    "are.\n"
    "exit: 0 ok, 1 usage or script error, 2 safety, 3 liveness, 4 quality. docs/sim.md\n";

static int fail(const char *what, const char *value)
{
    fprintf(stderr, "wzp-sim: %s%s%s\n(wzp-sim --help says more)\n", what, value ? " " : "",
            value ? value : "");
    return SIM_EXIT_USAGE;
}

/* The value behind an option, or NULL. */
static const char *value_of(int argc, char **argv, int *i)
{
    return *i + 1 < argc ? argv[++*i] : NULL;
}

/* Reads the command line into `run`; -1, or the status to end with. `set` has room for every word. */
static int parse(struct sim_run *run, const char **set, int argc, char **argv)
{
    int status = -1;
    for (int i = 2; i < argc && status < 0; i++) {
        const char *option = argv[i], *value = NULL;
        if (option[0] != '-') {
            if (run->file)
                status = fail("more than one scenario:", option);
            run->file = option;
        } else if (strcmp(option, "--quiet") == 0) {
            run->quiet = true;
        } else if (strcmp(option, "--set") == 0) {
            if (i + 1 >= argc || argv[i + 1][0] == '-')
                status = fail("--set needs key=value", NULL);
            while (i + 1 < argc && argv[i + 1][0] != '-')
                set[run->set_count++] = argv[++i];
        } else if (strcmp(option, "--seed") != 0 && strcmp(option, "--json") != 0 &&
                   strcmp(option, "--out") != 0) {
            status = fail("unknown option", option);
        } else if (!(value = value_of(argc, argv, &i))) {
            status = fail("a value is missing behind", option);
        } else if (strcmp(option, "--json") == 0) {
            run->json_path = value;
        } else if (strcmp(option, "--out") == 0) {
            run->out_dir = value;
        } else if (!sim_number_parse(value, 0, UINT64_MAX, &run->seed)) {
            status = fail("--seed needs a whole number, not", value);
        }
    }
    return status < 0 && !run->file ? fail("which scenario?", NULL) : status;
}

static int run_command(int argc, char **argv)
{
    struct sim_run *run = calloc(1, sizeof *run);
    const char **set = calloc((size_t)argc + 1, sizeof *set);
    int status = SIM_EXIT_USAGE;
    if (run && set) {
        run->seed = 1;
        run->set = set;
        run->prints_tc = strcmp(argv[1], "tc") == 0;
        status = parse(run, set, argc, argv);
        if (status < 0)
            status = (int)sim_run(run);
    } else {
        fail("out of memory", NULL);
    }
    free(set);
    free(run);
    return status;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        return fail("libsodium does not start", NULL);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return SIM_EXIT_OK;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("wzp-sim, wire format %d\n", WZP_VERSION);
        return SIM_EXIT_OK;
    }
    static const struct {
        const char *name;
        int (*command)(int argc, char **argv);
    } commands[] = {
        {"run", run_command},           {"tc", run_command},          {"compare", sim_compare_command},
        {"matrix", sim_matrix_command}, {"swarm", sim_swarm_command}, {"real", sim_real_command}};
    size_t chosen = 0, count = sizeof commands / sizeof *commands;
    while (chosen < count && (argc < 2 || strcmp(argv[1], commands[chosen].name) != 0))
        chosen++;
    if (chosen == count)
        return fail("the command is one of: run, tc, compare, matrix, swarm, real", NULL);
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return SIM_EXIT_OK;
        }
    return commands[chosen].command(argc, argv);
}
