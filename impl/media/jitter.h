// SPDX-License-Identifier: Apache-2.0
/*
 * The adaptive jitter buffer of one audio sender: packets in as they come, frames out in time.
 *
 * A packet holds 1..12 frames of 20 ms and bears the time of its first. Its transit is its arrival minus the
 * timestamp of its last frame; `base` the smallest transit of the last 10 s (so a sender's clock may drift);
 * the lateness of a packet its transit minus base; `delay` of a frame its playout minus timestamp minus base.
 * The target is the packet's own length less a frame, plus a wait: the 99th percentile of the lateness of
 * packets received directly, with forgetting, plus 3 ms, plus
 *   - a frame, or as much as a packet reaches back, up to its length, while losses are seen and packets carry
 *     copies of what was before them;
 *   - while a horizon is set, what repair takes: the smallest wait that at most 200 of a million packets that
 *     come at all miss (the tail extrapolated, media/lateness.h), at most the horizon less those 3 ms (it
 *     is told rounded up) after the 90th percentile of that lateness. Until 256 packets have been seen under
 *     it the latter; or the 99th alone, if that is more.
 * The wait is at most delay_ms_max less a piece, so that what waited is played within delay_ms_max.
 *
 * Laws: each frame is played at most once, in order of sequence, the first of all as well when one after it
 * comes first and is not played yet; a talk spurt starts at the first piece at
 * which its delay is at least the target; inside a spurt time only runs on: a piece for which nothing is
 * there is concealed, and if the frame then comes it is played in full (the delay has grown by what was
 * invented). Once a later packet is there the frame is lost: recovered from the first packet that reaches
 * back to it, even if the delay grows for it within the target, else concealed. While a horizon is set and
 * the delay is below the target a lost frame is waited for, up to the target; what comes belated (repaired,
 * or out of order while a horizon is set) and after its time raises the delay at most to the target, beyond
 * it only what is left of it is played. After 200 ms of nothing the spurt is over. Sequence contiguous and
 * timestamp ahead means silence, not loss. Sequence and timestamp wrap at 2^32. Two packets in a row that fit
 * no timeline but each other start it anew. So at constant delay and no loss every frame is played once, at a
 * delay of 3 to 13 ms over its packet's length less a frame.
 *
 * Owns its bytes: one fixed struct, 128 packets (about 85 KB). Work per call does not grow with what is
 * stored.
 *
 * Not here: decoding, the sound of concealment, replay protection, who repairs. Chapter: docs/audio.md; the
 * statistics of arrival are those of RFC 3550 section 6.4.1 and A.8.
 */
#ifndef WZP_MEDIA_JITTER_H
#define WZP_MEDIA_JITTER_H

#include "codec/audio.h"
#include "media/lateness.h"

#define WZP_JITTER_PACKETS      128                 /* stored at most; 2.56 s at a frame a packet */
#define WZP_JITTER_DELAY_MS_MAX WZP_LATENESS_MS_MAX /* the largest delay_ms_max */
#define WZP_JITTER_WINDOW       10                  /* seconds over which the smallest transit is taken */

struct wzp_jitter_packet {
    uint32_t sequence;
    uint32_t timestamp_ms; /* of the first frame */
    enum wzp_codec codec;  /* handed through */
    unsigned frames;       /* 1..WZP_AUDIO_PACKET_FRAMES_MAX; of comfort noise 1 */
    unsigned reach;        /* frames before the first that it can give */
    bool is_comfort_noise;
    bool is_repaired; /* recovered by a repair code: late by design */
    struct wzp_slice payload;
};

enum wzp_jitter_result {
    WZP_JITTER_STORED,
    WZP_JITTER_DUPLICATE, /* stored or played already */
    WZP_JITTER_LATE,      /* its time is over */
    WZP_JITTER_TOO_FAR,   /* fits no timeline; the next one like it starts a new one */
    WZP_JITTER_TOO_LARGE, /* above WZP_AUDIO_PAYLOAD_MAX, or not 1..WZP_AUDIO_PACKET_FRAMES_MAX frames */
};

