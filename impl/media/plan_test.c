// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "media/plan.h"

#include <stdio.h>
#include <string.h>

#define CAP_BPS        24000
#define CLEAN_PERMILLE 987.0 /* intelligibility at the cap without loss */
#define GAP_COSTS      0.7   /* intelligibility that a concealed packet costs */
#define FEEDBACK_SHARE 0.03  /* what reports of the other direction take: calls show 1.5 to 2.5 % */
#define FEEDBACK_KBPS  16.0

static struct wzp_plan_input input_of(unsigned up_permille, unsigned down_permille, unsigned burst_16,
                                      unsigned rtt_ms, unsigned rate_kbps, unsigned budget_ms)
{
    return (struct wzp_plan_input){
        .up = {up_permille, up_permille ? burst_16 : 0, rate_kbps * UINT64_C(1000)},
        .down = {down_permille, down_permille ? burst_16 : 0, rate_kbps * UINT64_C(1000)},
        .has_feedback = true,
        .rtt_up_ns = rtt_ms * WZP_MS / 2,
        .rtt_down_ns = rtt_ms * WZP_MS / 2,
        .jitter_ns = 3 * WZP_MS,
        .delay_budget_ns = budget_ms * WZP_MS,
        .bitrate_bps_max = CAP_BPS,
        .has_dred = true,
    };
}

static struct wzp_plan plan_of(const struct wzp_plan_input *input)
{
    static struct wzp_cover_curves up, down;
    wzp_cover_curves_make(&input->up, &up);
    wzp_cover_curves_make(&input->down, &down);
    return wzp_plan_best(input, &up, &down);
}

/* What a call must show; the lossy link is the speaker's, then the listener's. */
static void promises_are_kept_on_paper(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_permille, burst_16, rtt_ms, rate_kbps, budget_ms;
        bool is_both;
        double concealed_percent, estoi_ratio;
        unsigned delay_ms, wire_kbps;
    } rows[] = {
        {50, 0, 100, 500, 0, false, 0.05, 0.995, 50 + 80, 160},
        {200, 0, 100, 500, 0, false, 0.05, 0.99, 50 + 110, 200},
        {300, 64, 300, 500, 0, false, 0.2, 0.985, 150 + 180, 380},
        {500, 0, 100, 500, 0, false, 0.1, 0.985, 50 + 150, 350},
        {700, 0, 100, 500, 0, false, 0.3, 0.98, 50 + 220, 460},
        {700, 0, 800, 500, 0, false, 0.3, 0.98, 400 + 220, 460},
        {500, 0, 800, 100, 0, false, 0.5, 0.96, 400 + 420, 100},
        {700, 0, 800, 100, 0, false, 1.5, 0.88, 400 + 700, 100},
        {600, 0, 200, 225, 0, true, 0.5, 0.96, 100 + 450, 225},
        {300, 0, 100, 225, 200, false, 0.05, 0.99, 200, 225},
        {500, 0, 100, 225, 200, false, 0.2, 0.975, 200, 225},
        {700, 0, 100, 225, 200, false, 2, 0.91, 200, 225},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        size_t r = i / 2;
        bool is_up = i % 2 == 0 || rows[r].is_both, is_down = i % 2 == 1 || rows[r].is_both;
        struct wzp_plan_input input = input_of(is_up * rows[r].loss_permille, is_down * rows[r].loss_permille,
                                               rows[r].burst_16, rows[r].rtt_ms, rows[r].rate_kbps,
                                               rows[r].budget_ms);
        struct wzp_plan plan = plan_of(&input);
        double residual = plan.residual_ppm * 1e-6;
        double ratio = (plan.estoi_permille - residual * 1000 * GAP_COSTS) / CLEAN_PERMILLE;
        double wire = (double)(is_up ? plan.up.rate_bps : plan.down.rate_bps) * 1e-3;
        double feedback = rows[r].rate_kbps * FEEDBACK_SHARE;
        wire += feedback < FEEDBACK_KBPS ? feedback : FEEDBACK_KBPS;
        if (residual * 100 > rows[r].concealed_percent || ratio < rows[r].estoi_ratio ||
            plan.delay_ns > rows[r].delay_ms * WZP_MS || wire > rows[r].wire_kbps || plan.dred_ms > 0) {
            fail_msg("row %zu: %u bit/s x %u, concealed %g %%, ratio %g, %d ms, %g kbit/s", i,
                     plan.bitrate_bps, plan.packet_frames, residual * 100, ratio,
                     (int)(plan.delay_ns / WZP_MS), wire);
        }
    }
}

