// SPDX-License-Identifier: Apache-2.0
/*
 * The receiver of one file: pushed the stream's bytes, pulled for its answers; gives the offer, then the
 * file's bytes in order.
 *
 *   OPENING --OFFER--> OFFERED --accept()--> RECEIVING --END--> WHOLE --confirm()--> DONE
 *      `-------------------`--FAILED, a broken record, or fail()---'--------------> FAILED
 *
 * Laws: every byte it gives was sealed by the sender for this answer, in order and without a gap, so a
 * transfer that is shown again opens nothing; WHOLE means that all bytes, those held before included, hash to
 * what was offered. What the peer can make us hold is one record. Owns its bytes: one struct, 64-byte
 * aligned. Does not write files and knows no stream. Spec: proto/09-files.md.
 */
#ifndef WZP_FILE_RECEIVE_H
#define WZP_FILE_RECEIVE_H

#include "file/send.h"

enum wzp_file_receive_state {
    WZP_FILE_RECEIVE_OPENING,
    WZP_FILE_RECEIVE_OFFERED,
    WZP_FILE_RECEIVE_RECEIVING,
    WZP_FILE_RECEIVE_WHOLE,
    WZP_FILE_RECEIVE_DONE,
    WZP_FILE_RECEIVE_FAILED,
};

struct wzp_file_receive {
    enum wzp_file_receive_state state;
    enum wzp_file_reason reason; /* FAILED */
    bool is_peers_reason;
    struct wzp_file_offer offer; /* from OFFERED on */
    uint64_t received;           /* bytes of the file, those held before included */

    uint8_t key[32];
    uint8_t salt[WZP_FILE_SALT_LEN];
    struct wzp_file_seal seal; /* of the answers */
    struct wzp_file_records records;
    crypto_generichash_blake2b_state hash;
    size_t out_at, out_len;
    uint8_t out[128]; /* the salt and at most two answers */
};

/* `key` as the body gave it (crypt/transfer.h); `salt` is fresh randomness. */
void wzp_file_receive_init(struct wzp_file_receive *receive, const uint8_t key[32],
                           const uint8_t salt[WZP_FILE_SALT_LEN]);
void wzp_file_receive_deinit(struct wzp_file_receive *receive); /* wipes */

/* Takes bytes off the front of `*bytes`; true: `*data` are the file's next, until the next call. False: all
 * were taken, or the state wants an answer first. */
bool wzp_file_receive_push(struct wzp_file_receive *receive, struct wzp_slice *bytes, struct wzp_slice *data);
void wzp_file_receive_on_end(struct wzp_file_receive *receive); /* the stream brings no more */

/* OFFERED: bytes that are here from before, in order, at most the offered size; then accept the rest. */
void wzp_file_receive_held(struct wzp_file_receive *receive, const void *data, size_t len);
void wzp_file_receive_accept(struct wzp_file_receive *receive);
/* WHOLE: the file is safe. */
void wzp_file_receive_confirm(struct wzp_file_receive *receive);
/* Refuses, or gives up: tells the sender. */
void wzp_file_receive_fail(struct wzp_file_receive *receive, enum wzp_file_reason reason);

/* Bytes for the stream's other direction, which ends when is_ended. */
size_t wzp_file_receive_peek(const struct wzp_file_receive *receive, const uint8_t **data);
void wzp_file_receive_consume(struct wzp_file_receive *receive, size_t len);
bool wzp_file_receive_is_ended(const struct wzp_file_receive *receive);

#endif
