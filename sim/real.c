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
    unsigned set_count, runs, seeds;
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
    else if (strcmp(option, "--seeds") == 0 && sim_number_parse(value, 1, RUNS_MAX, &number))
        arguments->seeds = (unsigned)number;
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
    arguments->seeds = arguments->seeds ? arguments->seeds : arguments->runs;
    return status < 0 && !arguments->file ? complain("which scenario?", NULL) : status;
}

/* ---- the runs ---- */

static enum sim_exit run_once(const struct arguments *arguments, uint64_t seed, struct sim_real *real,
                              const char *json_path)
{
    struct sim_run *run = calloc(1, sizeof *run);
    WZP_CHECK(run);
    run->file = arguments->file;
    run->seed = seed;
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

/* Simulated into simulated-K.json, then by processes into real-K.json; their files are in real-K/. Both begin
 * with the first seed, and go on with the next ones; there may be more runs by processes than seeds. */
static bool run_all(const struct arguments *arguments, const char *bin, const char *dir)
{
    char json[PATH_LEN + 40], folder[PATH_LEN + 20], data[PATH_LEN + 40];
    for (unsigned k = 0; k < arguments->seeds; k++) {
        struct sim_real held = {.is_live = false};
        snprintf(json, sizeof json, "%s/simulated-%u.json", dir, k + 1);
        if (run_once(arguments, arguments->seed + k, &held, json) == SIM_EXIT_USAGE)
            return false;
    }
    for (unsigned k = 0; k < arguments->runs; k++) {
        struct sim_real real = {.bin = bin, .dir = folder, .is_live = true};
        snprintf(folder, sizeof folder, "%s/real-%u", dir, k + 1);
        snprintf(json, sizeof json, "%s/real-%u.json", dir, k + 1);
        snprintf(data, sizeof data, "%s/data", folder);
        if (!sim_folder_make(folder))
            return false;
        setenv("XDG_DATA_HOME", data, 1); /* whom the programs know: nobody from outside */
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "real run %u of %u ...\r", k + 1, arguments->runs);
        if (run_once(arguments, arguments->seed + k % arguments->seeds, &real, json) == SIM_EXIT_USAGE)
            return false;
    }
    return true;
}

/* ---- side by side ---- */

struct side {
    const char *name;
    struct sim_json run[RUNS_MAX];
    unsigned count;
};

struct sides {
    struct side real, simulated;
};

