// SPDX-License-Identifier: Apache-2.0
/*
 * Media header compression of one hop: which full headers the peer surely holds, and which it sent us.
 *
 * Law: a mini header builds only on a full header in a packet that was acknowledged (sender), and is rebuilt
 * only from that very packet's first MEDIA frame (receiver); anything else is a counted drop, never a guess.
 * Frames with flags and comfort noise always travel full and are never built on. Spec: proto/07-media.md.
 */
#ifndef WZP_SESSION_HEADERS_H
#define WZP_SESSION_HEADERS_H

#include "wire/wire.h"

#define MINI_REPAIRED      0x8000 /* of a mini header's ref, which is below 2^14: WZP_MEDIA_FLAG_REPAIRED */
#define MEDIA_FLAGS_SEALED (WZP_MEDIA_FLAG_QUALITY | WZP_MEDIA_FLAG_KEYFRAME | WZP_MEDIA_FLAG_ACCESS_UNIT_END)

#define HEADERS_STREAMS  64  /* outgoing media streams of a session that can compress at once */
#define HEADERS_REMEMBER 256 /* full headers kept of the peer, newest first */
#define HEADERS_PLACES   1024

struct headers_out {
    struct {
        bool used, has_ref;
        uint16_t slot;
        uint8_t media_type, stream;
        uint16_t generation; /* grows when the inherited fields change: older full headers count no more */
        struct wzp_media_header fixed;    /* the inherited fields of this generation */
        uint64_t ref_number, full_number; /* packets: built on, last with a full header */
        uint32_t ref_sequence, ref_timestamp_ms;
    } stream[HEADERS_STREAMS];
    uint8_t place[HEADERS_STREAMS]; /* where the stream of a slot was last, by slot mod their count */
};

struct headers_in {
    unsigned next;
    uint64_t numbers[HEADERS_REMEMBER]; /* packet number + 1, 0: free; apart, since many are looked at */
    struct {
        uint16_t slot;
        struct wzp_media_header header;
    } full[HEADERS_REMEMBER];
    uint8_t place[HEADERS_PLACES]; /* where a number is if it is there, by number mod their count */
};

/* Fills `mini` (but its payload) for packet `number` and returns true, or says that the header has to travel
 * full. */
bool headers_compress(struct headers_out *out, uint16_t slot, const struct wzp_media_header *header,
                      uint64_t number, struct wzp_frame_media_mini *mini);
/* A full header goes out first in packet `number`. Returns the key that headers_on_acked wants back, 0: not
 * built on. */
uint32_t headers_on_full_sent(struct headers_out *out, uint16_t slot, const struct wzp_media_header *header,
                              uint64_t number);
void headers_on_acked(struct headers_out *out, uint32_t key, uint64_t number, uint32_t sequence,
                      uint32_t timestamp_ms);

void headers_remember(struct headers_in *in, uint64_t number, uint16_t slot,
                      const struct wzp_media_header *header);
/* Rebuilds slot and header of a mini frame in packet `number`; false: unknown ref. */
bool headers_rebuild(const struct headers_in *in, uint64_t number, const struct wzp_frame_media_mini *mini,
                     uint16_t *slot, struct wzp_media_header *header);

#endif
