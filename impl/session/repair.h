// SPDX-License-Identifier: Apache-2.0
/*
 * Repair of one hop: what left in MEDIA frames leaves once more in sums (REPAIR frames, fec/window.h), so
 * that the peer can solve for what was lost. Both layers of a frame stay sealed: neither side needs its keys.
 *
 *     send.c: MEDIA frame leaves -> repair_on_sent ---> the last frames, as symbols
 *                                                         |  as many sums as media/cover.h says, between
 *                                                         v  one frame and the next
 *     receive.c: MEDIA frame -> repair_on_media --> decoder <-- repair_on_frame: REPAIR frame
 *                                                     |
 *                                                     v  repair_event: a MEDIA event, is_repaired
 *
 * Laws: a repair packet holds nothing but a REPAIR frame and what rides with any packet; n of them leave at
 * equal distances between one frame and the next, never with a frame; none leaves when the peer's or our own
 * bound of the rate would then not let the next frame out at its time, nor while a link of that rate would
 * have more than 25 ms waiting; no repair of a frame leaves later than the horizon after the frame. Speech
 * sets the pace, pauses and the comfort noise in them do not. What repair yields is a MEDIA frame's symbol
 * (repair_symbol): 7 bytes and the sealed payload. A peer can make us hold one decoder a session, of a fixed
 * size, and work one elimination a frame. Spec: proto/10-repair.md.
 */
#ifndef WZP_SESSION_REPAIR_H
#define WZP_SESSION_REPAIR_H

#include "base/bytes.h"
#include "fec/window.h"
#include "media/plan.h"
#include "wire/wire.h"

#define REPAIR_SOURCES     64  /* frames that are covered at most, by a sender */
#define REPAIR_KNOWN       192 /* and remembered, by a receiver */
#define REPAIR_SYMBOL_MAX  544
#define REPAIR_SYMBOL_HEAD 7             /* u16 flags and length, u8 codec, u32 timestamp */
#define REPAIR_INTERVAL_NS (20 * WZP_MS) /* between frames, until it is measured */

struct repair_source {
    int64_t sent_ns;
    int64_t until_ns; /* it is covered: what was planned when it left */
    uint32_t timestamp_ms;
    uint32_t frame_ms; /* that a frame of its stream lasts; 0: not known */
    bool is_noise;     /* comfort noise */
    uint16_t len;
    uint8_t *symbol; /* REPAIR_SYMBOL_MAX bytes */
};

/* Gaps between frames. */
struct repair_pace {
    int64_t sum_ns, longest_ns;
    unsigned count;
};

struct repair_out {
    struct repair_source *sources;  /* a ring of REPAIR_SOURCES */
    uint64_t keys[REPAIR_SOURCES];  /* of theirs: apart, since many are looked at for each frame ... */
    uint32_t names[REPAIR_SOURCES]; /* ... and short for them: all are */
    uint8_t newest[REPAIR_SOURCES]; /* where the newest frame of a stream is, by the stream's bucket */
    unsigned next, count;
    uint16_t id;
    struct repair_pace pace[2]; /* the present part of the call, and the one before */
    int64_t pace_at_ns;
    int64_t spoke_ns;             /* when the newest frame that is no comfort noise left */
    int64_t interval_ns;          /* between frames, the mean */
    int64_t longest_ns;           /* between frames: those of several streams may come in bursts */
    int64_t horizon_max_ns;       /* the owner's word */
    struct wzp_cover_path beyond; /* the links behind a peer that only passes repair on: the owner's word */
    struct wzp_cover_tracker tracker; /* of what is known */
    struct wzp_cover_path path;       /* what is planned for: that, or what is feared */
    struct wzp_cover_curves curves;   /* of it */
    struct wzp_cover cover;
    bool is_known;    /* the loss */
    unsigned begun;   /* frames on this path, as far as it matters */
    int64_t began_ns; /* when the first of them left */
    int64_t planned_at_ns, planned_interval_ns;
    int64_t step_ns;           /* when a frame left, or would have */
    unsigned credit, due;      /* thousandths of a packet; packets of this step */
    int64_t next_ns, apart_ns; /* of them */
};

struct repair_in {
    struct wzp_window *decoder;
    struct wzp_cover_wait wait; /* for the peer's repair */
    int64_t heard_ns;           /* when some came */
};

struct wzp_endpoint;
struct wzp_event;
struct wzp_hello;
struct session;

/* ---- repair.c ---- */

