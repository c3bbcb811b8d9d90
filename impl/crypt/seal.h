// SPDX-License-Identifier: Apache-2.0
/*
 * The one seam to the AEAD: ChaCha20-Poly1305 (RFC 8439) for handshake, hop and end to end. Nobody else calls
 * it, so that the simulator can watch here that no (key, nonce) pair is ever used twice.
 */
#ifndef WZP_CRYPT_SEAL_H
#define WZP_CRYPT_SEAL_H

#include "base/bytes.h"

#define WZP_SEAL_TAG 16

/* `out` takes len + WZP_SEAL_TAG bytes and may be `plain`. */
void wzp_seal(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad, const uint8_t *plain,
              size_t len, uint8_t *out);
/* `len` counts the tag; `out` takes len - WZP_SEAL_TAG bytes and may be `sealed`. False: not genuine, `out`
 * zeroed. */
bool wzp_open(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad, const uint8_t *sealed,
              size_t len, uint8_t *out);

#endif
