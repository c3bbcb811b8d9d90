// SPDX-License-Identifier: Apache-2.0
/*
 * The adaptive jitter buffer of one audio sender: packets in as they come, frames out in time.
 *
 * A packet's transit is its arrival minus its timestamp; `base` the smallest transit of the last 10 s (so
 * a sender's clock may drift); `delay` of a frame its playout minus timestamp minus base. The target is
 * the 99th percentile of (transit - base) with forgetting, plus 3 ms, plus one frame while losses are seen
 * and packets carry copies of their predecessors; never above delay_ms_max.
 *
 * Laws: each frame is played at most once, in order of sequence; a talk spurt starts at the first piece at
 * which its delay is at least the target; inside a spurt time only runs on: a piece for which nothing is
 * there is concealed, and if the frame then comes it is played in full (the delay has grown by what was
 * invented), if its successor comes it is lost, or recovered from the successor's copy even if the delay
 * grows for it, within the target; after 200 ms of nothing the spurt is over. Sequence contiguous and
 * timestamp ahead means silence, not loss. Sequence and timestamp wrap at 2^32. Two packets in a row that fit
 * no timeline but each other start it anew. So at constant delay and no loss every frame is played once, at a
 * delay of 3 to 13 ms.
 *
 * Owns its bytes: one fixed struct, 64 frames. Work per call does not grow with what is stored.
 *
 * Not here: decoding, the sound of concealment, replay protection. Chapter: docs/audio.md; the statistics
 * of arrival are those of RFC 3550 section 6.4.1 and A.8.
 */
#ifndef WZP_MEDIA_JITTER_H
#define WZP_MEDIA_JITTER_H

#include "codec/audio.h"

#define WZP_JITTER_FRAMES       64  /* stored at most; 1.28 s */
#define WZP_JITTER_DELAY_MS_MAX 500 /* the largest delay_ms_max */
#define WZP_JITTER_WINDOW       10  /* seconds over which the smallest transit is taken */

enum wzp_jitter_result {
    WZP_JITTER_STORED,
    WZP_JITTER_DUPLICATE, /* stored or played already */
    WZP_JITTER_LATE,      /* its time is over */
    WZP_JITTER_TOO_FAR,   /* fits no timeline; the next one like it starts a new one */
    WZP_JITTER_TOO_LARGE, /* above WZP_AUDIO_PAYLOAD_MAX */
};

enum wzp_jitter_kind {
    WZP_JITTER_NOTHING, /* 10 ms: nothing was ever received */
    WZP_JITTER_FRAME,   /* 20 ms: `payload` */
    WZP_JITTER_RECOVER, /* 20 ms: the copy of the lost frame that `payload`, the next frame, carries */
    WZP_JITTER_CONCEAL, /* 10 ms: missing, or late */
    WZP_JITTER_NOISE, /* 10 ms of silence; `payload`, unless empty, is a comfort noise frame that begins here
                       */
};

struct wzp_jitter_play {
    enum wzp_jitter_kind kind;
    uint32_t timestamp_ms;    /* not for NOTHING and NOISE */
    struct wzp_slice payload; /* valid until the next put */
};

struct wzp_jitter_stats {
    uint64_t received; /* packets that were new, late ones too */
    uint64_t expected; /* packets that the sequence numbers promise (RFC 3550 A.3) */
    uint64_t duplicate;
    uint64_t late;
    uint64_t too_far;
    uint64_t lost; /* frames given up at playout */
    uint64_t restarts;
    uint64_t grown; /* pieces by which late frames have raised the delay */
    uint32_t delay_ms;
    uint32_t target_ms;
    uint32_t jitter_us; /* interarrival jitter, RFC 3550 section 6.4.1 */
};

struct wzp_jitter;

size_t wzp_jitter_size(void);
/* `delay_ms_max`: 20..WZP_JITTER_DELAY_MS_MAX. `memory` aligned for any type. */
struct wzp_jitter *wzp_jitter_init(void *memory, uint32_t delay_ms_max);

/* `carries_previous`: the payload holds a copy of the frame before it. `now_ns`: the arrival. */
enum wzp_jitter_result wzp_jitter_put(struct wzp_jitter *jitter, uint32_t sequence, uint32_t timestamp_ms,
                                      bool is_comfort_noise, bool carries_previous, struct wzp_slice payload,
                                      int64_t now_ns);

/* What is played from `now_ns` on; to be asked again 10 or 20 ms later, see enum wzp_jitter_kind. `quiet`:
 * what was played last was a pause in which nobody hears 10 ms more. */
struct wzp_jitter_play wzp_jitter_get(struct wzp_jitter *jitter, int64_t now_ns, bool quiet);

/* Is the second half of the frame that is playing to be left out, to lower the delay? In a pause as soon as
 * the delay is a piece above the target; in speech after each 2 s in which it was more than 60 ms above it.
 */
bool wzp_jitter_skip(struct wzp_jitter *jitter, int64_t now_ns, bool quiet);

struct wzp_jitter_stats wzp_jitter_stats(const struct wzp_jitter *jitter);

#endif
