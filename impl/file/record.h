// SPDX-License-Identifier: Apache-2.0
/*
 * A row of sealed records: what a transfer says in one direction.
 *
 * Laws: records open in the order they were sealed, each once, whole, under its own kind; a flipped, foreign,
 * missing or moved one fails, and so does all that follows. What a peer can make us hold is one record. Owns
 * its bytes: one struct a direction. Not here: what the records say (file/send.h, file/receive.h).
 * Spec: proto/09-files.md, records.
 */
#ifndef WZP_FILE_RECORD_H
#define WZP_FILE_RECORD_H

#include "base/bytes.h"
#include "crypt/seal.h"

#define WZP_FILE_PLAIN_MAX  16384
#define WZP_FILE_HEADER_LEN 3 /* kind u8, length of the sealed part u16 */
#define WZP_FILE_OVERHEAD   (WZP_FILE_HEADER_LEN + WZP_SEAL_TAG)
#define WZP_FILE_RECORD_MAX (WZP_FILE_PLAIN_MAX + WZP_FILE_OVERHEAD)

enum wzp_file_kind {
    WZP_FILE_OFFER = 1,
    WZP_FILE_ACCEPT = 2,
    WZP_FILE_DATA = 3,
    WZP_FILE_END = 4,
    WZP_FILE_RECEIVED = 5,
    WZP_FILE_FAILED = 6, /* either side gives up: a reason */
};

/* A key and how many records it has sealed or opened. */
struct wzp_file_seal {
    uint8_t key[32];
    uint64_t counter;
};

/* B(32, key, label || salt); the count starts at 0. `salt` may be empty. */
void wzp_file_seal_init(struct wzp_file_seal *seal, const uint8_t key[32], const char *label,
                        struct wzp_slice salt);

/* `out` takes len + WZP_FILE_OVERHEAD bytes, which is what is given back. `len` at most WZP_FILE_PLAIN_MAX.
 */
size_t wzp_file_record_seal(struct wzp_file_seal *seal, enum wzp_file_kind kind, const void *plain,
                            size_t len, uint8_t *out);

struct wzp_file_records {
    struct wzp_file_seal seal;
    bool is_broken;
    size_t len; /* of the record that is coming in */
    uint8_t bytes[WZP_FILE_RECORD_MAX];
};

void wzp_file_records_init(struct wzp_file_records *records, const struct wzp_file_seal *seal);

struct wzp_file_record {
    uint8_t kind;           /* enum wzp_file_kind, or one of a later version */
    struct wzp_slice plain; /* until the next call with these records */
};
enum wzp_file_records_result {
    WZP_FILE_RECORDS_MORE, /* all was taken, no record is whole */
    WZP_FILE_RECORDS_ONE,
    WZP_FILE_RECORDS_BROKEN, /* for good */
};
/* Takes bytes off the front of `*bytes` up to the end of one record. */
enum wzp_file_records_result wzp_file_records_take(struct wzp_file_records *records, struct wzp_slice *bytes,
                                                   struct wzp_file_record *record);

#endif
