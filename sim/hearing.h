// SPDX-License-Identifier: Apache-2.0
/* What one person heard of another; who fills it in and what is made of it: sim/person.h. */
#ifndef WZP_SIM_HEARING_H
#define WZP_SIM_HEARING_H

#include "run/drift.h"

#include <stddef.h>
#include <stdint.h>

/* What one heard of another, 20 ms at a time, by the frame's number since the speaker's start. */
struct sim_hearing {
    unsigned speaker;        /* person */
    int64_t key_held_ns;     /* WZP_NEVER before */
    uint8_t *heard;          /* bits below, one byte a frame */
    int64_t *played_ns;      /* when its first sample sounded; WZP_NEVER */
    uint32_t *delay_samples; /* of its codec, as played */
    size_t frames;
    int16_t *track; /* its sound at the listener's loudspeaker; NULL when tracks are not kept */
    size_t track_len;
    struct wzp_drift drift; /* of the speaker's clock, as the listener's program tells */
    size_t first_frame;     /* whose first half was played last, and as which piece */
    int64_t first_piece;
    uint64_t shown, concealed; /* pieces, as the listener's program counts them while the other speaks */
};

enum {
    SIM_HEARD_FIRST = 1,    /* the frame's first half, in place */
    SIM_HEARD_SECOND = 2,   /* and its second */
    SIM_HEARD_LBRR = 4,     /* by its in-band copy */
    SIM_HEARD_INVENTED = 8, /* something was played for it that it was not */
    SIM_HEARD_REPAIRED = 16,
    SIM_HEARD_DRED = 32
};

#endif