static void without_loss_nothing_is_repaired(void **state)
{
    (void)state;
    for (unsigned rate_kbps = 7; rate_kbps <= 500; rate_kbps += 17) {
        struct wzp_plan_input input = input_of(0, 3, 0, 100, rate_kbps, 0);
        struct wzp_plan plan = plan_of(&input);
        assert_int_equal(plan.up.repair_permille, 0);
        assert_int_equal(plan.down.repair_permille, 0);
        assert_int_equal(plan.dred_ms, 0);
        assert_false(plan.lbrr);
        assert_true(plan.up.rate_bps <= wzp_cover_rate_usable(rate_kbps * 1000));
    }
}

static void the_rate_decides_the_tier(void **state)
{
    (void)state;
    static const struct {
        unsigned rate_kbps;
        enum wzp_codec codec;
    } rows[] = {
        {5, WZP_CODEC_CODEC2_700C}, {7, WZP_CODEC_CODEC2_1200}, {10, WZP_CODEC_CODEC2_3200},
        {14, WZP_CODEC_OPUS_6K},    {64, WZP_CODEC_OPUS_24K},   {500, WZP_CODEC_OPUS_24K},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_plan_input input = input_of(0, 0, 0, 100, rows[i].rate_kbps, 0);
        assert_int_equal(plan_of(&input).codec, rows[i].codec);
    }
    struct wzp_plan_input input = input_of(0, 0, 0, 100, 500, 0);
    input.bitrate_bps_max = 1200;
    assert_int_equal(plan_of(&input).codec, WZP_CODEC_CODEC2_1200);
    input.bitrate_bps_max = 64000;
    assert_true(plan_of(&input).bitrate_bps >= CAP_BPS);
}

/* Late repair is no use, so copies that come along are: only then. */
static void copies_are_the_last_resort(void **state)
{
    (void)state;
    struct wzp_plan_input input = input_of(300, 0, 0, 100, 500, 95);
    struct wzp_plan plan = plan_of(&input);
    assert_true(plan.residual_ppm > 10000 && plan.bitrate_bps >= 16000);
    assert_true(plan.dred_ms > 0);
    assert_false(plan.lbrr);
    input.has_dred = false;
    plan = plan_of(&input);
    assert_true(plan.lbrr);
    assert_int_equal(plan.dred_ms, 0);
    for (unsigned loss = 0; loss <= 700; loss += 50) {
        input = input_of(loss, 0, 0, 100, 500, 0);
        assert_int_equal(plan_of(&input).dred_ms, 0);
    }
}

/* A feedback every 50 ms over the last 128 packets, of which 5 are new. */
struct measured {
    struct wzp_rng rng;
    bool lost[WZP_PLAN_MEASURED_PACKETS];
    unsigned at;
};

static unsigned measure(struct measured *measured, double loss)
{
    for (int i = 0; i < 5; i++) {
        measured->lost[measured->at++ % WZP_PLAN_MEASURED_PACKETS] = wzp_rng_unit(&measured->rng) < loss;
    }
    unsigned lost = 0;
    for (unsigned i = 0; i < WZP_PLAN_MEASURED_PACKETS; i++) {
        lost += measured->lost[i];
    }
    return lost * 1000 / WZP_PLAN_MEASURED_PACKETS;
}

static void noise_does_not_shake_the_plan(void **state)
{
    (void)state;
    static const unsigned losses[] = {0, 2, 10, 50, 100, 200, 300, 500, 700};
    static const unsigned rates_kbps[] = {500, 225, 100};
    const unsigned minutes = 4;
    for (size_t i = 0; i < 3 * sizeof losses / sizeof *losses; i++) {
        double loss = losses[i / 3] * 1e-3;
        struct measured measured = {.rng = wzp_rng_make(i, 5)};
        static struct wzp_plan_state plan;
        wzp_plan_init(&plan);
        uint32_t before = 0;
        for (int t = 0; t < (int)minutes * 1200 + 200; t++) {
            struct wzp_plan_input input = input_of(measure(&measured, loss), 0, 0, 100, rates_kbps[i % 3], 0);
            input.jitter_ns += (int64_t)wzp_rng_below(&measured.rng, 4 * WZP_MS);
            input.rtt_up_ns += (int64_t)wzp_rng_below(&measured.rng, 15 * WZP_MS);
            wzp_plan_update(&plan, &input, t * 50 * WZP_MS);
            before = t == 199 ? plan.plan.changes : before;
        }
        if (plan.plan.changes - before >= 10 * minutes) {
            fail_msg("loss %g at %u kbit/s: %u changes in %u minutes", loss, rates_kbps[i % 3],
                     plan.plan.changes - before, minutes);
        }
    }
}

