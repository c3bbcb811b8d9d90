// SPDX-License-Identifier: Apache-2.0
/* A responder under first messages from addresses that nobody holds, in virtual time; and what forged, stolen
 * and stale cookies do. */
#include "base/rng.h"
#include "session/pipe_test.h"
#include "session/session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PIPE_MAX      512
#define CLIENTS       2
#define RELAY         CLIENTS
#define DELAY_NS      (50 * WZP_MS)
#define HALF_OPEN_MAX 64

static void *counted_get(void *calls, size_t size)
{
    ++*(uint64_t *)calls;
    return calloc(1, size);
}

/* Clients 0 and 1, and the relay. */
struct world {
    struct wzp_endpoint *node[CLIENTS + 1];
    struct wzp_addr addr[CLIENTS + 1];
    uint64_t taken; /* pieces of memory */
    struct wzp_rng rng;
    int64_t now_ns;
    double loss;
    struct pipe pipe;
    uint32_t session[CLIENTS];
    bool is_connected[CLIENTS], is_closed[CLIENTS];
    enum wzp_close_reason reason[CLIENTS];
    unsigned media;                  /* that the relay heard */
    uint64_t forged, forged_answers; /* datagrams to and from addresses that nobody holds */
    uint8_t first[WZP_INITIAL_SIZE]; /* a message 1 to forge from */
};

static void world_init(struct world *world, uint64_t seed)
{
    *world = (struct world){.rng = wzp_rng_make(seed, 1), .pipe = pipe_make(PIPE_MAX)};
    for (unsigned i = 0; i <= RELAY; i++) {
        struct wzp_endpoint_config config = i == RELAY ? wzp_endpoint_config_relay()
                                                       : wzp_endpoint_config_client();
        config_keys(&config, i, seed);
        config.alloc = (struct wzp_alloc){counted_get, test_put, &world->taken};
        if (i == RELAY)
            config.limits.half_open_max = HALF_OPEN_MAX;
        world->node[i] = wzp_endpoint_create(&config);
        assert_non_null(world->node[i]);
        world->addr[i] = side_addr(i);
    }
}

static void world_deinit(struct world *world)
{
    for (unsigned i = 0; i <= RELAY; i++)
        wzp_endpoint_destroy(world->node[i]);
    pipe_free(&world->pipe);
}

static void poll(struct world *world, unsigned node)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(world->node[node], &event)) {
        if (node == RELAY) {
            world->media += event.kind == WZP_EVENT_MEDIA;
            continue;
        }
        world->is_connected[node] |= event.kind == WZP_EVENT_CONNECTED;
        if (event.kind == WZP_EVENT_CLOSED) {
            world->is_closed[node] = true;
            world->reason[node] = event.closed.reason;
        }
    }
}

static void receive(struct world *world, unsigned node, const struct wzp_addr *from, uint8_t *bytes,
                    size_t len)
{
    wzp_endpoint_receive(world->node[node], from, bytes, len, world->now_ns);
    poll(world, node);
}

static void transmit(struct world *world, unsigned from)
{
    struct datagram datagram = {.at_ns = world->now_ns + DELAY_NS, .from = world->addr[from]};
    while (datagram_transmit(&datagram, world->node[from], world->now_ns)) {
        datagram.side = 0;
        while (datagram.side <= RELAY && !wzp_addr_equal(&datagram.to, &world->addr[datagram.side]))
            datagram.side++;
        if (datagram.side > RELAY) {
            world->forged_answers++;
            assert_true(datagram.len < WZP_INITIAL_SIZE);
        } else if (wzp_rng_unit(&world->rng) >= world->loss) {
            assert_true(pipe_put(&world->pipe, &datagram));
        }
    }
    poll(world, from);
}

/* What is due, now. */
static void step(struct world *world)
{
    struct datagram datagram;
    while (pipe_take(&world->pipe, world->now_ns, &datagram))
        receive(world, datagram.side, &datagram.from, datagram.bytes, datagram.len);
    for (unsigned i = 0; i <= RELAY; i++) {
        if (wzp_endpoint_next_at(world->node[i]) <= world->now_ns) {
            wzp_endpoint_advance(world->node[i], world->now_ns);
            poll(world, i);
        }
        transmit(world, i);
    }
}

