// SPDX-License-Identifier: Apache-2.0
#include "link/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static struct wzp_addr address(unsigned host)
{
    return (struct wzp_addr){.ip = {[15] = (uint8_t)host}, .port = 5};
}

static const uint8_t *token(unsigned number)
{
    static uint8_t bytes[WZP_PATH_TOKEN_LEN];
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, &number, sizeof number);
    return bytes;
}

static struct wzp_path begin(void)
{
    struct wzp_path path;
    wzp_path_init(&path, &(struct wzp_addr){.ip = {[15] = 1}, .port = 5}, 0);
    return path;
}

static enum wzp_path_verdict packet(struct wzp_path *path, unsigned host, bool is_newest, int64_t now_ns)
{
    struct wzp_addr from = address(host);
    return wzp_path_on_packet(path, &from, 100, is_newest, now_ns);
}

static void test_verdicts(void **state)
{
    (void)state;
    struct wzp_path path = begin();
    struct wzp_addr home = address(1), away = address(2);
    assert_int_equal(packet(&path, 1, true, 1), WZP_PATH_SAME);
    assert_int_equal(packet(&path, 2, false, 2), WZP_PATH_SAME); /* late, from anywhere */
    assert_true(wzp_addr_equal(&path.current, &home));
    assert_int_equal(packet(&path, 2, true, 3), WZP_PATH_MOVED);
    assert_int_equal(packet(&path, 1, false, 4), WZP_PATH_SAME); /* was under way */
    assert_true(wzp_addr_equal(&path.current, &away));
    assert_int_equal(packet(&path, 3, true, 5), WZP_PATH_MOVED); /* before the second is proven */
    assert_true(wzp_addr_equal(&path.proven, &home));
    assert_int_equal(packet(&path, 1, true, 6), WZP_PATH_RETURNED);
    assert_true(path.is_proven && wzp_addr_equal(&path.current, &home));
    assert_int_equal(wzp_path_challenge_at(&path, 34), WZP_NEVER);
}

static void test_each_token_proves(void **state)
{
    (void)state;
    for (unsigned sent = 1; sent <= WZP_PATH_TOKENS + 10; sent++)
        for (unsigned answered = 0; answered < sent + 2; answered++) {
            struct wzp_path path = begin();
            packet(&path, 2, true, 0);
            path.bytes_in = 100000;
            for (unsigned i = 0; i < sent; i++) {
                assert_int_equal(wzp_path_challenge_at(&path, 34), i * WZP_PATH_CHALLENGE_NS);
                wzp_path_on_challenge_sent(&path, token(i), 34, i * WZP_PATH_CHALLENGE_NS);
            }
            int64_t rtt_ns, now_ns = (int64_t)sent * WZP_PATH_CHALLENGE_NS;
            bool is_known = answered < sent && answered + WZP_PATH_TOKENS >= sent;
            assert_int_equal(wzp_path_on_response(&path, token(answered), now_ns, &rtt_ns), is_known);
            assert_int_equal(path.is_proven, is_known);
            if (is_known)
                assert_int_equal(rtt_ns, now_ns - (int64_t)answered * WZP_PATH_CHALLENGE_NS);
            /* Tokens of another address prove nothing. */
            struct wzp_path other = begin();
            packet(&other, 2, true, 0);
            wzp_path_on_challenge_sent(&other, token(7), 34, 0);
            packet(&other, 3, true, 1);
            assert_false(wzp_path_on_response(&other, token(7), 2, &rtt_ns));
        }
}

