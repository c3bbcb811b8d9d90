// SPDX-License-Identifier: Apache-2.0
/* The laws between people must say no: media that are sealed and opened by hand, as a broken client would.
 * So does a node that goes on sending to who has left. The bugs of sim/mutations break the others. */
#include "sim/laws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "crypt/sender.h"
#include "sim/watch.h"

#define NOW (10 * WZP_S) /* people came at 1 s */

struct world {
    struct sim_net *net;
    struct sim_watch *watch;
    struct sim_crowd *crowd;
    struct sim_relay *relay;
    struct sim_laws *laws;
    struct sim_person *anna, *ben;
    struct wzp_sender_key key;
    struct wzp_sender_keys held;
    uint8_t payload[100];
};

static struct sim_person *add(struct world *world, const char *name)
{
    struct sim_person_config config = {.relay = world->relay,
                                       .room = "test",
                                       .codec = &wzp_codec_synthetic,
                                       .token = "",
                                       .start_ns = NOW + WZP_S, /* they say nothing by themselves */
                                       .stop_ns = NOW + WZP_S};
    strcpy(config.name, name);
    struct sim_person *person = sim_crowd_add(world->crowd, &config);
    struct sim_link_params link = {.burst = 1, .queue_ns = WZP_S};
    sim_net_connect(world->net, person->node, world->relay->node, &link);
    sim_net_connect(world->net, world->relay->node, person->node, &link);
    person->config.start_ns = WZP_S;
    return person;
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct wzp_relay_config config = wzp_relay_config_default();
    config.endpoint.limits.sessions_max = config.endpoint.limits.half_open_max = 4;
    world->net = sim_net_create(1);
    world->watch = sim_watch_create(world->net);
    world->crowd = sim_crowd_create(world->net, false, 2 * NOW);
    world->relay = sim_relay_create(world->net, "relay", &config);
    world->laws = sim_laws_create(world->net, world->crowd);
    world->anna = add(world, "anna");
    world->ben = add(world, "ben");
    world->key.word = 16;
    wzp_sender_keys_add(&world->held, &world->key);
    assert_true(sim_net_run(world->net, NOW));
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    sim_laws_destroy(world->laws);
    sim_crowd_destroy(world->crowd);
    sim_relay_destroy(world->relay);
    sim_watch_destroy(world->watch);
    sim_net_destroy(world->net);
    free(world);
    return 0;
}

/* Anna seals a frame. */
static void seal(struct world *world, uint32_t sequence)
{
    static const uint8_t header[16], plain[50];
    struct wzp_media_key media;
    sim_net_drive(world->net, world->anna->node);
    wzp_media_key_make(&world->key, 0, 0, &media);
    wzp_media_seal(&media, sequence, header, plain, sizeof plain, world->payload);
}

/* Ben opens it. */
static void open(struct world *world, uint32_t sequence)
{
    static const uint8_t header[16];
    uint8_t plain[100];
    uint32_t word;
    sim_net_drive(world->net, world->ben->node);
    assert_int_equal(wzp_sender_keys_open(&world->held, 0, 0, sequence, header,
                                          (struct wzp_slice){world->payload, 50 + WZP_SENDER_OVERHEAD}, plain,
                                          &word),
                     WZP_SENDER_OPENED);
}

static void expect(const struct world *world, const char *rule)
{
    const char *violation = sim_net_violation(world->net);
    if (!rule) {
        assert_null(violation);
        return;
    }
    assert_non_null(violation);
    assert_non_null(strstr(violation, rule));
}

static void media_are_opened_once(void **state)
{
    struct world *world = *state;
    for (uint32_t i = 0; i < 3000; i++) {
        seal(world, i);
        open(world, i);
    }
    expect(world, NULL);
    open(world, 2999);
    expect(world, "ben: opened the same media twice");
}

static void nobody_opens_what_was_sealed_before(void **state)
{
    struct world *world = *state;
    seal(world, 1);
    world->ben->process_ns = NOW + 1;
    open(world, 1);
    expect(world, "ben: opened media that were sealed before it came");
}

