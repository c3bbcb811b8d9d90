// SPDX-License-Identifier: Apache-2.0
/*
 * Sender keys: when ours changes, who is given it and how often, and what comes from the others.
 *
 * Laws: the key steps once for every member that joins, and the step is given to the newcomer alone (the
 * others compute it); it is fresh after every leave, after 16 joins and after `lifetime_ns`, and then given
 * to all. A key goes to a member with each of our next 5 captured frames (by itself when none comes within
 * 25 ms), then every 40 ms until 2 s after the first, then every 200 ms, until that member's acknowledgement
 * of it or of a later one verifies. Never more than 4 KEY frames in any 20 ms; members take turns. A body is
 * sealed once and repeated byte for byte. What comes from a member is believed only as wzp_key_open says.
 *
 * Owns the own key, wiped by deinit; a member's part is in its row. It sends nothing: the caller asks which
 * key is due. Not here: opening media. Private to call/. Spec: proto/05-end-to-end.md, KEY and KEY_ACK.
 */
#ifndef WZP_CALL_KEYS_H
#define WZP_CALL_KEYS_H

#include "base/time.h"
#include "call/members.h"

#define KEYS_BURST        4 /* KEY frames in any KEYS_BURST_NS */
#define KEYS_BURST_NS     (20 * WZP_MS)
#define KEYS_EARLY_MAX    16
#define KEYS_EARLY_NS     (2 * WZP_S)
#define KEYS_ACK_EVERY_NS (20 * WZP_MS)

/* A key from a slot that the room list does not show yet. */
struct early_key {
    uint16_t slot; /* 0: free */
    int64_t at_ns;
    uint8_t body[WZP_KEY_BODY_LEN];
};

struct call_keys {
    const struct self *self;
    struct members *members;
    struct wzp_drbg *drbg;
    int64_t lifetime_ns;

    struct wzp_sender_key own;         /* word 0: none yet */
    struct wzp_media_key media, video; /* of it, for speech and for pictures */
    int64_t fresh_at_ns;

    uint64_t offered; /* rows whose offer is not acknowledged */
    unsigned turn;    /* the row after the one that was served last */
    int64_t sent_ns[KEYS_BURST];
    unsigned sent_next;

    struct early_key early[KEYS_EARLY_MAX];
};

void call_keys_init(struct call_keys *keys, const struct self *self, struct members *members,
                    struct wzp_drbg *drbg, int64_t lifetime_ns);
void call_keys_deinit(struct call_keys *keys); /* wipes */

/* ---- ours ---- */

/* A fresh epoch for every verified member: on entering the room, and after a member was removed. */
void call_keys_renew(struct call_keys *keys, int64_t now_ns);
void call_keys_on_member_joined(struct call_keys *keys, struct member *member, int64_t now_ns);
/* The current key for a member that came back. */
void call_keys_on_member_back(struct call_keys *keys, struct member *member, int64_t now_ns);
/* True when the key's lifetime was over and it was renewed. */
bool call_keys_advance(struct call_keys *keys, int64_t now_ns);
/* When advance or due next has something to do. */
int64_t call_keys_next_at(const struct call_keys *keys);
/* The member whose offer's body is to be sent now, counted as sent; NULL: no more. `beside_frame`: a frame
 * was just captured. */
struct member *call_keys_due(struct call_keys *keys, bool beside_frame, int64_t now_ns);
/* False: the acknowledgement is not the member's. `*is_news`: it ended an offer. */
bool call_keys_on_ack(struct call_keys *keys, struct member *member, const uint8_t *body, bool *is_news);

/* Seals a frame's plaintext under the own key; `out` as in wzp_media_seal. Each sequence once. */
void call_keys_seal(const struct call_keys *keys, uint32_t sequence,
                    const uint8_t header[WZP_MEDIA_HEADER_LEN], struct wzp_slice plain, uint8_t *out);

void call_keys_seal_video(const struct call_keys *keys, uint32_t sequence,
                          const uint8_t header[WZP_MEDIA_HEADER_LEN], struct wzp_slice plain, uint8_t *out);

/* ---- theirs ---- */

enum call_keys_verdict {
    CALL_KEYS_NEW,      /* opened and kept; to be acknowledged */
    CALL_KEYS_REPEATED, /* known; to be acknowledged again */
    CALL_KEYS_TOO_SOON, /* known, and acknowledged a moment ago */
    CALL_KEYS_REFUSED,  /* *reason says why */
};
/* The acknowledgement is in member->accepted.ack_body. */
enum call_keys_verdict call_keys_on_key(struct call_keys *keys, struct member *member, const uint8_t *body,
                                        int64_t now_ns, enum wzp_drop *reason);
uint32_t call_keys_word(const uint8_t *body);

/* Keeps the newest key of a slot that is not listed yet; false: a key was lost over it. */
bool call_keys_put_early(struct call_keys *keys, uint16_t slot, const uint8_t *body, int64_t now_ns);
enum call_keys_early {
    CALL_KEYS_EARLY_NONE,
    CALL_KEYS_EARLY_TOO_OLD,
    CALL_KEYS_EARLY_TAKEN,
};
/* What is kept for the slot, and no longer. */
enum call_keys_early call_keys_take_early(struct call_keys *keys, uint16_t slot, int64_t now_ns,
                                          uint8_t body[WZP_KEY_BODY_LEN]);

#endif
