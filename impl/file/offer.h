// SPDX-License-Identifier: Apache-2.0
/*
 * What sender and receiver of a file agree on: the offer, names that are safe to write, and why a transfer
 * fails.
 *
 * Law: a name that passes is one component of a path on any system, is not hidden, and shows as it is (no
 * control characters, no change of writing direction). Nothing here holds state. Spec: proto/09-files.md.
 */
#ifndef WZP_FILE_OFFER_H
#define WZP_FILE_OFFER_H

#include "base/bytes.h"

#define WZP_FILE_NAME_MAX  255
#define WZP_FILE_HASH_LEN  32
#define WZP_FILE_OFFER_MAX (8 + WZP_FILE_HASH_LEN + 1 + WZP_FILE_NAME_MAX)

/* Travels in FAILED, and never changes its number. */
enum wzp_file_reason {
    WZP_FILE_NO_REASON = 0,
    WZP_FILE_NOT_WANTED = 1, /* refused: not from this sender */
    WZP_FILE_BUSY = 2,       /* refused: another file is coming in */
    WZP_FILE_BAD_NAME = 3,   /* refused: the name cannot be written */
    WZP_FILE_NO_SPACE = 4,
    WZP_FILE_UNWRITABLE = 5,
    WZP_FILE_CHECKSUM = 6, /* what arrived is not what was offered */
    WZP_FILE_CHANGED = 7,  /* the file changed while it was read */
    WZP_FILE_UNREADABLE = 8,
    WZP_FILE_STOPPED = 9, /* by its user */
    /* found here, never said by the peer */
    WZP_FILE_BROKEN = 256,    /* a record that does not open, or is out of place */
    WZP_FILE_TRUNCATED = 257, /* the stream ended too early */
};

struct wzp_file_offer {
    uint64_t size;
    uint8_t hash[WZP_FILE_HASH_LEN]; /* BLAKE2b-256 of the whole file */
    uint8_t name_len;
    char name[WZP_FILE_NAME_MAX + 1]; /* NUL-terminated */
};

bool wzp_file_name_is_good(const char *name, size_t len);

/* Gives back the length. */
size_t wzp_file_offer_encode(const struct wzp_file_offer *offer, uint8_t out[WZP_FILE_OFFER_MAX]);
/* False: not one whole offer. Its name is not judged. */
bool wzp_file_offer_decode(struct wzp_slice bytes, struct wzp_file_offer *offer);

/* As it ends a sentence: "the file changed while it was read". */
const char *wzp_file_reason_text(enum wzp_file_reason reason);

#endif