static void connect(struct world *world, unsigned client)
{
    assert_int_equal(wzp_endpoint_connect(world->node[client], &world->addr[RELAY], NULL, world->now_ns,
                                          &world->session[client]),
                     WZP_ERR_OK);
}

static uint64_t drops(const struct world *world, unsigned node, enum wzp_drop reason)
{
    return wzp_endpoint_counters(world->node[node])->drops[reason];
}

/* A genuine message 1, of an endpoint that is never heard of again. */
static void learn_first(struct world *world)
{
    struct wzp_endpoint_config config = wzp_endpoint_config_client();
    struct wzp_addr to;
    uint8_t bytes[WZP_DATAGRAM_MAX];
    uint32_t session;
    config_keys(&config, RELAY + 1, 0);
    struct wzp_endpoint *endpoint = wzp_endpoint_create(&config);
    assert_int_equal(wzp_endpoint_connect(endpoint, &world->addr[RELAY], NULL, 0, &session), WZP_ERR_OK);
    assert_int_equal(wzp_endpoint_transmit(endpoint, 0, &to, bytes, sizeof bytes), WZP_INITIAL_SIZE);
    memcpy(world->first, bytes, WZP_INITIAL_SIZE);
    wzp_endpoint_destroy(endpoint);
}

/* Another message 1 that reads as well: its own id, clear and in the payload, and its own ephemeral key. */
static void forge(struct world *world, uint8_t out[WZP_INITIAL_SIZE], struct wzp_addr *from)
{
    struct wzp_reader reader = wzp_reader_make(world->first, WZP_INITIAL_SIZE);
    struct wzp_long_header header;
    uint8_t message[256], id[4];
    assert_true(wzp_long_header_decode(&reader, &header) && header.message.len <= sizeof message);
    memcpy(message, header.message.data, header.message.len);
    header.source = 1 + (uint32_t)wzp_rng_below(&world->rng, UINT32_MAX);
    for (unsigned i = 0; i < 32; i++)
        message[i] = (uint8_t)wzp_rng_below(&world->rng, 256);
    struct wzp_writer id_writer = wzp_writer_make(id, sizeof id);
    wzp_write_u32(&id_writer, header.source);
    memcpy(message + 32, id, sizeof id);
    header.message.data = message;
    struct wzp_writer writer = wzp_writer_make(out, WZP_INITIAL_SIZE);
    wzp_long_header_encode(&writer, &header);
    wzp_write_zeros(&writer, wzp_writer_left(&writer));
    *from = (struct wzp_addr){.ip = {[0] = 0x20, [15] = 9},
                              .port = (uint16_t)wzp_rng_below(&world->rng, 65536)};
    for (unsigned i = 1; i < 15; i++)
        from->ip[i] = (uint8_t)wzp_rng_below(&world->rng, 256);
}

static void send_forged(struct world *world)
{
    uint8_t bytes[WZP_INITIAL_SIZE];
    struct wzp_addr from;
    forge(world, bytes, &from);
    world->forged++;
    receive(world, RELAY, &from, bytes, sizeof bytes);
}

/* So many forged messages a second until then. */
static void flood(struct world *world, unsigned rate, int64_t until_ns)
{
    for (; world->now_ns < until_ns; world->now_ns += WZP_S / rate) {
        send_forged(world);
        step(world);
        assert_true(wzp_endpoint_counters(world->node[RELAY])->half_open <= HALF_OPEN_MAX);
    }
}

static void calm(struct world *world, int64_t until_ns)
{
    for (; world->now_ns < until_ns; world->now_ns += WZP_MS)
        step(world);
}

static void a_client_connects_through_a_flood(void **state)
{
    (void)state;
    static const struct {
        double loss;
        unsigned seeds;
    } rows[] = {{0, 2}, {0.3, 8}};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        for (uint64_t seed = 1; seed <= rows[row].seeds; seed++) {
            struct world world;
            world_init(&world, seed);
            learn_first(&world);
            world.loss = rows[row].loss;
            flood(&world, 20000, 300 * WZP_MS);
            connect(&world, 1);
            flood(&world, 20000, 300 * WZP_MS + WZP_S + 2 * DELAY_NS);
            if (!world.is_connected[1])
                fail_msg("loss %g seed %d: not connected", rows[row].loss, (int)seed);
            assert_true(wzp_endpoint_counters(world.node[RELAY])->cookies_sent > 20000);
            world_deinit(&world);
        }
    }
}