/* Bytes of a session's frames and decoder, aligned for any type. */
size_t repair_memory_size(void);
/* `memory` NULL: neither repairs nor recovers. */
void repair_init(struct session *session, uint8_t *memory);
/* Another path: what is known and feared of the old one does not count. */
void repair_restart_path(struct session *session);
void repair_set_peer(struct session *session, const struct wzp_hello *hello);
/* The bound of what the session may send, our own and the peer's; 0: none. */
uint64_t repair_bound(const struct wzp_endpoint *endpoint, const struct session *session);
/* That, or what is assumed of a path that nobody knows yet if it is less. */
uint64_t repair_assumed(const struct wzp_endpoint *endpoint, const struct session *session);
/* The bound, or what the path carries if it is less. */
uint64_t repair_carries(const struct wzp_endpoint *endpoint, const struct session *session);
/* The bound, or pace_plan_rate if it is less: what speech and its repair are planned for. */
uint64_t repair_rate(const struct wzp_endpoint *endpoint, const struct session *session);

/* ---- repair_window.c: frames as symbols, and windows of them on the wire ---- */

/* Is this frame one that repair covers? */
bool repair_covers(const struct wzp_media_header *header, struct wzp_slice payload);
/* Slot, media type, stream and, below bit REPAIR_KEY_STREAM, the sequence: tells frames of a hop apart. Never
 * 0. */
#define REPAIR_KEY_STREAM 32
uint64_t repair_key(uint16_t slot, const struct wzp_media_header *header);
/* Bytes written. All of the header that the key does not tell. */
unsigned repair_symbol(uint8_t out[REPAIR_SYMBOL_MAX], const struct wzp_media_header *header,
                       struct wzp_slice payload);
/* The frame of a symbol, which may have zeros behind it; false: no symbol that repair_symbol makes. The
 * payload borrows from it. */
bool repair_symbol_read(uint64_t key, struct wzp_slice symbol, uint16_t *slot,
                        struct wzp_media_header *header, struct wzp_slice *payload);

struct repair_window {
    unsigned count;
    uint64_t keys[REPAIR_SOURCES]; /* rising, all different: the order of the coefficients */
    uint8_t absent[8][32];         /* memory of a frame's segments */
};

/* Writes the segments of `window`; false: they are more than a frame holds. */
bool repair_window_encode(struct repair_window *window, struct wzp_frame_repair *frame);
/* Bytes of a REPAIR frame around its sum, when it is of one segment that begins with the frame of `key`. */
unsigned repair_frame_bytes(uint64_t key);
/* False: no window that repair_window_encode makes. */
bool repair_window_decode(const struct wzp_frame_repair *frame, struct repair_window *window);

/* ---- repair_out.c ---- */

/* What the peer's packets to us lose, as it is to be planned for. */
unsigned repair_loss_in(const struct session *session, int64_t now_ns);
/* The smallest round trip, or what the handshake took; 0: nothing is known. */
int64_t repair_rtt(const struct session *session);

struct repair_estimate {
    struct wzp_cover_path path;
    unsigned packets;   /* that it rests on */
    bool is_known;      /* else: what the handshake saw, or what is feared while nothing is known ... */
    int64_t horizon_ns; /* ... for which repair may take no longer than this; 0: as long as pays */
    bool is_remembered; /* not known any more: no word came of late. No less than it was is feared */
};

/* What is to be planned for on the way to the peer. */
struct repair_estimate repair_estimate(const struct wzp_endpoint *endpoint, const struct session *session,
                                       int64_t now_ns);

/* A MEDIA frame was put into a packet. */
void repair_on_sent(const struct wzp_endpoint *endpoint, struct session *session, uint16_t slot,
                    const struct wzp_media_header *header, struct wzp_slice payload, int64_t now_ns);
/* When a repair packet is due; WZP_NEVER if none is. */
int64_t repair_next_at(const struct wzp_endpoint *endpoint, const struct session *session);
/* Writes the frame if it is due and fits. */
bool repair_put(const struct wzp_endpoint *endpoint, struct session *session, struct wzp_writer *writer,
                int64_t now_ns);

/* Of the REPAIR frames of others (session->passed): drops what waited longer than its horizon; when the next
 * may leave, keeping to the pace as our own does; writes it if it may and fits. */
void repair_drop_stale(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);
int64_t repair_pass_at(const struct wzp_endpoint *endpoint, const struct session *session);
bool repair_pass(struct wzp_endpoint *endpoint, struct session *session, struct wzp_writer *writer,
                 int64_t now_ns);

/* ---- repair_in.c ---- */

/* A MEDIA frame arrived; false: repair had yielded it before. */
bool repair_on_media(struct session *session, uint16_t slot, const struct wzp_media_header *header,
                     struct wzp_slice payload);
/* WZP_DROP_COUNT: the frame was of use, or at least no fault. */
enum wzp_drop repair_on_frame(struct session *session, const struct wzp_frame_repair *frame, int64_t now_ns);
/* The next frame that repair yielded. */
bool repair_event(struct wzp_endpoint *endpoint, struct session *session, struct wzp_event *event);
/* How long after a frame the peer's repair of it may come. */
int64_t repair_horizon_in(const struct session *session, int64_t now_ns);
void repair_on_poisoned(struct session *session, uint16_t slot, const struct wzp_media_header *header);

#endif
