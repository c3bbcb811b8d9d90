// SPDX-License-Identifier: Apache-2.0
/* Who is let in, by a relay and one client with nothing between them. */
#include "relay/access.h"

#include "base/alloc_test.h"
#include "base/rng.h"
#include "crypt/identity.h"
#include "relay/relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_list_is_searched_as_it_is_read(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 1);
    for (size_t count = 0; count < 40; count++) {
        uint8_t keys[40][32] = {{0}};
        for (size_t i = 0; i < count; i++)
            keys[i][31 * wzp_rng_below(&rng, 2)] = (uint8_t)wzp_rng_below(&rng, 60);
        uint8_t sorted[40][32];
        memcpy(sorted, keys, sizeof keys);
        wzp_relay_access_sort(sorted, count);
        struct wzp_relay_access access = {
            .is_restricted = true, .keys = (const uint8_t(*)[32])sorted, .key_count = count};
        for (unsigned value = 0; value < 128; value++) {
            uint8_t key[32] = {0};
            key[value < 64 ? 0 : 31] = (uint8_t)(value % 64);
            bool is_listed = false;
            for (size_t i = 0; i < count; i++)
                is_listed |= memcmp(keys[i], key, 32) == 0;
            assert_int_equal(access_allows(&access, key, false), is_listed);
            assert_true(access_allows(&access, key, true));
        }
    }
    assert_true(access_allows(&(struct wzp_relay_access){0}, (const uint8_t[32]){1}, false));
}

/* A client and a relay that reach each other at once. */
struct pair {
    struct wzp_relay *relay;
    struct wzp_endpoint *client;
    struct wzp_identity relay_identity, identity;
    struct wzp_addr relay_addr, addr;
    int64_t now_ns;
    uint32_t session;
    bool is_closed, by_peer;
    enum wzp_close_reason reason;
};

static const uint8_t code[32] = {42, 1}, other_code[32] = {42, 2};

static void pair_init(struct pair *pair, const uint8_t *invitation)
{
    *pair = (struct pair){.relay_addr = {.ip = {[15] = 1}, .port = 1}, .addr = {.ip = {[15] = 2}, .port = 2}};
    struct wzp_relay_config relay = wzp_relay_config_default();
    struct wzp_endpoint_config client = wzp_endpoint_config_client();
    wzp_identity_from_seed(&pair->relay_identity, (const uint8_t[32]){1});
    wzp_identity_from_seed(&pair->identity, (const uint8_t[32]){2});
    relay.endpoint.alloc = client.alloc = test_alloc;
    relay.endpoint.limits.sessions_max = 2;
    client.seed[0] = 1;
    memcpy(relay.endpoint.static_secret, pair->relay_identity.noise_secret, 32);
    memcpy(relay.endpoint.static_public, pair->relay_identity.noise_public, 32);
    memcpy(client.static_secret, pair->identity.noise_secret, 32);
    memcpy(client.static_public, pair->identity.noise_public, 32);
    if (invitation) {
        client.has_invitation = true;
        memcpy(client.invitation, invitation, 32);
    }
    pair->relay = wzp_relay_create(&relay);
    pair->client = wzp_endpoint_create(&client);
    assert_true(pair->relay && pair->client);
}

static void pair_deinit(struct pair *pair)
{
    wzp_relay_destroy(pair->relay);
    wzp_endpoint_destroy(pair->client);
}

static void poll(struct pair *pair)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(pair->client, &event)) {
        if (event.kind != WZP_EVENT_CLOSED)
            continue;
        pair->is_closed = true;
        pair->by_peer = event.closed.by_peer;
        pair->reason = event.closed.reason;
    }
}

static void run(struct pair *pair, int64_t for_ns)
{
    uint8_t bytes[WZP_DATAGRAM_MAX];
    struct wzp_addr to;
    size_t len;
    for (int64_t end_ns = pair->now_ns + for_ns; pair->now_ns < end_ns; pair->now_ns += WZP_MS) {
        wzp_endpoint_advance(pair->client, pair->now_ns);
        poll(pair);
        wzp_relay_advance(pair->relay, pair->now_ns);
        while ((len = wzp_endpoint_transmit(pair->client, pair->now_ns, &to, bytes, sizeof bytes)))
            wzp_relay_receive(pair->relay, &pair->addr, bytes, len, pair->now_ns);
        while ((len = wzp_relay_transmit(pair->relay, pair->now_ns, &to, bytes, sizeof bytes))) {
            wzp_endpoint_receive(pair->client, &pair->relay_addr, bytes, len, pair->now_ns);
            poll(pair);
        }
    }
}

