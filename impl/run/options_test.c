// SPDX-License-Identifier: Apache-2.0
#include "run/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"

struct values {
    const char *room;
    uint32_t members;
    uint64_t seed;
    int64_t delay_ns;
    uint64_t rate_bps;
    double loss, burst;
    bool reorder, quiet;
    struct wzp_addr listen;
};

#define ROWS 10

static struct wzp_options make(struct values *values, struct wzp_option table[ROWS])
{
    const struct wzp_option rows[ROWS] = {
        {.name = "room",
         .value = "NAME",
         .help = "room to join",
         .parse = wzp_option_text,
         .target = &values->room,
         .is_required = true},
        {.name = "max-members",
         .value = "N",
         .help = "most members of a room",
         .parse = wzp_option_u32,
         .target = &values->members,
         .min = 1,
         .max = 64},
        {.name = "seed", .value = "N", .help = "seed", .parse = wzp_option_u64, .target = &values->seed},
        {.name = "delay",
         .value = "T",
         .help = "delay",
         .parse = wzp_option_time,
         .target = &values->delay_ns},
        {.name = "rate", .value = "R", .help = "rate", .parse = wzp_option_rate, .target = &values->rate_bps},
        {.name = "loss", .value = "P", .help = "loss", .parse = wzp_option_share, .target = &values->loss},
        {.name = "burst", .value = "B", .parse = wzp_option_number, .target = &values->burst},
        {.name = "reorder",
         .value = "0|1",
         .help = "order",
         .parse = wzp_option_switch,
         .target = &values->reorder},
        {.name = "listen",
         .value = "ADDR",
         .help = "where",
         .parse = wzp_option_addr,
         .target = &values->listen},
        {.name = "quiet", .help = "say less", .target = &values->quiet},
    };
    memset(values, 0, sizeof *values);
    memcpy(table, rows, sizeof rows);
    return (struct wzp_options){"wzp-test", "Tests.", NULL, table, ROWS};
}

/* `line` is cut at its spaces. */
static enum wzp_options_result parse(struct wzp_options *options, const char *line, char *why)
{
    static char copy[512];
    char *argv[32];
    int argc = 0;
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return wzp_options_parse(options, argc, argv, why);
}

static void takes_both_forms(void **state)
{
    static const char *const LINES[] = {
        "--room a --max-members 64 --seed 7 --delay 40ms --rate 1mbit --loss 30% --burst 2.5 --reorder 1 "
        "--listen [::1]:9 --quiet",
        "--quiet --listen=[::1]:9 --reorder=1 --burst=2.5 --loss=0.3 --rate=1000kbit --delay=0.04s --seed=7 "
        "--max-members=64 --room=b --room=a",
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct values values;
        struct wzp_option table[ROWS];
        struct wzp_options options = make(&values, table);
        char why[WZP_OPTIONS_WHY_MAX];
        if (parse(&options, LINES[i], why) != WZP_OPTIONS_OK)
            fail_msg("%s", why);
        assert_string_equal(values.room, "a");
        assert_int_equal(values.members, 64);
        assert_int_equal(values.seed, 7);
        assert_int_equal(values.delay_ns, 40000000);
        assert_int_equal(values.rate_bps, 1000000);
        assert_true(values.loss == 0.3 && values.burst == 2.5);
        assert_true(values.reorder && values.quiet);
        assert_int_equal(values.listen.port, 9);
        assert_true(table[2].is_given);
    }
}

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *line, *why;
    } LINES[] = {
        {"", "--room NAME is missing"},
        {"--room", "--room needs a value: --room NAME"},
        {"--room --quiet", "--room needs a value: --room NAME"},
        {"--room=", "--room '' is not valid: it is empty"},
        {"--rom x", "there is no option --rom; did you mean --room?"},
        {"--max-member=3", "there is no option --max-member; did you mean --max-members?"},
        {"--hepl", "there is no option --hepl; did you mean --help?"},
        {"--bandwidth 3", "there is no option --bandwidth; --help lists those there are"},
        {"--=3", "there is no option --; --help lists those there are"},
        {"room", "'room' is not an option; options begin with --"},
        {"-r", "'-r' is not an option; options begin with --"},
        {"--", "'--' is not an option; options begin with --"},
        {"--quiet=1", "--quiet takes no value"},
        {"--max-members 0", "--max-members '0' is not valid: it is too small"},
        {"--max-members 65", "--max-members '65' is not valid: it is too large"},
        {"--max-members 4294967297", "--max-members '4294967297' is not valid: it is too large"},
        {"--max-members x", "--max-members 'x' is not valid: it must be a whole number"},
        {"--reorder 2", "--reorder '2' is not valid: it must be 0 or 1"},
        {"--loss 30", "--loss '30' is not valid: a share is a number from 0 to 1, or from 0% to 100%"},
        {"--listen 1.2.3.4", "--listen '1.2.3.4' is not valid: a port is missing; write HOST:PORT"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        struct values values;
        struct wzp_option table[ROWS];
        struct wzp_options options = make(&values, table);
        char why[WZP_OPTIONS_WHY_MAX];
        assert_int_equal(parse(&options, LINES[i].line, why), WZP_OPTIONS_WRONG);
        assert_string_equal(why, LINES[i].why);
    }
}