static void an_established_session_loses_nothing(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 3);
    learn_first(&world);
    connect(&world, 0);
    calm(&world, WZP_S);
    assert_true(world.is_connected[0]);
    assert_int_equal(wzp_endpoint_counters(world.node[RELAY])->cookies_sent, 0);
    uint64_t taken = world.taken;
    uint8_t header[WZP_MEDIA_HEADER_LEN];
    const uint8_t payload[40] = {1};
    unsigned sent = 0;
    for (int64_t end_ns = world.now_ns + WZP_S; world.now_ns < end_ns; sent++) {
        struct wzp_writer writer = wzp_writer_make(header, sizeof header);
        wzp_media_header_encode(&writer, &(struct wzp_media_header){.sequence = sent});
        assert_int_equal(wzp_endpoint_send_media(world.node[0], world.session[0], 0, header,
                                                 (struct wzp_slice){payload, sizeof payload}, false,
                                                 world.now_ns),
                         WZP_ERR_OK);
        flood(&world, 100000, world.now_ns + 20 * WZP_MS);
    }
    calm(&world, world.now_ns + WZP_S);
    assert_int_equal(sent, 50);
    assert_int_equal(world.media, sent);
    assert_int_equal(world.taken, taken);
    assert_true(world.forged >= 100000);
    /* What was answered with more than a cookie are the few from before the load was seen, three times each.
     */
    uint64_t cookies = wzp_endpoint_counters(world.node[RELAY])->cookies_sent;
    assert_true(cookies > 90000 && world.forged_answers - cookies <= 3 * HALF_OPEN_MAX);
    calm(&world, world.now_ns + 10 * WZP_S);
    assert_int_equal(wzp_endpoint_counters(world.node[RELAY])->half_open, 0);
    world_deinit(&world);
}

/* Takes the relay's next datagram. */
static size_t answer(struct world *world, uint8_t bytes[WZP_DATAGRAM_MAX], struct wzp_addr *to)
{
    return wzp_endpoint_transmit(world->node[RELAY], world->now_ns, to, bytes, WZP_DATAGRAM_MAX);
}

/* Loads the relay, and silences what it says to those who load it. */
static void load(struct world *world)
{
    uint8_t bytes[WZP_DATAGRAM_MAX];
    struct wzp_addr to;
    for (unsigned i = 0; i < 200; i++)
        send_forged(world);
    while (answer(world, bytes, &to))
        ;
}

static bool is_type(const uint8_t *bytes, enum wzp_long_type type)
{
    return bytes[0] == (WZP_FORM_LONG | type);
}

static size_t client_transmit(struct world *world, uint8_t bytes[WZP_DATAGRAM_MAX])
{
    struct wzp_addr to;
    return wzp_endpoint_transmit(world->node[1], world->now_ns, &to, bytes, WZP_DATAGRAM_MAX);
}

/* Client 1 sends message 1 to a loaded relay; the COOKIE that it draws. */
static void draw_cookie(struct world *world, uint8_t first[WZP_DATAGRAM_MAX],
                        uint8_t cookie[WZP_DATAGRAM_MAX], size_t *cookie_len)
{
    struct wzp_addr to;
    uint8_t copy[WZP_DATAGRAM_MAX];
    connect(world, 1);
    assert_int_equal(client_transmit(world, first), WZP_INITIAL_SIZE);
    memcpy(copy, first, WZP_INITIAL_SIZE);
    receive(world, RELAY, &world->addr[1], copy, WZP_INITIAL_SIZE);
    *cookie_len = answer(world, cookie, &to);
    assert_true(wzp_addr_equal(&to, &world->addr[1]));
    assert_true(is_type(cookie, WZP_LONG_TYPE_COOKIE));
    assert_true(*cookie_len < WZP_INITIAL_SIZE / 4);
}

