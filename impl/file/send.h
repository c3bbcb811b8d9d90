// SPDX-License-Identifier: Apache-2.0
/*
 * The sender of one file: pulled for stream bytes, pushed the answer's bytes and the file's.
 *
 *   OFFERING --ACCEPT--> SENDING --all was read--> FINISHING --RECEIVED--> DONE
 *       `-------------------`---FAILED, or fail()------'-----------------> FAILED
 *
 * Laws: no byte of the file leaves before the recipient accepted, and none below the offset it asked for;
 * END leaves only if what was read hashes to what was offered; DONE means that the recipient has the file
 * whole and checked it. One record is held at a time, so the stream's backpressure reaches the file's reader.
 * Owns its bytes: one struct, 64-byte aligned. Does not read files and knows no stream. Spec:
 * proto/09-files.md.
 */
#ifndef WZP_FILE_SEND_H
#define WZP_FILE_SEND_H

#include "file/offer.h"
#include "file/record.h"

#include <sodium.h>

#define WZP_FILE_BODY_LEN 128 /* the key of the transfer for the recipient: crypt/transfer.h */
#define WZP_FILE_SALT_LEN 16  /* of the answer: fresh with each */

enum wzp_file_send_state {
    WZP_FILE_SEND_OFFERING,
    WZP_FILE_SEND_SENDING,
    WZP_FILE_SEND_FINISHING,
    WZP_FILE_SEND_DONE,
    WZP_FILE_SEND_FAILED,
};

struct wzp_file_send {
    enum wzp_file_send_state state;
    enum wzp_file_reason reason; /* FAILED */
    bool is_peers_reason;
    struct wzp_file_offer offer;
    uint64_t accepted; /* the recipient has all below */
    uint64_t read;     /* all below was given to us */

    uint8_t key[32];
    struct wzp_file_seal seal; /* of the data */
    uint8_t salt[WZP_FILE_SALT_LEN];
    size_t salt_len;
    struct wzp_file_records answers;
    crypto_generichash_blake2b_state hash;
    size_t out_at, out_len;
    uint8_t out[WZP_FILE_RECORD_MAX + 128]; /* a record of data, and one END or FAILED behind it */
};

void wzp_file_send_init(struct wzp_file_send *send, const uint8_t body[WZP_FILE_BODY_LEN],
                        const uint8_t key[32], const struct wzp_file_offer *offer);
void wzp_file_send_deinit(struct wzp_file_send *send); /* wipes */

/* Bytes for the stream. */
size_t wzp_file_send_peek(const struct wzp_file_send *send, const uint8_t **data);
void wzp_file_send_consume(struct wzp_file_send *send, size_t len);
/* Nothing more will come out: the stream's own direction can end. */
bool wzp_file_send_is_ended(const struct wzp_file_send *send);

/* Bytes that the stream brought. */
void wzp_file_send_push(struct wzp_file_send *send, struct wzp_slice bytes);
void wzp_file_send_on_end(struct wzp_file_send *send); /* the stream brings no more */

/* How many bytes of the file are wanted next, at `read`; 0 while there is no room. */
size_t wzp_file_send_wants(const struct wzp_file_send *send);
/* At most as many as it wants. */
void wzp_file_send_data(struct wzp_file_send *send, const void *data, size_t len);
/* The file cannot be read on: says so to the recipient if it has accepted. */
void wzp_file_send_fail(struct wzp_file_send *send, enum wzp_file_reason reason);

#endif
