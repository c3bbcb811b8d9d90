// SPDX-License-Identifier: Apache-2.0
/* Two sessions that talk over a way that loses in one direction: what each knows of it, what reports cost,
 * and that they end with the talk. */
#include "session/pair_test.h"

static void repairs(unsigned side, struct wzp_endpoint_config *config)
{
    (void)side;
    config->rekey_ns = 3 * WZP_S;
    config->rekey_min_ns = WZP_S;
}

static void passes_on(unsigned side, struct wzp_endpoint_config *config)
{
    repairs(side, config);
    config->passes_repair = true;
}

/* Loss steps, with `back` permille of what tells of it lost as well; keys change every 3 s. */
static void follows(unsigned back, int64_t talk_ns)
{
    static const unsigned steps[] = {0, 300, 700, 0};
    unsigned worst[4] = {0}, sum[4] = {0}, count = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        begin(seed, repairs);
        world.jitter_ns = 8 * WZP_MS;
        world.talk_ns[0] = talk_ns;
        run(1 * WZP_S);
        for (unsigned step = 0; step < 4; step++) {
            world.loss[0] = steps[step];
            world.loss[1] = back;
            run(world.now_ns + 2 * WZP_S);
            for (unsigned i = 0; i < 20; i++) {
                run(world.now_ns + 250 * WZP_MS);
                struct wzp_session_facts facts = facts_of(0);
                unsigned off = (unsigned)abs((int)facts.loss_permille - (int)steps[step]);
                worst[step] = off > worst[step] ? off : worst[step];
                sum[step] += off;
                count += step == 0;
                assert_true(facts.has_feedback || back);
            }
        }
        struct wzp_session_facts facts = facts_of(0);
        assert_in_range(facts.peer_jitter_us, 1500, 4000); /* of two draws below 8 ms: 2.7 ms */
        assert_true(facts.rekeys >= 4);
        end();
    }
    for (unsigned step = 0; step < 4; step++) {
        assert_true(sum[step] / count <= 40);
        assert_true(worst[step] <= (talk_ns < 10 * WZP_MS ? 120 : 250));
    }
}

static void test_follows(void **state)
{
    (void)state;
    follows(0, TALK_NS);
    follows(0, 5 * WZP_MS);
    follows(700, 5 * WZP_MS);
}

/* What reports cost, and what they save. */
static void test_cost(void **state)
{
    (void)state;
    static const struct {
        int64_t talk_ns[2];
        unsigned reports_min, reports_max; /* of side 1, in 20 s */
    } rows[] = {
        {{TALK_NS, TALK_NS}, 300, 400},
        {{TALK_NS, 0}, 50, 120},    /* alone: as much as 5 % allow */
        {{60 * WZP_MS, 0}, 36, 44}, /* thin, and nobody answers: so that its speaker is not blind */
        {{60 * WZP_MS, 60 * WZP_MS}, 300, 340},
        {{2 * WZP_MS, 0}, 250, 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(i + 1, passes_on);
        memcpy(world.talk_ns, rows[i].talk_ns, sizeof world.talk_ns);
        run(20 * WZP_S);
        const struct wzp_endpoint_counters *counters = wzp_endpoint_counters(world.side[1]);
        assert_in_range(counters->feedback_out, rows[i].reports_min, rows[i].reports_max);
        uint64_t floor = 20 * 250;
        uint64_t share = world.bytes[0] / 20 > floor ? world.bytes[0] / 20 : floor;
        assert_true(counters->feedback_bytes_out <= share + WZP_FEEDBACK_BURST);
        if (rows[i].talk_ns[1]) /* one packet for each of its own, a few for keys, the handshake, ids */
            assert_true(world.packets[1] <= (uint64_t)(20 * WZP_S / rows[i].talk_ns[1]) + 60);
        /* the speaker's headers are built on, so what he sent was acknowledged */
        assert_int_equal(facts_of(0).loss_permille, 0);

        /* silence: one last report, and nothing after it but PINGs and keys */
        world.talk_ns[0] = world.talk_ns[1] = 0;
        run(world.now_ns + 1 * WZP_S);
        uint64_t out[2] = {wzp_endpoint_counters(world.side[0])->feedback_out, counters->feedback_out};
        struct session *session = &world.side[1]->sessions[0];
        assert_int_equal(wzp_feedback_due_at(&session->feedback, 53), WZP_NEVER);
        assert_int_equal(session->feedback.told[0] + 8 > session->feedback.next, true);
        run(world.now_ns + 10 * WZP_S);
        assert_int_equal(wzp_endpoint_counters(world.side[0])->feedback_out, out[0]);
        assert_int_equal(counters->feedback_out, out[1]);
        assert_false(facts_of(0).has_feedback);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows),
        cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
