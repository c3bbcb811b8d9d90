// SPDX-License-Identifier: Apache-2.0
#include "sim/recorder.h"

#include "base/check.h"
#include "call/inspect.h"
#include "crypt/hop.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MEDIA_AAD     17 /* header and epoch byte */
#define KEY_AAD       4  /* the word */
#define SEALED_MAX    400
#define DATAGRAMS_MAX 400 /* enough of each run: what opens one opens all */
#define PUBLICS_MAX   64

struct media {
    int64_t at_ns;
    unsigned speaker; /* person */
    uint8_t header[16];
    uint8_t payload[SEALED_MAX];
    size_t len;
};

struct key_body {
    unsigned sender; /* person */
    uint8_t sealed[KEY_AAD + 48];
};

struct snapshot {
    struct wzp_sender_keys keys[SIM_PEOPLE_MAX]; /* by person */
    struct wzp_sender_key own;
    unsigned owner;
};

/* A short packet, with what only its sender knows of it. */
struct datagram {
    uint8_t bytes[SIM_DATAGRAM_MAX];
    size_t len;
    uint8_t true_key[32], true_nonce[12], true_aad[16];
    size_t true_aad_len;
};

struct sim_recorder {
    struct sim_crowd *crowd;
    struct sim_net *net;
    struct media *media;
    size_t media_count, media_capacity;
    struct key_body *key;
    size_t key_count, key_capacity;
    struct snapshot *snapshot;
    unsigned snapshot_count;
    struct datagram *datagram; /* DATAGRAMS_MAX */
    size_t datagram_count;
    uint8_t last_key[32], last_nonce[12], last_aad[16]; /* of the last hop seal: its datagram follows */
    size_t last_aad_len;
    uint8_t public_key[PUBLICS_MAX][32]; /* ephemeral keys of handshakes, as they travel in clear */
    unsigned public_count;
    struct wzp_member_record record[SIM_PEOPLE_MAX]; /* as the room's list showed them */
    struct wzp_stay stay[SIM_PEOPLE_MAX]; /* kept against the rules, for trials that must succeed */
};

/* Room for one more of what has grown to `count`. */
static void *grown(void *memory, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return memory;
    *capacity = *capacity ? 2 * *capacity : 256;
    memory = realloc(memory, *capacity * size);
    WZP_CHECK(memory);
    return memory;
}

/* The person at work, or NULL. */
static struct sim_person *at_work(const struct sim_recorder *recorder)
{
    int node = sim_net_current(recorder->net);
    for (unsigned i = 0; i < sim_crowd_count(recorder->crowd); i++)
        if (node >= 0 && sim_crowd_person(recorder->crowd, i)->node == (unsigned)node)
            return sim_crowd_person(recorder->crowd, i);
    return NULL;
}

static void on_seal(void *ctx, const uint8_t key[32], const uint8_t nonce[12], const uint8_t *aad,
                    size_t aad_len, const uint8_t *sealed, size_t len)
{
    struct sim_recorder *recorder = ctx;
    struct sim_person *person = at_work(recorder);
    if (aad_len > 5 && aad_len <= 9) { /* a short packet's clear bytes */
        memcpy(recorder->last_key, key, 32);
        memcpy(recorder->last_nonce, nonce, 12);
        memcpy(recorder->last_aad, aad, aad_len);
        recorder->last_aad_len = aad_len;
    }
    if (!person)
        return;
    const struct wzp_stay *stay = wzp_call_stay(person->call);
    if (!sodium_is_zero(stay->secret, sizeof stay->secret)) { /* wiped before the goodbye is sealed */
        recorder->stay[person->index] = *stay;
        recorder->record[person->index] = *wzp_call_record(person->call);
    }
    if (aad_len == MEDIA_AAD && len + 1 <= SEALED_MAX) {
        recorder->media = grown(recorder->media, recorder->media_count, &recorder->media_capacity,
                                sizeof *recorder->media);
        struct media *media = &recorder->media[recorder->media_count++];
        *media = (struct media){
            .at_ns = sim_net_now(recorder->net), .speaker = person->index, .len = len + 1};
        memcpy(media->header, aad, sizeof media->header);
        media->payload[0] = aad[16];
        memcpy(media->payload + 1, sealed, len);
    } else if (aad_len == KEY_AAD && len == 48) {
        recorder->key = grown(recorder->key, recorder->key_count, &recorder->key_capacity,
                              sizeof *recorder->key);
        struct key_body *body = &recorder->key[recorder->key_count++];
        body->sender = person->index;
        memcpy(body->sealed, aad, KEY_AAD);
        memcpy(body->sealed + KEY_AAD, sealed, len);
    }
}

