// SPDX-License-Identifier: Apache-2.0
/* The watchers must say no: a nonce used twice, and a toy that sends a codec's payload as it is. */
#include "sim/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/rng.h"
#include "crypt/hop.h"
#include "crypt/seal.h"

/* ---- a toy that sends what it is given once ---- */

struct toy {
    uint8_t bytes[400];
    size_t len;
    struct wzp_addr target; /* in place of node 1's first address */
    bool has_target;
    const struct wzp_noise *noise; /* whose keys what comes completes; NULL: none */
    const struct wzp_hop_key *key; /* opens what comes with it; NULL: does not look */
};

static void toy_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                        int64_t now_ns)
{
    const struct toy *toy = self;
    uint8_t plain[400];
    (void)from;
    (void)now_ns;
    if (toy->noise) {
        struct wzp_noise noise = *toy->noise;
        struct wzp_noise_split split;
        wzp_noise_split(&noise, &split);
    }
    if (toy->key)
        wzp_hop_open(toy->key, 0, (struct wzp_slice){0}, datagram, len, plain);
}

static size_t toy_transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                           size_t capacity)
{
    struct toy *toy = self;
    (void)now_ns;
    size_t len = toy->len <= capacity ? toy->len : 0;
    *to = toy->has_target ? toy->target : sim_net_addr(1);
    memcpy(datagram, toy->bytes, len);
    toy->len = 0;
    return len;
}

static int64_t toy_next_at(const void *self)
{
    (void)self;
    return WZP_NEVER;
}

static void toy_advance(void *self, int64_t now_ns)
{
    (void)self;
    (void)now_ns;
}

static const struct sim_node_ops toy_ops = {toy_receive, toy_transmit, toy_next_at, toy_advance, NULL};

struct world {
    struct sim_net *net;
    struct sim_watch *watch;
    struct toy toy[2];
};

static struct world world_make(void)
{
    struct world world = {.net = sim_net_create(1)};
    world.watch = sim_watch_create(world.net);
    return world;
}

static void world_add(struct world *world)
{
    const struct sim_link_params params = {.burst = 1, .queue_ns = WZP_S};
    sim_net_add(world->net, "a", &toy_ops, &world->toy[0]);
    sim_net_add(world->net, "b", &toy_ops, &world->toy[1]);
    sim_net_connect(world->net, 0, 1, &params);
    sim_net_connect(world->net, 1, 0, &params);
}

static void world_end(struct world *world)
{
    sim_watch_destroy(world->watch);
    sim_net_destroy(world->net);
}

static void say(struct world *world, const uint8_t *bytes, size_t len)
{
    memcpy(world->toy[0].bytes, bytes, len);
    world->toy[0].len = len;
    sim_net_poke(world->net, 0);
}

/* ---- seals ---- */

static void seal(uint8_t key_byte, uint32_t number)
{
    uint8_t key[32], nonce[12] = {0}, out[64];
    memset(key, key_byte, sizeof key);
    memcpy(nonce, &number, sizeof number);
    wzp_seal(key, nonce, (struct wzp_slice){0}, (const uint8_t *)"speech", 6, out);
}

static void test_every_seal_is_seen(void **state)
{
    (void)state;
    struct world world = world_make();
    for (uint32_t number = 0; number < 100000; number++) /* the set grows on the way */
        seal((uint8_t)(number % 7), number);
    assert_int_equal(sim_watch_seals(world.watch), 100000);
    assert_null(sim_net_violation(world.net));
    world_end(&world);
}

static void test_seal_twice(void **state)
{
    (void)state;
    static const struct {
        uint8_t key;
        uint32_t number;
        bool is_bad;
    } rows[] = {{1, 0, true}, {1, 99999, true}, {2, 0, false}, {1, 100000, false}, {3, 77777, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world = world_make();
        for (uint32_t number = 0; number < 100000; number++)
            seal(1, number);
        seal(rows[i].key, rows[i].number);
        const char *violation = sim_net_violation(world.net);
        assert_int_equal(violation != NULL, rows[i].is_bad);
        if (violation)
            assert_non_null(strstr(violation, "nonce"));
        world_end(&world);
    }
}

/* One seed gives one key: what another world sealed does not count. */
static void test_worlds_apart(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct world world = world_make();
        seal(1, 1);
        assert_null(sim_net_violation(world.net));
        world_end(&world);
    }
    seal(1, 1); /* with no world at all */
}

/* ---- taps ---- */

struct tapped {
    unsigned seals, splits;
    uint8_t aad[17], sealed[22], hash[64], send[32];
    unsigned rekeys;
    struct wzp_rekey_seals seals_made;
};

static void on_seal(void *ctx, const uint8_t *aad, size_t aad_len, const uint8_t *sealed, size_t len)
{
    struct tapped *tapped = ctx;
    tapped->seals++;
    assert_int_equal(aad_len, sizeof tapped->aad);
    assert_int_equal(len, sizeof tapped->sealed);
    memcpy(tapped->aad, aad, sizeof tapped->aad);
    memcpy(tapped->sealed, sealed, sizeof tapped->sealed);
}