/* Of the runs that know it. */
struct spread {
    double median, least, most;
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

static struct spread spread_of(const struct side *side, const char *metric, const char *name,
                               const char *speaker)
{
    double value[RUNS_MAX];
    struct spread spread = {NAN, NAN, NAN};
    for (unsigned k = 0; k < side->count; k++) {
        value[k] = value_of(&side->run[k], metric, name, speaker);
        spread.least = fmin(spread.least, value[k]);
        spread.most = fmax(spread.most, value[k]);
    }
    spread.median = sim_metric_median(value, side->count);
    return spread;
}

#define CELL_LEN 48

/* The median, and from where to where it is when there were several runs. */
static void print_cell(const struct side *side, const struct spread *spread, int decimals)
{
    char cell[CELL_LEN];
    if (isnan(spread->median))
        snprintf(cell, sizeof cell, "-");
    else if (side->count == 1)
        snprintf(cell, sizeof cell, "%.*f", decimals, spread->median);
    else
        snprintf(cell, sizeof cell, "%.*f (%.*f..%.*f)", decimals, spread->median, decimals, spread->least,
                 decimals, spread->most);
    printf(" %*s |", side->count == 1 ? 9 : 19, cell);
}

struct column {
    const char *metric, *title;
    int decimals;
};

/* One row; what it shows goes to `real` and `simulated`. */
static void print_row(const struct sides *sides, const struct column *columns, size_t count, const char *name,
                      const char *speaker, struct spread *real, struct spread *simulated)
{
    printf("| %-10s |", name);
    if (speaker)
        printf(" %-10s |", speaker);
    for (size_t i = 0; i < count; i++) {
        real[i] = spread_of(&sides->real, columns[i].metric, name, speaker);
        simulated[i] = spread_of(&sides->simulated, columns[i].metric, name, speaker);
        print_cell(&sides->real, &real[i], columns[i].decimals);
        print_cell(&sides->simulated, &simulated[i], columns[i].decimals);
    }
}

static void print_head(const struct sides *sides, const struct column *columns, size_t count,
                       bool is_of_pairs)
{
    int width[2] = {sides->real.count == 1 ? 9 : 19, sides->simulated.count == 1 ? 9 : 19};
    printf("\n| %-10s |", is_of_pairs ? "listener" : "member");
    if (is_of_pairs)
        printf(" %-10s |", "speaker");
    for (size_t i = 0; i < count; i++)
        printf(" %*s | %*s |", width[0], columns[i].title, width[1], "simulated");
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

/* Of the medians: as near as is expected ("yes"), or each at least among the simulated ones, which other luck
 * alone moves as far ("spread"). */
static const char *within(const struct sides *sides, const struct spread *real,
                          const struct spread *simulated)
{
    double slack[HEARD_COUNT] = {fmax(CONCEALED_PT, simulated[0].median / 2), DELAY_MS, DELAY_MS};
    bool is_near = true, is_among = sides->simulated.count > 1;
    for (unsigned i = 0; i < HEARD_COUNT; i++) {
        bool near = fabs(real[i].median - simulated[i].median) <= slack[i];
        is_near = is_near && near;
        is_among = is_among &&
                   (near || (real[i].median >= simulated[i].least && real[i].median <= simulated[i].most));
    }
    return is_near ? "yes" : is_among ? "spread" : "no";
}

static unsigned passed(const struct side *side, unsigned judge)
{
    unsigned count = 0;
    for (unsigned k = 0; k < side->count; k++)
        count += sim_json_number(&side->run[k], "judges[%u].passed", judge) == 1.0;
    return count;
}

static void print_judges(const struct sides *sides)
{
    const struct side *simulated = &sides->simulated;
    printf("\n");
    for (unsigned i = 0; sim_json_text(simulated->run, "judges[%u].name", i); i++) {
        printf("%-9s %-44s real %u of %u, simulated ", sim_json_text(simulated->run, "judges[%u].kind", i),
               sim_json_text(simulated->run, "judges[%u].name", i), passed(&sides->real, i),
               sides->real.count);
        if (simulated->count == 1)
            printf("%s\n", passed(simulated, i) ? "ok" : "failed");
        else
            printf("%u of %u\n", passed(simulated, i), simulated->count);
    }
}

static void print_sides(const struct sides *sides, const struct arguments *arguments)
{
    struct spread real[HEARD_COUNT + SENT_COUNT], simulated[HEARD_COUNT + SENT_COUNT];
    const struct sim_json *json = sides->simulated.run;
    unsigned count = sim_metric_members(json), runs = sides->real.count, seeds = sides->simulated.count;
    printf("%s, seed %llu", arguments->file, (unsigned long long)arguments->seed);
    for (unsigned i = 0; i < arguments->set_count; i++)
        printf(" %s", arguments->set[i]);
    if (runs > 1 || seeds > 1)
        printf("; medians (least..most) of %u real run%s beside %u simulated one%s, a seed each\n", runs,
               runs > 1 ? "s" : "", seeds, seeds > 1 ? "s" : "");
    else
        printf("; 1 real run beside the simulated one\n");
    print_head(sides, HEARD, HEARD_COUNT, true);
    for (unsigned i = 0; i < count; i++)
        for (unsigned h = 0; h < sim_metric_hears(json, i); h++) {
            print_row(sides, HEARD, HEARD_COUNT, sim_json_text(json, "members[%u].name", i),
                      sim_json_text(json, "members[%u].hears[%u].speaker", i, h), real, simulated);
            printf(" %-6s |\n", within(sides, real, simulated));
        }
    print_head(sides, SENT, SENT_COUNT, false);
    for (unsigned i = 0; i < count; i++) {
        print_row(sides, SENT, SENT_COUNT, sim_json_text(json, "members[%u].name", i), NULL, real, simulated);
        printf("\n");
    }
    print_judges(sides);
}

static bool load_side(struct side *side, const char *dir)
{
    char path[PATH_LEN + 40];
    for (unsigned k = 0; k < side->count; k++) {
        snprintf(path, sizeof path, "%s/%s-%u.json", dir, side->name, k + 1);
        if (!sim_json_load(&side->run[k], path)) {
            complain(side->run[k].why, NULL);
            return false;
        }
    }
    return true;
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

static void write_side(const struct side *side, const char *dir, FILE *to)
{
    char path[PATH_LEN + 40];
    fprintf(to, "\"%s\": [", side->name);
    for (unsigned k = 1; k <= side->count; k++) {
        snprintf(path, sizeof path, "%s/%s-%u.json", dir, side->name, k);
        fprintf(to, k > 1 ? ", " : "");
        copy_file(path, to);
    }
    fprintf(to, "]");
}

/* {"simulated": [RESULT, ...], "real": [RESULT, ...]} */
static bool write_sides(const char *file, const char *dir, const struct sides *sides)
{
    FILE *to = fopen(file, "w");
    if (!to)
        return complain("cannot write", file), false;
    fprintf(to, "{");
    write_side(&sides->simulated, dir, to);
    fprintf(to, ", ");
    write_side(&sides->real, dir, to);
    fprintf(to, "}\n");
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
    struct sides sides = {{.name = "real", .count = arguments->runs},
                          {.name = "simulated", .count = arguments->seeds}};
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
    bool good = run_all(arguments, bin, dir) && load_side(&sides.simulated, dir) &&
                load_side(&sides.real, dir);
    if (good)
        print_sides(&sides, arguments);
    if (good && arguments->json)
        good = write_sides(arguments->json, dir, &sides);
    for (unsigned k = 0; k < RUNS_MAX; k++) {
        sim_json_deinit(&sides.simulated.run[k]);
        sim_json_deinit(&sides.real.run[k]);
    }
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
