// SPDX-License-Identifier: Apache-2.0
/*
 * A file that comes in: DIR/.NAME.HASH8.part while it grows, DIR/NAME when it is whole.
 *
 * Laws: a file that is there is never overwritten: "NAME (1)" is taken, and so on, before the last dot; the
 * part is kept when a transfer breaks off and found again by name and hash; two receivers never write one
 * part (it is locked). The name was judged by wzp_file_name_is_good. Failures are sentences that name the
 * file. Does not hash: whoever reads the part back does.
 */
#ifndef WZP_RUN_FILE_SINK_H
#define WZP_RUN_FILE_SINK_H

#include "run/file_source.h"

#define WZP_FILE_PATH_MAX (WZP_FILE_NAME_MAX + 16)

struct wzp_file_sink {
    const char *dir_path;
    int dir, fd; /* -1: not open */
    uint64_t held;
    uint64_t size;
    char part[WZP_FILE_PATH_MAX]; /* both inside `dir` */
    char name[WZP_FILE_PATH_MAX];
};

/* A folder that can be written to. */
bool wzp_file_sink_open_folder(struct wzp_file_sink *sink, const char *path,
                               char why[static WZP_FILE_WHY_MAX]);
void wzp_file_sink_close_folder(struct wzp_file_sink *sink);

/* Opens or makes the part; `held` says how much is there. NO_REASON, or why not: `why`. */
enum wzp_file_reason wzp_file_sink_begin(struct wzp_file_sink *sink, const struct wzp_file_offer *offer,
                                         char why[static WZP_FILE_WHY_MAX]);
/* Of what was held at the beginning. False: `why`. */
bool wzp_file_sink_read(struct wzp_file_sink *sink, uint64_t offset, void *out, size_t len,
                        char why[static WZP_FILE_WHY_MAX]);
/* Appends. */
enum wzp_file_reason wzp_file_sink_write(struct wzp_file_sink *sink, const void *data, size_t len,
                                         char why[static WZP_FILE_WHY_MAX]);
/* All is there and right: on the disk, under its name, which `name` then holds. */
enum wzp_file_reason wzp_file_sink_finish(struct wzp_file_sink *sink, char why[static WZP_FILE_WHY_MAX]);
/* Keeps the part for another time, or removes it. */
void wzp_file_sink_keep(struct wzp_file_sink *sink);
void wzp_file_sink_discard(struct wzp_file_sink *sink);

#endif
