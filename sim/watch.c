// SPDX-License-Identifier: Apache-2.0
#include "sim/watch.h"

#include "base/check.h"
#include "crypt/hop.h"
#include "sim/amplify.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BITMAP_BITS   (UINT32_C(1) << 20)
#define GENERATION_NS (5 * WZP_S) /* payloads are known for one to two of these */
#define PROBE         8           /* bytes of a window that are looked for first, ... */
#define STRIDE                                                                                               \
    (SIM_LEAK_WINDOW - PROBE + 1) /* ... at every so many bytes of a datagram: a run of                      \
                                   * SIM_LEAK_WINDOW holds one of them, wherever it begins */

/* A set of 64-bit values, open addressing, 0 free. */
struct values {
    uint64_t *value;
    size_t count, capacity;
};

/* What is known of one generation: the probes within its windows, with a bitmap that answers nearly always,
 * and the windows as hashes. */
struct windows {
    uint64_t *bitmap;
    struct values probes, whole;
};

struct sim_watch {
    struct sim_net *net;
    struct values seal; /* hashes of (key, nonce) */
    uint64_t seals;
    uint8_t hash_key[crypto_shorthash_siphash24_KEYBYTES];
    struct windows windows[2]; /* newest first */
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

/* Whoever sends what a guarded node is receiving is where it says it is. */
static void prove_sender(void)
{
    const struct wzp_addr *from = current ? sim_net_sender_addr(current->net) : NULL;
    struct sim_amplify *amplify = from ? guard_of(current, (unsigned)sim_net_current(current->net)) : NULL;
    if (amplify)
        sim_amplify_proved(amplify, from);
}

/* ---- seals ---- */

/* The value's place, or the free one that it would take. */
static size_t place_of(const struct values *values, uint64_t value)
{
    size_t place = (value * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (values->capacity - 1);
    while (values->value[place] && values->value[place] != value)
        place = (place + 1) & (values->capacity - 1);
    return place;
}

static void grow(struct values *values)
{
    struct values old = *values;
    values->capacity = old.capacity ? 2 * old.capacity : 1 << 12;
    values->value = calloc(values->capacity, sizeof *values->value);
    WZP_CHECK(values->value);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.value[i])
            values->value[place_of(values, old.value[i])] = old.value[i];
    free(old.value);
}

/* False when it was there. */
static bool insert(struct values *values, uint64_t value)
{
    if (2 * values->count >= values->capacity)
        grow(values);
    size_t place = place_of(values, value);
    if (values->value[place])
        return false;
    values->value[place] = value;
    values->count++;
    return true;
}

static bool holds(const struct values *values, uint64_t value)
{
    return values->count > 0 && values->value[place_of(values, value)];
}

static void empty(struct values *values)
{
    if (values->count > 0)
        memset(values->value, 0, values->capacity * sizeof *values->value);
    values->count = 0;
}

void sim_watch_on_seal(const uint8_t key[32], const uint8_t nonce[12])
{
    if (!current)
        return;
    uint8_t pair[44];
    uint64_t value;
    memcpy(pair, key, 32);
    memcpy(pair + 32, nonce, 12);
    crypto_shorthash_siphash24((uint8_t *)&value, pair, sizeof pair, current->hash_key);
    current->seals++;
    if (!insert(&current->seal, value | 1)) /* 0 means free */
        sim_net_violate(current->net, UINT32_MAX, "a (key, nonce) pair sealed twice");
}

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap wants these names
int __real_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *c_len,
                                                     const unsigned char *m, unsigned long long m_len,
                                                     const unsigned char *ad, unsigned long long ad_len,
                                                     const unsigned char *unused, const unsigned char *nonce,
                                                     const unsigned char *key);
int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *c_len,
                                                     const unsigned char *m, unsigned long long m_len,
                                                     const unsigned char *ad, unsigned long long ad_len,
                                                     const unsigned char *unused, const unsigned char *nonce,
                                                     const unsigned char *key);

