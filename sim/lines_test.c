// SPDX-License-Identifier: Apache-2.0
/* Telemetry read back: what run/telemetry.h writes adds up to what was written, whole and in parts. */
#include "sim/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "run/telemetry.h"

#define ANNA "0123:4567:89ab:cdef:0123:4567:89ab:cdef"
#define BEN  "ffff:4567:89ab:cdef:0123:4567:89ab:cdef"

/* Second k (from 1): of ben 100 - k received and k concealed from the second one on, anna's 10 silent in the
 * third. */
static char *written(size_t *len)
{
    char *text;
    FILE *out = open_memstream(&text, len);
    assert_non_null(out);
    for (unsigned k = 1; k <= 4; k++) {
        const struct wzp_telemetry_heard heard[] = {
            {.who = BEN, .pieces = {.received = 100 - k, .concealed = k}},
            {.who = ANNA, .pieces = {.silence = 10}}};
        struct wzp_telemetry_line line = {.at_ns = k * WZP_S,
                                          .since_ns = (k - 1) * WZP_S,
                                          .facts.is_joined = k > 1,
                                          .heard = heard,
                                          .heard_count = k == 1   ? 0
                                                         : k == 3 ? 2
                                                                  : 1};
        assert_true(wzp_telemetry_write(out, &line));
    }
    fclose(out);
    return text;
}

static void sums_are_those_written(void **state)
{
    (void)state;
    static const struct {
        const char *who;
        int64_t from_ns, to_ns;
        double played, concealed, all;
    } rows[] = {
        {BEN, 0, 4 * WZP_S, 98 + 97 + 96, 2 + 3 + 4, 300},
        {BEN, 0, WZP_S, 0, 0, 0},
        {BEN, WZP_S, 2 * WZP_S, 98, 2, 100},
        {BEN, 2500 * WZP_MS, 3500 * WZP_MS, 48.5 + 48, 1.5 + 2, 100},
        {BEN, 3 * WZP_S, 90 * WZP_S, 96, 4, 100},
        {BEN, 4 * WZP_S, 90 * WZP_S, 0, 0, 0},
        {ANNA, 0, 4 * WZP_S, 0, 0, 10},
        {"nobody", 0, 4 * WZP_S, 0, 0, 0},
    };
    size_t len;
    char *text = written(&len);
    struct sim_lines lines;
    assert_true(sim_lines_parse(&lines, text, len));
    assert_int_equal(lines.count, 4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_pieces sum = {0};
        sim_lines_add(&lines, rows[i].who, rows[i].from_ns, rows[i].to_ns, &sum);
        assert_float_equal(sim_pieces_played(&sum), rows[i].played, 1e-9);
        assert_float_equal(sum.concealed, rows[i].concealed, 1e-9);
        assert_float_equal(sim_pieces_all(&sum), rows[i].all, 1e-9);
    }
    assert_int_equal(sim_lines_joined_ns(&lines), 2 * WZP_S);
    assert_int_equal(sim_lines_first_media_ns(&lines), 2 * WZP_S);
    sim_lines_deinit(&lines);
    free(text);
}

/* A process that is killed ends in the middle of a line. */
static void a_cut_line_counts_for_nothing(void **state)
{
    (void)state;
    size_t len, whole = 0;
    char *text = written(&len);
    for (size_t cut = 0; cut <= len; cut++) {
        struct sim_lines lines;
        assert_true(sim_lines_parse(&lines, text, cut));
        assert_int_equal(lines.count, whole);
        sim_lines_deinit(&lines);
        whole += cut < len && text[cut] == '\n';
    }
    assert_int_equal(whole, 4);
    free(text);
}

static void what_is_no_telemetry_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"x\n", "{}\n", "{\"t_s\": 1}\n",
                                        "{\"t_s\": null, \"state\": \"joined\"}\n", "\n"};
    struct sim_lines lines;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_false(sim_lines_parse(&lines, texts[i], strlen(texts[i])));
        assert_string_equal(lines.why, "line 1 of telemetry is none");
        sim_lines_deinit(&lines);
    }
    assert_true(sim_lines_load(&lines, "no/such/file"));
    assert_int_equal(lines.count, 0);
    assert_int_equal(sim_lines_joined_ns(&lines), WZP_NEVER);
    sim_lines_deinit(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sums_are_those_written),
                                       cmocka_unit_test(a_cut_line_counts_for_nothing),
                                       cmocka_unit_test(what_is_no_telemetry_is_refused)};
    return cmocka_run_group_tests_name("sim/lines", tests, NULL, NULL);
}
