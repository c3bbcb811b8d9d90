// SPDX-License-Identifier: Apache-2.0
#include "crypt/sender.h"

#include "base/check.h"
#include "crypt/seal.h"

#include <sodium.h>
#include <string.h>

#define SEALED_KEY_LEN (32 + WZP_SEAL_TAG)
#define SIGNATURE_AT   (4 + SEALED_KEY_LEN)
#define MAC_LEN        16

/* BLAKE2b over a label and up to four pieces, keyed or not. */
struct piece {
    const void *data;
    size_t len;
};

static void hash(uint8_t *out, size_t out_len, const uint8_t *key, const char *label,
                 const struct piece *pieces, unsigned count)
{
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, key, key ? 32 : 0, out_len);
    crypto_generichash_blake2b_update(&state, (const uint8_t *)label, strlen(label));
    for (unsigned i = 0; i < count; i++)
        crypto_generichash_blake2b_update(&state, pieces[i].data, pieces[i].len);
    crypto_generichash_blake2b_final(&state, out, out_len);
    sodium_memzero(&state, sizeof state);
}

static void word_bytes(uint32_t word, uint8_t out[4])
{
    struct wzp_writer writer = wzp_writer_make(out, 4);
    wzp_write_u32(&writer, word);
}

static unsigned step_of(uint32_t word)
{
    return word & WZP_STEP_MAX;
}

void wzp_sender_key_fresh(struct wzp_sender_key *key, struct wzp_drbg *drbg)
{
    key->word = ((key->word >> 4) + 1) << 4;
    wzp_drbg_fill(drbg, key->key, sizeof key->key);
}

void wzp_sender_key_step(struct wzp_sender_key *key)
{
    WZP_CHECK(step_of(key->word) < WZP_STEP_MAX);
    hash(key->key, sizeof key->key, NULL, "", (struct piece[]){{key->key, 32}, {"wzp step", 8}}, 2);
    key->word++;
}

bool wzp_pair_make(const struct wzp_stay *own, const uint8_t other_stay[32], const struct wzp_room *room,
                   struct wzp_pair *pair)
{
    uint8_t shared[32];
    if (crypto_scalarmult_curve25519(shared, own->secret, other_stay) != 0)
        return false;
    bool own_first = memcmp(own->public_key, other_stay, 32) < 0;
    const struct piece pieces[] = {
        {shared, sizeof shared},
        {own_first ? own->public_key : other_stay, 32},
        {own_first ? other_stay : own->public_key, 32},
        {room->id, sizeof room->id},
    };
    hash(pair->secret, sizeof pair->secret, room->mix, "wzp pair v2", pieces, 4);
    sodium_memzero(shared, sizeof shared);
    return true;
}

/* ---- KEY ---- */

/* One key for one plaintext, so that its nonce can be zero: the stay keys are made anew for every stay, and
 * in a stay a word names one sender key, so sealing again seals the same bytes. */
static void one_time_key(const struct wzp_pair *pair, const uint8_t sender_stay[32],
                         const uint8_t recipient_stay[32], const uint8_t word[4], uint8_t out[32])
{
    const struct piece pieces[] = {{sender_stay, 32}, {recipient_stay, 32}, {word, 4}};
    hash(out, 32, pair->secret, "wzp key seal", pieces, 3);
}

#define SIGNED_LEN (10 + 5 * 32 + SIGNATURE_AT)

static void signed_bytes(const struct wzp_member_record *sender, const struct wzp_member_record *recipient,
                         const uint8_t *body, uint8_t out[SIGNED_LEN])
{
    struct wzp_writer writer = wzp_writer_make(out, SIGNED_LEN);
    wzp_write_bytes(&writer, "wzp key v2", 10);
    wzp_write_bytes(&writer, sender->room_id, 32);
    wzp_write_bytes(&writer, sender->identity, 32);
    wzp_write_bytes(&writer, sender->stay, 32);
    wzp_write_bytes(&writer, recipient->identity, 32);
    wzp_write_bytes(&writer, recipient->stay, 32);
    wzp_write_bytes(&writer, body, SIGNATURE_AT);
    WZP_CHECK(!writer.failed && wzp_writer_left(&writer) == 0);
}

static const uint8_t zero_nonce[12];

