// SPDX-License-Identifier: Apache-2.0
/*
 * Sound into sealed frames and sealed frames into sound.
 *
 * Laws: nothing is sealed while nobody else is verified in the room; a sequence number is sealed once; a
 * frame is marked as seen only after it opened; a frame under a key that is on its way is played as if it had
 * been opened when it arrived. What listeners report of their loss reaches the encoder within 100 ms. Memory:
 * an encoder and `speakers_max` decoders, taken at creation; a member has a decoder from its first frame
 * until it leaves, or until a member without one speaks and it was silent for a second and longer than all
 * others. Private to call/. Spec: proto/05-end-to-end.md, 07-media.md; docs/audio.md.
 */
#ifndef WZP_CALL_SPEECH_H
#define WZP_CALL_SPEECH_H

#include "call/call.h"
#include "call/held.h"
#include "call/members.h"
#include "media/audio_receive.h"
#include "media/audio_send.h"
#include "media/cover.h"
#include "media/mix.h"
#include "media/quality.h"

#define SPEECH_TALKS_NS WZP_S /* since speech came: so long a pause is not between two words */

/* A decoder and whom it serves. */
struct speaker {
    uint16_t slot; /* 0: free */
    bool is_away;  /* its member is: what is there is played out, under no slot */
    void *memory;
    struct wzp_audio_receive *receive;
    struct wzp_quality_meter meter;
    int64_t spoke_ns;           /* when more than comfort noise of it came last */
    uint32_t rtt_ms;            /* between it and the relay, as it told */
    struct wzp_cover_wait wait; /* for its own hop's repair, as it told */
    enum wzp_heard_kind traced_kind;
    int64_t sounded_ns;           /* when it last played more than silence, or was taken */
    struct wzp_heard heard;       /* of the last play */
    int16_t pcm[WZP_AUDIO_PIECE]; /* too */
};

struct speech {
    void *send_memory;
    struct wzp_audio_send *send;
    struct speaker *speakers; /* `speakers_max` */
    uint8_t *decoders;        /* their memory, in one piece */
    size_t decoder_size;
    bool is_full;            /* every decoder is taken ... */
    int64_t silent_after_ns; /* ... and no earlier has one been silent for long */

    uint32_t timestamp_ms; /* of the next captured frame */
    uint32_t sequence;     /* of the next sealed one */
    uint64_t sent;
    int64_t first_sent_ns;
    int64_t report_at_ns; /* when our next report is due */
    struct wzp_quality_listeners listeners;
    struct wzp_mix mix;
};

bool speech_init(struct wzp_call *call); /* false: out of memory; deinit cleans up then too */
void speech_deinit(struct wzp_call *call);

void speech_on_media(struct wzp_call *call, const struct wzp_event *event);
/* A key of the member came: what waited for it. */
void speech_on_key(struct wzp_call *call, struct member *member);
/* The member is where its row says now. */
void speech_move_member(struct member *member);
/* Nothing of the member is played any more. */
void speech_forget_member(struct wzp_call *call, struct member *member);

#endif
