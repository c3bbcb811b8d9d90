// SPDX-License-Identifier: Apache-2.0
/*
 * The audio codecs: 48 kHz mono int16, packets of one or several frames of 20 ms. One table of functions, two
 * implementations: `opus` (Opus, RFC 6716, with in-band copies = LBRR and deep redundancy = DRED, for the ids
 * OPUS_*; Codec2 for the ids CODEC2_*) and `synthetic` (bytes of the same number for the same ids, without
 * sound processing, the same on every machine).
 *
 * Law: sample i that a decoder gives is sample i - delay(id) that the encoder took; `reach` and `recover`
 * agree: what is within reach is recovered, and a plain concealment is never passed off as a recovered frame;
 * a payload that a decoder refuses leaves a full frame of concealment in `pcm`, so that there is always
 * something to play. Any bytes may be handed to frames, decode, reach and recover.
 *
 * Memory: the caller's, encoder_size() and decoder_size() bytes aligned for any type. Codec2 alone (a library
 * that allocates by itself) holds more: one state in an encoder, taken by `set`, and one for each of its
 * three modes in a decoder, taken at a mode's first payload; deinit gives them back.
 *
 * Not here: when to send nothing (media/audio_send.h), what to play when (media/jitter.h), comfort noise.
 */
#ifndef WZP_CODEC_AUDIO_H
#define WZP_CODEC_AUDIO_H

#include "base/bytes.h"
#include "wire/wire.h"

#define WZP_AUDIO_RATE              48000 /* samples a second */
#define WZP_AUDIO_FRAME_MS          20
#define WZP_AUDIO_FRAME             960 /* samples in a frame */
#define WZP_AUDIO_PIECE_MS          10
#define WZP_AUDIO_PIECE             480 /* samples in a piece, what is played at a time */
#define WZP_AUDIO_PAYLOAD_MAX       512 /* bytes of an encoded packet at most */
#define WZP_AUDIO_PACKET_FRAMES_MAX 12  /* of Codec2; Opus has at most 6, RFC 6716 section 2.1.4 */
#define WZP_AUDIO_REACH_MAX         52  /* frames: 1040 ms of DRED */

struct wzp_audio_encoder_config {
    uint32_t bitrate_bps; /* of the settings that an encoder begins with: OPUS_24K, one frame a packet */
    uint32_t speaker;     /* tells apart the bytes of synthetic speakers; without meaning to real codecs */
};

struct wzp_audio_settings {
    enum wzp_codec id;
    uint32_t bitrate_bps;   /* of the payloads, redundancy within; Codec2's is that of its mode */
    unsigned packet_frames; /* wzp_audio_packet_is_possible */
    unsigned loss_percent;  /* that listeners see: how the bits are shared with LBRR or DRED */
    bool lbrr;              /* a packet repeats the one before it, at a lower rate; not with DRED, and not in
                               packets of more than 3 frames */
    unsigned dred_ms;       /* DRED of at most so much, 0..1040; how much there is the bitrate says, and
                               loss_percent (which counts as 10 at least) */
    bool constant;          /* the bytes of a packet: CBR */
};

enum wzp_audio_recovery {
    WZP_AUDIO_NONE, /* concealed */
    WZP_AUDIO_LBRR,
    WZP_AUDIO_DRED,
};

struct wzp_audio_codec {
    const char *name;
    uint8_t dred_version; /* of the DRED format written and read here; 0: none */

    /* Samples from the encoder's input to the decoder's output, beyond the packet itself. */
    uint32_t (*delay)(enum wzp_codec id);

    size_t (*encoder_size)(void);
    void (*encoder_init)(void *encoder, const struct wzp_audio_encoder_config *config);
    void (*encoder_deinit)(void *encoder);
    /* From the next packet on. */
    void (*set)(void *encoder, const struct wzp_audio_settings *settings);
    /* Encodes `packet_frames` frames, as many as were set or another possible number; the bytes written, 0
     * when the codec failed. `capacity` >= WZP_AUDIO_PAYLOAD_MAX. */
    size_t (*encode)(void *encoder, const int16_t *pcm, unsigned packet_frames, uint8_t *out,
                     size_t capacity);

    /* How many frames a payload holds; 0: it is refused. */
    unsigned (*frames)(enum wzp_codec id, struct wzp_slice payload);

    size_t (*decoder_size)(void);
    void (*decoder_init)(void *decoder);
    void (*decoder_deinit)(void *decoder);
    /* Decodes all of frames(id, payload), one frame of concealment when they are 0 or the codec fails, then
     * false. `pcm`: WZP_AUDIO_PACKET_FRAMES_MAX frames. */
    bool (*decode)(void *decoder, enum wzp_codec id, struct wzp_slice payload, int16_t *pcm);
    /* How many frames before it a payload can give, 0..WZP_AUDIO_REACH_MAX. Changes nothing that is heard. */
    unsigned (*reach)(void *decoder, enum wzp_codec id, struct wzp_slice payload);
    /* Plays the lost frame that lies `behind` frames before `later` (1: the one just before it). The frames
     * of a run are asked for one after another, then decode(later). NONE, and pcm is concealment, unless
     * behind <= reach. */
    enum wzp_audio_recovery (*recover)(void *decoder, enum wzp_codec id, struct wzp_slice later,
                                       unsigned behind, int16_t pcm[WZP_AUDIO_FRAME]);
    /* Invents 10 ms. */
    void (*conceal)(void *decoder, int16_t pcm[WZP_AUDIO_PIECE]);
};

extern const struct wzp_audio_codec wzp_codec_opus;
extern const struct wzp_audio_codec wzp_codec_synthetic;

/* NULL when no codec has this name. */
const struct wzp_audio_codec *wzp_audio_codec_find(const char *name);

/* May a packet of `id` hold so many frames? Opus 1..6; Codec2 3200 1..12, 1200 and 700C 2, 4 .. 12. */
bool wzp_audio_packet_is_possible(enum wzp_codec id, unsigned packet_frames);

/* What families an id is of; neither: not sound that is decoded here. */
bool wzp_audio_is_opus(enum wzp_codec id);
bool wzp_audio_is_codec2(enum wzp_codec id);

/* Bytes of a Codec2 packet of a possible number of frames, and the frames of so many bytes, 0 for no such. */
size_t wzp_audio_codec2_len(enum wzp_codec id, unsigned packet_frames);
unsigned wzp_audio_codec2_frames(enum wzp_codec id, size_t len);

/* Sum of squares; `count` up to 2^32 samples. */
uint64_t wzp_audio_energy(const int16_t *pcm, size_t count);

#endif
