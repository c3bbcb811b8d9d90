// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/nat.h"

#define MINUTE (60 * WZP_S)

static const uint8_t nat_ip[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = 100};

static struct wzp_addr addr(uint8_t host, uint16_t port)
{
    return (struct wzp_addr){.ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = host}, .port = port};
}

static uint16_t out(struct sim_nat *nat, struct wzp_addr inside, struct wzp_addr to, int64_t now_ns)
{
    struct wzp_addr outside;
    assert_true(sim_nat_out(nat, &inside, &to, now_ns, &outside));
    assert_memory_equal(outside.ip, nat_ip, 16);
    return outside.port;
}

static bool in(struct sim_nat *nat, struct wzp_addr from, uint16_t port, int64_t now_ns,
               struct wzp_addr expected)
{
    struct wzp_addr outside = {.port = port}, inside;
    memcpy(outside.ip, nat_ip, 16);
    if (!sim_nat_in(nat, &from, &outside, now_ns, &inside))
        return false;
    assert_true(wzp_addr_equal(&inside, &expected));
    return true;
}

/* Every pair of rules: which remotes share a port, and who may come in there. */
static void test_rules(void **state)
{
    (void)state;
    for (int mapping = 0; mapping < 3; mapping++)
        for (int filtering = 0; filtering < 3; filtering++) {
            struct sim_nat_params params = {.mapping = (enum sim_nat_rule)mapping,
                                            .filtering = (enum sim_nat_rule)filtering,
                                            .timeout_ns = MINUTE};
            struct sim_nat *nat = sim_nat_create(&params, nat_ip);
            struct wzp_addr me = addr(1, 4433), other = addr(2, 4433), a = addr(50, 80), a2 = addr(50, 81),
                            b = addr(51, 80);
            uint16_t to_a = out(nat, me, a, 0);
            /* to another port of the same host, to another host, from another inside address */
            assert_int_equal(out(nat, me, a, 1), to_a);
            assert_true(in(nat, a, to_a, 2, me));
            assert_int_equal(in(nat, a2, to_a, 2, me), filtering < SIM_NAT_ADDRESS_AND_PORT_DEPENDENT);
            assert_int_equal(in(nat, b, to_a, 2, me), filtering == SIM_NAT_ENDPOINT_INDEPENDENT);
            assert_int_equal(out(nat, me, a2, 3) == to_a, mapping < SIM_NAT_ADDRESS_AND_PORT_DEPENDENT);
            assert_int_equal(out(nat, me, b, 3) == to_a, mapping == SIM_NAT_ENDPOINT_INDEPENDENT);
            uint16_t others = out(nat, other, a, 4);
            assert_int_not_equal(others, to_a);
            assert_true(in(nat, a, others, 5, other));
            assert_false(in(nat, a, 19999, 5, me));
            assert_int_equal(sim_nat_counts(nat)->unknown, 1);
            assert_int_equal(sim_nat_counts(nat)->filtered,
                             (filtering == SIM_NAT_ADDRESS_AND_PORT_DEPENDENT) + (filtering > 0));
            sim_nat_destroy(nat);
        }
}

static void test_time(void **state)
{
    (void)state;
    struct wzp_addr me = addr(1, 4433), a = addr(50, 80);
    for (int refreshes = 0; refreshes <= 1; refreshes++) {
        struct sim_nat_params params = {.timeout_ns = MINUTE, .inbound_refreshes = refreshes};
        struct sim_nat *nat = sim_nat_create(&params, nat_ip);
        uint16_t port = out(nat, me, a, 0);
        assert_int_equal(out(nat, me, a, MINUTE - 1), port);
        assert_true(in(nat, a, port, 2 * MINUTE - 2, me));
        assert_int_equal(in(nat, a, port, 3 * MINUTE - 3, me), refreshes);
        assert_int_equal(out(nat, me, a, 4 * MINUTE - 4) == port, refreshes);
        port = out(nat, me, a, 4 * MINUTE - 4);
        sim_nat_forget(nat);
        assert_false(in(nat, a, port, 4 * MINUTE - 4, me));
        assert_int_not_equal(out(nat, me, a, 4 * MINUTE), port);
        sim_nat_destroy(nat);
    }
}

/* It is full, and has room again when mappings are gone; who was mapped stays. */
static void test_room(void **state)
{
    (void)state;
    struct sim_nat_params params = {.mapping = SIM_NAT_ADDRESS_AND_PORT_DEPENDENT, .timeout_ns = MINUTE};
    struct sim_nat *nat = sim_nat_create(&params, nat_ip);
    struct wzp_addr me = addr(1, 4433), outside;
    for (uint16_t i = 0; i < SIM_NAT_MAPPINGS; i++)
        out(nat, me, addr(50, i), 0);
    struct wzp_addr more = addr(51, 1), known = addr(50, 7);
    assert_false(sim_nat_out(nat, &me, &more, 1, &outside));
    assert_true(sim_nat_out(nat, &me, &known, 1, &outside));
    assert_true(sim_nat_look(nat, &outside, 2, &more));
    assert_true(wzp_addr_equal(&more, &me));
    assert_int_equal(sim_nat_counts(nat)->full, 1);
    out(nat, me, addr(51, 1), MINUTE);
    assert_false(sim_nat_look(nat, &(struct wzp_addr){.port = outside.port}, MINUTE, &more));
    assert_int_equal(sim_nat_counts(nat)->mappings, SIM_NAT_MAPPINGS + 1);
    sim_nat_destroy(nat);
}

/* A forwarded port is the inside address's whoever comes and whenever, and what it says comes from there. */
static void test_forward(void **state)
{
    (void)state;
    for (int rule = 0; rule < 3; rule++) {
        struct sim_nat_params params = {
            .mapping = (enum sim_nat_rule)rule, .filtering = (enum sim_nat_rule)rule, .timeout_ns = MINUTE};
        struct sim_nat *nat = sim_nat_create(&params, nat_ip);
        struct wzp_addr relay = addr(1, 4433), other = addr(2, 4433), a = addr(50, 80), b = addr(51, 81), at;
        assert_true(sim_nat_forward(nat, &relay, &at));
        assert_memory_equal(at.ip, nat_ip, 16);
        assert_true(in(nat, a, at.port, 0, relay) && in(nat, b, at.port, 9 * MINUTE, relay));
        assert_int_equal(out(nat, relay, a, 9 * MINUTE), at.port);
        assert_int_equal(out(nat, relay, b, 9 * MINUTE), at.port);
        uint16_t others = out(nat, other, b, 9 * MINUTE);
        assert_int_not_equal(others, at.port);
        sim_nat_forget(nat);
        assert_true(in(nat, b, at.port, 9 * MINUTE, relay));
        assert_false(in(nat, b, others, 9 * MINUTE, other));
        while (sim_nat_forward(nat, &relay, &at))
            continue;
        assert_int_equal(sim_nat_counts(nat)->mappings, SIM_NAT_MAPPINGS + 1);
        sim_nat_destroy(nat);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_time),
                                       cmocka_unit_test(test_room), cmocka_unit_test(test_forward)};
    return cmocka_run_group_tests_name("sim/nat", tests, NULL, NULL);
}
