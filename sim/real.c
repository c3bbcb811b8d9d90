// SPDX-License-Identifier: Apache-2.0
#include "sim/real.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "sim/folder.h"
#include "sim/metric.h"

#define RUNS_MAX     9
#define PATH_LEN     512
#define CONCEALED_PT 1.0  /* what is expected: concealed within the larger of a point and half ... */
#define DELAY_MS     30.0 /* ... and mouth to ear within so much */

struct arguments {
    const char *file, *json, *out, *build;
    const char **set;
    unsigned set_count, runs;
    uint64_t seed;
};

static int complain(const char *what, const char *value)
{
    fprintf(stderr, "wzp-sim: real: %s%s%s\n", what, value ? " " : "", value ? value : "");
    return SIM_EXIT_USAGE;
}

/* ---- what was asked for ---- */

/* One option and its value; -1, or the status to end with. */
static int take(struct arguments *arguments, const char *option, const char *value)
{
    uint64_t number;
    if (strcmp(option, "--json") == 0)
        arguments->json = value;
    else if (strcmp(option, "--out") == 0)
        arguments->out = value;
    else if (strcmp(option, "--build") == 0)
        arguments->build = value;
    else if (strcmp(option, "--seed") == 0 && sim_number_parse(value, 0, UINT64_MAX, &number))
        arguments->seed = number;
    else if (strcmp(option, "--runs") == 0 && sim_number_parse(value, 1, RUNS_MAX, &number))
        arguments->runs = (unsigned)number;
    else
        return complain("an option that it does not take, or not with this value:", option);
    return -1;
}

static int parse(struct arguments *arguments, int argc, char **argv)
{
    int status = -1;
    for (int i = 2; i < argc && status < 0; i++) {
        if (strcmp(argv[i], "--set") == 0) {
            while (i + 1 < argc && argv[i + 1][0] != '-')
                arguments->set[arguments->set_count++] = argv[++i];
        } else if (argv[i][0] != '-') {
            if (arguments->file)
                status = complain("more than one scenario:", argv[i]);
            arguments->file = argv[i];
        } else if (i + 1 == argc) {
            status = complain("a value is missing behind", argv[i]);
        } else {
            status = take(arguments, argv[i], argv[i + 1]);
            i++;
        }
    }
    return status < 0 && !arguments->file ? complain("which scenario?", NULL) : status;
}

/* ---- the runs ---- */

static enum sim_exit run_once(const struct arguments *arguments, struct sim_real *real, const char *json_path)
{
    struct sim_run *run = calloc(1, sizeof *run);
    WZP_CHECK(run);
    run->file = arguments->file;
    run->seed = arguments->seed;
    run->set = arguments->set;
    run->set_count = arguments->set_count;
    run->json_path = json_path;
    run->quiet = true;
    run->real = real;
    enum sim_exit exit = sim_run(run);
    free(run);
    return exit;
}

/* The programs stand beside this one unless --build names another tree. */
static bool find_programs(const struct arguments *arguments, char bin[PATH_LEN])
{
    ssize_t len = -1;
    if (arguments->build)
        snprintf(bin, PATH_LEN, "%s/bin", arguments->build);
    else if ((len = readlink("/proc/self/exe", bin, PATH_LEN - 1)) > 0)
        bin[len] = '\0';
    char *slash = len > 0 ? strrchr(bin, '/') : NULL;
    if (slash)
        *slash = '\0';
    char path[PATH_LEN + 16];
    for (unsigned i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", bin, i == 0 ? "wzp-relay" : "wzp-client");
        if (access(path, X_OK) != 0) {
            complain("there is no program", path);
            return false;
        }
    }
    return true;
}

/* The programs pass over a relative XDG_DATA_HOME. */
static bool make_absolute(char dir[PATH_LEN])
{
    char *whole = realpath(dir, NULL);
    bool good = whole && strlen(whole) < PATH_LEN;
    if (good)
        memcpy(dir, whole, strlen(whole) + 1);
    free(whole);
    return good;
}

/* Simulated into simulated.json, then by processes into real-K.json; their files are in real-K/. */
static bool run_all(const struct arguments *arguments, const char *bin, const char *dir)
{
    char json[PATH_LEN + 40], folder[PATH_LEN + 20], data[PATH_LEN + 40];
    struct sim_real held = {.is_live = false};
    snprintf(json, sizeof json, "%s/simulated.json", dir);
    if (run_once(arguments, &held, json) == SIM_EXIT_USAGE)
        return false;
    for (unsigned k = 1; k <= arguments->runs; k++) {
        struct sim_real real = {.bin = bin, .dir = folder, .is_live = true};
        snprintf(folder, sizeof folder, "%s/real-%u", dir, k);
        snprintf(json, sizeof json, "%s/real-%u.json", dir, k);
        snprintf(data, sizeof data, "%s/data", folder);
        if (!sim_folder_make(folder))
            return false;
        setenv("XDG_DATA_HOME", data, 1); /* whom the programs know: nobody from outside */
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "real run %u of %u ...\r", k, arguments->runs);
        if (run_once(arguments, &real, json) == SIM_EXIT_USAGE)
            return false;
    }
    return true;
}