static void nobody_opens_after_leaving(void **state)
{
    struct world *world = *state;
    seal(world, 1);
    world->ben->left_ns = NOW;
    open(world, 1); /* at that very moment it may */
    expect(world, NULL);
    seal(world, 2);
    world->ben->left_ns = NOW - 1;
    open(world, 2);
    expect(world, "ben: opened media after it left");
}

static void a_key_is_given_up_when_somebody_leaves(void **state)
{
    struct world *world = *state;
    seal(world, 1);
    world->anna->told_left_ns[1] = NOW - 100 * WZP_MS;
    seal(world, 2); /* captured before */
    expect(world, NULL);
    world->key.word += 16;
    seal(world, 3);
    expect(world, NULL);
    world->anna->told_left_ns[1] = NOW - 101 * WZP_MS;
    seal(world, 4);
    expect(world, "anna: seals media with a key that somebody holds who left");
}

/* A relay that sends so many datagrams of a kind to one node. */
struct talker {
    struct wzp_addr to;
    unsigned left;
    uint8_t first;
};

static void no_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    (void)self, (void)from, (void)datagram, (void)len, (void)now_ns;
}

static size_t talk(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    struct talker *talker = self;
    (void)now_ns;
    if (talker->left == 0)
        return 0;
    talker->left--;
    assert_true(capacity >= 30);
    memset(datagram, talker->first, 30);
    *to = talker->to;
    return 30;
}

static int64_t never(const void *self)
{
    (void)self;
    return WZP_NEVER;
}

static void no_advance(void *self, int64_t now_ns)
{
    (void)self, (void)now_ns;
}

static void nobody_is_sent_to_who_left(void **state)
{
    struct world *world = *state;
    static const struct sim_node_ops ops = {
        .receive = no_receive, .transmit = talk, .next_at = never, .advance = no_advance};
    static const struct {
        unsigned datagrams;
        uint8_t first;
        int64_t told_ns; /* when the relay told ben that anna left */
        bool is_leaving;
        const char *rule;
    } rows[] = {
        {20, 0x40, NOW - WZP_S - 1, true, NULL}, /* answers to a goodbye that she repeats; all rows add up */
        {100, 0x40, NOW - WZP_S - 1, false, NULL},
        {100, 0x40, NOW - WZP_S, true, NULL},
        {100, 0x40, WZP_NEVER, true, NULL},
        {100, 0xc0, NOW - WZP_S - 1, true, NULL}, /* of handshakes */
        {1, 0x40, NOW - WZP_S - 1, true, "anna: is still sent to, after the relay told others that it left"},
    };
    struct sim_link_params link = {.burst = 1, .queue_ns = WZP_S};
    struct talker talker = {.to = sim_net_addr(world->anna->node)};
    unsigned node = sim_net_add(world->net, "talker", &ops, &talker);
    sim_net_connect(world->net, node, world->anna->node, &link);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        talker.left = rows[i].datagrams;
        talker.first = rows[i].first;
        world->anna->left_ns = rows[i].is_leaving ? 2 * WZP_S : WZP_NEVER;
        world->anna->is_leaving = rows[i].is_leaving;
        world->ben->told_left_ns[world->anna->place] = rows[i].told_ns;
        sim_net_poke(world->net, node);
        expect(world, rows[i].rule);
    }
}

static void packets_are_accounted_for(void **state)
{
    struct world *world = *state;
    static const uint8_t bytes[30];
    sim_net_inject(world->net, world->anna->node, world->relay->node, bytes, sizeof bytes, 200 * WZP_MS);
    sim_laws_audit(world->laws);
    expect(world, NULL); /* under way */
    assert_true(sim_net_run(world->net, NOW + 500 * WZP_MS));
    sim_laws_audit(world->laws);
    expect(world, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(media_are_opened_once, begin, end),
        cmocka_unit_test_setup_teardown(nobody_opens_what_was_sealed_before, begin, end),
        cmocka_unit_test_setup_teardown(nobody_opens_after_leaving, begin, end),
        cmocka_unit_test_setup_teardown(a_key_is_given_up_when_somebody_leaves, begin, end),
        cmocka_unit_test_setup_teardown(nobody_is_sent_to_who_left, begin, end),
        cmocka_unit_test_setup_teardown(packets_are_accounted_for, begin, end),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
