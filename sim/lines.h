// SPDX-License-Identifier: Apache-2.0
/*
 * What a wzp-client wrote with --telemetry (docs/running.md, run/telemetry.h): how each speaker was heard,
 * second by second. It is all that is left of a process that was killed.
 *
 * Law: sums over lines that follow each other are sums over their whole time; within a line what it counts is
 * spread evenly. A last line that was cut short counts for nothing; any other that is no JSON is an error.
 * Does not: know what a speaker said, or times but those since the process's start. Not for text from a
 * network.
 */
#ifndef WZP_SIM_LINES_H
#define WZP_SIM_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypt/identity.h"

/* Of 10 ms each, and parts of one where a time cuts a line. */
struct sim_pieces {
    double received, repaired, lbrr, dred, concealed, silence;
};

struct sim_lines_heard {
    char who[WZP_FINGERPRINT_LEN];
    struct sim_pieces pieces;
};

struct sim_line {
    int64_t from_ns, to_ns; /* since the start */
    bool is_joined;
    struct sim_lines_heard *heard;
    size_t heard_count;
};

struct sim_lines {
    struct sim_line *line;
    size_t count;
    char why[160]; /* of a failure, with the file's name */
};

/* Ends with sim_lines_deinit in any case. A file that is not there has no lines. */
bool sim_lines_load(struct sim_lines *lines, const char *path);
bool sim_lines_parse(struct sim_lines *lines, const char *text, size_t len);
void sim_lines_deinit(struct sim_lines *lines);

/* Adds what was heard of `who` from one time since the start until another. */
void sim_lines_add(const struct sim_lines *lines, const char *who, int64_t from_ns, int64_t to_ns,
                   struct sim_pieces *sum);
/* The end of the first line that knows it: in the room, and something of anybody received; else WZP_NEVER. */
int64_t sim_lines_joined_ns(const struct sim_lines *lines);
int64_t sim_lines_first_media_ns(const struct sim_lines *lines);

/* As said: received or recovered. And all of it. */
double sim_pieces_played(const struct sim_pieces *pieces);
double sim_pieces_all(const struct sim_pieces *pieces);

#endif
