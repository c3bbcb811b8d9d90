// SPDX-License-Identifier: Apache-2.0
/*
 * One scenario with every combination of some parameters' values, over some seeds: a table, a heat map, JSON.
 *
 * Law: a cell is the median over its seeds of the worst that any member or pair met (sim/metric.h); each run
 * is a process of its own and its place in the grid is given before it starts, so that the results are the
 * same whatever the jobs; a run that ends with an error, or crashes, ends the whole with a sentence that
 * names it.
 */
#ifndef WZP_SIM_MATRIX_H
#define WZP_SIM_MATRIX_H

#include <stdint.h>
#include <stdio.h>

#include "sim/metric.h"

#define SIM_MATRIX_AXES_MAX   8
#define SIM_MATRIX_VALUES_MAX 32
#define SIM_MATRIX_RUNS_MAX   100000

struct sim_matrix_axis {
    char key[32];
    char value[SIM_MATRIX_VALUES_MAX][32];
    unsigned count;
};

struct sim_matrix {
    const char *file;
    struct sim_matrix_axis axis[SIM_MATRIX_AXES_MAX];
    unsigned axis_count;
    uint64_t first_seed;
    unsigned seeds, jobs;
    const struct sim_metric *metric;
    const char *out_dir; /* NULL: nothing is written */
    /* cell by cell, the last axis fastest; seed by seed in a cell: */
    double *value;   /* NAN: not measured */
    uint8_t *failed; /* judges that failed */
};

/* "loss=0%,10%,30%" joins the axes; NULL, or why not. */
const char *sim_matrix_add_axis(struct sim_matrix *matrix, const char *text);
size_t sim_matrix_cells(const struct sim_matrix *matrix);
/* Which value of an axis a cell has. */
unsigned sim_matrix_at(const struct sim_matrix *matrix, size_t cell, unsigned axis);
/* Of the seeds that measured something (sim_metric_median). */
double sim_matrix_median(const struct sim_matrix *matrix, size_t cell);

/* Of a matrix that is filled. */
void sim_matrix_print(const struct sim_matrix *matrix, FILE *out);
bool sim_matrix_json(const struct sim_matrix *matrix, FILE *out);
bool sim_matrix_page(const struct sim_matrix *matrix, FILE *out);

/* wzp-sim matrix FILE.lua --set key=value,value ... [--seeds N] [--seed FIRST] [--metric NAME] [--jobs N]
 * [--out DIR]; the status to end with. */
int sim_matrix_command(int argc, char **argv);

#endif
