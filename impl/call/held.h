// SPDX-License-Identifier: Apache-2.0
/*
 * Media under a key that is still on its way: kept until the key comes, so that a talk spurt does not lose
 * its beginning to the order of packets.
 *
 * Laws: at most 32 frames of a member and 256 in all, the oldest gives way; nothing is kept longer than 1 s;
 * what is kept comes back in the order it came, with its own arrival time. Owns its bytes: one fixed pool.
 * Members are named by their row. Not here: opening. Private to call/. Spec: proto/05-end-to-end.md.
 */
#ifndef WZP_CALL_HELD_H
#define WZP_CALL_HELD_H

#include "base/time.h"
#include "codec/audio.h"
#include "media/quality.h"
#include "wire/wire.h"

#define HELD_MAX           256
#define HELD_MEMBER_MAX    32
#define HELD_NS            WZP_S
#define SEALED_PAYLOAD_MAX (WZP_MEDIA_OVERHEAD + WZP_QUALITY_REPORT_LEN + WZP_AUDIO_PAYLOAD_MAX)

/* A media frame as it came. */
struct sealed_media {
    uint8_t header_bytes[WZP_MEDIA_HEADER_LEN];
    struct wzp_media_header header;
    struct wzp_slice payload; /* sealed; at most SEALED_PAYLOAD_MAX bytes */
    int64_t arrived_ns;
    bool is_repaired;  /* out of REPAIR frames, here or before */
    bool is_recovered; /* here */
};

struct held_frame {
    unsigned row;
    struct sealed_media media;
    uint8_t payload[SEALED_PAYLOAD_MAX];
};

struct held {
    struct held_frame frame[HELD_MAX];
    uint16_t order[HELD_MAX]; /* a permutation: the first `count` are held, oldest first, the others free */
    unsigned count;
};

void held_init(struct held *held);
/* Gives back how many frames fell out. */
unsigned held_put(struct held *held, unsigned row, const struct sealed_media *media);
/* Gives back how many were kept too long. */
unsigned held_expire(struct held *held, int64_t now_ns);
/* The oldest frame of a member at or after place *at, which moves behind it; NULL: no more. */
const struct sealed_media *held_next(const struct held *held, unsigned row, unsigned *at);
/* The frame that held_next gave last is at place *at - 1. */
void held_remove(struct held *held, unsigned place);
void held_forget_member(struct held *held, unsigned row);

#endif
