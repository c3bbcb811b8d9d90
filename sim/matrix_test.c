// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/json_read.h"
#include "sim/matrix.h"
#include "sim/xml_check_test.h"

static double values[12];
static uint8_t failed[12];

/* Two seeds of 3 x 2 cells; the cells' values are 0, 10, 20 ... plus and minus 1. */
static struct sim_matrix *grid(void)
{
    static struct sim_matrix matrix;
    matrix = (struct sim_matrix){
        .file = "call.lua", .first_seed = 5, .seeds = 2, .value = values, .failed = failed};
    matrix.metric = sim_metric_find("freezes");
    assert_null(sim_matrix_add_axis(&matrix, "loss=0%,10%,30%"));
    assert_null(sim_matrix_add_axis(&matrix, "codec=synthetic"));
    assert_null(sim_matrix_add_axis(&matrix, "rtt=40ms,300ms"));
    for (size_t i = 0; i < 12; i++) {
        values[i] = (double)(i / 2) * 10 + (i % 2 ? 1 : -1);
        failed[i] = i == 11;
    }
    return &matrix;
}

static char *text_of(bool (*write)(const struct sim_matrix *, FILE *))
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_true(write(grid(), file));
    fclose(file);
    return text;
}

static bool print(const struct sim_matrix *matrix, FILE *out)
{
    sim_matrix_print(matrix, out);
    return true;
}

static void test_table(void **state)
{
    (void)state;
    char *text = text_of(print);
    assert_string_equal(text, "call.lua: freezes, the worst that anybody met, median of 2 seeds from 5 on\n"
                              "!N: with N of the seeds a judge failed\n"
                              "\ncodec=synthetic\n"
                              "loss \\ rtt                 40ms          300ms\n"
                              "0%                            0             10\n"
                              "10%                          20             30\n"
                              "30%                          40          50 !1\n");
    free(text);
}

static void test_json(void **state)
{
    (void)state;
    struct sim_json json;
    char *text = text_of(sim_matrix_json);
    assert_true(sim_json_parse(&json, text, strlen(text)));
    assert_string_equal(sim_json_text(&json, "cells[3].params.loss"), "10%");
    assert_string_equal(sim_json_text(&json, "cells[3].params.rtt"), "300ms");
    assert_true(fabs(sim_json_number(&json, "cells[3].median") - 30) < 1e-9);
    assert_true(fabs(sim_json_number(&json, "cells[3].values[0]") - 29) < 1e-9);
    assert_true(fabs(sim_json_number(&json, "cells[5].seeds_failed") - 1) < 1e-9);
    assert_true(isnan(sim_json_number(&json, "cells[6].median")));
    sim_json_deinit(&json);
    free(text);
}

static void test_page(void **state)
{
    (void)state;
    char *page = text_of(sim_matrix_page);
    assert_null(xml_check(page));
    assert_int_equal(xml_count(page, "<rect "), 6);
    assert_int_equal(xml_count(page, "fill-opacity=\"0.040\""), 1); /* the best */
    assert_int_equal(xml_count(page, "fill-opacity=\"0.660\""), 1); /* the worst */
    assert_null(strstr(page, "://"));
    free(page);
}

static void test_cells(void **state)
{
    (void)state;
    struct sim_matrix *matrix = grid();
    assert_int_equal(sim_matrix_cells(matrix), 6);
    for (size_t cell = 0; cell < 6; cell++) {
        assert_int_equal(sim_matrix_at(matrix, cell, 0), cell / 2);
        assert_int_equal(sim_matrix_at(matrix, cell, 1), 0);
        assert_int_equal(sim_matrix_at(matrix, cell, 2), cell % 2);
    }
}

static void test_median(void **state)
{
    (void)state;
    static const struct {
        double values[4];
        unsigned seeds;
        double median;
    } rows[] = {{{3}, 1, 3},         {{3, 1}, 2, 2},       {{9, 1, 2}, 3, 2},
                {{NAN, 4, 8}, 3, 6}, {{NAN, NAN}, 2, NAN}, {{4, 1, 3, 2}, 4, 2.5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double copy[4];
        memcpy(copy, rows[i].values, sizeof copy);
        struct sim_matrix matrix = {.seeds = rows[i].seeds, .value = copy};
        double median = sim_matrix_median(&matrix, 0);
        assert_true(isnan(rows[i].median) ? isnan(median) : fabs(median - rows[i].median) < 1e-9);
    }
}

static void test_bad_axes(void **state)
{
    (void)state;
    static const char *const rows[] = {"loss",
                                       "=1",
                                       "loss=",
                                       "loss=1,",
                                       "loss=,1",
                                       "rtt=1",
                                       "a_name_that_is_much_too_long_for_any=1",
                                       "a=a_value_that_is_much_too_long_for_any"};
    struct sim_matrix *matrix = grid();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_non_null(sim_matrix_add_axis(matrix, rows[i]));
    assert_int_equal(matrix->axis_count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_json),   cmocka_unit_test(test_page),
        cmocka_unit_test(test_cells), cmocka_unit_test(test_median), cmocka_unit_test(test_bad_axes),
    };
    return cmocka_run_group_tests_name("sim/matrix", tests, NULL, NULL);
}