int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *c_len,
                                                     const unsigned char *m, unsigned long long m_len,
                                                     const unsigned char *ad, unsigned long long ad_len,
                                                     const unsigned char *unused, const unsigned char *nonce,
                                                     const unsigned char *key)
{
    sim_watch_on_seal(key, nonce);
    int status = __real_crypto_aead_chacha20poly1305_ietf_encrypt(c, c_len, m, m_len, ad, ad_len, unused,
                                                                  nonce, key);
    if (current && current->seal_tap)
        current->seal_tap(current->tap_ctx, ad, ad_len, c, m_len + crypto_aead_chacha20poly1305_ietf_ABYTES);
    return status;
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

static uint64_t probe_at(const uint8_t *bytes)
{
    uint64_t probe;
    memcpy(&probe, bytes, sizeof probe);
    return probe | 1; /* 0 means free */
}

static uint64_t whole_at(const uint8_t *window)
{
    uint64_t low;
    uint32_t high;
    memcpy(&low, window, sizeof low);
    memcpy(&high, window + sizeof low, sizeof high);
    uint64_t mixed = (low ^ low >> 32) * UINT64_C(0x9e3779b97f4a7c15) + high;
    mixed = (mixed ^ mixed >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return (mixed ^ mixed >> 32) | 1;
}

static uint32_t bit_of(uint64_t probe)
{
    return (uint32_t)(probe * UINT64_C(0x9e3779b97f4a7c15) >> 44) & (BITMAP_BITS - 1);
}

static bool is_known(const struct windows *windows, const uint8_t *bytes, size_t len, size_t at)
{
    uint64_t probe = probe_at(bytes + at);
    uint32_t bit = bit_of(probe);
    if (!(windows->bitmap[bit / 64] >> bit % 64 & 1) || !holds(&windows->probes, probe))
        return false;
    for (size_t from = at > SIM_LEAK_WINDOW - PROBE ? at - (SIM_LEAK_WINDOW - PROBE) : 0;
         from <= at && from + SIM_LEAK_WINDOW <= len; from++)
        if (holds(&windows->whole, whole_at(bytes + from)))
            return true;
    return false;
}

static void remember_probe(struct windows *windows, uint64_t probe)
{
    uint32_t bit = bit_of(probe);
    windows->bitmap[bit / 64] |= UINT64_C(1) << bit % 64;
    insert(&windows->probes, probe);
}

/* `follows`: the window one byte before was remembered, and with it all probes but the last. */
static void remember(struct windows *windows, const uint8_t *window, bool follows)
{
    size_t last = SIM_LEAK_WINDOW - PROBE;
    insert(&windows->whole, whole_at(window));
    for (size_t i = follows ? last : 0; i <= last; i++)
        remember_probe(windows, probe_at(window + i));
}

/* A codec pads with zeros, and so do handshakes: such windows tell nothing. */
static bool is_telling(const uint8_t *window)
{
    unsigned zeros = 0;
    for (size_t i = 0; i < SIM_LEAK_WINDOW; i++)
        zeros += window[i] == 0;
    return zeros <= SIM_LEAK_WINDOW / 2;
}

void sim_watch_on_payload(const uint8_t *bytes, size_t len)
{
    if (!current)
        return;
    int64_t now_ns = sim_net_now(current->net);
    if (now_ns >= current->generation_ns + GENERATION_NS) {
        struct windows oldest = current->windows[1];
        memset(oldest.bitmap, 0, BITMAP_BITS / 8);
        empty(&oldest.probes);
        empty(&oldest.whole);
        current->windows[1] = current->windows[0];
        current->windows[0] = oldest;
        current->generation_ns = now_ns;
    }
    bool follows = false;
    for (size_t i = 0; i + SIM_LEAK_WINDOW <= len; i++) {
        bool tells = is_telling(bytes + i);
        if (tells)
            remember(&current->windows[0], bytes + i, follows);
        follows = tells;
    }
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
    for (unsigned g = 0; g < 2; g++)
        for (size_t at = 0; watch->windows[g].whole.count > 0 && at + PROBE <= event->len; at += STRIDE)
            if (is_known(&watch->windows[g], event->bytes, event->len, at))
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
    for (unsigned g = 0; g < 2; g++) {
        watch->windows[g].bitmap = calloc(BITMAP_BITS / 8, 1);
        WZP_CHECK(watch->windows[g].bitmap);
    }
    sim_net_tap(net, on_datagram, watch);
    current = watch;
    return watch;
}

void sim_watch_destroy(struct sim_watch *watch)
{
    if (current == watch)
        current = NULL;
    for (unsigned g = 0; g < 2; g++) {
        free(watch->windows[g].bitmap);
        free(watch->windows[g].probes.value);
        free(watch->windows[g].whole.value);
    }
    for (unsigned i = 0; i < watch->guard_count; i++)
        if (watch->guard[i])
            sim_amplify_destroy(watch->guard[i]);
    free(watch->guard);
    free(watch->seal.value);
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