/* ---- side by side ---- */

struct sides {
    struct sim_json simulated, real[RUNS_MAX];
    unsigned runs;
};

/* The member called `name`, and whom of what it hears `speaker` is; -1: not there. */
static double value_of(const struct sim_json *json, const char *metric, const char *name, const char *speaker)
{
    const struct sim_metric *found = sim_metric_find(metric);
    for (unsigned i = 0; i < sim_metric_members(json); i++) {
        const char *own = sim_json_text(json, "members[%u].name", i);
        if (!own || strcmp(own, name) != 0)
            continue;
        if (!speaker)
            return sim_metric_of(json, found, i, 0);
        for (unsigned h = 0; h < sim_metric_hears(json, i); h++) {
            const char *who = sim_json_text(json, "members[%u].hears[%u].speaker", i, h);
            if (who && strcmp(who, speaker) == 0)
                return sim_metric_of(json, found, i, h);
        }
    }
    return NAN;
}

/* The median of the real runs that know it. */
static double real_value(const struct sides *sides, const char *metric, const char *name, const char *speaker)
{
    double value[RUNS_MAX];
    for (unsigned k = 0; k < sides->runs; k++)
        value[k] = value_of(&sides->real[k], metric, name, speaker);
    return sim_metric_median(value, sides->runs);
}

static void print_cell(double value, int decimals)
{
    if (isnan(value))
        printf(" %9s |", "-");
    else
        printf(" %9.*f |", decimals, value);
}

struct column {
    const char *metric, *title;
    int decimals;
};

/* One row; how far apart the two are of each column goes to `real` and `simulated`. */
static void print_row(const struct sides *sides, const struct column *columns, size_t count, const char *name,
                      const char *speaker, double *real, double *simulated)
{
    printf("| %-10s |", name);
    if (speaker)
        printf(" %-10s |", speaker);
    for (size_t i = 0; i < count; i++) {
        real[i] = real_value(sides, columns[i].metric, name, speaker);
        simulated[i] = value_of(&sides->simulated, columns[i].metric, name, speaker);
        print_cell(real[i], columns[i].decimals);
        print_cell(simulated[i], columns[i].decimals);
    }
}

static void print_head(const struct column *columns, size_t count, bool is_of_pairs)
{
    printf("\n| %-10s |", is_of_pairs ? "listener" : "member");
    if (is_of_pairs)
        printf(" %-10s |", "speaker");
    for (size_t i = 0; i < count; i++)
        printf(" %9s | %9s |", columns[i].title, "simulated");
    printf(is_of_pairs ? " within |\n| --- | --- |" : "\n| --- |");
    for (size_t i = 0; i < 2 * count + is_of_pairs; i++)
        printf(" --- |");
    printf("\n");
}

static const struct column HEARD[] = {{"concealed_pct", "conceal %", 2},
                                      {"mouth_to_ear_p50_ms", "p50 ms", 1},
                                      {"mouth_to_ear_p95_ms", "p95 ms", 1}};
static const struct column SENT[] = {
    {"connect_ms", "connect", 0}, {"wire_up_kbps", "kbit/s up", 1}, {"wire_down_kbps", "and down", 1}};
#define HEARD_COUNT 3
#define SENT_COUNT  3

static bool is_within(const double *real, const double *simulated)
{
    double slack = fmax(CONCEALED_PT, simulated[0] / 2);
    return fabs(real[0] - simulated[0]) <= slack && fabs(real[1] - simulated[1]) <= DELAY_MS &&
           fabs(real[2] - simulated[2]) <= DELAY_MS;
}

static void print_judges(const struct sides *sides)
{
    printf("\n");
    for (unsigned i = 0; sim_json_text(&sides->simulated, "judges[%u].name", i); i++) {
        unsigned passed = 0;
        for (unsigned k = 0; k < sides->runs; k++)
            passed += sim_json_number(&sides->real[k], "judges[%u].passed", i) == 1.0;
        bool is_simulated = sim_json_number(&sides->simulated, "judges[%u].passed", i) == 1.0;
        printf("%-9s %-44s real %u of %u, simulated %s\n",
               sim_json_text(&sides->simulated, "judges[%u].kind", i),
               sim_json_text(&sides->simulated, "judges[%u].name", i), passed, sides->runs,
               is_simulated ? "ok" : "failed");
    }
}

