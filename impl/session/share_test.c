// SPDX-License-Identifier: Apache-2.0
/* A stream beside speech that would take all of a narrow bound: it gets its share, and speech the rest. */
#include "session/pair_test.h"

#include <sodium.h>

#define FROM_NS (4 * WZP_S)
#define RUN_NS  (20 * WZP_S)
#define FILE    60000

static uint64_t max_rate_bps, heard;

static void tune(unsigned side, struct wzp_endpoint_config *config)
{
    if (side == 0)
        config->max_rate_bps = max_rate_bps;
}

static void on_media(unsigned side, const struct wzp_event *event)
{
    (void)event;
    heard += side == 1;
}

/* Bytes of a stream of side 0 that came until the end; speech is 60 kbit/s on the wire. */
static size_t stream_beside_speech(uint64_t bound_bps)
{
    static const uint8_t bytes[FILE];
    const uint8_t *data;
    uint64_t id;
    max_rate_bps = bound_bps;
    begin(1, tune);
    world.on_media = on_media;
    run(FROM_NS);
    heard = 0;
    assert_int_equal(wzp_endpoint_stream_open(world.side[0], world.session[0], &id), WZP_ERR_OK);
    assert_int_equal(wzp_endpoint_stream_write(world.side[0], world.session[0], id, bytes, FILE), FILE);
    run(RUN_NS);
    size_t came = wzp_endpoint_stream_peek(world.side[1], world.session[1], id, &data);
    end();
    return came;
}

static void test_a_stream_is_never_starved(void **state)
{
    (void)state;
    static const uint64_t bounds_bps[] = {24000, 32000, 44000, 60000, 75000};
    for (size_t i = 0; i < sizeof bounds_bps / sizeof *bounds_bps; i++) {
        size_t came = stream_beside_speech(bounds_bps[i]);
        /* half of a sixteenth: a small packet is a third headers */
        double least = (double)bounds_bps[i] / 8 / 16 / 2 * (double)(RUN_NS - FROM_NS) / WZP_S;
        if ((double)came < least)
            print_error("%u bit/s: %zu of %.0f bytes\n", (unsigned)bounds_bps[i], came, least);
        assert_true((double)came >= least);
        /* of what speech fits in at all, it keeps two thirds */
        double fits = (double)bounds_bps[i] / 60000, frames = (double)(RUN_NS - FROM_NS) / TALK_NS;
        assert_true((double)heard >= frames * 2 / 3 * (fits < 1 ? fits : 1));
    }
}

/* What plans speech is told of it, and only while it lasts. */
static void test_the_split_follows_the_stream(void **state)
{
    (void)state;
    static const uint8_t bytes[2000];
    uint64_t id;
    struct wzp_session_facts facts;
    const struct wzp_split_wishes wishes = {.audio = {8000, 48000, 100000}, .video = {100000, 500000}};
    max_rate_bps = 200000;
    begin(1, tune);
    run(FROM_NS);
    facts = facts_of(0);
    assert_int_equal(facts.rate_bps, 200000);
    assert_int_equal(facts.share.audio_bps, 200000);
    assert_false(facts.has_streams);
    assert_int_equal(wzp_endpoint_stream_open(world.side[0], world.session[0], &id), WZP_ERR_OK);
    assert_int_equal(wzp_endpoint_stream_write(world.side[0], world.session[0], id, bytes, sizeof bytes),
                     sizeof bytes);
    run(FROM_NS + WZP_S / 2);
    facts = facts_of(0);
    assert_true(facts.has_streams);
    assert_int_equal(facts.share.audio_bps, 150000);
    assert_int_equal(facts.share.streams_bps, 50000);
    facts = facts_of(1);
    assert_true(facts.takes_streams);
    run(FROM_NS + 4 * WZP_S);
    facts = facts_of(1);
    assert_false(facts.takes_streams);
    wzp_endpoint_set_wishes(world.side[0], world.session[0], &wishes);
    facts = facts_of(0);
    assert_false(facts.has_streams);
    struct wzp_split split = wzp_split_budget(200000, &wishes);
    assert_memory_equal(&facts.share, &split, sizeof split);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_is_never_starved),
        cmocka_unit_test(test_the_split_follows_the_stream),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
