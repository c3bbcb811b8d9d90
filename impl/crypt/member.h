// SPDX-License-Identifier: Apache-2.0
/*
 * Who somebody is in a room: a record signed by the identity, with a key made for this stay only. Keys are
 * given to the stay key alone and its secret is wiped on leaving, so a seed stolen later opens no recorded
 * call.
 *
 * Law: `proof` can only be made by somebody who knows the room, so a member that a relay invents is refused
 * by all. Spec: proto/05-end-to-end.md.
 */
#ifndef WZP_CRYPT_MEMBER_H
#define WZP_CRYPT_MEMBER_H

#include "base/bytes.h"
#include "crypt/drbg.h"
#include "crypt/identity.h"
#include "crypt/room.h"

#define WZP_RECORD_LEN 192

struct wzp_stay {
    uint8_t secret[32], public_key[32]; /* X25519 */
};

void wzp_stay_make(struct wzp_stay *stay, struct wzp_drbg *drbg);
void wzp_stay_deinit(struct wzp_stay *stay); /* wipes */

/* In the order of its bytes. */
struct wzp_member_record {
    uint8_t identity[32]; /* Ed25519 */
    uint8_t stay[32];     /* X25519 */
    uint8_t room_id[32];
    uint8_t random[16];
    uint8_t proof[16];
    uint8_t signature[64];
};

void wzp_member_record_make(const struct wzp_identity *identity, const struct wzp_stay *stay,
                            const struct wzp_room *room, struct wzp_drbg *drbg,
                            struct wzp_member_record *record);
void wzp_member_record_encode(const struct wzp_member_record *record, uint8_t out[WZP_RECORD_LEN]);
bool wzp_member_record_decode(struct wzp_slice bytes,
                              struct wzp_member_record *record); /* false: wrong length */

/* What a relay can check: the identity signed it. */
bool wzp_member_record_verify_signature(const struct wzp_member_record *record);

enum wzp_member_verdict {
    WZP_MEMBER_GENUINE,
    WZP_MEMBER_INVALID, /* not signed by its identity, or of another room */
    WZP_MEMBER_GHOST,   /* cannot prove that it knows the room */
};
/* What a member checks. */
enum wzp_member_verdict wzp_member_record_verify(const struct wzp_member_record *record,
                                                 const struct wzp_room *room);

#endif