static void print_sides(const struct sides *sides, const struct arguments *arguments)
{
    double real[HEARD_COUNT + SENT_COUNT], simulated[HEARD_COUNT + SENT_COUNT];
    const struct sim_json *json = &sides->simulated;
    unsigned count = sim_metric_members(json);
    printf("%s, seed %llu", arguments->file, (unsigned long long)arguments->seed);
    for (unsigned i = 0; i < arguments->set_count; i++)
        printf(" %s", arguments->set[i]);
    printf("; %s%u real run%s beside the simulated one\n", sides->runs > 1 ? "medians of " : "", sides->runs,
           sides->runs > 1 ? "s" : "");
    print_head(HEARD, HEARD_COUNT, true);
    for (unsigned i = 0; i < count; i++)
        for (unsigned h = 0; h < sim_metric_hears(json, i); h++) {
            print_row(sides, HEARD, HEARD_COUNT, sim_json_text(json, "members[%u].name", i),
                      sim_json_text(json, "members[%u].hears[%u].speaker", i, h), real, simulated);
            printf(" %-6s |\n", is_within(real, simulated) ? "yes" : "no");
        }
    print_head(SENT, SENT_COUNT, false);
    for (unsigned i = 0; i < count; i++) {
        print_row(sides, SENT, SENT_COUNT, sim_json_text(json, "members[%u].name", i), NULL, real, simulated);
        printf("\n");
    }
    print_judges(sides);
}

static bool load_sides(struct sides *sides, const char *dir)
{
    char path[PATH_LEN + 40];
    snprintf(path, sizeof path, "%s/simulated.json", dir);
    bool good = sim_json_load(&sides->simulated, path);
    if (!good)
        complain(sides->simulated.why, NULL);
    for (unsigned k = 0; good && k < sides->runs; k++) {
        snprintf(path, sizeof path, "%s/real-%u.json", dir, k + 1);
        good = sim_json_load(&sides->real[k], path);
        if (!good)
            complain(sides->real[k].why, NULL);
    }
    return good;
}

static void copy_file(const char *path, FILE *to)
{
    char bytes[4096];
    FILE *from = fopen(path, "r");
    for (size_t len; from && (len = fread(bytes, 1, sizeof bytes, from)) > 0;)
        fwrite(bytes, 1, len, to);
    if (from)
        fclose(from);
}

/* {"simulated": RESULT, "real": [RESULT, ...]} */
static bool write_sides(const char *file, const char *dir, unsigned runs)
{
    char path[PATH_LEN + 40];
    FILE *to = fopen(file, "w");
    if (!to)
        return complain("cannot write", file), false;
    fprintf(to, "{\"simulated\": ");
    snprintf(path, sizeof path, "%s/simulated.json", dir);
    copy_file(path, to);
    fprintf(to, ", \"real\": [");
    for (unsigned k = 1; k <= runs; k++) {
        snprintf(path, sizeof path, "%s/real-%u.json", dir, k);
        fprintf(to, k > 1 ? ", " : "");
        copy_file(path, to);
    }
    fprintf(to, "]}\n");
    bool good = !ferror(to);
    good = fclose(to) == 0 && good;
    return good ? true : (complain("cannot write", file), false);
}

/* ---- the command ---- */

static int take_away(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int real(const struct arguments *arguments)
{
    char bin[PATH_LEN] = "", dir[PATH_LEN];
    struct sides sides = {.runs = arguments->runs};
    const char *tmp = getenv("TMPDIR");
    if (arguments->out)
        snprintf(dir, sizeof dir, "%s", arguments->out);
    else
        snprintf(dir, sizeof dir, "%s/wzp-real-XXXXXX", tmp ? tmp : "/tmp");
    if (!find_programs(arguments, bin))
        return SIM_EXIT_USAGE;
    if (arguments->out && !sim_folder_make(dir))
        return SIM_EXIT_USAGE;
    if (!arguments->out && !mkdtemp(dir))
        return complain("cannot make the folder", dir);
    if (!make_absolute(dir))
        return complain("cannot use the folder", dir);
    bool good = run_all(arguments, bin, dir) && load_sides(&sides, dir);
    if (good)
        print_sides(&sides, arguments);
    if (good && arguments->json)
        good = write_sides(arguments->json, dir, arguments->runs);
    sim_json_deinit(&sides.simulated);
    for (unsigned k = 0; k < sides.runs; k++)
        sim_json_deinit(&sides.real[k]);
    if (!arguments->out && good) /* else the logs say why */
        nftw(dir, take_away, 16, FTW_DEPTH | FTW_PHYS);
    return good ? SIM_EXIT_OK : SIM_EXIT_USAGE;
}

int sim_real_command(int argc, char **argv)
{
    struct arguments arguments = {.seed = 1, .runs = 1, .set = calloc((size_t)argc + 1, sizeof(char *))};
    WZP_CHECK(arguments.set);
    int status = parse(&arguments, argc, argv);
    if (status < 0)
        status = real(&arguments);
    free(arguments.set);
    return status;
}
