// SPDX-License-Identifier: Apache-2.0
/*
 * How far a file is, on stderr: on a terminal one line that is written over at most 10 times a second, else
 * a line every 10 s. Law: nothing is printed between the end and the next begin. Times are the caller's.
 */
#ifndef WZP_RUN_PROGRESS_H
#define WZP_RUN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WZP_PROGRESS_LINE_MAX 512
#define WZP_SIZE_TEXT_MAX     16

struct wzp_progress {
    FILE *out;
    bool is_terminal, is_running, is_shown;
    const char *name; /* borrowed */
    uint64_t start, size;
    int64_t start_ns, next_ns;
};

/* `start`: bytes that were there before, which do not count for the rate. */
void wzp_progress_begin(struct wzp_progress *progress, const char *name, uint64_t start, uint64_t size,
                        int64_t now_ns);
void wzp_progress_show(struct wzp_progress *progress, uint64_t done, int64_t now_ns);
void wzp_progress_end(struct wzp_progress *progress); /* leaves an empty line to write on */
int64_t wzp_progress_next_at(const struct wzp_progress *progress);

/* The line without its end. */
void wzp_progress_line(const struct wzp_progress *progress, uint64_t done, int64_t now_ns,
                       char out[static WZP_PROGRESS_LINE_MAX]);
/* "812 B", "12.3 MB": powers of 1000. */
void wzp_size_format(double bytes, char out[static WZP_SIZE_TEXT_MAX]);

#endif
