// SPDX-License-Identifier: Apache-2.0
/*
 * Files between people of a world: file/send.h and file/receive.h over the streams of their calls, with bytes
 * that are computed instead of read and checked instead of written.
 *
 * Law: a parcel is whole when every byte came, in order and right, and the sender was told. One is given and
 * one taken by a person at a time. What the recipient's disk has no room for it refuses as the program does:
 * an offer that is too large at once (run/file_sink.h), else at the write that fails; what came until then
 * stays on the disk. Owned by its sender.
 */
#ifndef WZP_SIM_PARCEL_H
#define WZP_SIM_PARCEL_H

#include "file/receive.h"
#include "sim/person.h"

struct sim_parcel {
    struct sim_person *from, *to;
    uint64_t stream[2];            /* the sender's number, the recipient's */
    bool has_arrived[2], is_ended; /* the stream at the recipient, its key; the sender said its last */
    bool is_wrong;                 /* a byte was not what it had to be */
    int64_t started_ns, done_ns;   /* WZP_NEVER until the sender was told */
    uint64_t size;
    struct wzp_file_send send;
    struct wzp_file_receive receive;
};

/* NULL: no stream can be opened now, or one of them has its hands full. What the sender sent before and is
 * over is forgotten. */
struct sim_parcel *sim_parcel_send(struct sim_person *from, struct sim_person *to, uint64_t size);
void sim_parcel_destroy(struct sim_parcel *parcel); /* NULL is fine */
bool sim_parcel_is_whole(const struct sim_parcel *parcel);
/* Why it failed, as far as the sender knows; NULL: it has not. */
const char *sim_parcel_why(const struct sim_parcel *parcel);

/* For person.c: a stream's event; and after all events, what there is to read and write. */
void sim_parcel_on_event(struct sim_person *person, const struct wzp_call_event *event);
void sim_parcel_settle(struct sim_person *person, int64_t now_ns);

#endif