enum wzp_jitter_kind {
    WZP_JITTER_NOTHING, /* 10 ms: nothing was ever received */
    WZP_JITTER_FRAME,   /* `frames` x 20 ms less `skip_ms`: `payload` */
    WZP_JITTER_RECOVER, /* 20 ms: the lost frame that lies `behind` frames before `payload` */
    WZP_JITTER_CONCEAL, /* 10 ms: missing, or late, or a pause made longer */
    WZP_JITTER_NOISE,   /* 10 ms of silence; `payload`, unless empty, is comfort noise that begins here */
};

struct wzp_jitter_play {
    enum wzp_jitter_kind kind;
    uint32_t timestamp_ms; /* of what is played first; not for NOTHING and NOISE */
    enum wzp_codec codec;
    unsigned frames;
    unsigned behind;
    unsigned skip_ms; /* of the packet's begin, whose time has passed; whole pieces */
    bool is_repaired;
    struct wzp_slice payload; /* valid until the next put */
};

struct wzp_jitter_stats {
    uint64_t received; /* packets that were new, repaired and late ones too */
    uint64_t repaired; /* of these */
    uint64_t expected; /* packets that the sequence numbers promise (RFC 3550 A.3) */
    uint64_t duplicate;
    uint64_t late;
    uint64_t too_far;
    uint64_t lost; /* packets given up at playout */
    uint64_t restarts;
    uint64_t grown; /* pieces by which late frames have raised the delay */
    uint32_t delay_ms;
    uint32_t target_ms;
    uint32_t span_ms;   /* of the newest packet but its last frame: a part of target_ms */
    int64_t base_ns;    /* `base`, beside a constant that a new timeline changes */
    uint32_t jitter_us; /* interarrival jitter, RFC 3550 section 6.4.1; of packets received directly */
};

struct wzp_jitter;

size_t wzp_jitter_size(void);
/* `delay_ms_max`: 20..WZP_JITTER_DELAY_MS_MAX. `memory` aligned for any type. */
struct wzp_jitter *wzp_jitter_init(void *memory, uint32_t delay_ms_max);

/* `now_ns`: the arrival. */
enum wzp_jitter_result wzp_jitter_put(struct wzp_jitter *jitter, const struct wzp_jitter_packet *packet,
                                      int64_t now_ns);

/* How long after its normal arrival a packet may still be repaired, on all its hops together; 0: nothing is
 * repaired, or nothing is lost. */
void wzp_jitter_set_horizon(struct wzp_jitter *jitter, int64_t horizon_ns);
/* Another delay_ms_max from now on; what comes too late for it, and for the delay of what is played, is
 * dropped. */
void wzp_jitter_set_limit(struct wzp_jitter *jitter, uint32_t delay_ms_max);

/* What is played from `now_ns` on; to be asked again when that is over, see enum wzp_jitter_kind. `quiet`:
 * what was played last was a pause in which nobody hears 10 ms more. */
struct wzp_jitter_play wzp_jitter_get(struct wzp_jitter *jitter, int64_t now_ns, bool quiet);

/*
 * Is the piece that would be played at `now_ns` to be left out, to lower the delay? `left_ms` of the same
 * packet are to follow. In a pause as soon as the delay is two pieces above the target; in speech, where
 * no two pieces could be made one, after each 2 s in which it was more than 60 ms above it.
 */
bool wzp_jitter_skip(struct wzp_jitter *jitter, int64_t now_ns, uint32_t left_ms, bool quiet);

/* In speech, while losses are repaired: is the delay to be raised by playing a piece more than was captured
 * (of what is playing: `left_ms` of it are left) before a packet is missed for it? One piece in 50 ms at
 * most. The caller may do it, and says so. */
bool wzp_jitter_wants_stretch(const struct wzp_jitter *jitter, int64_t now_ns, uint32_t left_ms);
void wzp_jitter_on_stretched(struct wzp_jitter *jitter, int64_t now_ns);
/* And is it to be lowered by playing two pieces as one? Where no repair was ever waited for, when it was more
 * than 60 ms above the target for 1.5 s; else when it was a piece above it for 200 ms, or, while a horizon is
 * set, for 500 ms and is two now, or for 2 s. One in 60 ms at most; asked before each piece that may be the
 * first of two. */
bool wzp_jitter_wants_squeeze(struct wzp_jitter *jitter, int64_t now_ns, uint32_t left_ms);
void wzp_jitter_on_squeezed(struct wzp_jitter *jitter, int64_t now_ns);

struct wzp_jitter_stats wzp_jitter_stats(const struct wzp_jitter *jitter);

#endif
