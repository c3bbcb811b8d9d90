// SPDX-License-Identifier: Apache-2.0
/* Speech of many towards one listener: how many frames share a packet, and how long one waits for that. */
#include "session/pair_test.h"

#define STEP_NS (100 * WZP_US)
#define FROM_NS (4 * WZP_S) /* by then the loss is known */
#define RUN_NS  (8 * WZP_S)

static int64_t gather_ns, longest_ns;
static uint64_t frames, packets;

static void tune(unsigned side, struct wzp_endpoint_config *config)
{
    config->gather_ns = side == 1 ? gather_ns : 0;
}

/* Its sequence tells when. */
static void speak_in_turn(unsigned side)
{
    uint8_t header[WZP_MEDIA_HEADER_LEN], payload[70] = {0};
    struct wzp_writer writer = wzp_writer_make(header, sizeof header);
    struct wzp_media_header fields = {.sequence = (uint32_t)(world.now_ns / STEP_NS),
                                      .timestamp_ms = (uint32_t)(world.now_ns / WZP_MS)};
    wzp_media_header_encode(&writer, &fields);
    if (world.session[side])
        assert_int_equal(wzp_endpoint_send_media(world.side[side], world.session[side], 7, header,
                                                 (struct wzp_slice){payload, sizeof payload}, false,
                                                 world.now_ns),
                         WZP_ERR_OK);
}

static void on_media(unsigned side, const struct wzp_event *event)
{
    if (side != 0 || world.now_ns < FROM_NS || event->media.is_repaired)
        return;
    int64_t waited_ns = world.now_ns - world.delay_ns - event->media.header.sequence * STEP_NS;
    longest_ns = wzp_time_max(longest_ns, waited_ns);
    frames++;
}

static void on_way(struct datagram *datagram)
{
    packets += datagram->side == 0 && world.now_ns >= FROM_NS;
}

static void test_frames_wait_for_company(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t gather_ns, talk_ns;
        unsigned loss;
        int64_t longest_ns;
        unsigned frames_in_10, frames_in_10_max; /* packets */
    } rows[] = {
        {"one voice", 2 * WZP_MS, 20 * WZP_MS, 0, 0, 8, 10},
        {"a room", 2 * WZP_MS, 500 * WZP_US, 0, 2 * WZP_MS, 35, 41},
        {"a room, nobody waits", 0, 500 * WZP_US, 0, 0, 8, 10},
        {"a room, losses", 2 * WZP_MS, 500 * WZP_US, 50, 0, 6, 10},
        {"a great room: full packets", 20 * WZP_MS, 200 * WZP_US, 0, 4 * WZP_MS, 90, 160},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gather_ns = rows[i].gather_ns;
        longest_ns = 0;
        frames = packets = 0;
        begin(i, tune);
        world.talk = speak_in_turn;
        world.talk_ns[0] = 0;
        world.talk_ns[1] = rows[i].talk_ns;
        world.loss[1] = rows[i].loss;
        world.on_media = on_media;
        world.on_way = on_way;
        run(RUN_NS);
        assert_true((facts_of(1).loss_permille >= 10) == (rows[i].loss > 0));
        end();
        print_message("%s: %u.%u frames a packet, at most %u us late\n", rows[i].name,
                      (unsigned)(frames / packets), (unsigned)(frames * 10 / packets % 10),
                      (unsigned)(longest_ns / WZP_US));
        assert_true(frames > 0 && longest_ns <= rows[i].longest_ns);
        assert_in_range(frames * 10 / packets, rows[i].frames_in_10, rows[i].frames_in_10_max);
    }
}

/* It leaves with the next frame's packet, or at once where none waits. */
static void test_a_key_waits_for_nobody(void **state)
{
    (void)state;
    const uint8_t body[WZP_KEY_BODY_LEN] = {1};
    gather_ns = 2 * WZP_MS;
    begin(1, tune);
    world.talk = speak_in_turn;
    world.talk_ns[0] = 0;
    world.talk_ns[1] = 20 * WZP_MS;
    run(FROM_NS + 8 * WZP_MS); /* a frame left a ms ago */
    struct wzp_endpoint *relay = world.side[1];
    speak_in_turn(1);
    assert_int_equal(wzp_endpoint_next_at(relay), world.now_ns + WZP_MS);
    run(world.now_ns + 2 * WZP_MS);
    assert_int_equal(wzp_endpoint_send_key(relay, world.session[1], 7, body), WZP_ERR_OK);
    assert_true(wzp_endpoint_next_at(relay) <= world.now_ns);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_wait_for_company),
        cmocka_unit_test(test_a_key_waits_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
