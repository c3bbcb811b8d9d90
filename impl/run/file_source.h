// SPDX-License-Identifier: Apache-2.0
/*
 * A file to send: opened once, hashed whole, then read from its beginning.
 *
 * Law: what is read second is the same open file that was hashed; whether its bytes are still the same is
 * found by whoever hashes them again (file/send.h). At most one piece is read ahead. Failures are sentences
 * that name the file.
 */
#ifndef WZP_RUN_FILE_SOURCE_H
#define WZP_RUN_FILE_SOURCE_H

#include "file/offer.h"

#define WZP_FILE_WHY_MAX 512

struct wzp_file_source {
    const char *path; /* as the user wrote it */
    int fd;           /* -1: not open */
    struct wzp_file_offer offer;
};

/* Opens and hashes. False: `why`. */
bool wzp_file_source_open(struct wzp_file_source *source, const char *path,
                          char why[static WZP_FILE_WHY_MAX]);
/* Exactly `len` bytes at `offset`. UNREADABLE; CHANGED when it is shorter now. */
enum wzp_file_reason wzp_file_source_read(const struct wzp_file_source *source, uint64_t offset, void *out,
                                          size_t len);
void wzp_file_source_close(struct wzp_file_source *source);

#endif
