// SPDX-License-Identifier: Apache-2.0
/*
 * Pictures of a call, as far as the network sees them: sealed packets of media type VIDEO beside speech in
 * one session, at the rate that the split of the path (media/split.h) leaves to them. What is in them, and
 * what a frame is, is the caller's; there is no codec here.
 *
 * Laws: nothing is sent but sealed under the sender's key of media type VIDEO, and nothing while nobody else
 * is verified in the room; a sequence number is sealed once. A packet counts once, after it opened; no
 * packet waits for a key that is on its way. Spec: proto/05-end-to-end.md, 07-media.md.
 */
#ifndef WZP_CALL_VIDEO_H
#define WZP_CALL_VIDEO_H

#include "call/call.h"
#include "crypt/sender.h"

#define WZP_CALL_VIDEO_OVERHEAD 89 /* bytes around a payload: IP, UDP, both seals, headers */
#define WZP_CALL_VIDEO_MAX      (WZP_MEDIA_PAYLOAD_MAX - WZP_SENDER_OVERHEAD)

/* From now on so much is wished, bits/s on the wire; `most_bps` 0: nothing. */
void wzp_call_video_wish(struct wzp_call *call, uint64_t min_bps, uint64_t most_bps);
/* What may be sent now, bits/s on the wire: the share of the way to the relay and to the worst listener, and
 * what is wished where nothing is known of either. */
uint64_t wzp_call_video_rate(const struct wzp_call *call);
/* The next packet, of at most WZP_CALL_VIDEO_MAX bytes. STATE: nobody to send to. FULL: it is lost as if on
 * the way. */
enum wzp_err wzp_call_video_send(struct wzp_call *call, struct wzp_slice payload, uint32_t timestamp_ms,
                                 int64_t now_ns);

struct wzp_call_video_stats {
    uint64_t packets, bytes; /* that opened; of their payloads */
};
/* What came from the member in that slot; false: nobody is there. */
bool wzp_call_video_stats(struct wzp_call *call, uint16_t slot, struct wzp_call_video_stats *stats);

#endif
