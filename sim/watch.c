// SPDX-License-Identifier: Apache-2.0
#include "sim/watch.h"

#include "base/check.h"
#include "crypt/hop.h"
#include "sim/amplify.h"
#include "sim/nonces.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define GENERATION_NS (5 * WZP_S) /* payloads are known for one to two of these */

struct sim_watch {
    struct sim_net *net;
    struct sim_nonces nonces; /* that sealed */
    uint64_t seals;
    struct sim_leak *leak;
    int64_t generation_ns;
    struct wzp_audio_codec codec[2];
    struct sim_amplify **guard; /* of each node that answers strangers; NULL of others */
    unsigned guard_count;
    sim_seal_tap *seal_tap;
    sim_split_tap *split_tap;
    sim_rekey_tap *rekey_tap;
    void *tap_ctx;
};

static struct sim_watch *current;

/* NULL: the node does not answer strangers. */
static struct sim_amplify *guard_of(const struct sim_watch *watch, unsigned node)
{
    return node < watch->guard_count ? watch->guard[node] : NULL;
}

/* Whoever sends what a guarded node is receiving is where it says it is; and it was where the
 * handshake's answer went that it knows. */
static void prove_sender(void)
{
    const struct wzp_addr *from = current ? sim_net_sender_addr(current->net) : NULL;
    struct sim_amplify *amplify = from ? guard_of(current, (unsigned)sim_net_current(current->net)) : NULL;
    if (amplify)
        sim_amplify_answered(amplify, from);
}

/* ---- seals ---- */

void sim_watch_on_seal(const uint8_t key[32], const uint8_t nonce[12])
{
    if (!current)
        return;
    current->seals++;
    if (!sim_nonces_add(&current->nonces, key, nonce))
        sim_net_violate(current->net, UINT32_MAX, "a (key, nonce) pair sealed twice");
}

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap wants these names
void __real_wzp_seal(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad,
                     const uint8_t *plain, size_t len, uint8_t *out);
void __wrap_wzp_seal(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad,
                     const uint8_t *plain, size_t len, uint8_t *out);

void __wrap_wzp_seal(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad,
                     const uint8_t *plain, size_t len, uint8_t *out)
{
    sim_watch_on_seal(key, nonce);
    __real_wzp_seal(key, nonce, aad, plain, len, out);
    if (current && current->seal_tap)
        current->seal_tap(current->tap_ctx, aad.data, aad.len, out, len + WZP_SEAL_TAG);
}

void __real_wzp_noise_split(struct wzp_noise *noise, struct wzp_noise_split *split);
void __wrap_wzp_noise_split(struct wzp_noise *noise, struct wzp_noise_split *split);

void __wrap_wzp_noise_split(struct wzp_noise *noise, struct wzp_noise_split *split)
{
    uint8_t hash[64];
    memcpy(hash, wzp_noise_hash(noise), sizeof hash);        /* it is wiped with the rest */
    if (noise->pattern == WZP_NOISE_XX && !noise->initiator) /* message 3 answers what went to its address */
        prove_sender();
    __real_wzp_noise_split(noise, split);
    if (current && current->split_tap)
        current->split_tap(current->tap_ctx, hash, split);
}

bool __real_wzp_rekey_mix(uint8_t root[32], uint64_t generation, bool is_noise_initiator,
                          const struct wzp_rekey_share *own, const uint8_t peer_public[32],
                          struct wzp_rekey_seals *seals);
bool __wrap_wzp_rekey_mix(uint8_t root[32], uint64_t generation, bool is_noise_initiator,
                          const struct wzp_rekey_share *own, const uint8_t peer_public[32],
                          struct wzp_rekey_seals *seals);

bool __wrap_wzp_rekey_mix(uint8_t root[32], uint64_t generation, bool is_noise_initiator,
                          const struct wzp_rekey_share *own, const uint8_t peer_public[32],
                          struct wzp_rekey_seals *seals)
{
    bool mixed = __real_wzp_rekey_mix(root, generation, is_noise_initiator, own, peer_public, seals);
    if (mixed && current && current->rekey_tap)
        current->rekey_tap(current->tap_ctx, seals);
    return mixed;
}

bool __real_wzp_hop_open(const struct wzp_hop_key *key, uint64_t number, struct wzp_slice aad,
                         const uint8_t *sealed, size_t len, uint8_t *out);
bool __wrap_wzp_hop_open(const struct wzp_hop_key *key, uint64_t number, struct wzp_slice aad,
                         const uint8_t *sealed, size_t len, uint8_t *out);