static void on_datagram(void *ctx, const struct sim_tap_event *event)
{
    struct sim_recorder *recorder = ctx;
    if (event->kind != SIM_TAP_SENT)
        return;
    bool is_long = (event->bytes[0] & 0xc0) == WZP_FORM_LONG;
    if (is_long && recorder->public_count < PUBLICS_MAX) {
        struct wzp_reader reader = wzp_reader_make(event->bytes, event->len);
        struct wzp_long_header header;
        if (wzp_long_header_decode(&reader, &header) && header.copy == 0 && header.message.len >= 32)
            memcpy(recorder->public_key[recorder->public_count++], header.message.data, 32);
    } else if (!is_long && recorder->datagram_count < DATAGRAMS_MAX) {
        struct datagram *datagram = &recorder->datagram[recorder->datagram_count++];
        memcpy(datagram->bytes, event->bytes, event->len);
        datagram->len = event->len;
        memcpy(datagram->true_key, recorder->last_key, 32);
        memcpy(datagram->true_nonce, recorder->last_nonce, 12);
        memcpy(datagram->true_aad, recorder->last_aad, sizeof datagram->true_aad);
        datagram->true_aad_len = recorder->last_aad_len;
    }
}

struct sim_recorder *sim_recorder_create(struct sim_net *net, struct sim_watch *watch,
                                         struct sim_crowd *crowd)
{
    struct sim_recorder *recorder = calloc(1, sizeof *recorder);
    WZP_CHECK(recorder);
    recorder->net = net;
    recorder->crowd = crowd;
    recorder->datagram = calloc(DATAGRAMS_MAX, sizeof *recorder->datagram);
    WZP_CHECK(recorder->datagram);
    sim_watch_tap(watch, on_seal, recorder);
    sim_net_tap(net, on_datagram, recorder);
    return recorder;
}

void sim_recorder_destroy(struct sim_recorder *recorder)
{
    free(recorder->media);
    free(recorder->key);
    free(recorder->snapshot);
    free(recorder->datagram);
    free(recorder);
}

/* ---- media ---- */

unsigned sim_recorder_snapshot(struct sim_recorder *recorder, const struct sim_person *person)
{
    recorder->snapshot = realloc(recorder->snapshot,
                                 (recorder->snapshot_count + 1) * sizeof *recorder->snapshot);
    WZP_CHECK(recorder->snapshot);
    struct snapshot *snapshot = &recorder->snapshot[recorder->snapshot_count];
    *snapshot = (struct snapshot){.own = *wzp_call_own_key(person->call), .owner = person->index};
    for (unsigned i = 0; i < sim_crowd_count(recorder->crowd); i++) {
        const struct wzp_sender_keys *keys = wzp_call_sender_keys(person->call,
                                                                  sim_crowd_person(recorder->crowd, i)->slot);
        if (keys)
            snapshot->keys[i] = *keys;
    }
    return recorder->snapshot_count++;
}