void wzp_key_seal(const struct wzp_identity *identity, const struct wzp_pair *pair,
                  const struct wzp_member_record *own, const struct wzp_member_record *recipient,
                  const struct wzp_sender_key *key, uint8_t body[WZP_SENDER_BODY_LEN])
{
    uint8_t once[32], bytes[SIGNED_LEN];
    word_bytes(key->word, body);
    one_time_key(pair, own->stay, recipient->stay, body, once);
    wzp_seal(once, zero_nonce, (struct wzp_slice){body, 4}, key->key, sizeof key->key, body + 4);
    sodium_memzero(once, sizeof once);
    signed_bytes(own, recipient, body, bytes);
    crypto_sign_ed25519_detached(body + SIGNATURE_AT, NULL, bytes, sizeof bytes, identity->sign_secret);
}

bool wzp_key_open_seal(const struct wzp_pair *pair, const uint8_t sender_stay[32],
                       const uint8_t recipient_stay[32], const uint8_t *body, struct wzp_sender_key *key)
{
    uint8_t once[32];
    one_time_key(pair, sender_stay, recipient_stay, body, once);
    bool good = wzp_open(once, zero_nonce, (struct wzp_slice){body, 4}, body + 4, SEALED_KEY_LEN, key->key);
    sodium_memzero(once, sizeof once);
    struct wzp_reader reader = wzp_reader_make(body, 4);
    key->word = wzp_read_u32(&reader);
    return good;
}

enum wzp_key_result wzp_key_open(const struct wzp_pair *pair, const struct wzp_member_record *sender,
                                 const struct wzp_member_record *own, const uint8_t body[WZP_SENDER_BODY_LEN],
                                 struct wzp_sender_key *key)
{
    uint8_t bytes[SIGNED_LEN];
    signed_bytes(sender, own, body, bytes);
    if (crypto_sign_ed25519_verify_detached(body + SIGNATURE_AT, bytes, sizeof bytes, sender->identity) != 0)
        return WZP_KEY_BAD_SIGNATURE;
    return wzp_key_open_seal(pair, sender->stay, own->stay, body, key) ? WZP_KEY_OPENED : WZP_KEY_BAD_SEAL;
}

void wzp_key_ack_make(const struct wzp_pair *pair, const struct wzp_member_record *sender,
                      const struct wzp_member_record *recipient, uint32_t word,
                      uint8_t body[WZP_SENDER_ACK_BODY_LEN])
{
    word_bytes(word, body);
    const struct piece pieces[] = {{sender->stay, 32}, {recipient->stay, 32}, {body, 4}};
    hash(body + 4, MAC_LEN, pair->secret, "wzp key ack", pieces, 3);
}

bool wzp_key_ack_check(const struct wzp_pair *pair, const struct wzp_member_record *sender,
                       const struct wzp_member_record *recipient, const uint8_t body[WZP_SENDER_ACK_BODY_LEN],
                       uint32_t *word)
{
    uint8_t expected[WZP_SENDER_ACK_BODY_LEN];
    struct wzp_reader reader = wzp_reader_make(body, 4);
    *word = wzp_read_u32(&reader);
    wzp_key_ack_make(pair, sender, recipient, *word, expected);
    return sodium_memcmp(expected, body, sizeof expected) == 0;
}

/* ---- media ---- */

void wzp_media_key_make(const struct wzp_sender_key *key, uint8_t media_type, uint8_t stream,
                        struct wzp_media_key *media)
{
    uint8_t word[4];
    word_bytes(key->word, word);
    const struct piece pieces[] = {{word, 4}, {&media_type, 1}, {&stream, 1}};
    hash(media->key, sizeof media->key, key->key, "wzp media", pieces, 3);
    media->epoch_byte = (uint8_t)key->word;
}

/* Eight zero bytes and the sequence; the header and the epoch byte are authenticated with it. */
static void media_nonce(uint32_t sequence, uint8_t nonce[12])
{
    memset(nonce, 0, 8);
    word_bytes(sequence, nonce + 8);
}

static struct wzp_slice media_aad(const uint8_t header[16], uint8_t epoch_byte, uint8_t aad[17])
{
    memcpy(aad, header, 16);
    aad[16] = epoch_byte;
    return (struct wzp_slice){aad, 17};
}

void wzp_media_seal(const struct wzp_media_key *media, uint32_t sequence, const uint8_t header[16],
                    const uint8_t *plain, size_t len, uint8_t *out)
{
    uint8_t nonce[12], aad[17];
    media_nonce(sequence, nonce);
    out[0] = media->epoch_byte;
    wzp_seal(media->key, nonce, media_aad(header, media->epoch_byte, aad), plain, len, out + 1);
}