bool __wrap_wzp_hop_open(const struct wzp_hop_key *key, uint64_t number, struct wzp_slice aad,
                         const uint8_t *sealed, size_t len, uint8_t *out)
{
    bool is_open = __real_wzp_hop_open(key, number, aad, sealed, len, out);
    if (is_open)
        prove_sender();
    return is_open;
}

// NOLINTEND(bugprone-reserved-identifier)

/* ---- leaks ---- */

void sim_watch_on_payload(const uint8_t *bytes, size_t len)
{
    if (!current)
        return;
    int64_t now_ns = sim_net_now(current->net);
    if (now_ns >= current->generation_ns + GENERATION_NS) {
        sim_leak_next_generation(current->leak);
        current->generation_ns = now_ns;
    }
    sim_leak_remember(current->leak, bytes, len);
}

/* ---- amplification ---- */

static void guard(struct sim_watch *watch, const struct sim_tap_event *event)
{
    bool came = event->kind == SIM_TAP_DELIVERED || event->kind == SIM_TAP_STRUCK;
    struct sim_amplify *to = came ? guard_of(watch, event->to) : NULL;
    struct sim_amplify *from = event->kind == SIM_TAP_SENT ? guard_of(watch, event->from) : NULL;
    if (to)
        sim_amplify_came(to, &event->from_addr, event->len);
    if (from && !sim_amplify_sent(from, &event->to_addr, event->len))
        sim_net_violate(watch->net, event->from, "sent more than 3 times what came from an unproven address");
}

void sim_watch_guard(unsigned node)
{
    if (!current)
        return;
    if (node >= current->guard_count) {
        current->guard = realloc(current->guard, (node + 1) * sizeof *current->guard);
        WZP_CHECK(current->guard);
        for (unsigned i = current->guard_count; i <= node; i++)
            current->guard[i] = NULL;
        current->guard_count = node + 1;
    }
    if (current->guard[node])
        sim_amplify_destroy(current->guard[node]);
    current->guard[node] = sim_amplify_create();
}

static void on_datagram(void *ctx, const struct sim_tap_event *event)
{
    struct sim_watch *watch = ctx;
    guard(watch, event);
    if (event->kind != SIM_TAP_SENT)
        return;
    if (sim_leak_is_in(watch->leak, event->bytes, event->len))
        sim_net_violate(watch->net, event->from, "sent bytes of a codec payload in clear");
}

/* Codecs are tables without state of their own, so each has its own wrapper. */
static size_t encode_opus(void *encoder, const int16_t *pcm, unsigned packet_frames, uint8_t *out,
                          size_t capacity)
{
    size_t len = wzp_codec_opus.encode(encoder, pcm, packet_frames, out, capacity);
    sim_watch_on_payload(out, len);
    return len;
}

static size_t encode_synthetic(void *encoder, const int16_t *pcm, unsigned packet_frames, uint8_t *out,
                               size_t capacity)
{
    size_t len = wzp_codec_synthetic.encode(encoder, pcm, packet_frames, out, capacity);
    sim_watch_on_payload(out, len);
    return len;
}

const struct wzp_audio_codec *sim_watch_codec(const struct wzp_audio_codec *codec)
{
    WZP_CHECK(current);
    bool is_opus = codec == &wzp_codec_opus;
    struct wzp_audio_codec *watched = &current->codec[is_opus];
    *watched = *codec;
    watched->encode = is_opus ? encode_opus : encode_synthetic;
    return watched;
}

/* ---- making ---- */

struct sim_watch *sim_watch_create(struct sim_net *net)
{
    struct sim_watch *watch = calloc(1, sizeof *watch);
    WZP_CHECK(watch);
    watch->net = net;
    watch->leak = sim_leak_create();
    sim_net_tap(net, on_datagram, watch);
    current = watch;
    return watch;
}

void sim_watch_destroy(struct sim_watch *watch)
{
    if (current == watch)
        current = NULL;
    sim_leak_destroy(watch->leak);
    sim_nonces_deinit(&watch->nonces);
    for (unsigned i = 0; i < watch->guard_count; i++)
        if (watch->guard[i])
            sim_amplify_destroy(watch->guard[i]);
    free(watch->guard);
    free(watch);
}

void sim_watch_tap(struct sim_watch *watch, sim_seal_tap *on_seal, sim_split_tap *on_split,
                   sim_rekey_tap *on_rekey, void *ctx)
{
    watch->seal_tap = on_seal;
    watch->split_tap = on_split;
    watch->rekey_tap = on_rekey;
    watch->tap_ctx = ctx;
}

uint64_t sim_watch_seals(const struct sim_watch *watch)
{
    return watch->seals;
}