static void takes_one_word(void **state)
{
    static const struct {
        const char *line, *why;
    } LINES[] = {
        {"--quiet file", NULL},
        {"file --quiet", NULL},
        {"-file", NULL},
        {"--quiet", "FILE is missing"},
        {"file another", "'another' is not an option; options begin with --"},
        {"file --FILE x", "there is no option --FILE; --help lists those there are"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        const char *file = NULL;
        bool quiet = false;
        struct wzp_option table[] = {
            {.name = "FILE", .parse = wzp_option_text, .target = &file, .is_required = true, .is_word = true},
            {.name = "quiet", .help = "say less", .target = &quiet},
        };
        struct wzp_options options = {"wzp-test", "Tests.", NULL, table, 2};
        char why[WZP_OPTIONS_WHY_MAX], *text;
        size_t len;
        assert_int_equal(parse(&options, LINES[i].line, why),
                         LINES[i].why ? WZP_OPTIONS_WRONG : WZP_OPTIONS_OK);
        assert_string_equal(why, LINES[i].why ? LINES[i].why : "");
        if (!LINES[i].why)
            assert_non_null(strstr(file, "file"));
        FILE *out = open_memstream(&text, &len);
        wzp_options_help(&options, out);
        fclose(out);
        assert_non_null(strstr(text, "usage: wzp-test [OPTION]... FILE\n"));
        assert_null(strstr(text, "--FILE"));
        free(text);
    }
}

static void bounds_what_it_repeats(void **state)
{
    struct values values;
    struct wzp_option table[ROWS];
    struct wzp_options options = make(&values, table);
    char why[WZP_OPTIONS_WHY_MAX], word[2000] = "--";
    char *argv[] = {word};
    (void)state;
    memset(word + 2, 'x', sizeof word - 3);
    assert_int_equal(wzp_options_parse(&options, 1, argv, why), WZP_OPTIONS_WRONG);
    assert_true(strlen(why) < 200);
}

static void help_comes_from_the_table(void **state)
{
    struct values values;
    struct wzp_option table[ROWS];
    struct wzp_options options = make(&values, table);
    char why[WZP_OPTIONS_WHY_MAX], *text;
    size_t len;
    (void)state;
    assert_int_equal(parse(&options, "--room a --help --nonsense", why), WZP_OPTIONS_HELP);
    assert_int_equal(parse(&options, "--version", why), WZP_OPTIONS_VERSION);
    FILE *out = open_memstream(&text, &len);
    wzp_options_help(&options, out);
    fclose(out);
    assert_non_null(strstr(text, "usage: wzp-test --room NAME [OPTION]..."));
    for (size_t i = 0; i < ROWS; i++)
        assert_int_equal(strstr(text, table[i].name) != NULL, table[i].help != NULL);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_both_forms),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(takes_one_word),
        cmocka_unit_test(bounds_what_it_repeats),
        cmocka_unit_test(help_comes_from_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
