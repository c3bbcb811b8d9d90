// SPDX-License-Identifier: Apache-2.0
/* wzp-sim matrix: fills the grid, one process a run. */
#include "base/check.h"
#include "sim/folder.h"
#include "sim/matrix.h"
#include "sim/run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_MAX 64

struct job {
    pid_t pid; /* 0: free */
    size_t run;
};

struct field {
    struct sim_matrix *matrix;
    struct job job[JOBS_MAX];
    char folder[64]; /* where the runs leave their results */
    size_t next, done, count;
    int status;
};

static int complain(const char *sentence, const char *what)
{
    fprintf(stderr, "wzp-sim matrix: %s%s%s\n", sentence, what ? " " : "", what ? what : "");
    return SIM_EXIT_USAGE;
}

static void result_path(const struct field *field, size_t run, char path[128])
{
    snprintf(path, 128, "%s/%zu.json", field->folder, run);
}

/* The run as a process of its own; never returns. */
static void run_one(const struct field *field, size_t index)
{
    const struct sim_matrix *matrix = field->matrix;
    const char *set[SIM_MATRIX_AXES_MAX];
    char text[SIM_MATRIX_AXES_MAX][68], path[128];
    struct sim_run *run = calloc(1, sizeof *run);
    WZP_CHECK(run);
    for (unsigned i = 0; i < matrix->axis_count; i++) {
        snprintf(text[i], sizeof text[i], "%s=%s", matrix->axis[i].key,
                 matrix->axis[i].value[sim_matrix_at(matrix, index / matrix->seeds, i)]);
        set[i] = text[i];
    }
    result_path(field, index, path);
    run->file = matrix->file;
    run->seed = matrix->first_seed + index % matrix->seeds;
    run->set = set;
    run->set_count = matrix->axis_count;
    run->json_path = path;
    run->quiet = true;
    int status = (int)sim_run(run);
    fflush(NULL);
    _exit(status);
}

static void name_run(const struct field *field, size_t index, char *name, size_t room)
{
    const struct sim_matrix *matrix = field->matrix;
    unsigned long long seed = matrix->first_seed + index % matrix->seeds;
    size_t len = (size_t)snprintf(name, room, "--seed %llu", seed);
    for (unsigned i = 0; i < matrix->axis_count && len < room; i++)
        len += (size_t)snprintf(name + len, room - len, " %s%s=%s", i == 0 ? "--set " : "",
                                matrix->axis[i].key,
                                matrix->axis[i].value[sim_matrix_at(matrix, index / matrix->seeds, i)]);
}

static void take_result(struct field *field, size_t index, int status)
{
    struct sim_matrix *matrix = field->matrix;
    struct sim_json json = {0};
    char path[128], name[SIM_MATRIX_AXES_MAX * 66 + 40];
    result_path(field, index, path);
    name_run(field, index, name, sizeof name);
    if (!WIFEXITED(status)) {
        complain("a run crashed:", name);
        field->status = SIM_EXIT_SAFETY;
    } else if (WEXITSTATUS(status) == SIM_EXIT_USAGE) {
        field->status = complain("a run ended with an error:", name);
    } else if (!sim_json_load(&json, path)) {
        field->status = complain(json.why, NULL);
    } else {
        matrix->value[index] = sim_metric_worst(&json, matrix->metric);
        matrix->failed[index] = WEXITSTATUS(status) != SIM_EXIT_OK;
    }
    sim_json_deinit(&json);
    unlink(path);
    field->done++;
}

static void start_job(struct field *field, struct job *job)
{
    fflush(NULL);
    job->run = field->next++;
    job->pid = fork();
    if (job->pid == 0)
        run_one(field, job->run);
    if (job->pid > 0)
        return;
    field->status = complain("cannot start a process:", strerror(errno));
    job->pid = 0;
}

static void await_job(struct field *field)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    for (unsigned i = 0; pid > 0 && i < field->matrix->jobs; i++)
        if (field->job[i].pid == pid) {
            take_result(field, field->job[i].run, status);
            field->job[i].pid = 0;
        }
}

