// SPDX-License-Identifier: Apache-2.0
/*
 * Sender keys: the key a speaker seals its media with, given to each member alone.
 *
 * A key is named by its word, u32: epoch << 4 | step. Within an epoch each step is a hash of the one before,
 * so whoever joins at a step can open nothing older; a fresh epoch is fresh randomness, so whoever left opens
 * nothing newer. The low byte of the word travels in clear in front of every sealed payload.
 *
 * Laws: a forged payload costs at most 16 hashes and one open; state changes only after an open succeeded;
 * keys are wiped when they fall out. Who gives which key to whom, and when, is decided elsewhere
 * (call/keys.h). Spec: proto/05-end-to-end.md.
 */
#ifndef WZP_CRYPT_SENDER_H
#define WZP_CRYPT_SENDER_H

#include "crypt/member.h"

#define WZP_STEP_MAX            15
#define WZP_SENDER_BODY_LEN     116 /* word 4, sealed key 48, signature 64 */
#define WZP_SENDER_ACK_BODY_LEN 20  /* word 4, MAC 16 */
#define WZP_SENDER_OVERHEAD     17  /* of a sealed payload: epoch byte and tag */

struct wzp_sender_key {
    uint32_t word;
    uint8_t key[32];
};

void wzp_sender_key_fresh(struct wzp_sender_key *key, struct wzp_drbg *drbg); /* next epoch, step 0 */
void wzp_sender_key_step(struct wzp_sender_key *key); /* the step must be below WZP_STEP_MAX */

/* What two members share for one stay of each: X25519 of their stay keys with the room mixed in. */
struct wzp_pair {
    uint8_t secret[32];
};
/* False: the other's stay key is degenerate. */
bool wzp_pair_make(const struct wzp_stay *own, const uint8_t other_stay[32], const struct wzp_room *room,
                   struct wzp_pair *pair);

/* ---- KEY and KEY_ACK bodies ---- */

void wzp_key_seal(const struct wzp_identity *identity, const struct wzp_pair *pair,
                  const struct wzp_member_record *own, const struct wzp_member_record *recipient,
                  const struct wzp_sender_key *key, uint8_t body[WZP_SENDER_BODY_LEN]);

enum wzp_key_result {
    WZP_KEY_OPENED,
    WZP_KEY_BAD_SIGNATURE, /* not the identity that the room list shows, or for another recipient or room */
    WZP_KEY_BAD_SEAL,
};
enum wzp_key_result wzp_key_open(const struct wzp_pair *pair, const struct wzp_member_record *sender,
                                 const struct wzp_member_record *own, const uint8_t body[WZP_SENDER_BODY_LEN],
                                 struct wzp_sender_key *key);

/* The seal of a KEY body alone, its first 52 bytes, whoever signed it: what a thief of secrets would do. */
bool wzp_key_open_seal(const struct wzp_pair *pair, const uint8_t sender_stay[32],
                       const uint8_t recipient_stay[32], const uint8_t *body, struct wzp_sender_key *key);

/* `sender` owns the key that is acknowledged, `recipient` acknowledges. */
void wzp_key_ack_make(const struct wzp_pair *pair, const struct wzp_member_record *sender,
                      const struct wzp_member_record *recipient, uint32_t word,
                      uint8_t body[WZP_SENDER_ACK_BODY_LEN]);
bool wzp_key_ack_check(const struct wzp_pair *pair, const struct wzp_member_record *sender,
                       const struct wzp_member_record *recipient, const uint8_t body[WZP_SENDER_ACK_BODY_LEN],
                       uint32_t *word);

/* ---- media ---- */

struct wzp_media_key {
    uint8_t key[32];
    uint8_t epoch_byte;
};
void wzp_media_key_make(const struct wzp_sender_key *key, uint8_t media_type, uint8_t stream,
                        struct wzp_media_key *media);
/* `out` takes len + WZP_SENDER_OVERHEAD bytes. A sequence is sealed once: (key, nonce) pairs never repeat. */
void wzp_media_seal(const struct wzp_media_key *media, uint32_t sequence, const uint8_t header[16],
                    const uint8_t *plain, size_t len, uint8_t *out);
bool wzp_media_open(const struct wzp_media_key *media, uint32_t sequence, const uint8_t header[16],
                    struct wzp_slice payload, uint8_t *out);

/* ---- what one member keeps of another's keys ---- */

/* The two newest epochs: media under the older one that is late still opens. The earliest step that was given
 * opens late media of every step since; from the newest that opened the next are computed. */
struct wzp_sender_epoch {
    bool used;
    struct wzp_sender_key earliest, newest;
};

/* A derived key, so that the common case costs one open and no hash. */
struct wzp_sender_derived {
    bool used;
    uint32_t word;
    uint8_t media_type, stream;
    struct wzp_media_key media;
};

struct wzp_sender_keys {
    struct wzp_sender_epoch epoch[2];     /* newest first */
    struct wzp_sender_derived derived[2]; /* the two last used */
    unsigned derived_next;
};

/* Keeps a key that wzp_key_open gave. One of a third, older epoch is ignored, and so is one that is held. */
void wzp_sender_keys_add(struct wzp_sender_keys *keys, const struct wzp_sender_key *key);
void wzp_sender_keys_deinit(struct wzp_sender_keys *keys); /* wipes */

enum wzp_sender_result {
    WZP_SENDER_OPENED,
    WZP_SENDER_UNKNOWN_EPOCH, /* no key for it, or only later steps */
    WZP_SENDER_BAD_SEAL,
    WZP_SENDER_MALFORMED,
};
/* Opens a sealed payload; `out` takes payload.len - WZP_SENDER_OVERHEAD bytes and does not overlap it,
 * `*word` names the key. A step ahead of ours is computed on a copy, and kept once the payload opened. */
enum wzp_sender_result wzp_sender_keys_open(struct wzp_sender_keys *keys, uint8_t media_type, uint8_t stream,
                                            uint32_t sequence, const uint8_t header[16],
                                            struct wzp_slice payload, uint8_t *out, uint32_t *word);

#endif
