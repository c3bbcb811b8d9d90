// SPDX-License-Identifier: Apache-2.0
#include "sim/recorder.h"

#include "base/check.h"
#include "call/inspect.h"
#include "crypt/hop.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MEDIA_AAD  17 /* header and epoch byte */
#define KEY_AAD    4  /* the word */
#define SEALED_MAX 400

/* Secrets, public keys or guesses. */
struct keys {
    uint8_t (*key)[32];
    size_t count, capacity;
};

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
    struct wzp_sender_keys keys[SIM_RECORDER_PEOPLE_MAX]; /* by person */
};

struct datagram {
    int64_t at_ns;
    uint8_t *bytes;
    size_t len;
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
    struct datagram *datagram; /* short ones */
    size_t datagram_count, datagram_capacity;
    struct keys ephemeral; /* public keys of handshakes, as they travel in clear */
    struct keys handshake; /* halves of handshake hashes, and connection ids behind zeros */
    struct keys traffic;   /* what Split() gave */
    struct keys rekeyed;   /* seal keys of later generations; header protection stays with Split()'s */
    struct wzp_member_record record[SIM_RECORDER_PEOPLE_MAX]; /* as the room's list showed them */
    struct wzp_stay stay[SIM_RECORDER_PEOPLE_MAX]; /* kept against the rules, for trials that must succeed */
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

static void add(struct keys *keys, const uint8_t key[32])
{
    keys->key = grown(keys->key, keys->count, &keys->capacity, sizeof *keys->key);
    memcpy(keys->key[keys->count++], key, 32);
}

static void add_new(struct keys *keys, const uint8_t key[32])
{
    for (size_t i = 0; i < keys->count; i++)
        if (memcmp(keys->key[i], key, 32) == 0)
            return;
    add(keys, key);
}

/* The person at work, or NULL. */
static struct sim_person *at_work(const struct sim_recorder *recorder)
{
    int node = sim_net_current(recorder->net);
    return node >= 0 ? sim_crowd_at(recorder->crowd, (unsigned)node) : NULL;
}

static void on_seal(void *ctx, const uint8_t *aad, size_t aad_len, const uint8_t *sealed, size_t len)
{
    struct sim_recorder *recorder = ctx;
    struct sim_person *person = at_work(recorder);
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

static void on_split(void *ctx, const uint8_t hash[64], const struct wzp_noise_split *split)
{
    struct sim_recorder *recorder = ctx;
    add_new(&recorder->handshake, hash);
    add_new(&recorder->handshake, hash + 32);
    add_new(&recorder->traffic, split->send);
    add_new(&recorder->traffic, split->receive);
}

static void on_rekey(void *ctx, const struct wzp_rekey_seals *seals)
{
    struct sim_recorder *recorder = ctx;
    add_new(&recorder->rekeyed, seals->send);
    add_new(&recorder->rekeyed, seals->receive);
}

static void add_id(struct keys *keys, uint32_t id)
{
    uint8_t key[32] = {0};
    struct wzp_writer writer = wzp_writer_make(key, sizeof key);
    wzp_write_u32(&writer, id);
    add_new(keys, key);
}

static void on_datagram(void *ctx, const struct sim_tap_event *event)
{
    struct sim_recorder *recorder = ctx;
    if (event->kind != SIM_TAP_SENT)
        return;
    if ((event->bytes[0] & 0xc0) == WZP_FORM_LONG) {
        struct wzp_reader reader = wzp_reader_make(event->bytes, event->len);
        struct wzp_long_header header;
        if (wzp_long_header_decode(&reader, &header) && header.message.len >= 32) {
            add_new(&recorder->ephemeral, header.message.data);
            add_id(&recorder->handshake, header.source);
        }
        return;
    }
    recorder->datagram = grown(recorder->datagram, recorder->datagram_count, &recorder->datagram_capacity,
                               sizeof *recorder->datagram);
    uint8_t *bytes = malloc(event->len);
    WZP_CHECK(bytes);
    memcpy(bytes, event->bytes, event->len);
    recorder->datagram[recorder->datagram_count++] = (struct datagram){sim_net_now(recorder->net), bytes,
                                                                       event->len};
}

struct sim_recorder *sim_recorder_create(struct sim_net *net, struct sim_watch *watch,
                                         struct sim_crowd *crowd)
{
    struct sim_recorder *recorder = calloc(1, sizeof *recorder);
    WZP_CHECK(recorder);
    recorder->net = net;
    recorder->crowd = crowd;
    sim_watch_tap(watch, on_seal, on_split, on_rekey, recorder);
    sim_net_tap(net, on_datagram, recorder);
    return recorder;
}

void sim_recorder_destroy(struct sim_recorder *recorder)
{
    for (size_t i = 0; i < recorder->datagram_count; i++)
        free(recorder->datagram[i].bytes);
    free(recorder->datagram);
    free(recorder->media);
    free(recorder->key);
    free(recorder->snapshot);
    free(recorder->ephemeral.key);
    free(recorder->handshake.key);
    free(recorder->traffic.key);
    free(recorder->rekeyed.key);
    free(recorder);
}

/* ---- what somebody has ---- */

/* The bytes themselves, and the hashes that anybody would try. */
static void add_hashed(struct keys *guesses, const uint8_t *bytes, size_t len)
{
    uint8_t hash[32];
    if (len == 32)
        add(guesses, bytes);
    crypto_generichash_blake2b(hash, sizeof hash, bytes, len, NULL, 0);
    add(guesses, hash);
    crypto_hash_sha256(hash, bytes, len);
    add(guesses, hash);
}

static void add_identity_secrets(struct keys *secrets, const uint8_t seed[32],
                                 const struct wzp_identity *identity)
{
    uint8_t signing[32];
    add(secrets, seed);
    add(secrets, identity->noise_secret);
    crypto_sign_ed25519_sk_to_curve25519(signing, identity->sign_secret);
    add(secrets, signing);
}

/* X25519 secrets. */
static struct keys secrets_of(const struct sim_recorder *recorder, const struct sim_relay *relay,
                              enum sim_thief thief)
{
    struct keys secrets = {0};
    if (thief == SIM_THIEF_SEEDS)
        add_identity_secrets(&secrets, relay->seed, &relay->identity);
    for (unsigned i = 0; i < sim_crowd_count(recorder->crowd); i++) {
        const struct sim_person *person = sim_crowd_person(recorder->crowd, i);
        if (thief == SIM_THIEF_SEEDS)
            add_identity_secrets(&secrets, person->seed, &person->identity);
        else if (thief == SIM_THIEF_ALL)
            add(&secrets, recorder->stay[i].secret);
    }
    return secrets;
}

static struct keys publics_of(const struct sim_recorder *recorder, const struct sim_relay *relay)
{
    struct keys publics = {0};
    add(&publics, relay->identity.noise_public);
    for (unsigned i = 0; i < sim_crowd_count(recorder->crowd); i++) {
        add(&publics, sim_crowd_person(recorder->crowd, i)->identity.noise_public);
        add(&publics, sim_crowd_person(recorder->crowd, i)->identity.sign_public);
    }
    for (size_t i = 0; i < recorder->ephemeral.count; i++)
        add(&publics, recorder->ephemeral.key[i]);
    return publics;
}

/* Symmetric keys: what is public, hashed alone and in pairs; what each secret is, hashed, and what it shares
 * with each public key. */
static struct keys guesses_of(const struct sim_recorder *recorder, const struct sim_relay *relay,
                              enum sim_thief thief)
{
    static const uint8_t zero[32];
    struct keys guesses = {0}, publics = publics_of(recorder, relay),
                secrets = secrets_of(recorder, relay, thief);
    add_hashed(&guesses, zero, sizeof zero);
    for (size_t i = 0; i < recorder->handshake.count; i++)
        add_hashed(&guesses, recorder->handshake.key[i], 32);
    for (size_t i = 0; i < publics.count; i++) {
        add_hashed(&guesses, publics.key[i], 32);
        for (size_t j = 0; j < publics.count; j++) {
            uint8_t both[64];
            memcpy(both, publics.key[i], 32);
            memcpy(both + 32, publics.key[j], 32);
            if (i != j)
                add_hashed(&guesses, both, sizeof both);
        }
    }
    for (size_t i = 0; i < secrets.count; i++) {
        add_hashed(&guesses, secrets.key[i], 32);
        for (size_t j = 0; j < publics.count; j++) {
            uint8_t shared[32];
            if (crypto_scalarmult_curve25519(shared, secrets.key[i], publics.key[j]) == 0)
                add_hashed(&guesses, shared, sizeof shared);
        }
    }
    free(publics.key);
    free(secrets.key);
    return guesses;
}

/* ---- media, with the keys of a member ---- */

unsigned sim_recorder_snapshot(struct sim_recorder *recorder, const struct sim_person *person)
{
    recorder->snapshot = realloc(recorder->snapshot,
                                 (recorder->snapshot_count + 1) * sizeof *recorder->snapshot);
    WZP_CHECK(recorder->snapshot);
    struct snapshot *snapshot = &recorder->snapshot[recorder->snapshot_count];
    *snapshot = (struct snapshot){0};
    for (unsigned i = 0; i < sim_crowd_count(recorder->crowd); i++) {
        const struct wzp_sender_keys *keys = wzp_call_sender_keys(person->call,
                                                                  sim_crowd_person(recorder->crowd, i)->slot);
        if (keys)
            snapshot->keys[i] = *keys;
    }
    return recorder->snapshot_count++;
}

unsigned sim_recorder_snapshots(const struct sim_recorder *recorder)
{
    return recorder->snapshot_count;
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
        for (unsigned k = 0; k < SIM_RECORDER_PEOPLE_MAX && !opened;
             k++) { /* any key it has, whosever it is */
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

/* The seal alone: whoever has a secret does not care who signed. `sides` are the stay keys of sender and
 * recipient; the secret stands in for that of `own`. */
static bool open_key(const struct key_body *body, const uint8_t *const sides[2], unsigned own,
                     const uint8_t secret[32], const struct wzp_room *room, struct wzp_sender_key *key)
{
    struct wzp_stay stay;
    struct wzp_pair pair;
    memcpy(stay.secret, secret, sizeof stay.secret);
    memcpy(stay.public_key, sides[own], sizeof stay.public_key);
    return wzp_pair_make(&stay, sides[!own], room, &pair) &&
           wzp_key_open_seal(&pair, sides[0], sides[1], body->sealed, key);
}

static bool open_key_with_any(const struct sim_recorder *recorder, const struct key_body *body,
                              const struct keys *secrets, const struct wzp_room *room,
                              struct wzp_sender_key *key)
{
    for (unsigned p = 0; p < sim_crowd_count(recorder->crowd); p++) {
        const uint8_t *const sides[2] = {recorder->record[body->sender].stay, recorder->record[p].stay};
        for (size_t s = 0; s < secrets->count && p != body->sender; s++)
            if (open_key(body, sides, 0, secrets->key[s], room, key) ||
                open_key(body, sides, 1, secrets->key[s], room, key))
                return true;
    }
    return false;
}

struct sim_tally sim_recorder_open_keys(const struct sim_recorder *recorder, const struct wzp_room *room,
                                        const struct sim_relay *relay, enum sim_thief thief)
{
    struct sim_tally tally = {0};
    struct keys secrets = secrets_of(recorder, relay, thief);
    for (size_t i = 0; i < recorder->key_count; i++) {
        struct wzp_sender_key key;
        tally.tried++;
        tally.opened += open_key_with_any(recorder, &recorder->key[i], &secrets, room, &key);
    }
    free(secrets.key);
    return tally;
}

uint64_t sim_recorder_keys_sealed(const struct sim_recorder *recorder)
{
    return recorder->key_count;
}

struct sim_tally sim_recorder_keys_for(const struct sim_recorder *recorder, const struct wzp_stay *stay,
                                       const struct wzp_room *room)
{
    struct sim_tally tally = {0};
    for (size_t i = 0; i < recorder->key_count; i++) {
        const struct key_body *body = &recorder->key[i];
        const uint8_t *const sides[2] = {recorder->record[body->sender].stay, stay->public_key};
        struct wzp_sender_key key;
        tally.tried++;
        tally.opened += open_key(body, sides, 1, stay->secret, room, &key);
    }
    return tally;
}

/* ---- media, with all that can be had ---- */

static bool open_media(const struct media *media, struct wzp_sender_key key)
{
    uint8_t byte = media->payload[0], out[SEALED_MAX];
    if ((key.word >> 4 & 15) != byte >> 4 || (key.word & 15) > (byte & 15))
        return false;
    while ((key.word & 15) < (byte & 15))
        wzp_sender_key_step(&key);
    struct wzp_reader reader = wzp_reader_make(media->header, sizeof media->header);
    struct wzp_media_header header;
    struct wzp_media_key media_key;
    WZP_CHECK(wzp_media_header_decode(&reader, &header));
    wzp_media_key_make(&key, header.media_type, header.stream, &media_key);
    return wzp_media_open(&media_key, header.sequence, media->header,
                          (struct wzp_slice){media->payload, media->len}, out);
}

/* A guess is taken for the key of the payload's own word: in the first 15 epochs its byte is the word. */
static bool open_media_with_any(const struct media *media, const struct keys *guesses)
{
    struct wzp_sender_key key = {.word = media->payload[0]};
    for (size_t k = 0; k < guesses->count; k++) {
        memcpy(key.key, guesses->key[k], sizeof key.key);
        if (open_media(media, key))
            return true;
    }
    return false;
}

struct sim_tally sim_recorder_open_media(const struct sim_recorder *recorder, const struct wzp_room *room,
                                         const struct sim_relay *relay, enum sim_thief thief)
{
    struct sim_tally tally = {0};
    struct keys secrets = secrets_of(recorder, relay, thief), guesses = guesses_of(recorder, relay, thief);
    struct wzp_sender_key *got = calloc(recorder->key_count + 1, sizeof *got);
    size_t got_count = 0;
    WZP_CHECK(got);
    for (size_t i = 0; i < recorder->key_count; i++)
        got_count += open_key_with_any(recorder, &recorder->key[i], &secrets, room, &got[got_count]);
    for (size_t i = 0; i < recorder->media_count; i++) {
        bool opened = false;
        for (size_t k = 0; k < got_count && !opened; k++)
            opened = open_media(&recorder->media[i], got[k]);
        tally.tried++;
        tally.opened += opened || open_media_with_any(&recorder->media[i], &guesses);
    }
    free(secrets.key);
    free(guesses.key);
    free(got);
    return tally;
}

/* ---- datagrams ---- */

/* The number is what travels of it: true of the first 65536 packets of a session. */
static bool open_datagram(const struct datagram *datagram, const struct wzp_hop_key *key)
{
    uint8_t mask[5], header[9], out[SIM_DATAGRAM_MAX];
    if (datagram->len < 25)
        return false;
    wzp_hop_mask(key, datagram->bytes + 9, mask);
    memcpy(header, datagram->bytes, sizeof header);
    header[0] ^= mask[0] & 0x1f;
    unsigned number_len = (header[0] & 3) + 1u;
    if ((header[0] & 0x18) || number_len == 1) /* no packet says so: most wrong keys show here, at once */
        return false;
    uint64_t number = 0;
    for (unsigned i = 0; i < number_len; i++) {
        header[5 + i] ^= mask[1 + i];
        number = number << 8 | header[5 + i];
    }
    return wzp_hop_open(key, number, (struct wzp_slice){header, 5 + number_len},
                        datagram->bytes + 5 + number_len, datagram->len - 5 - number_len, out);
}

static bool open_datagram_with_any(const struct datagram *datagram, const struct wzp_hop_key *keys,
                                   size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (open_datagram(datagram, &keys[k]))
            return true;
    return false;
}

struct sim_tally sim_recorder_open_datagrams(const struct sim_recorder *recorder,
                                             const struct sim_relay *relay, enum sim_thief thief)
{
    struct sim_tally tally = {0};
    struct keys guesses = {0};
    if (thief != SIM_THIEF_ALL)
        guesses = guesses_of(recorder, relay, thief);
    for (size_t i = 0; i < recorder->traffic.count && thief == SIM_THIEF_ALL; i++)
        add(&guesses, recorder->traffic.key[i]);
    size_t later = thief == SIM_THIEF_ALL ? recorder->rekeyed.count : 0, count = 0;
    struct wzp_hop_key *keys = calloc(guesses.count * (1 + later) + 1, sizeof *keys);
    WZP_CHECK(keys);
    for (size_t k = 0; k < guesses.count; k++) {
        const struct wzp_hop_key *first = &keys[count];
        wzp_hop_key_init(&keys[count++], guesses.key[k]);
        for (size_t i = 0; i < later; i++) {
            memcpy(keys[count].mask, first->mask, sizeof first->mask);
            memcpy(keys[count++].seal, recorder->rekeyed.key[i], sizeof first->seal);
        }
    }
    for (size_t i = 0; i < recorder->datagram_count; i++) {
        tally.tried++;
        tally.opened += open_datagram_with_any(&recorder->datagram[i], keys, count);
    }
    free(guesses.key);
    free(keys);
    return tally;
}

struct sim_tally sim_recorder_open_later(const struct sim_recorder *recorder, int64_t from_ns)
{
    struct sim_tally tally = {0};
    for (size_t i = 0; i < recorder->datagram_count; i++) {
        const struct datagram *datagram = &recorder->datagram[i];
        bool opened = false;
        if (datagram->at_ns < from_ns)
            continue;
        for (size_t k = 0; k < recorder->traffic.count && !opened; k++) {
            struct wzp_hop_key key;
            wzp_hop_key_init(&key, recorder->traffic.key[k]);
            opened = open_datagram(datagram, &key);
        }
        tally.tried++;
        tally.opened += opened;
    }
    return tally;
}