static void test_routes(void **state)
{
    (void)state;
    struct wzp_path path = begin();
    struct wzp_addr to[2], home = address(1), away = address(2);
    assert_int_equal(wzp_path_route(&path, 1200, 0, to), 1);
    assert_true(wzp_addr_equal(&to[0], &home));
    packet(&path, 1, true, 10);
    packet(&path, 2, true, 20); /* 100 bytes: 300 may go back, 80 of them kept for challenges */
    assert_int_equal(wzp_path_route(&path, 221, 20, to), 1);
    assert_true(wzp_addr_equal(&to[0], &home));
    assert_int_equal(wzp_path_route(&path, 220, 20, to), 2);
    assert_true(wzp_addr_equal(&to[0], &away) && wzp_addr_equal(&to[1], &home));
    assert_int_equal(wzp_path_challenge_at(&path, 80), 20);
    assert_int_equal(wzp_path_challenge_at(&path, 81), WZP_NEVER);
    packet(&path, 2, true, 30);
    assert_int_equal(wzp_path_route(&path, 100, 10 + WZP_PATH_RECENT_NS, to), 2);
    assert_int_equal(wzp_path_route(&path, 100, 11 + WZP_PATH_RECENT_NS, to), 1); /* home is silent now */
    assert_true(wzp_addr_equal(&to[0], &away));
    assert_int_equal(wzp_path_route(&path, 900, 11 + WZP_PATH_RECENT_NS, to), 1); /* better than nothing */
    assert_true(wzp_addr_equal(&to[0], &home));
}

/* Whatever comes, an address that is not proven gets at most three times what came from it. */
static void test_amplification(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 1);
    for (unsigned round = 0; round < 200; round++) {
        struct wzp_path path = begin();
        uint64_t in[8] = {0}, out[8] = {0};
        unsigned challenges = 0;
        for (int64_t now_ns = 0; now_ns < 4 * WZP_S; now_ns += 5 * WZP_MS) {
            struct wzp_addr to[2];
            unsigned host = 1 + (unsigned)wzp_rng_below(&rng, 7);
            struct wzp_addr from = address(host);
            size_t len = 25 + wzp_rng_below(&rng, 400);
            if (wzp_rng_below(&rng, 3) == 0 && host != 1) {
                in[host] += len;
                wzp_path_on_packet(&path, &from, len, wzp_rng_below(&rng, 2), now_ns);
            }
            if (wzp_rng_below(&rng, 9) == 0)
                wzp_path_on_challenge(&path, token(1), &path.current);
            struct wzp_path_answer answer;
            if (wzp_path_challenge_at(&path, 34) <= now_ns) {
                out[path.current.ip[15]] += 34;
                wzp_path_on_challenge_sent(&path, token(challenges++), 34, now_ns);
            } else if (wzp_path_take_answer(&path, 34, &answer)) {
                out[answer.to.ip[15]] += 34; /* no longer than what it answers */
                in[answer.to.ip[15]] += 34;
            }
            size_t size = 25 + wzp_rng_below(&rng, 1400);
            unsigned count = wzp_path_route(&path, size, now_ns, to);
            for (unsigned i = 0; i < count; i++)
                out[to[i].ip[15]] += size;
            for (unsigned i = 2; i < 8; i++)
                assert_true(out[i] <= WZP_AMPLIFICATION * in[i]);
        }
    }
}

static void test_expiry_and_answers(void **state)
{
    (void)state;
    struct wzp_path path = begin();
    struct wzp_addr home = address(1), away = address(2);
    assert_false(wzp_path_expire(&path, WZP_NEVER));
    packet(&path, 2, true, 7);
    assert_false(wzp_path_expire(&path, 6 + WZP_PATH_DEADLINE_NS));
    assert_true(wzp_path_expire(&path, 7 + WZP_PATH_DEADLINE_NS));
    assert_true(path.is_proven && wzp_addr_equal(&path.current, &home));

    struct wzp_path_answer answer;
    assert_false(wzp_path_take_answer(&path, 34, &answer));
    for (unsigned i = 0; i < WZP_PATH_ANSWERS + 3; i++)
        wzp_path_on_challenge(&path, token(i), i % 2 ? &home : &away);
    for (unsigned i = WZP_PATH_ANSWERS + 3; i-- > 3;) {
        assert_true(wzp_path_take_answer(&path, 34, &answer));
        assert_memory_equal(answer.token, token(i), WZP_PATH_TOKEN_LEN);
        assert_true(wzp_addr_equal(&answer.to, i % 2 ? &home : &away));
    }
    assert_false(wzp_path_take_answer(&path, 34, &answer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_each_token_proves),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_amplification),
        cmocka_unit_test(test_expiry_and_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