static int fill(struct field *field)
{
    bool shows = isatty(STDERR_FILENO);
    for (;;) {
        unsigned running = 0;
        for (unsigned i = 0; i < field->matrix->jobs; i++) {
            if (!field->job[i].pid && field->next < field->count && field->status == SIM_EXIT_OK)
                start_job(field, &field->job[i]);
            running += field->job[i].pid != 0;
        }
        if (running == 0)
            break;
        await_job(field);
        if (shows)
            fprintf(stderr, "\r%zu of %zu runs ", field->done, field->count);
    }
    if (shows)
        fprintf(stderr, "\r%40s\r", "");
    return field->status;
}

static bool write_file(const struct sim_matrix *matrix, const char *name,
                       bool (*write)(const struct sim_matrix *matrix, FILE *out))
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", matrix->out_dir, name);
    FILE *file = fopen(path, "w");
    bool good = file && write(matrix, file);
    if (file)
        good = fclose(file) == 0 && good;
    if (!good)
        complain("cannot write", path);
    return good;
}

static int run_all(struct sim_matrix *matrix)
{
    struct field field = {.matrix = matrix, .folder = "/tmp/wzp-matrix-XXXXXX"};
    field.count = sim_matrix_cells(matrix) * matrix->seeds;
    if (field.count > SIM_MATRIX_RUNS_MAX)
        return complain("too many runs: values times seeds are at most 100000", NULL);
    if (matrix->out_dir && !sim_folder_make(matrix->out_dir))
        return SIM_EXIT_USAGE;
    if (!mkdtemp(field.folder))
        return complain("cannot make a folder in /tmp:", strerror(errno));
    matrix->value = calloc(field.count, sizeof *matrix->value);
    matrix->failed = calloc(field.count, sizeof *matrix->failed);
    WZP_CHECK(matrix->value && matrix->failed);
    int status = fill(&field);
    rmdir(field.folder);
    if (status == SIM_EXIT_OK) {
        sim_matrix_print(matrix, stdout);
        if (matrix->out_dir && (!write_file(matrix, "matrix.json", sim_matrix_json) ||
                                !write_file(matrix, "index.html", sim_matrix_page)))
            status = SIM_EXIT_USAGE;
    }
    free(matrix->value);
    free(matrix->failed);
    return status;
}

/* 0, or the status to end with. */
static int parse(struct sim_matrix *matrix, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const char *option = argv[i], *why = NULL;
        uint64_t number = 0;
        if (option[0] != '-') {
            if (matrix->file)
                return complain("more than one scenario:", option);
            matrix->file = option;
            continue;
        }
        if (i + 1 >= argc || argv[i + 1][0] == '-')
            return complain("a value is missing behind", option);
        if (strcmp(option, "--set") == 0) {
            while (i + 1 < argc && argv[i + 1][0] != '-' && !why)
                why = sim_matrix_add_axis(matrix, argv[++i]);
            if (why)
                return complain(why, argv[i]);
            continue;
        }
        const char *value = argv[++i];
        if (strcmp(option, "--metric") == 0 && !(matrix->metric = sim_metric_find(value)))
            return complain("no such measure (docs/sim.md lists them):", value);
        else if (strcmp(option, "--out") == 0)
            matrix->out_dir = value;
        else if (strcmp(option, "--seeds") == 0 && sim_number_parse(value, 1, 10000, &number))
            matrix->seeds = (unsigned)number;
        else if (strcmp(option, "--jobs") == 0 && sim_number_parse(value, 1, JOBS_MAX, &number))
            matrix->jobs = (unsigned)number;
        else if (strcmp(option, "--seed") == 0 && sim_number_parse(value, 0, UINT64_MAX, &number))
            matrix->first_seed = number;
        else if (strcmp(option, "--metric") != 0)
            return complain("an option that matrix does not take, or not with this value:", option);
    }
    return matrix->file ? SIM_EXIT_OK : complain("which scenario?", NULL);
}

int sim_matrix_command(int argc, char **argv)
{
    struct sim_matrix *matrix = calloc(1, sizeof *matrix);
    WZP_CHECK(matrix);
    matrix->first_seed = matrix->seeds = 1;
    matrix->jobs = 2;
    matrix->metric = sim_metric_find("concealed_pct");
    int status = parse(matrix, argc, argv);
    if (status == SIM_EXIT_OK)
        status = run_all(matrix);
    free(matrix);
    return status;
}
