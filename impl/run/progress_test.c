// SPDX-License-Identifier: Apache-2.0
#include "run/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"

static void sizes(void **state)
{
    static const struct {
        double bytes;
        const char *text;
    } ROWS[] = {{0, "0 B"},           {999, "999 B"},      {1000, "1.0 kB"},  {1449, "1.4 kB"},
                {999949, "999.9 kB"}, {999960, "1.0 MB"},  {20e6, "20.0 MB"}, {1.5e9, "1.5 GB"},
                {7e12, "7.0 TB"},     {5e16, "50000.0 TB"}};
    char text[WZP_SIZE_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        wzp_size_format(ROWS[i].bytes, text);
        assert_string_equal(text, ROWS[i].text);
    }
}

static void lines(void **state)
{
    static const struct {
        uint64_t start, size, done;
        int64_t now_ns;
        const char *text;
    } ROWS[] = {
        {0, 1000, 0, 0, "f [>                       ]   0 %  0 B of 1.0 kB  0 B/s  --:-- left"},
        {0, 1000, 500, 2 * WZP_S, "f [============>           ]  50 %  500 B of 1.0 kB  250 B/s  00:02 left"},
        {0, 1000, 1000, 4 * WZP_S,
         "f [========================] 100 %  1.0 kB of 1.0 kB  250 B/s  00:00 left"},
        /* what was there before is not fast */
        {600, 1000, 700, 1 * WZP_S,
         "f [================>       ]  70 %  700 B of 1.0 kB  100 B/s  00:03 left"},
        {0, 20000000, 10000, 10 * WZP_S,
         "f [>                       ]   0 %  10.0 kB of 20.0 MB  1.0 kB/s  5:33:10 left"},
        {0, 0, 0, WZP_S, "f [========================] 100 %  0 B of 0 B  0 B/s  --:-- left"},
    };
    char line[WZP_PROGRESS_LINE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct wzp_progress progress;
        wzp_progress_begin(&progress, "f", ROWS[i].start, ROWS[i].size, 0);
        wzp_progress_line(&progress, ROWS[i].done, ROWS[i].now_ns, line);
        assert_string_equal(line, ROWS[i].text);
    }
}

/* However often it is shown: ten lines a second on a terminal, one in ten seconds elsewhere, none after the
 * end. */
static void rate_of_lines(void **state)
{
    (void)state;
    for (int is_terminal = 0; is_terminal < 2; is_terminal++) {
        struct wzp_progress progress;
        FILE *out = tmpfile();
        char text[8192];
        assert_non_null(out);
        wzp_progress_begin(&progress, "f", 0, 100, 0);
        progress.out = out;
        progress.is_terminal = is_terminal;
        progress.next_ns = is_terminal ? 100 * WZP_MS : 10 * WZP_S;
        for (int64_t now_ns = 0; now_ns < (is_terminal ? 2 : 21) * WZP_S; now_ns += WZP_MS)
            wzp_progress_show(&progress, 50, now_ns);
        wzp_progress_end(&progress);
        wzp_progress_show(&progress, 60, 100 * WZP_S);
        assert_int_equal(wzp_progress_next_at(&progress), WZP_NEVER);
        rewind(out);
        size_t len = fread(text, 1, sizeof text - 1, out);
        text[len] = '\0';
        unsigned shown = 0;
        for (const char *at = text; (at = strstr(at, " 50 % ")); at++)
            shown++;
        assert_int_equal(shown, is_terminal ? 19 : 2);
        assert_null(strstr(text, " 60 % "));
        fclose(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(lines),
        cmocka_unit_test(rate_of_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
