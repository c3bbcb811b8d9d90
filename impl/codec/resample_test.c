// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "codec/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NARROW 4000 /* samples of 8 kHz, half a second */
#define WIDE   (NARROW * WZP_RESAMPLE_RATIO)

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-17 * sum; k++) {
        term *= x / 2 / k * (x / 2 / k);
        sum += term;
    }
    return sum;
}

/* The filter as the header tells it, in floating point. */
static double right_tap(int from_middle)
{
    double t = (double)from_middle / WZP_RESAMPLE_DELAY, x = 8000.0 / 48000;
    double window = bessel_i0(5.653 * sqrt(1 - t * t)) / bessel_i0(5.653);
    return window * (from_middle ? sin(M_PI * x * from_middle) / (M_PI * from_middle) : x);
}

/* An impulse comes out as the filter, whatever its phase, 72 samples late. */
static void is_the_filter_it_says(void **state)
{
    (void)state;
    for (size_t at = 0; at < WZP_RESAMPLE_RATIO; at++) {
        int16_t in[240] = {0}, out[40];
        struct wzp_resample_down down = {0};
        in[at] = 32000;
        wzp_resample_down(&down, in, out, 40);
        for (size_t n = 0; n < 40; n++) {
            int from_middle = (int)(n * WZP_RESAMPLE_RATIO) - (int)at - WZP_RESAMPLE_DELAY;
            double right = from_middle < -WZP_RESAMPLE_DELAY || from_middle > WZP_RESAMPLE_DELAY
                               ? 0
                               : 32000 * right_tap(from_middle);
            assert_true(fabs(out[n] - right) < 6);
        }
    }
    int16_t in[40] = {5000}, out[240];
    struct wzp_resample_up up = {0};
    wzp_resample_up(&up, in, out, 40);
    for (int n = 0; n < 240; n++) {
        double right = n > 2 * WZP_RESAMPLE_DELAY ? 0 : 6 * 5000 * right_tap(n - WZP_RESAMPLE_DELAY);
        assert_true(fabs(out[n] - right) < 6);
    }
}

/* Level of a tone of `hz` after down, of dB against what went in. */
static double down_db(double hz)
{
    static int16_t in[WIDE], out[NARROW];
    struct wzp_resample_down down = {0};
    double energy = 0;
    for (int i = 0; i < WIDE; i++)
        in[i] = (int16_t)lrint(20000 * sin(2 * M_PI * hz * i / 48000 + 1));
    wzp_resample_down(&down, in, out, NARROW);
    for (int i = 100; i < NARROW; i++)
        energy += (double)out[i] * out[i];
    return 10 * log10((energy + 1e-9) / (NARROW - 100) / (20000.0 * 20000 / 2));
}

static void passes_and_stops_what_it_says(void **state)
{
    (void)state;
    static const struct {
        double hz, db_min, db_max;
    } rows[] = {
        {100, -0.05, 0.05}, {1000, -0.05, 0.05}, {2500, -0.05, 0.05}, {3390, -0.05, 0.05},
        {4010, -7, -5},     {4610, -300, -57},   {5200, -300, -57},   {7990, -300, -57},
        {12010, -300, -57}, {20000, -300, -57},  {23950, -300, -57},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double db = down_db(rows[i].hz);
        assert_true(db >= rows[i].db_min && db <= rows[i].db_max);
    }
}

/* Speech band noise there and back is itself, 144 samples late, in pieces of any length, and never wraps. */
static void there_and_back_is_the_same(void **state)
{
    (void)state;
    static int16_t narrow[NARROW], wide[WIDE], back[NARROW], again[WIDE];
    struct wzp_rng rng = wzp_rng_make(1, 0);
    double phase[8];
    for (size_t k = 0; k < 8; k++)
        phase[k] = 7 * wzp_rng_unit(&rng);
    for (int i = 0; i < NARROW; i++) {
        double sum = 0;
        for (int k = 0; k < 8; k++)
            sum += sin(2 * M_PI * (150 + 430 * k) * i / 8000 + phase[k]);
        narrow[i] = (int16_t)lrint(3000 * sum);
    }
    struct wzp_resample_up up = {0}, up2 = {0};
    struct wzp_resample_down down = {0};
    wzp_resample_up(&up, narrow, wide, NARROW);
    for (size_t at = 0, n; at < NARROW; at += n) {
        n = 1 + wzp_rng_below(&rng, 60);
        n = n < NARROW - at ? n : NARROW - at;
        wzp_resample_up(&up2, narrow + at, again + at * WZP_RESAMPLE_RATIO, n);
        wzp_resample_down(&down, again + at * WZP_RESAMPLE_RATIO, back + at, n);
    }
    assert_memory_equal(wide, again, sizeof wide);
    for (int i = 100; i < NARROW; i++)
        assert_in_range(back[i] - narrow[i - 2 * WZP_RESAMPLE_DELAY / WZP_RESAMPLE_RATIO] + 40, 0, 80);

    for (int i = 0; i < NARROW; i++)
        narrow[i] = i / 40 % 2 ? INT16_MAX : INT16_MIN; /* overshoots full scale: held, not wrapped */
    memset(&up, 0, sizeof up);
    wzp_resample_up(&up, narrow, wide, NARROW);
    for (int i = 400; i < NARROW - 40; i++)
        if ((i + 10) / 40 == (i - 10) / 40)
            assert_true((wide[i * 6 + WZP_RESAMPLE_DELAY] > 20000) == (narrow[i] > 0) &&
                        abs(wide[i * 6 + WZP_RESAMPLE_DELAY]) > 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_filter_it_says),
        cmocka_unit_test(passes_and_stops_what_it_says),
        cmocka_unit_test(there_and_back_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