/* 2 s after a step the plan leaves no more than it would for the loss itself, and is not much dearer. */
static void steps_are_followed_within_two_seconds(void **state)
{
    (void)state;
    static const unsigned steps[] = {0, 300, 700, 0, 300, 700, 300, 0};
    struct measured measured = {.rng = wzp_rng_make(9, 5)};
    static struct wzp_plan_state plan;
    wzp_plan_init(&plan);
    for (int t = 0; t < 8 * 400; t++) {
        unsigned loss = steps[t / 400];
        struct wzp_plan_input input = input_of(measure(&measured, loss * 1e-3), 0, 0, 100, 500, 0);
        wzp_plan_update(&plan, &input, t * 50 * WZP_MS);
        if (t % 400 == 40) {
            input.up.loss_permille = loss;
            input.up.burst_16 = 0;
            struct wzp_plan ideal = plan_of(&input);
            const struct wzp_cover *up = &plan.plan.up;
            double residual[WZP_COVER_WINDOW_MAX] = {0};
            if (loss > 0) {
                wzp_cover_residuals(&input.up, up->repair_permille, up->window, residual);
            }
            if ((loss > 0 && residual[up->window - 1] > 0.003) || up->rate_bps * 2 > ideal.up.rate_bps * 3 ||
                plan.plan.estoi_permille + 10 < ideal.estoi_permille) {
                fail_msg("2 s after the step to %u: %u permille, window %u, %u bit/s (ideal %u)", loss,
                         up->repair_permille, up->window, (unsigned)up->rate_bps,
                         (unsigned)ideal.up.rate_bps);
            }
        }
    }
}

/* What is feared counts until something is known, and then at once no more. */
static void what_is_feared_is_forgotten_at_once(void **state)
{
    (void)state;
    static struct wzp_plan_state plan;
    wzp_plan_init(&plan);
    struct wzp_plan_input feared = input_of(200, 0, 0, 100, 500, 0), known = input_of(0, 0, 0, 100, 500, 0);
    feared.has_feedback = false;
    assert_true(wzp_plan_update(&plan, &feared, 0));
    assert_true(plan.plan.up.repair_permille >= 1000);
    assert_false(wzp_plan_update(&plan, &feared, 50 * WZP_MS));
    assert_true(wzp_plan_update(&plan, &known, 100 * WZP_MS));
    assert_int_equal(plan.plan.up.repair_permille, 0);
    assert_int_equal(plan.plan.changes, 1);
}

/* A path of which no word came for a while is planned for as it is told to be remembered; what was known
 * before is not forgotten for that, and no noisy word after it begins anew. */
static void silence_forgets_nothing(void **state)
{
    (void)state;
    static struct wzp_plan_state plan;
    wzp_plan_init(&plan);
    struct wzp_plan_input input = input_of(700, 0, 0, 800, 100, 0);
    int64_t now_ns = 0;
    for (; now_ns < 20 * WZP_S; now_ns += 100 * WZP_MS)
        wzp_plan_update(&plan, &input, now_ns);
    struct wzp_plan before = plan.plan;
    input.has_feedback = false;
    input.is_up_remembered = true;
    for (; now_ns < 22 * WZP_S; now_ns += 100 * WZP_MS)
        wzp_plan_update(&plan, &input, now_ns);
    assert_int_equal(plan.heeded.up.loss_permille, 700);
    input.has_feedback = true;
    input.is_up_remembered = false;
    input.up.loss_permille = 620;
    wzp_plan_update(&plan, &input, now_ns);
    assert_in_range(plan.heeded.up.loss_permille, 680, 720);
    assert_int_equal(plan.plan.bitrate_bps, before.bitrate_bps);
    assert_int_equal(plan.plan.packet_frames, before.packet_frames);
}