bool wzp_media_open(const struct wzp_media_key *media, uint32_t sequence, const uint8_t header[16],
                    struct wzp_slice payload, uint8_t *out)
{
    uint8_t nonce[12], aad[17];
    if (payload.len < WZP_SENDER_OVERHEAD || payload.data[0] != media->epoch_byte)
        return false;
    media_nonce(sequence, nonce);
    return wzp_open(media->key, nonce, media_aad(header, media->epoch_byte, aad), payload.data + 1,
                    payload.len - 1, out);
}

/* ---- another's keys ---- */

void wzp_sender_keys_add(struct wzp_sender_keys *keys, const struct wzp_sender_key *key)
{
    for (unsigned i = 0; i < 2; i++) {
        struct wzp_sender_epoch *epoch = &keys->epoch[i];
        if (!epoch->used || epoch->newest.word >> 4 != key->word >> 4)
            continue;
        if (key->word < epoch->earliest.word)
            epoch->earliest = *key;
        if (key->word > epoch->newest.word)
            epoch->newest = *key;
        return;
    }
    bool is_newest = !keys->epoch[0].used || key->word > keys->epoch[0].newest.word;
    if (is_newest)
        keys->epoch[1] = keys->epoch[0];
    else if (keys->epoch[1].used && key->word < keys->epoch[1].newest.word)
        return; /* older than both that are kept */
    keys->epoch[is_newest ? 0 : 1] = (struct wzp_sender_epoch){true, *key, *key};
    sodium_memzero(keys->derived, sizeof keys->derived); /* may be of the epoch that just fell out */
}

void wzp_sender_keys_deinit(struct wzp_sender_keys *keys)
{
    sodium_memzero(keys, sizeof *keys);
}

/* The word that an epoch byte means here, and its epoch; NULL when its key is neither held nor can be
 * computed. Two epochs that share the byte's four bits are 16 rotations apart: the newer one is meant. */
static struct wzp_sender_epoch *find_epoch(struct wzp_sender_keys *keys, uint8_t epoch_byte, uint32_t *word)
{
    for (unsigned i = 0; i < 2; i++) {
        struct wzp_sender_epoch *epoch = &keys->epoch[i];
        if (!epoch->used || (epoch->newest.word >> 4 & 15) != epoch_byte >> 4)
            continue;
        *word = (epoch->newest.word & ~(uint32_t)WZP_STEP_MAX) | step_of(epoch_byte);
        return *word >= epoch->earliest.word ? epoch : NULL;
    }
    return NULL;
}

static const struct wzp_sender_derived *find_derived(const struct wzp_sender_keys *keys, uint32_t word,
                                                     uint8_t media_type, uint8_t stream)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct wzp_sender_derived *derived = &keys->derived[i];
        if (derived->used && derived->word == word && derived->media_type == media_type &&
            derived->stream == stream)
            return derived;
    }
    return NULL;
}

enum wzp_sender_result wzp_sender_keys_open(struct wzp_sender_keys *keys, uint8_t media_type, uint8_t stream,
                                            uint32_t sequence, const uint8_t header[16],
                                            struct wzp_slice payload, uint8_t *out, uint32_t *word)
{
    if (payload.len < WZP_SENDER_OVERHEAD)
        return WZP_SENDER_MALFORMED;
    struct wzp_sender_epoch *epoch = find_epoch(keys, payload.data[0], word);
    if (!epoch)
        return WZP_SENDER_UNKNOWN_EPOCH;
    const struct wzp_sender_derived *known = find_derived(keys, *word, media_type, stream);
    if (known)
        return wzp_media_open(&known->media, sequence, header, payload, out) ? WZP_SENDER_OPENED
                                                                             : WZP_SENDER_BAD_SEAL;
    struct wzp_sender_key key = *word >= epoch->newest.word ? epoch->newest : epoch->earliest;
    while (key.word < *word)
        wzp_sender_key_step(&key);
    struct wzp_sender_derived derived = {
        .used = true, .word = key.word, .media_type = media_type, .stream = stream};
    wzp_media_key_make(&key, media_type, stream, &derived.media);
    bool good = wzp_media_open(&derived.media, sequence, header, payload, out);
    if (good) {
        if (key.word > epoch->newest.word)
            epoch->newest = key;
        keys->derived[keys->derived_next] = derived;
        keys->derived_next = !keys->derived_next;
    }
    sodium_memzero(&key, sizeof key);
    sodium_memzero(&derived, sizeof derived);
    return good ? WZP_SENDER_OPENED : WZP_SENDER_BAD_SEAL;
}