static void on_split(void *ctx, const uint8_t hash[64], const struct wzp_noise_split *split)
{
    struct tapped *tapped = ctx;
    tapped->splits++;
    memcpy(tapped->hash, hash, sizeof tapped->hash);
    memcpy(tapped->send, split->send, sizeof tapped->send);
}

static void on_rekey(void *ctx, const struct wzp_rekey_seals *seals)
{
    struct tapped *tapped = ctx;
    tapped->rekeys++;
    tapped->seals_made = *seals;
}

/* What is written down is what was sealed; keys and hash are those that the handshake came to. */
static void test_taps(void **state)
{
    (void)state;
    struct world world = world_make();
    struct tapped tapped = {0};
    uint8_t key[32] = {7}, nonce[12] = {0}, aad[17] = {1, 2, 3}, out[22];
    struct wzp_noise noise = {
        .pattern = WZP_NOISE_XX, .initiator = true, .message = 3, .hash = {9}, .chaining_key = {8}};
    struct wzp_noise_split split;
    sim_watch_tap(world.watch, on_seal, on_split, on_rekey, &tapped);
    wzp_seal(key, nonce, (struct wzp_slice){aad, sizeof aad}, (const uint8_t *)"speech", 6, out);
    assert_int_equal(tapped.seals, 1);
    assert_memory_equal(tapped.aad, aad, sizeof aad);
    assert_memory_equal(tapped.sealed, out, sizeof out);
    wzp_noise_split(&noise, &split);
    assert_int_equal(tapped.splits, 1);
    assert_int_equal(tapped.hash[0], 9); /* wiped by the Split() itself */
    assert_memory_equal(tapped.send, split.send, sizeof split.send);
    struct wzp_rekey_share share;
    struct wzp_rekey_seals seals;
    uint8_t root[32] = {6};
    wzp_rekey_share_init(&share, key);
    assert_true(wzp_rekey_mix(root, 1, true, &share, share.public_key, &seals));
    assert_false(wzp_rekey_mix(root, 2, true, &share, (const uint8_t[32]){0}, &seals));
    assert_int_equal(tapped.rekeys, 1);
    assert_memory_equal(&tapped.seals_made, &seals, sizeof seals);
    world_end(&world);
}

/* ---- leaks ---- */

