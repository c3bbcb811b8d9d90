// SPDX-License-Identifier: Apache-2.0
/*
 * How far back the deep redundancy (DRED) of a packet should reach: as far as frames are lost in a row and
 * can still be heard, since each frame more is paid by all the others.
 *
 * Law: more loss, longer runs of it, a longer round trip or more jitter never reach less far;
 * WZP_DRED_MS_MAX at most, a packet at least; the last bit of each input counts, so there are no steps but
 * those of 10 ms that libopus has. Pure; double + - * / only, so the same everywhere. How much of it fits is
 * the bitrate's word (docs/audio.md).
 *
 * Not here: whether there is DRED at all (media/plan.h). docs/repair.md has the mathematics.
 */
#ifndef WZP_MEDIA_DRED_H
#define WZP_MEDIA_DRED_H

#include "media/cover.h"

#define WZP_DRED_MS_MAX 1040

struct wzp_dred_facts {
    struct wzp_cover_path path; /* from the speaker to its worst listener, as it is without repair */
    unsigned repair_permille; /* runs are counted in all packets, of which so many are between two sources */
    int64_t packet_ns;        /* of speech in a packet */
    int64_t rtt_ns;           /* as old is what is known of the path */
    int64_t jitter_ns;        /* what is later than that is lost, too */
};

/* In tens of ms. */
unsigned wzp_dred_ms(const struct wzp_dred_facts *facts);

#endif