struct sim_tally sim_recorder_open(const struct sim_recorder *recorder, unsigned number,
                                   const struct sim_person *speaker, int64_t from_ns, int64_t until_ns)
{
    WZP_CHECK(number < recorder->snapshot_count);
    struct sim_tally tally = {0};
    for (size_t i = 0; i < recorder->media_count; i++) {
        const struct media *media = &recorder->media[i];
        if (media->speaker != speaker->index || media->at_ns < from_ns || media->at_ns >= until_ns)
            continue;
        tally.tried++;
        struct wzp_reader reader = wzp_reader_make(media->header, sizeof media->header);
        struct wzp_media_header header;
        WZP_CHECK(wzp_media_header_decode(&reader, &header));
        bool opened = false;
        for (unsigned k = 0; k < SIM_PEOPLE_MAX && !opened; k++) { /* any key it has, whosever it is */
            struct wzp_sender_keys keys = recorder->snapshot[number].keys[k];
            uint8_t out[SEALED_MAX];
            uint32_t word;
            opened = wzp_sender_keys_open(&keys, header.media_type, header.stream, header.sequence,
                                          media->header, (struct wzp_slice){media->payload, media->len}, out,
                                          &word) == WZP_SENDER_OPENED;
        }
        tally.opened += opened;
    }
    return tally;
}

/* ---- KEYs ---- */

/* The seal alone: whoever has a secret does not care who signed. */
static bool opens(const struct sim_recorder *recorder, const struct key_body *body,
                  const struct wzp_stay *stay, const uint8_t recipient_stay[32], const struct wzp_room *room)
{
    const struct wzp_member_record *record = &recorder->record[body->sender];
    struct wzp_pair pair;
    struct wzp_sender_key key;
    if (!wzp_pair_make(stay, record->stay, room, &pair))
        return false;
    return wzp_key_open_seal(&pair, record->stay, recipient_stay, body->sealed, &key);
}

struct sim_tally sim_recorder_open_keys(const struct sim_recorder *recorder, const struct wzp_room *room,
                                        bool true_stays)
{
    struct sim_tally tally = {0};
    for (size_t i = 0; i < recorder->key_count; i++) {
        bool opened = false;
        tally.tried++;
        for (unsigned p = 0; p < sim_crowd_count(recorder->crowd) && !opened; p++) {
            const struct sim_person *person = sim_crowd_person(recorder->crowd, p);
            const struct wzp_member_record *record = &recorder->record[p];
            struct wzp_stay stay = recorder->stay[p];
            if (!true_stays) { /* the seed gives the static key; what was on the list gives the public one */
                memcpy(stay.secret, person->identity.noise_secret, sizeof stay.secret);
                memcpy(stay.public_key, record->stay, sizeof stay.public_key);
            }
            opened = opens(recorder, &recorder->key[i], &stay, record->stay, room);
        }
        tally.opened += opened;
    }
    return tally;
}

struct sim_tally sim_recorder_keys_for(const struct sim_recorder *recorder, const struct wzp_stay *stay,
                                       const struct wzp_room *room)
{
    struct sim_tally tally = {0};
    for (size_t i = 0; i < recorder->key_count; i++) {
        tally.tried++;
        tally.opened += opens(recorder, &recorder->key[i], stay, stay->public_key, room);
    }
    return tally;
}

/* ---- datagrams ---- */

/* Opens a short packet with a key in the place of a traffic key; early packet numbers are what travels of
 * them. */
static bool try_key(const struct datagram *datagram, const uint8_t split_key[32])
{
    struct wzp_hop_key key;
    uint8_t mask[5], header[9], out[SIM_DATAGRAM_MAX];
    wzp_hop_key_init(&key, split_key);
    if (datagram->len < 25)
        return false;
    wzp_hop_mask(&key, datagram->bytes + 9, mask);
    memcpy(header, datagram->bytes, sizeof header);
    header[0] ^= mask[0] & 0x1f;
    unsigned number_len = (header[0] & 3) + 1u;
    uint64_t number = 0;
    for (unsigned i = 0; i < number_len; i++) {
        header[5 + i] ^= mask[1 + i];
        number = number << 8 | header[5 + i];
    }
    return wzp_hop_open(&key, number, (struct wzp_slice){header, 5 + number_len},
                        datagram->bytes + 5 + number_len, datagram->len - 5 - number_len, out);
}

