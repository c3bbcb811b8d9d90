// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "media/split.h"

/* In kbit/s: speech of 8, 48, 100, pictures of 150 to 1500. */
static struct wzp_split_wishes wishes_of(enum wzp_priority priority, bool has_audio, bool has_video,
                                         bool has_streams)
{
    struct wzp_split_wishes wishes = {.priority = priority, .has_streams = has_streams};
    if (has_audio) {
        wishes.audio.least_bps = 8000;
        wishes.audio.plain_bps = 48000;
        wishes.audio.most_bps = 100000;
    }
    if (has_video) {
        wishes.video.min_bps = 150000;
        wishes.video.most_bps = 1500000;
    }
    return wishes;
}

static void test_shares(void **state)
{
    (void)state;
    enum { B = WZP_PRIORITY_BALANCED, A = WZP_PRIORITY_AUDIO_FIRST };
    enum { V = WZP_PRIORITY_VIDEO_FIRST, S = WZP_PRIORITY_SCREEN_SHARE };
    static const struct {
        int priority;
        const char *who;                        /* a, v, s */
        unsigned budget, audio, video, streams; /* kbit/s */
    } rows[] = {
        /* nobody to share with */
        {B, "a", 300, 100, 0, 0},
        {V, "a", 300, 100, 0, 0},
        {V, "v", 300, 0, 300, 0},
        {B, "s", 300, 0, 0, 300},
        {B, "", 300, 0, 0, 0},
        {B, "avs", 0, 0, 0, 0},
        /* a picture beside speech */
        {B, "av", 40, 40, 0, 0},
        {B, "av", 100, 48, 52, 0},
        {B, "av", 198, 48, 150, 0},
        {B, "av", 899, 74, 825, 0}, /* half of what each still wishes */
        {B, "av", 2000, 100, 1500, 0},
        {A, "av", 60, 60, 0, 0},
        {A, "av", 300, 100, 200, 0},
        {V, "av", 6, 6, 0, 0},
        {V, "av", 300, 8, 292, 0},
        {V, "av", 1530, 30, 1500, 0},
        {S, "av", 48, 48, 0, 0},
        {S, "av", 198, 48, 150, 0},
        {S, "av", 300, 48, 252, 0},
        {S, "av", 1600, 100, 1500, 0},
        /* a file beside speech */
        {B, "as", 44, 41, 0, 3},
        {B, "as", 64, 48, 0, 16},
        {B, "as", 128, 96, 0, 32},
        {B, "as", 1000, 100, 0, 900},
        {A, "as", 64, 60, 0, 4},
        {A, "as", 128, 100, 0, 28},
        {V, "as", 64, 48, 0, 16},
        {S, "as", 128, 96, 0, 32},
        /* all of them */
        {B, "avs", 320, 50, 190, 80},
        {A, "avs", 320, 100, 200, 20},
        {V, "avs", 320, 8, 292, 20},
        {S, "avs", 320, 48, 192, 80},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *who = rows[i].who;
        bool has_audio = *who == 'a';
        who += has_audio;
        bool has_video = *who == 'v';
        who += has_video;
        struct wzp_split_wishes wishes = wishes_of((enum wzp_priority)rows[i].priority, has_audio, has_video,
                                                   *who == 's');
        struct wzp_split split = wzp_split_budget(rows[i].budget * UINT64_C(1000), &wishes);
        unsigned got[] = {(unsigned)((split.audio_bps + 500) / 1000),
                          (unsigned)((split.video_bps + 500) / 1000),
                          (unsigned)((split.streams_bps + 500) / 1000)};
        if (got[0] != rows[i].audio || got[1] != rows[i].video || got[2] != rows[i].streams)
            print_error("row %zu: %u, %u, %u\n", i, got[0], got[1], got[2]);
        assert_int_equal(got[0], rows[i].audio);
        assert_int_equal(got[1], rows[i].video);
        assert_int_equal(got[2], rows[i].streams);
    }
}

static uint64_t between(struct wzp_rng *rng, uint64_t least, uint64_t most)
{
    return least + wzp_rng_below(rng, (uint32_t)(most - least + 1));
}