static void connect(struct pair *pair, bool is_pinned)
{
    /* A Join that no relay could take: if it is looked at, the refusal says so. */
    static const uint8_t nonsense[] = {0, 3, 0xff, 0xff, 0xff};
    assert_int_equal(wzp_endpoint_connect(pair->client, &pair->relay_addr,
                                          is_pinned ? pair->relay_identity.noise_public : NULL, pair->now_ns,
                                          &pair->session),
                     WZP_ERR_OK);
    assert_int_equal(
        wzp_endpoint_send_signal(pair->client, pair->session, (struct wzp_slice){nonsense, sizeof nonsense}),
        WZP_ERR_OK);
}

static void lets_in_whom_it_should(void **state)
{
    (void)state;
    enum { OPEN, NOBODY, OTHERS, LISTED };
    static const struct {
        int list;
        const uint8_t *invitation; /* the client's; the relay takes `code` */
        enum wzp_close_reason reason;
        bool by_peer;
    } rows[] = {
        /* in: what it says is looked at */
        {OPEN, NULL, WZP_CLOSE_REASON_SIGNAL_MALFORMED, true},
        {LISTED, NULL, WZP_CLOSE_REASON_SIGNAL_MALFORMED, true},
        {NOBODY, code, WZP_CLOSE_REASON_SIGNAL_MALFORMED, true},
        {LISTED, code, WZP_CLOSE_REASON_SIGNAL_MALFORMED, true},
        /* out */
        {NOBODY, NULL, WZP_CLOSE_REASON_NOT_ALLOWED, true},
        {OTHERS, NULL, WZP_CLOSE_REASON_NOT_ALLOWED, true},
        {NOBODY, other_code, WZP_CLOSE_REASON_BAD_INVITATION, false},
        {LISTED, other_code, WZP_CLOSE_REASON_BAD_INVITATION, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned is_pinned = 0; is_pinned < 2; is_pinned++) {
            struct pair pair;
            uint8_t keys[2][32] = {{1}, {2}};
            pair_init(&pair, rows[i].invitation);
            if (rows[i].list == LISTED)
                memcpy(keys[0], pair.identity.noise_public, 32);
            wzp_relay_access_sort(keys, 2);
            struct wzp_relay_access access = {.is_restricted = rows[i].list != OPEN,
                                              .keys = (const uint8_t(*)[32])keys,
                                              .key_count = rows[i].list == NOBODY ? 0 : 2,
                                              .invitations = {.count = 2}};
            memcpy(access.invitations.secret[1], code, 32);
            wzp_relay_set_access(pair.relay, &access, 0);
            connect(&pair, is_pinned);
            run(&pair, 4 * WZP_S);
            if (!pair.is_closed || pair.reason != rows[i].reason || pair.by_peer != rows[i].by_peer)
                fail_msg("row %zu pinned %u: %s", i, is_pinned, wzp_close_reason_text(pair.reason));
            assert_int_equal(wzp_relay_counters(pair.relay)->not_allowed,
                             rows[i].reason == WZP_CLOSE_REASON_NOT_ALLOWED);
            pair_deinit(&pair);
        }
    }
}

/* Who only saw message 1 may refuse it, which ends the attempt later and never sooner than a real answer. */
static void a_forged_refusal_ends_nothing_that_is_answered(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t first[WZP_DATAGRAM_MAX], bytes[64];
    struct wzp_addr to;
    pair_init(&pair, code);
    struct wzp_relay_access access = {.is_restricted = true, .invitations = {.count = 1}};
    memcpy(access.invitations.secret[0], code, 32);
    wzp_relay_set_access(pair.relay, &access, 0);
    connect(&pair, false);
    assert_int_equal(wzp_endpoint_transmit(pair.client, 0, &to, first, sizeof first), WZP_INITIAL_SIZE);
    struct wzp_reader reader = wzp_reader_make(first, WZP_INITIAL_SIZE);
    struct wzp_long_header header;
    assert_true(wzp_long_header_decode(&reader, &header));
    struct wzp_refusal refusal = {
        .version = WZP_VERSION, .destination = header.source, .reason = WZP_CLOSE_REASON_BAD_INVITATION};
    memcpy(refusal.start, header.message.data, sizeof refusal.start);
    for (unsigned is_right = 0; is_right < 2; is_right++) {
        refusal.start[0] ^= !is_right; /* from off the path */
        struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
        wzp_refusal_encode(&writer, &refusal);
        wzp_endpoint_receive(pair.client, &pair.relay_addr, bytes, wzp_writer_len(&writer), 0);
        poll(&pair);
        refusal.start[0] ^= !is_right;
        assert_int_equal(wzp_endpoint_counters(pair.client)->drops[WZP_DROP_REFUSAL_IGNORED], 1);
    }
    run(&pair, WZP_S);
    assert_true(pair.is_closed && pair.by_peer);
    assert_int_equal(pair.reason, WZP_CLOSE_REASON_SIGNAL_MALFORMED);
    pair_deinit(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_searched_as_it_is_read),
        cmocka_unit_test(lets_in_whom_it_should),
        cmocka_unit_test(a_forged_refusal_ends_nothing_that_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
