// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "call/shares.h"

static struct wzp_plan_input input_of(uint64_t up_bps, uint64_t down_bps, unsigned loss_permille)
{
    return (struct wzp_plan_input){
        .up = {loss_permille, 16, up_bps}, .down = {0, 16, down_bps}, .bitrate_bps_max = 64000};
}

static void test_who_speaks_alone_has_all(void **state)
{
    (void)state;
    struct shares shares;
    const struct wzp_session_facts facts = {.rate_bps = 100000};
    for (int i = 0; i < WZP_PRIORITIES; i++) {
        struct wzp_plan_input input = input_of(100000, 50000, 100);
        shares_init(&shares, (enum wzp_priority)i);
        shares_take(&shares, &facts, &input);
        assert_int_equal(input.up.rate_bps, 100000);
        assert_int_equal(input.down.rate_bps, 50000);
        assert_int_equal(shares_of_video(&shares, &facts), 0);
    }
}

static void test_each_way_is_split(void **state)
{
    (void)state;
    struct shares shares;
    struct wzp_session_facts facts = {.rate_bps = 300000, .has_streams = true};
    struct wzp_plan_input input = input_of(300000, 200000, 0);
    shares_init(&shares, WZP_PRIORITY_AUDIO_FIRST);
    shares.wishes.video.min_bps = 50000;
    shares.wishes.video.most_bps = 1000000;
    shares_take(&shares, &facts, &input);
    uint64_t most_bps = shares.wishes.audio.most_bps;
    assert_in_range(most_bps, 95000, 105000); /* 64 kbit/s of Opus in packets of 20 ms */
    assert_int_equal(input.up.rate_bps, most_bps);
    assert_int_equal(input.down.rate_bps, most_bps);
    facts.share.video_bps = 180000; /* of the way out, without what streams take */
    assert_int_equal(shares_of_video(&shares, &facts), 200000 - most_bps);
    facts.share.video_bps = 60000;
    assert_int_equal(shares_of_video(&shares, &facts), 60000);
    /* nothing is known of either way */
    facts = (struct wzp_session_facts){0};
    input = input_of(0, 0, 0);
    shares_take(&shares, &facts, &input);
    assert_int_equal(input.up.rate_bps + input.down.rate_bps, 0);
    assert_int_equal(shares_of_video(&shares, &facts), 1000000);
}

static void test_loss_and_force_ask_for_more(void **state)
{
    (void)state;
    struct shares shares;
    const struct wzp_session_facts facts = {.rate_bps = 300000};
    uint64_t before_bps = 0;
    for (unsigned loss_permille = 0; loss_permille <= 1000; loss_permille += 100) {
        struct wzp_plan_input input = input_of(300000, 0, loss_permille);
        shares_init(&shares, WZP_PRIORITY_BALANCED);
        shares_take(&shares, &facts, &input);
        const struct wzp_split_wishes *wishes = &shares.wishes;
        assert_true(wishes->audio.plain_bps >= before_bps);
        assert_true(wishes->audio.least_bps <= wishes->audio.plain_bps &&
                    wishes->audio.plain_bps <= wishes->audio.most_bps);
        before_bps = wishes->audio.plain_bps;
        input.is_forced = true; /* that tier and no other: no share below it is of use */
        shares_take(&shares, &facts, &input);
        assert_true(wishes->audio.least_bps == wishes->audio.most_bps);
    }
}

static void test_what_streams_leave(void **state)
{
    (void)state;
    static const struct {
        enum wzp_priority priority;
        uint64_t rate_bps;
        unsigned talking;
        uint64_t left_bps;
    } rows[] = {
        {WZP_PRIORITY_BALANCED, 0, 1, 0},           {WZP_PRIORITY_BALANCED, 48000, 1, 45000},
        {WZP_PRIORITY_BALANCED, 60000, 1, 48000},   {WZP_PRIORITY_BALANCED, 60000, 2, 56250},
        {WZP_PRIORITY_BALANCED, 400000, 1, 300000}, {WZP_PRIORITY_AUDIO_FIRST, 160000, 1, 150000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct shares shares;
        shares_init(&shares, rows[i].priority);
        assert_int_equal(shares_left_by_streams(&shares, rows[i].rate_bps, rows[i].talking),
                         rows[i].left_bps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_speaks_alone_has_all),
        cmocka_unit_test(test_each_way_is_split),
        cmocka_unit_test(test_loss_and_force_ask_for_more),
        cmocka_unit_test(test_what_streams_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