/* Who asks for a tier of Codec2 pays for it and few headers, on a wide path too; unless the delay forbids. */
static void a_thin_tier_costs_little(void **state)
{
    (void)state;
    static const struct {
        uint32_t bitrate_bps_max;
        unsigned budget_ms;
        enum wzp_codec codec;
        unsigned frames_min, frames_max, wire_bps_max;
    } rows[] = {
        {3200, 0, WZP_CODEC_CODEC2_3200, 12, 12, 5900}, {1200, 0, WZP_CODEC_CODEC2_1200, 12, 12, 3900},
        {700, 0, WZP_CODEC_CODEC2_700C, 12, 12, 3300},  {1200, 250, WZP_CODEC_CODEC2_1200, 2, 6, 18000},
        {5999, 0, WZP_CODEC_CODEC2_3200, 12, 12, 5900}, {6000, 0, WZP_CODEC_OPUS_6K, 1, 6, 40000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_plan_input input = input_of(0, 0, 0, 100, 500, rows[i].budget_ms);
        input.bitrate_bps_max = rows[i].bitrate_bps_max;
        struct wzp_plan plan = plan_of(&input);
        assert_int_equal(plan.codec, rows[i].codec);
        assert_in_range(plan.packet_frames, rows[i].frames_min, rows[i].frames_max);
        assert_in_range(plan.up.rate_bps, plan.bitrate_bps, rows[i].wire_bps_max);
        assert_int_equal(plan.up.repair_permille, 0);
    }
}

/* A row of the table in docs/repair.md: 100 ms round trip, the speaker's own link lossy. */
static void table_row(unsigned rate_kbps, unsigned loss_percent, char *text, size_t size)
{
    struct wzp_plan_input input = input_of(loss_percent * 10, 0, 0, 100, rate_kbps, 0);
    struct wzp_plan plan = plan_of(&input);
    snprintf(text, size, "| %u | %u %% | %.1f x %u ms | %u.%02u | %u | %u ms | %.3f %% | %u ms | %u |",
             rate_kbps, loss_percent, plan.bitrate_bps * 1e-3, plan.packet_frames * 20,
             plan.up.repair_permille / 1000, plan.up.repair_permille % 1000 / 10, plan.up.window,
             (unsigned)(plan.up.horizon_ns / WZP_MS), plan.residual_ppm * 1e-4,
             (unsigned)(plan.delay_ns / WZP_MS), (unsigned)(plan.up.rate_bps / 1000));
}

static const unsigned table_rates[] = {500, 225, 100};

static void the_documentation_is_current(void **state)
{
    (void)state;
    static char document[65536], row[256];
    FILE *file = fopen(WZP_ROOT "/docs/repair.md", "r");
    assert_non_null(file);
    document[fread(document, 1, sizeof document - 1, file)] = '\0';
    fclose(file);
    for (size_t r = 0; r < 3; r++) {
        for (unsigned loss = 0; loss <= 70; loss += 10) {
            table_row(table_rates[r], loss, row, sizeof row);
            if (!strstr(document, row)) {
                fail_msg("docs/repair.md lacks %s (test_media_plan --table prints all)", row);
            }
        }
    }
}

static int print_table(void)
{
    char row[256];
    for (size_t r = 0; r < 3; r++) {
        for (unsigned loss = 0; loss <= 70; loss += 10) {
            table_row(table_rates[r], loss, row, sizeof row);
            puts(row);
        }
    }
    return 0;
}

/* The first measured loss counts as it is, and what was chosen for fear is given up for it at once. */
static void a_fear_is_no_measurement(void **state)
{
    (void)state;
    static struct wzp_plan_state plan;
    wzp_plan_init(&plan);
    struct wzp_plan_input input = input_of(0, 600, 0, 800, 100, 0);
    input.is_down_feared = true;
    wzp_plan_update(&plan, &input, 0);
    wzp_plan_update(&plan, &input, 1 * WZP_S);
    assert_int_equal(plan.down.path.loss_permille, 600);
    input.is_down_feared = false;
    input.down.loss_permille = 300;
    wzp_plan_update(&plan, &input, 1500 * WZP_MS);
    assert_int_equal(plan.down.path.loss_permille, 300);
    struct wzp_plan found = plan_of(&input);
    assert_int_equal(plan.plan.bitrate_bps, found.bitrate_bps);
    assert_int_equal(plan.plan.packet_frames, found.packet_frames);
}

/* A delay budget has room for a window of two packets of 40 ms or not by a few milliseconds. */
static void delays_are_heeded_in_small_steps(void **state)
{
    (void)state;
    static struct wzp_plan_state plan;
    wzp_plan_init(&plan);
    struct wzp_plan_input input = input_of(700, 0, 16, 0, 225, 200);
    input.rtt_up_ns = 109500 * WZP_US;
    input.jitter_ns = 8200 * WZP_US;
    wzp_plan_update(&plan, &input, 0);
    assert_int_equal(plan.plan.packet_frames, 2);
    assert_int_equal(plan.plan.up.window, 2);
    assert_true(plan.plan.delay_ns <= input.delay_budget_ns);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--table") == 0) {
        return print_table();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises_are_kept_on_paper),
        cmocka_unit_test(without_loss_nothing_is_repaired),
        cmocka_unit_test(the_rate_decides_the_tier),
        cmocka_unit_test(copies_are_the_last_resort),
        cmocka_unit_test(noise_does_not_shake_the_plan),
        cmocka_unit_test(steps_are_followed_within_two_seconds),
        cmocka_unit_test(what_is_feared_is_forgotten_at_once),
        cmocka_unit_test(silence_forgets_nothing),
        cmocka_unit_test(a_thin_tier_costs_little),
        cmocka_unit_test(the_documentation_is_current),
        cmocka_unit_test(a_fear_is_no_measurement),
        cmocka_unit_test(delays_are_heeded_in_small_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