static void the_cookie_is_the_only_change(void **state)
{
    (void)state;
    struct world world;
    uint8_t first[WZP_DATAGRAM_MAX], second[WZP_DATAGRAM_MAX], cookie[WZP_DATAGRAM_MAX];
    size_t cookie_len;
    world_init(&world, 4);
    learn_first(&world);
    load(&world);
    draw_cookie(&world, first, cookie, &cookie_len);
    uint8_t again[WZP_DATAGRAM_MAX];
    memcpy(again, cookie, cookie_len);
    receive(&world, 1, &world.addr[RELAY], cookie, cookie_len);
    assert_int_equal(client_transmit(&world, second), WZP_INITIAL_SIZE); /* at once */
    struct wzp_reader readers[2] = {wzp_reader_make(first, WZP_INITIAL_SIZE),
                                    wzp_reader_make(second, WZP_INITIAL_SIZE)};
    struct wzp_long_header headers[2];
    for (unsigned i = 0; i < 2; i++)
        assert_true(wzp_long_header_decode(&readers[i], &headers[i]));
    assert_int_equal(headers[1].cookie.len, WZP_COOKIE_LEN);
    assert_int_equal(headers[1].source, headers[0].source);
    assert_int_equal(headers[1].copy, 0);
    assert_int_equal(headers[1].message.len, headers[0].message.len);
    assert_memory_equal(headers[1].message.data, headers[0].message.data, headers[0].message.len);
    receive(&world, 1, &world.addr[RELAY], again, cookie_len); /* a second one draws nothing at once */
    assert_int_equal(drops(&world, 1, WZP_DROP_COOKIE_IGNORED), 1);
    assert_int_equal(client_transmit(&world, first), 0);

    uint8_t response[WZP_DATAGRAM_MAX];
    struct wzp_addr to;
    receive(&world, RELAY, &world.addr[1], second, WZP_INITIAL_SIZE);
    assert_true(answer(&world, response, &to) > 0 && is_type(response, WZP_LONG_TYPE_RESPONSE));
    world_deinit(&world);
}

static void a_cookie_of_others_is_refused(void **state)
{
    (void)state;
    enum { OTHER_ADDRESS, OTHER_PORT, FLIPPED, STALE, FRESH, ROWS };
    for (unsigned row = 0; row < ROWS; row++) {
        struct world world;
        uint8_t first[WZP_DATAGRAM_MAX], second[WZP_DATAGRAM_MAX], cookie[WZP_DATAGRAM_MAX];
        size_t cookie_len;
        world_init(&world, 5);
        learn_first(&world);
        load(&world);
        draw_cookie(&world, first, cookie, &cookie_len);
        receive(&world, 1, &world.addr[RELAY], cookie, cookie_len);
        assert_int_equal(client_transmit(&world, second), WZP_INITIAL_SIZE);
        struct wzp_addr from = world.addr[1], to;
        from.ip[3] ^= row == OTHER_ADDRESS;
        from.port ^= row == OTHER_PORT;
        struct wzp_reader reader = wzp_reader_make(second, WZP_INITIAL_SIZE);
        struct wzp_long_header header;
        assert_true(wzp_long_header_decode(&reader, &header));
        second[header.cookie.data - second] ^= row == FLIPPED;
        if (row == STALE) {
            world.now_ns += 250 * WZP_S;
            wzp_endpoint_advance(world.node[RELAY], world.now_ns);
            load(&world);
        }
        uint64_t before = drops(&world, RELAY, WZP_DROP_COOKIE_DEMANDED);
        receive(&world, RELAY, &from, second, WZP_INITIAL_SIZE);
        assert_true(answer(&world, second, &to) > 0);
        assert_int_equal(is_type(second, WZP_LONG_TYPE_RESPONSE), row == FRESH);
        assert_int_equal(drops(&world, RELAY, WZP_DROP_COOKIE_DEMANDED), before + (row != FRESH));
        world_deinit(&world);
    }
}