static struct wzp_split_wishes any_wishes(struct wzp_rng *rng)
{
    struct wzp_split_wishes wishes = {.priority = (enum wzp_priority)wzp_rng_below(rng, WZP_PRIORITIES),
                                      .has_streams = wzp_rng_below(rng, 2)};
    if (wzp_rng_below(rng, 4)) {
        wishes.audio.least_bps = between(rng, 0, 20000);
        wishes.audio.plain_bps = between(rng, wishes.audio.least_bps, 80000);
        wishes.audio.most_bps = between(rng, wishes.audio.plain_bps, 300000);
    }
    if (wzp_rng_below(rng, 4)) {
        wishes.video.min_bps = between(rng, 0, 500000);
        wishes.video.most_bps = between(rng, wishes.video.min_bps, 4000000);
    }
    return wishes;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void check(uint64_t budget_bps, const struct wzp_split_wishes *wishes, const struct wzp_split *split)
{
    uint64_t sum_bps = split->audio_bps + split->video_bps + split->streams_bps;
    uint64_t media_bps = budget_bps - (wishes->has_streams ? budget_bps / 16 : 0);
    assert_true(sum_bps <= budget_bps);
    assert_true(split->audio_bps <= wishes->audio.most_bps && split->video_bps <= wishes->video.most_bps);
    if (wishes->has_streams) {
        assert_true(sum_bps == budget_bps);
        assert_true(split->streams_bps >= budget_bps / 16);
    } else {
        assert_true(split->streams_bps == 0);
        assert_true(sum_bps == least_of(budget_bps, wishes->audio.most_bps + wishes->video.most_bps));
    }
    switch (wishes->priority) {
    case WZP_PRIORITY_AUDIO_FIRST:
        assert_true(split->audio_bps == least_of(media_bps, wishes->audio.most_bps));
        break;
    case WZP_PRIORITY_VIDEO_FIRST:
        assert_true(split->audio_bps >= least_of(media_bps, wishes->audio.least_bps));
        if (split->audio_bps > wishes->audio.least_bps)
            assert_true(split->video_bps == wishes->video.most_bps);
        break;
    case WZP_PRIORITY_BALANCED:
    case WZP_PRIORITY_SCREEN_SHARE:
        assert_true(split->audio_bps >= least_of(media_bps, wishes->audio.plain_bps));
        if (split->audio_bps > wishes->audio.plain_bps)
            assert_true(split->video_bps >= wishes->video.min_bps);
        break;
    }
}

static void test_laws(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    for (int i = 0; i < 20000; i++) {
        struct wzp_split_wishes wishes = any_wishes(&rng);
        uint64_t budget_bps = between(&rng, 0, wzp_rng_below(&rng, 2) ? 300000 : 6000000);
        uint64_t more_bps = budget_bps + between(&rng, 0, wzp_rng_below(&rng, 2) ? 20 : 500000);
        struct wzp_split split = wzp_split_budget(budget_bps, &wishes);
        struct wzp_split more = wzp_split_budget(more_bps, &wishes);
        check(budget_bps, &wishes, &split);
        assert_true(more.audio_bps >= split.audio_bps);
        assert_true(more.video_bps >= split.video_bps);
        assert_true(more.streams_bps >= split.streams_bps);
    }
}

static void test_what_is_absurd_is_bounded(void **state)
{
    (void)state;
    struct wzp_split_wishes wishes = {.audio.most_bps = UINT64_MAX, .video.most_bps = UINT64_MAX};
    struct wzp_split split = wzp_split_budget(UINT64_MAX, &wishes);
    assert_true(split.audio_bps == UINT64_C(1000000000) && split.video_bps == UINT64_C(1000000000));
    wishes.has_streams = true;
    split = wzp_split_budget(UINT64_MAX, &wishes);
    assert_true(split.audio_bps + split.video_bps + split.streams_bps == UINT64_C(10000000000));
}

static void test_names(void **state)
{
    (void)state;
    enum wzp_priority found = WZP_PRIORITY_BALANCED;
    for (int i = 0; i < WZP_PRIORITIES; i++) {
        assert_true(wzp_priority_from(wzp_priority_name((enum wzp_priority)i), &found));
        assert_int_equal(found, i);
    }
    assert_false(wzp_priority_from("audio", &found));
    assert_false(wzp_priority_from("", &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_what_is_absurd_is_bounded),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
