// SPDX-License-Identifier: Apache-2.0
/*
 * Datagrams that wait until their time: a binary heap by (time, order of arrival) over a fixed number of
 * places.
 *
 * Law: pop gives what is due, earliest first, and of one instant what was pushed first. A push into a full
 * line is refused and changes nothing. Owns copies of the bytes.
 */
#ifndef WZP_SIM_DELAY_LINE_H
#define WZP_SIM_DELAY_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_DELAY_LINE_BYTES 2048 /* of a datagram at most */

struct sim_delayed {
    uint64_t tag; /* the caller's */
    size_t len;
    uint8_t bytes[SIM_DELAY_LINE_BYTES];
};

struct sim_delay_line;

/* NULL: out of memory. */
struct sim_delay_line *sim_delay_line_create(size_t places);
void sim_delay_line_destroy(struct sim_delay_line *line);

/* The place to write to, NULL when the line is full; `len` bytes of it are to be filled before the next call.
 */
struct sim_delayed *sim_delay_line_push(struct sim_delay_line *line, int64_t at_ns, uint64_t tag, size_t len);
/* The next one with a time of at most `now_ns`, valid until the next call; NULL when none is due. */
const struct sim_delayed *sim_delay_line_pop(struct sim_delay_line *line, int64_t now_ns);
int64_t sim_delay_line_next_at(const struct sim_delay_line *line); /* WZP_NEVER when empty */

#endif