struct candidates {
    uint8_t (*key)[32];
    size_t count, capacity;
};

static void add(struct candidates *candidates, const uint8_t key[32])
{
    candidates->key = grown(candidates->key, candidates->count, &candidates->capacity,
                            sizeof *candidates->key);
    memcpy(candidates->key[candidates->count++], key, 32);
}

/* The bytes themselves, and the hashes that anybody would try. */
static void add_hashed(struct candidates *candidates, const uint8_t *bytes, size_t len)
{
    uint8_t hash[32];
    if (len == 32)
        add(candidates, bytes);
    crypto_generichash_blake2b(hash, sizeof hash, bytes, len, NULL, 0);
    add(candidates, hash);
    crypto_hash_sha256(hash, bytes, len);
    add(candidates, hash);
}

static void add_combinations(struct candidates *candidates, uint8_t (*known)[32], size_t count)
{
    static const uint8_t zero[32];
    add_hashed(candidates, zero, sizeof zero);
    for (size_t i = 0; i < count; i++) {
        add_hashed(candidates, known[i], 32);
        for (size_t j = 0; j < count; j++) {
            uint8_t both[64];
            memcpy(both, known[i], 32);
            memcpy(both + 32, known[j], 32);
            if (i != j)
                add_hashed(candidates, both, sizeof both);
        }
    }
}

static void add_shared(struct candidates *candidates, const uint8_t secret[32], uint8_t (*known)[32],
                       size_t count)
{
    uint8_t shared[32];
    for (size_t i = 0; i < count; i++)
        if (crypto_scalarmult_curve25519(shared, secret, known[i]) == 0)
            add_hashed(candidates, shared, sizeof shared);
}

struct sim_tally sim_recorder_open_datagrams(const struct sim_recorder *recorder,
                                             const struct sim_relay *relay, bool secrets)
{
    uint8_t known[PUBLICS_MAX + 2 * SIM_PEOPLE_MAX + 1][32];
    size_t count = 0;
    memcpy(known[count++], relay->identity.noise_public, 32);
    for (unsigned i = 0; i < sim_crowd_count(recorder->crowd); i++) {
        memcpy(known[count++], sim_crowd_person(recorder->crowd, i)->identity.noise_public, 32);
        memcpy(known[count++], sim_crowd_person(recorder->crowd, i)->identity.sign_public, 32);
    }
    for (unsigned i = 0; i < recorder->public_count; i++)
        memcpy(known[count++], recorder->public_key[i], 32);
    struct candidates candidates = {0};
    add_combinations(&candidates, known, count);
    if (secrets) {
        add_shared(&candidates, relay->identity.noise_secret, known, count);
        for (unsigned i = 0; i < sim_crowd_count(recorder->crowd); i++)
            add_shared(&candidates, sim_crowd_person(recorder->crowd, i)->identity.noise_secret, known,
                       count);
    }
    struct sim_tally tally = {0};
    for (size_t i = 0; i < recorder->datagram_count; i += 8) { /* all kinds of them are among every eighth */
        bool opened = false;
        for (size_t k = 0; k < candidates.count && !opened; k++)
            opened = try_key(&recorder->datagram[i], candidates.key[k]);
        tally.tried++;
        tally.opened += opened;
    }
    free(candidates.key);
    return tally;
}

struct sim_tally sim_recorder_open_datagrams_truly(const struct sim_recorder *recorder)
{
    struct sim_tally tally = {0};
    for (size_t i = 0; i < recorder->datagram_count; i++) {
        const struct datagram *datagram = &recorder->datagram[i];
        uint8_t out[SIM_DATAGRAM_MAX];
        tally.tried++;
        tally.opened += wzp_open(datagram->true_key, datagram->true_nonce,
                                 (struct wzp_slice){datagram->true_aad, datagram->true_aad_len},
                                 datagram->bytes + datagram->true_aad_len,
                                 datagram->len - datagram->true_aad_len, out);
    }
    return tally;
}
