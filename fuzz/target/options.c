// SPDX-License-Identifier: Apache-2.0
/*
 * A command line: the input is its words, apart by NUL. Every kind of option value, units and addresses among
 * them. Law: what is accepted is within its bounds; an address that was understood is written to what is
 * understood the same; what is refused has a sentence.
 */
#include "run/options.h"
#include "fuzz/fuzz.h"
#include "run/addr_text.h"

#include <string.h>

#define WORDS_MAX 32

static const char *room;
static uint32_t members;
static uint64_t seed, rate_bps;
static int64_t delay_ns;
static double loss, burst;
static bool reorder, quiet;
static struct wzp_addr listen_addr;

/* Numbers only: nobody is asked for a name. */
static const char *parse_addr(const struct wzp_option *option, const char *text)
{
    return wzp_addr_parse(text, option->target);
}

static const struct wzp_option rows[] = {
    {.name = "room", .value = "NAME", .help = "", .parse = wzp_option_text, .target = &room},
    {.name = "members",
     .value = "N",
     .help = "",
     .parse = wzp_option_u32,
     .target = &members,
     .min = 1,
     .max = 64},
    {.name = "seed", .value = "N", .help = "", .parse = wzp_option_u64, .target = &seed},
    {.name = "delay", .value = "T", .help = "", .parse = wzp_option_time, .target = &delay_ns},
    {.name = "rate", .value = "R", .help = "", .parse = wzp_option_rate, .target = &rate_bps},
    {.name = "loss", .value = "P", .help = "", .parse = wzp_option_share, .target = &loss},
    {.name = "burst", .value = "B", .help = "", .parse = wzp_option_number, .target = &burst},
    {.name = "reorder", .value = "0|1", .help = "", .parse = wzp_option_switch, .target = &reorder},
    {.name = "listen", .value = "ADDR", .help = "", .parse = parse_addr, .target = &listen_addr},
    {.name = "quiet", .help = "", .target = &quiet},
};

void fuzz_init(void)
{
}

static void check_values(void)
{
    WZP_CHECK(members <= 64 && delay_ns >= 0);
    WZP_CHECK(loss >= 0 && loss <= 1 && burst >= 0);
    char text[WZP_ADDR_TEXT_MAX];
    struct wzp_addr again;
    wzp_addr_format(&listen_addr, text);
    WZP_CHECK(strlen(text) < sizeof text);
    WZP_CHECK(wzp_addr_parse(text, &again) == NULL && wzp_addr_equal(&again, &listen_addr));
}

int fuzz_one(const uint8_t *data, size_t len)
{
    static char bytes[FUZZ_INPUT_MAX + 1];
    struct wzp_option table[sizeof rows / sizeof *rows];
    char *words[WORDS_MAX + 1] = {NULL}, why[WZP_OPTIONS_WHY_MAX];
    int count = 0;
    memcpy(table, rows, sizeof rows);
    if (len)
        memcpy(bytes, data, len);
    bytes[len] = '\0';
    for (char *at = bytes; at < bytes + len && count < WORDS_MAX; at += strlen(at) + 1)
        words[count++] = at;
    room = "";
    members = 1;
    seed = rate_bps = 0;
    delay_ns = 0;
    loss = burst = 0;
    reorder = quiet = false;
    listen_addr = (struct wzp_addr){.port = 1};
    struct wzp_options options = {"wzp", "", NULL, table, sizeof rows / sizeof *rows};
    if (wzp_options_parse(&options, count, words, why) == WZP_OPTIONS_WRONG)
        WZP_CHECK(why[0] && memchr(why, '\0', sizeof why));
    check_values();
    return 0;
}
