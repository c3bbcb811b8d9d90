// SPDX-License-Identifier: Apache-2.0
#include "link/mtu.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"

#define TIMEOUT_NS (200 * WZP_MS)
#define RTT_NS     (100 * WZP_MS)

/* Runs the search on a path that takes `takes` bytes and loses a share; the probes it took. */
static unsigned search(struct wzp_mtu *mtu, size_t takes, double loss, unsigned tries, struct wzp_rng *rng,
                       int64_t from_ns, int64_t until_ns)
{
    unsigned probes = 0;
    while (wzp_mtu_next_at(mtu) < until_ns) {
        int64_t now_ns = wzp_time_max(wzp_mtu_next_at(mtu), from_ns);
        size_t size = wzp_mtu_probe(mtu, tries, TIMEOUT_NS, now_ns);
        assert_true(wzp_mtu_next_at(mtu) > now_ns);
        if (size == 0)
            continue;
        probes++;
        assert_false(wzp_mtu_is_found(mtu, now_ns));
        assert_true(size > wzp_mtu_size(mtu));
        if (size <= takes && wzp_rng_unit(rng) >= loss)
            assert_true(wzp_mtu_on_acked(mtu, size, true, now_ns + RTT_NS));
    }
    return probes;
}

static void test_the_largest_is_found(void **state)
{
    (void)state;
    static const uint16_t sizes[] = WZP_MTU_SIZES;
    struct wzp_rng rng = wzp_rng_make(1, 1);
    for (size_t takes = 1100; takes <= 1600; takes++)
        for (unsigned lossy = 0; lossy < 2; lossy++) {
            struct wzp_mtu mtu;
            size_t expected = sizes[0];
            for (unsigned i = 0; i < WZP_MTU_SIZES_COUNT; i++)
                if (sizes[i] <= takes)
                    expected = sizes[i];
            wzp_mtu_init(&mtu, WZP_DATAGRAM_CEILING);
            assert_int_equal(wzp_mtu_next_at(&mtu), WZP_NEVER); /* until it is wanted */
            assert_false(wzp_mtu_is_found(&mtu, 0));
            wzp_mtu_want(&mtu, WZP_S);
            assert_false(wzp_mtu_is_found(&mtu, WZP_S));
            unsigned probes = search(&mtu, takes, lossy ? 0.2 : 0, lossy ? 12 : 3, &rng, 0, 60 * WZP_S);
            assert_int_equal(wzp_mtu_size(&mtu), expected);
            assert_true(wzp_mtu_is_found(&mtu, 60 * WZP_S));
            assert_true(probes <= (lossy ? 40 : 10));
            wzp_mtu_want(&mtu, 70 * WZP_S); /* again: nothing */
            assert_true(wzp_mtu_next_at(&mtu) > 500 * WZP_S);
            /* The path grew: found when the search begins again. */
            search(&mtu, 1600, 0, 3, &rng, 0, 700 * WZP_S);
            assert_int_equal(wzp_mtu_size(&mtu), WZP_DATAGRAM_CEILING);
        }
}

static void test_what_the_peer_takes(void **state)
{
    (void)state;
    static const struct {
        size_t peer, found;
    } rows[] = {{1200, 1200}, {1231, 1200}, {1252, 1252}, {1400, 1372}, {1472, 1472}, {65535, 1472}};
    struct wzp_rng rng = wzp_rng_make(1, 1);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_mtu mtu;
        wzp_mtu_init(&mtu, rows[i].peer);
        wzp_mtu_want(&mtu, 0);
        search(&mtu, 9000, 0, 3, &rng, 0, 1200 * WZP_S);
        assert_int_equal(wzp_mtu_size(&mtu), rows[i].found);
    }
}

/* An answer after its time still counts. */
static void test_a_late_answer(void **state)
{
    (void)state;
    struct wzp_mtu mtu;
    wzp_mtu_init(&mtu, WZP_DATAGRAM_CEILING);
    wzp_mtu_want(&mtu, 0);
    for (int64_t i = 0; i < 4; i++)
        wzp_mtu_probe(&mtu, 3, TIMEOUT_NS, i * TIMEOUT_NS);
    assert_int_equal(wzp_mtu_size(&mtu), WZP_DATAGRAM_MAX);
    assert_true(wzp_mtu_on_acked(&mtu, WZP_DATAGRAM_CEILING, true, 5 * TIMEOUT_NS));
    assert_int_equal(wzp_mtu_size(&mtu), WZP_DATAGRAM_CEILING);
    assert_false(wzp_mtu_on_acked(&mtu, 1372, true, 6 * TIMEOUT_NS)); /* nothing new */
    assert_false(wzp_mtu_on_acked(&mtu, 1300, false, 6 * TIMEOUT_NS));
}

static void test_black_holes(void **state)
{
    (void)state;
    for (unsigned acked_every = 0; acked_every < 12; acked_every++) {
        struct wzp_mtu mtu;
        wzp_mtu_init(&mtu, WZP_DATAGRAM_CEILING);
        wzp_mtu_want(&mtu, 0);
        wzp_mtu_probe(&mtu, 3, TIMEOUT_NS, 0);
        wzp_mtu_on_acked(&mtu, WZP_DATAGRAM_CEILING, true, 1);
        int64_t fell_ns = WZP_NEVER;
        for (unsigned i = 1; i < 100 && fell_ns == WZP_NEVER; i++) {
            int64_t now_ns = i * (150 * WZP_MS);
            if (wzp_mtu_on_sent(&mtu, i % 2 ? 1300 : 1200, WZP_S, now_ns))
                fell_ns = now_ns;
            wzp_mtu_on_acked(&mtu, 1200, false, now_ns); /* small ones arrive */
            if (acked_every && i % acked_every == 0)
                wzp_mtu_on_acked(&mtu, 1300, false, now_ns);
        }
        bool is_hole = acked_every == 0 || acked_every >= 8;
        assert_int_equal(wzp_mtu_size(&mtu), is_hole ? WZP_DATAGRAM_MAX : WZP_DATAGRAM_CEILING);
        if (acked_every == 0) {
            assert_in_range(fell_ns, WZP_S, 2 * WZP_S);
            assert_int_equal(wzp_mtu_next_at(&mtu), fell_ns + WZP_MTU_HOLE_NS);
        }
    }
    /* Few packets prove nothing, however long ago they left. */
    struct wzp_mtu mtu;
    wzp_mtu_init(&mtu, WZP_DATAGRAM_CEILING);
    wzp_mtu_want(&mtu, 0);
    wzp_mtu_on_acked(&mtu, WZP_DATAGRAM_CEILING, true, 1);
    for (unsigned i = 0; i < WZP_MTU_HOLE_PACKETS; i++)
        assert_false(wzp_mtu_on_sent(&mtu, 1300, WZP_S, 10 * i * WZP_S));
    assert_true(wzp_mtu_on_sent(&mtu, 100, WZP_S, 99 * WZP_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_largest_is_found),
        cmocka_unit_test(test_what_the_peer_takes),
        cmocka_unit_test(test_a_late_answer),
        cmocka_unit_test(test_black_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
