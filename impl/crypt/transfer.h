// SPDX-License-Identifier: Apache-2.0
/*
 * The key of one transfer: 32 fresh bytes that a member gives to one other, sealed under what the pair
 * shares and signed by the giver's identity.
 *
 * Laws: a body opens for the one recipient in the one room and stay that it was made for, and for nobody
 * else; its `transfer` is fresh, so two bodies never share a one-time key. Not here: what is sealed under the
 * key (file/record.h), and how the body travels. Spec: proto/09-files.md, key of a transfer.
 */
#ifndef WZP_CRYPT_TRANSFER_H
#define WZP_CRYPT_TRANSFER_H

#include "crypt/sender.h"

#define WZP_TRANSFER_BODY_LEN 128 /* transfer 16, sealed key 48, signature 64 */

/* Draws a transfer and its key. The key is the caller's to wipe. */
void wzp_transfer_seal(const struct wzp_identity *identity, const struct wzp_pair *pair,
                       const struct wzp_member_record *own, const struct wzp_member_record *recipient,
                       struct wzp_drbg *drbg, uint8_t body[WZP_TRANSFER_BODY_LEN], uint8_t key[32]);

/* Whether the body is the sender's, for us; `key` is zero if not. */
enum wzp_key_result wzp_transfer_open(const struct wzp_pair *pair, const struct wzp_member_record *sender,
                                      const struct wzp_member_record *own,
                                      const uint8_t body[WZP_TRANSFER_BODY_LEN], uint8_t key[32]);

#endif