static void test_leaks(void **state)
{
    (void)state;
    static const struct {
        size_t from, len, at; /* which bytes of the payload, and where in the datagram */
        bool is_bad;
    } rows[] = {{0, 60, 0, true},    {0, 12, 0, true},    {48, 12, 0, true},
                {13, 12, 7, true},   {30, 12, 288, true}, {0, 11, 0, false},
                {49, 11, 30, false}, {0, 0, 0, false},    {20, 13, 287, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world = world_make();
        world_add(&world);
        uint8_t payload[60], datagram[300];
        randombytes_buf_deterministic(payload, sizeof payload, (const uint8_t[32]){1});
        randombytes_buf_deterministic(datagram, sizeof datagram, (const uint8_t[32]){2});
        sim_watch_on_payload(payload, sizeof payload);
        memcpy(datagram + rows[i].at, payload + rows[i].from, rows[i].len);
        say(&world, datagram, sizeof datagram);
        const char *violation = sim_net_violation(world.net);
        assert_int_equal(violation != NULL, rows[i].is_bad);
        if (violation)
            assert_non_null(strstr(violation, "a: ")); /* the node that sent it */
        world_end(&world);
    }
}

static void nothing(void *ctx, int64_t now_ns)
{
    (void)ctx;
    (void)now_ns;
}

/* A payload is known for 5 s at least, however many came since; random bytes are never taken for one. */
static void test_leaks_of_old(void **state)
{
    (void)state;
    struct world world = world_make();
    world_add(&world);
    struct wzp_rng rng = wzp_rng_make(1, 1);
    uint8_t first[60], bytes[60];
    for (int64_t at_ns = 0; at_ns <= 49 * 100 * WZP_MS; at_ns += 100 * WZP_MS) {
        sim_net_at(world.net, at_ns, nothing, NULL);
        assert_true(sim_net_run(world.net, at_ns));
        for (unsigned k = 0; k < 20; k++) {
            for (unsigned i = 0; i < sizeof bytes; i++)
                bytes[i] = (uint8_t)wzp_rng_below(&rng, 256);
            sim_watch_on_payload(bytes, sizeof bytes);
            if (at_ns == 0 && k == 0)
                memcpy(first, bytes, sizeof first);
            for (unsigned i = 0; i < sizeof bytes; i++)
                bytes[i] = (uint8_t)wzp_rng_below(&rng, 256);
            say(&world, bytes, sizeof bytes);
            assert_null(sim_net_violation(world.net));
        }
    }
    say(&world, first, sizeof first);
    assert_non_null(sim_net_violation(world.net));
    world_end(&world);
}

/* What the watched codec makes is what the codec makes, and is known. */
static void test_codecs(void **state)
{
    (void)state;
    const struct wzp_audio_codec *const codecs[] = {&wzp_codec_synthetic, &wzp_codec_opus};
    for (size_t c = 0; c < 2; c++) {
        struct world world = world_make();
        world_add(&world);
        const struct wzp_audio_codec *watched = sim_watch_codec(codecs[c]);
        void *plain_encoder = calloc(1, codecs[c]->encoder_size()),
             *encoder = calloc(1, watched->encoder_size());
        const struct wzp_audio_encoder_config config = {.bitrate_bps = 24000, .speaker = 1};
        codecs[c]->encoder_init(plain_encoder, &config);
        watched->encoder_init(encoder, &config);
        int16_t pcm[WZP_AUDIO_FRAME];
        uint8_t plain[WZP_AUDIO_PAYLOAD_MAX], payload[WZP_AUDIO_PAYLOAD_MAX];
        size_t len = 0;
        for (unsigned frame = 0; frame < 10; frame++) {
            for (unsigned i = 0; i < WZP_AUDIO_FRAME; i++)
                pcm[i] = (int16_t)((i * i * (frame + 3)) % 8192);
            len = watched->encode(encoder, pcm, 1, payload, sizeof payload);
            assert_int_equal(len, codecs[c]->encode(plain_encoder, pcm, 1, plain, sizeof plain));
            assert_memory_equal(payload, plain, len);
        }
        assert_string_equal(watched->name, codecs[c]->name);
        assert_true(len >= SIM_LEAK_WINDOW);
        say(&world, payload, len);
        assert_non_null(sim_net_violation(world.net));
        codecs[c]->encoder_deinit(plain_encoder);
        watched->encoder_deinit(encoder);
        free(plain_encoder);
        free(encoder);
        world_end(&world);
    }
}

/* ---- amplification ---- */

/* Node 1 sends `came` bytes, node 0 answers with `sent`. */
static void test_amplification(void **state)
{
    (void)state;
    enum { OPENS = 1, FORGED = 2, NEW_PROCESS = 4, MOVED = 8, NO_GUARD = 16, XX = 32, IK = 64 };
    static const struct {
        size_t came, sent;
        unsigned how;
        bool is_bad;
    } rows[] = {{100, 300, 0, false},
                {100, 301, 0, true},
                {0, 1, 0, true}, /* the first word to an address that never spoke */
                {100, 400, OPENS, false},
                {100, 400, OPENS | FORGED, true},
                {100, 400, OPENS | NEW_PROCESS, true}, /* who proved itself to the one before */
                {100, 301, OPENS | MOVED, true},       /* the new address has proved nothing */
                {100, 400, XX, false},                 /* its third message comes from there */
                {100, 400, IK, true},                  /* its first may be a replay */
                {100, 400, NO_GUARD, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world = world_make();
        struct wzp_hop_key key;
        uint8_t sealed[400] = {0}, plain[400] = {0};
        world_add(&world);
        wzp_hop_key_init(&key, (const uint8_t[32]){1});
        struct wzp_noise noise = {.pattern = rows[i].how & IK ? WZP_NOISE_IK : WZP_NOISE_XX};
        noise.message = rows[i].how & IK ? 2 : 3;
        if (rows[i].how & (XX | IK))
            world.toy[0].noise = &noise;
        if (rows[i].how & OPENS)
            world.toy[0].key = &key;
        if (rows[i].came > 16 && !(rows[i].how & FORGED))
            wzp_hop_seal(&key, 0, (struct wzp_slice){0}, plain, rows[i].came - 16, sealed);
        if (!(rows[i].how & NO_GUARD))
            sim_watch_guard(0);
        if (rows[i].came)
            sim_net_inject(world.net, 1, 0, sealed, rows[i].came, 0);
        assert_true(sim_net_run(world.net, WZP_S));
        if (rows[i].how & NEW_PROCESS)
            sim_watch_guard(0);
        if (rows[i].how & MOVED) {
            sim_net_move(world.net, 1, true);
            world.toy[0].target = sim_net_addr_now(world.net, 1);
            world.toy[0].has_target = true;
        }
        say(&world, plain, rows[i].sent);
        const char *violation = sim_net_violation(world.net);
        assert_int_equal(violation != NULL, rows[i].is_bad);
        if (violation)
            assert_non_null(strstr(violation, "a: sent more than 3 times"));
        wzp_hop_key_deinit(&key);
        world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_seal_is_seen),
        cmocka_unit_test(test_seal_twice),
        cmocka_unit_test(test_worlds_apart),
        cmocka_unit_test(test_taps),
        cmocka_unit_test(test_leaks),
        cmocka_unit_test(test_leaks_of_old),
        cmocka_unit_test(test_codecs),
        cmocka_unit_test(test_amplification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
