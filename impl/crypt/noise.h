// SPDX-License-Identifier: Apache-2.0
/*
 * The Noise Protocol Framework, revision 34, with 25519, ChaChaPoly and BLAKE2b: the patterns this project
 * speaks.
 *
 * Law: a read that fails changes nothing, so a forged message cannot kill a handshake; every secret is wiped
 * by split or deinit. The caller owns struct wzp_noise and draws the ephemeral keys. It repeats nothing and
 * keeps no time.
 */
#ifndef WZP_CRYPT_NOISE_H
#define WZP_CRYPT_NOISE_H

#include "base/bytes.h"
#include "base/err.h"

enum wzp_noise_pattern {
    WZP_NOISE_N,
    WZP_NOISE_NK,
    WZP_NOISE_XX,
    WZP_NOISE_IK,
    WZP_NOISE_XXPSK3,
    WZP_NOISE_IKPSK2,
};

struct wzp_noise_config {
    enum wzp_noise_pattern pattern;
    bool initiator;
    struct wzp_slice prologue;
    const uint8_t *static_secret, *static_public; /* 32 bytes each; NULL if the pattern needs none */
    const uint8_t *remote_static;                 /* 32 bytes, NULL if not known before */
    const uint8_t *psk;                           /* 32 bytes, NULL without psk */
};

struct wzp_noise {
    enum wzp_noise_pattern pattern;
    bool initiator, has_remote_static, has_key;
    uint8_t message; /* messages done */
    uint8_t chaining_key[64], hash[64], key[32];
    uint64_t nonce;
    uint8_t static_secret[32], static_public[32];
    uint8_t ephemeral_secret[32], ephemeral_public[32];
    uint8_t remote_static[32], remote_ephemeral[32];
    uint8_t psk[32];
};

/* BAD_INPUT when the pattern needs a key that is not given. */
enum wzp_err wzp_noise_init(struct wzp_noise *noise, const struct wzp_noise_config *config);
void wzp_noise_deinit(struct wzp_noise *noise);

#define WZP_NOISE_MESSAGE_MAX 65535 /* bytes, section 3 */

/* For a responder that learns from message 1 which psk is meant: replaces the one given to init. STATE when
 * it was mixed in already, or the pattern has none. */
enum wzp_err wzp_noise_set_psk(struct wzp_noise *noise, const uint8_t psk[32]);

/* Our next message. `ephemeral_secret` must be fresh where the message has an e, else it may be NULL;
 * `payload` and `out` do not overlap. TOO_LARGE when it does not fit, STATE when it is not our turn, BAD_KEY
 * for a degenerate peer key; an error changes nothing. */
enum wzp_err wzp_noise_write(struct wzp_noise *noise, const uint8_t ephemeral_secret[32],
                             struct wzp_slice payload, uint8_t *out, size_t capacity, size_t *len);
/* The peer's next message; false when it is not genuine, malformed, not due, or its payload does not fit.
 * `message` and `payload` do not overlap. */
bool wzp_noise_read(struct wzp_noise *noise, struct wzp_slice message, uint8_t *payload, size_t capacity,
                    size_t *len);

bool wzp_noise_is_done(const struct wzp_noise *noise);
const uint8_t *wzp_noise_remote_static(const struct wzp_noise *noise); /* NULL until it is known */
const uint8_t *wzp_noise_hash(const struct wzp_noise *noise);          /* 64 bytes: channel binding */

struct wzp_noise_split {
    uint8_t send[32], receive[32];
    uint8_t root[32]; /* third output of the same HKDF: where later rekeys begin */
};
/* Traffic keys of a finished handshake, by role; wipes `noise`. */
void wzp_noise_split(struct wzp_noise *noise, struct wzp_noise_split *split);

#endif
