// SPDX-License-Identifier: Apache-2.0
/* Floods: when and whence datagrams come, what they are, and that a seed repeats them. */
#include "sim/flood.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "wire/wire.h"

#define SEEN_MAX 2000

struct seen {
    int64_t at_ns;
    struct wzp_addr from;
    size_t len;
    uint8_t bytes[WZP_DATAGRAM_MAX];
};

struct target {
    struct seen *seen;
    unsigned count;
};

static void target_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                           int64_t now_ns)
{
    struct target *target = self;
    assert_true(target->count < SEEN_MAX && len <= WZP_DATAGRAM_MAX);
    struct seen *seen = &target->seen[target->count++];
    *seen = (struct seen){.at_ns = now_ns, .from = *from, .len = len};
    memcpy(seen->bytes, datagram, len);
}

static size_t target_transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                              size_t capacity)
{
    (void)self;
    (void)now_ns;
    (void)to;
    (void)datagram;
    (void)capacity;
    return 0;
}

static int64_t target_next_at(const void *self)
{
    (void)self;
    return WZP_NEVER;
}

static void target_advance(void *self, int64_t now_ns)
{
    (void)self;
    (void)now_ns;
}

static const struct sim_node_ops ops = {target_receive, target_transmit, target_next_at, target_advance,
                                        NULL};

/* What came, SEEN_MAX places. */
static struct seen *flooded(uint64_t seed, const struct sim_flood_params *params, unsigned *count,
                            char hash[33])
{
    struct sim_net *net = sim_net_create(seed);
    struct target target = {.seen = calloc(SEEN_MAX, sizeof *target.seen)};
    assert_non_null(target.seen);
    unsigned node = sim_net_add(net, "target", &ops, &target);
    struct sim_flood *flood = sim_flood_create(net, node, params);
    assert_true(sim_net_run(net, 100 * WZP_S));
    uint64_t bytes = 0;
    for (unsigned i = 0; i < target.count; i++)
        bytes += target.seen[i].len;
    assert_int_equal(sim_net_flood_counts(net)->packets, target.count);
    assert_int_equal(sim_net_flood_counts(net)->bytes, bytes);
    sim_net_hash(net, hash);
    sim_flood_destroy(flood);
    sim_net_destroy(net);
    *count = target.count;
    return target.seen;
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate;
        int64_t from_ns, until_ns;
        unsigned count;
    } rows[] = {{1000, 0, WZP_S, 1000}, {3, WZP_S, 3 * WZP_S, 6}, {7, 5, 2 * WZP_S + 5, 14},
                {1, 0, 1, 1},           {1, WZP_S, WZP_S, 0},     {10000000, 0, 100000, 1000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned count;
        char hash[33];
        struct seen *seen = flooded(1,
                                    &(struct sim_flood_params){.kind = SIM_FLOOD_RANDOM,
                                                               .rate = rows[i].rate,
                                                               .from_ns = rows[i].from_ns,
                                                               .until_ns = rows[i].until_ns},
                                    &count, hash);
        assert_int_equal(count, rows[i].count);
        for (unsigned k = 0; k < count; k++)
            assert_int_equal(seen[k].at_ns,
                             rows[i].from_ns + (int64_t)((uint64_t)k * (uint64_t)WZP_S / rows[i].rate));
        free(seen);
    }
}

static void check_initial(const struct seen *seen)
{
    struct wzp_reader reader = wzp_reader_make(seen->bytes, seen->len);
    struct wzp_long_header header;
    assert_true(wzp_long_header_decode(&reader, &header));
    assert_int_equal(seen->len, 320);
    assert_int_equal(header.form, WZP_FORM_LONG | WZP_LONG_TYPE_INITIAL);
    assert_int_equal(header.pattern, WZP_PATTERN_XX);
    assert_int_equal(header.destination, 0);
    struct wzp_reader payload = wzp_reader_make(header.message.data + 32, header.message.len - 32);
    assert_int_equal(wzp_read_u32(&payload), header.source);
}

/* The form of each kind; no two datagrams and no two addresses alike, unless the sources are few. */
static void test_kinds(void **state)
{
    (void)state;
    for (unsigned kind = SIM_FLOOD_INITIAL; kind <= SIM_FLOOD_RANDOM; kind++) {
        unsigned count, few = 0;
        char hash[33];
        struct sim_flood_params params = {.kind = kind, .rate = 500, .until_ns = WZP_S};
        params.sources = kind == SIM_FLOOD_RANDOM ? 3 : 0;
        struct seen *seen = flooded(1, &params, &count, hash);
        assert_int_equal(count, 500);
        for (unsigned i = 0; i < count; i++) {
            assert_true(seen[i].from.ip[12] > 10 && seen[i].from.ip[12] < 127);
            if (kind == SIM_FLOOD_INITIAL)
                check_initial(&seen[i]);
            if (kind == SIM_FLOOD_SHORT)
                assert_true(seen[i].bytes[0] >> 5 == 2 && seen[i].len >= 25);
            bool is_new = true;
            for (unsigned k = 0; k < i; k++) {
                assert_false(seen[i].len > 25 && seen[i].len == seen[k].len &&
                             memcmp(seen[i].bytes, seen[k].bytes, seen[i].len) == 0);
                is_new = is_new && !wzp_addr_equal(&seen[i].from, &seen[k].from);
            }
            few += is_new;
        }
        assert_int_equal(few, params.sources ? params.sources : count);
        free(seen);
    }
}

static void test_seeds(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        enum sim_flood_kind kind;
        bool is_same;
    } rows[] = {{1, SIM_FLOOD_INITIAL, true}, {1, SIM_FLOOD_INITIAL, true}, {2, SIM_FLOOD_INITIAL, false}};
    char hash[3][33];
    struct seen *seen[3];
    unsigned count;
    for (size_t i = 0; i < 3; i++) {
        seen[i] = flooded(rows[i].seed,
                          &(struct sim_flood_params){.kind = rows[i].kind, .rate = 100, .until_ns = WZP_S},
                          &count, hash[i]);
        assert_int_equal(memcmp(seen[0], seen[i], count * sizeof *seen[i]) == 0, rows[i].is_same);
        assert_int_equal(strcmp(hash[0], hash[i]) == 0, rows[i].is_same);
    }
    for (size_t i = 0; i < 3; i++)
        free(seen[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_seeds),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("sim/flood", tests, NULL, NULL);
}