/* Who did not see message 1 cannot know how it begins. */
static void a_cookie_from_off_the_path_is_ignored(void **state)
{
    (void)state;
    struct world world;
    uint8_t first[WZP_DATAGRAM_MAX], cookie[WZP_DATAGRAM_MAX], bytes[WZP_DATAGRAM_MAX];
    size_t cookie_len;
    world_init(&world, 6);
    learn_first(&world);
    load(&world);
    draw_cookie(&world, first, cookie, &cookie_len);
    const size_t cookie_at = 10 + WZP_START_LEN + 1;
    for (size_t bit = 0; bit < cookie_at * 8; bit++) { /* every bit before the cookie itself */
        memcpy(bytes, cookie, cookie_len);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        receive(&world, 1, &world.addr[RELAY], bytes, cookie_len);
        assert_int_equal(client_transmit(&world, bytes), 0);
    }
    /* The genuine one still is heeded. */
    receive(&world, 1, &world.addr[RELAY], cookie, cookie_len);
    assert_int_equal(client_transmit(&world, bytes), WZP_INITIAL_SIZE);
    world_deinit(&world);
}

static void a_relay_at_rest_asks_for_no_cookie(void **state)
{
    (void)state;
    struct world world;
    uint8_t first[WZP_DATAGRAM_MAX], with[WZP_INITIAL_SIZE], response[WZP_DATAGRAM_MAX];
    world_init(&world, 7);
    connect(&world, 1);
    assert_int_equal(client_transmit(&world, first), WZP_INITIAL_SIZE);
    struct wzp_reader reader = wzp_reader_make(first, WZP_INITIAL_SIZE);
    struct wzp_long_header header;
    struct wzp_addr to;
    assert_true(wzp_long_header_decode(&reader, &header));
    header.cookie = (struct wzp_slice){(const uint8_t[]){"any old cookie.."}, WZP_COOKIE_LEN};
    struct wzp_writer writer = wzp_writer_make(with, sizeof with);
    wzp_long_header_encode(&writer, &header);
    wzp_write_zeros(&writer, wzp_writer_left(&writer));
    receive(&world, RELAY, &world.addr[1], with, sizeof with);
    assert_true(answer(&world, response, &to) > 0 && is_type(response, WZP_LONG_TYPE_RESPONSE));
    world_deinit(&world);
}

static unsigned held_for(const struct world *world, uint32_t local_id)
{
    unsigned count = 0;
    for (unsigned i = 0; i < WZP_HELD_EARLY_MAX; i++)
        count += world->node[RELAY]->held[i].local_id == local_id;
    return count;
}

/* One handshake under way may fill the memory for early packets only as long as no other wants some of it. */
static void early_packets_are_shared_out(void **state)
{
    (void)state;
    struct world world;
    uint8_t bytes[WZP_DATAGRAM_MAX];
    struct wzp_addr to;
    uint32_t ids[3];
    world_init(&world, 8);
    learn_first(&world);
    for (unsigned i = 0; i < 3; i++) {
        send_forged(&world);
        assert_true(answer(&world, bytes, &to) > 0 && is_type(bytes, WZP_LONG_TYPE_RESPONSE));
        struct wzp_reader reader = wzp_reader_make(bytes + 6, 4);
        ids[i] = wzp_read_u32(&reader);
    }
    static const unsigned shares[3][3] = {{16, 0, 0}, {8, 8, 0}, {6, 5, 5}};
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned packet = 0; packet < 20; packet++) {
            uint8_t early[40] = {WZP_FORM_SHORT};
            struct wzp_writer writer = wzp_writer_make(early + 1, 4);
            wzp_write_u32(&writer, ids[i]);
            receive(&world, RELAY, &world.addr[1], early, sizeof early);
        }
        unsigned total = 0;
        for (unsigned k = 0; k < 3; k++) {
            unsigned held = held_for(&world, ids[k]);
            assert_in_range(held, shares[i][k] ? shares[i][k] - 1 : 0, shares[i][k] + (shares[i][k] != 0));
            total += held;
        }
        assert_int_equal(total, WZP_HELD_EARLY_MAX);
    }
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_connects_through_a_flood),
        cmocka_unit_test(an_established_session_loses_nothing),
        cmocka_unit_test(the_cookie_is_the_only_change),
        cmocka_unit_test(a_cookie_of_others_is_refused),
        cmocka_unit_test(a_cookie_from_off_the_path_is_ignored),
        cmocka_unit_test(a_relay_at_rest_asks_for_no_cookie),
        cmocka_unit_test(early_packets_are_shared_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
