// SPDX-License-Identifier: Apache-2.0
#include "codec/opus.h"

#include "base/check.h"

#include <opus.h>
#include <stdalign.h>
#include <string.h>

#define ENCODER_COMPLEXITY 7 /* above it ESTOI gains 0.001, and encoding costs a sixth more */
#define DECODER_COMPLEXITY 5 /* the least with the neural PLC */
/* Where libopus by itself goes wider too early for speech: wide at 9 kbit/s (ESTOI loses 0.025 at 10, 0.012
 * at 12, 0.008 at 14), and with that to its coder for music (0.011 at 32). */
#define NARROW_BPS_MAX  14000
#define SPARED_BPS_MAX  16000 /* narrow as well where loss takes the bits: 0.005 more */
#define WIDE_BPS_MAX    32000
#define DRED_STEP_MS    10 /* the unit of OPUS_SET_DRED_DURATION */
#define DRED_LOSS_MIN   10 /* percent; told less, libopus writes none, and 24 kbit/s become 31 all the same */
#define LBRR_FRAMES_MAX 3  /* an Opus frame is at most 60 ms */

/* A control request can only fail by a wrong argument of ours. */
#define SET(state, ctl, request) WZP_CHECK(ctl(state, request) == OPUS_OK)

static size_t aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

/* ---- encoder ---- */

size_t wzp_opus_encoder_size(void)
{
    return (size_t)opus_encoder_get_size(1);
}

void wzp_opus_encoder_init(void *encoder)
{
    WZP_CHECK(opus_encoder_init(encoder, WZP_AUDIO_RATE, 1, OPUS_APPLICATION_VOIP) == OPUS_OK);
    SET(encoder, opus_encoder_ctl, OPUS_SET_COMPLEXITY(ENCODER_COMPLEXITY));
    SET(encoder, opus_encoder_ctl, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_int32 lookahead = 0;
    SET(encoder, opus_encoder_ctl, OPUS_GET_LOOKAHEAD(&lookahead));
    WZP_CHECK(lookahead == WZP_OPUS_DELAY);
}

static opus_int32 bandwidth(const struct wzp_audio_settings *settings)
{
    uint32_t narrow_max = settings->constant ? SPARED_BPS_MAX : NARROW_BPS_MAX;
    return settings->bitrate_bps <= narrow_max     ? OPUS_BANDWIDTH_NARROWBAND
           : settings->bitrate_bps <= WIDE_BPS_MAX ? OPUS_BANDWIDTH_WIDEBAND
                                                   : OPUS_BANDWIDTH_FULLBAND;
}

void wzp_opus_set(void *encoder, const struct wzp_audio_settings *settings)
{
    /* In-band copies raise the rate below which libopus writes no DRED, and pay less; in packets of several
     * Opus frames they ruin what they are to protect (ESTOI 0.71 without any loss at 20 kbit/s). */
    bool lbrr = settings->lbrr && settings->dred_ms == 0 && settings->packet_frames <= LBRR_FRAMES_MAX;
    unsigned loss = settings->loss_percent < 100 ? settings->loss_percent : 100;
    if (settings->dred_ms > 0 && loss < DRED_LOSS_MIN)
        loss = DRED_LOSS_MIN;
    SET(encoder, opus_encoder_ctl, OPUS_SET_BITRATE((opus_int32)settings->bitrate_bps));
    SET(encoder, opus_encoder_ctl, OPUS_SET_VBR(!settings->constant));
    SET(encoder, opus_encoder_ctl, OPUS_SET_MAX_BANDWIDTH(bandwidth(settings)));
    SET(encoder, opus_encoder_ctl, OPUS_SET_INBAND_FEC(lbrr));
    SET(encoder, opus_encoder_ctl, OPUS_SET_PACKET_LOSS_PERC((opus_int32)loss));
    SET(encoder, opus_encoder_ctl, OPUS_SET_DRED_DURATION((opus_int32)(settings->dred_ms / DRED_STEP_MS)));
}

void wzp_opus_encoder_restart(void *encoder)
{
    SET(encoder, opus_encoder_ctl, OPUS_RESET_STATE);
}

size_t wzp_opus_encode(void *encoder, const int16_t *pcm, unsigned packet_frames, uint8_t *out)
{
    opus_int32 len = opus_encode(encoder, pcm, (int)packet_frames * WZP_AUDIO_FRAME, out,
                                 WZP_AUDIO_PAYLOAD_MAX);
    return len > 0 ? (size_t)len : 0;
}

/* ---- what a payload says ---- */

unsigned wzp_opus_frames(struct wzp_slice payload)
{
    /* An empty payload asks libopus for concealment; here it is a payload that nobody sends. */
    if (payload.len == 0 || payload.len > WZP_AUDIO_PAYLOAD_MAX)
        return 0;
    int samples = opus_packet_get_nb_samples(payload.data, (opus_int32)payload.len, WZP_AUDIO_RATE);
    return samples > 0 && samples % WZP_AUDIO_FRAME == 0 ? (unsigned)samples / WZP_AUDIO_FRAME : 0;
}

/* How many frames its copy of what was before it lasts: its first Opus frame repeats the one before. */
static unsigned lbrr_frames(struct wzp_slice payload)
{
    if (opus_packet_has_lbrr(payload.data, (opus_int32)payload.len) != 1)
        return 0;
    return (unsigned)opus_packet_get_samples_per_frame(payload.data, WZP_AUDIO_RATE) / WZP_AUDIO_FRAME;
}

/* ---- decoder ---- */

/* What was parsed of the payload that frames are being recovered from. */
struct parsed {
    size_t len; /* 0: nothing */
    uint8_t payload[WZP_AUDIO_PAYLOAD_MAX];
    unsigned dred_frames;
    unsigned lbrr_frames;
    bool has_copy; /* `copy` is decoded */
    int16_t copy[LBRR_FRAMES_MAX * WZP_AUDIO_FRAME];
};

/* Behind it in memory: the decoder, the DRED decoder, the DRED of `parsed`, and one to look into others. */
struct decoder {
    struct parsed parsed;
    alignas(max_align_t) uint8_t rest[];
};

static OpusDecoder *opus_of(struct decoder *decoder)
{
    return (OpusDecoder *)decoder->rest;
}

static OpusDREDDecoder *dred_decoder_of(struct decoder *decoder)
{
    return (OpusDREDDecoder *)(decoder->rest + aligned((size_t)opus_decoder_get_size(1)));
}

static OpusDRED *dred_of(struct decoder *decoder, unsigned which)
{
    return (OpusDRED *)((uint8_t *)dred_decoder_of(decoder) + aligned((size_t)opus_dred_decoder_get_size()) +
                        which * aligned((size_t)opus_dred_get_size()));
}

size_t wzp_opus_decoder_size(void)
{
    return sizeof(struct decoder) + aligned((size_t)opus_decoder_get_size(1)) +
           aligned((size_t)opus_dred_decoder_get_size()) + 2 * aligned((size_t)opus_dred_get_size());
}

void wzp_opus_decoder_init(void *memory)
{
    struct decoder *decoder = memory;
    memset(decoder, 0, wzp_opus_decoder_size());
    WZP_CHECK(opus_decoder_init(opus_of(decoder), WZP_AUDIO_RATE, 1) == OPUS_OK);
    SET(opus_of(decoder), opus_decoder_ctl, OPUS_SET_COMPLEXITY(DECODER_COMPLEXITY));
    WZP_CHECK(opus_dred_decoder_init(dred_decoder_of(decoder)) == OPUS_OK);
}

void wzp_opus_decoder_restart(void *memory)
{
    struct decoder *decoder = memory;
    decoder->parsed.len = 0;
    SET(opus_of(decoder), opus_decoder_ctl, OPUS_RESET_STATE);
}

bool wzp_opus_decode(void *memory, struct wzp_slice payload, int16_t *pcm)
{
    struct decoder *decoder = memory;
    int samples = (int)wzp_opus_frames(payload) * WZP_AUDIO_FRAME;
    return samples > 0 &&
           opus_decode(opus_of(decoder), payload.data, (opus_int32)payload.len, pcm, samples, 0) == samples;
}

void wzp_opus_conceal(void *memory, int16_t pcm[WZP_AUDIO_PIECE])
{
    struct decoder *decoder = memory;
    if (opus_decode(opus_of(decoder), NULL, 0, pcm, WZP_AUDIO_PIECE, 0) != WZP_AUDIO_PIECE)
        memset(pcm, 0, WZP_AUDIO_PIECE * sizeof *pcm);
}

/*
 * How many frames the DRED of a payload covers, its expensive half put off. A second is asked for, whatever
 * is needed: libopus takes the limit from a place that may lie later than the packet, and gives too little
 * otherwise. Frames between the end of the DRED and the packet would be invented by it; there are none unless
 * the encoder's tail was silent, and then silence is what they are.
 */
static unsigned parse_dred(struct decoder *decoder, OpusDRED *dred, struct wzp_slice payload)
{
    int end = 0;
    int samples = opus_dred_parse(dred_decoder_of(decoder), dred, payload.data, (opus_int32)payload.len,
                                  WZP_AUDIO_REACH_MAX * WZP_AUDIO_FRAME, WZP_AUDIO_RATE, &end, 1);
    unsigned count = samples > 0 ? (unsigned)samples / WZP_AUDIO_FRAME : 0;
    return count < WZP_AUDIO_REACH_MAX ? count : WZP_AUDIO_REACH_MAX;
}

unsigned wzp_opus_reach(void *memory, struct wzp_slice payload)
{
    struct decoder *decoder = memory;
    if (wzp_opus_frames(payload) == 0)
        return 0;
    unsigned copied = lbrr_frames(payload);
    unsigned dred = parse_dred(decoder, dred_of(decoder, 1), payload);
    return copied > dred ? copied : dred;
}

static void parse(struct decoder *decoder, struct wzp_slice payload)
{
    struct parsed *parsed = &decoder->parsed;
    if (parsed->len == payload.len && memcmp(parsed->payload, payload.data, payload.len) == 0)
        return;
    parsed->len = payload.len;
    memcpy(parsed->payload, payload.data, payload.len);
    parsed->has_copy = false;
    parsed->lbrr_frames = lbrr_frames(payload);
    OpusDRED *dred = dred_of(decoder, 0);
    parsed->dred_frames = parse_dred(decoder, dred, payload);
    if (parsed->dred_frames > 0 && opus_dred_process(dred_decoder_of(decoder), dred, dred) != OPUS_OK)
        parsed->dred_frames = 0;
}

/* The copy is decoded as a whole, at the first of its frames that is asked for. */
static bool recover_copy(struct decoder *decoder, struct wzp_slice later, unsigned behind, int16_t *pcm)
{
    struct parsed *parsed = &decoder->parsed;
    int samples = (int)parsed->lbrr_frames * WZP_AUDIO_FRAME;
    if (!parsed->has_copy)
        parsed->has_copy = opus_decode(opus_of(decoder), later.data, (opus_int32)later.len, parsed->copy,
                                       samples, 1) == samples;
    if (parsed->has_copy)
        memcpy(pcm, parsed->copy + (parsed->lbrr_frames - behind) * WZP_AUDIO_FRAME,
               WZP_AUDIO_FRAME * sizeof *pcm);
    return parsed->has_copy;
}

enum wzp_audio_recovery wzp_opus_recover(void *memory, struct wzp_slice later, unsigned behind,
                                         int16_t pcm[WZP_AUDIO_FRAME])
{
    struct decoder *decoder = memory;
    if (behind == 0 || behind > WZP_AUDIO_REACH_MAX || wzp_opus_frames(later) == 0)
        return WZP_AUDIO_NONE;
    parse(decoder, later);
    if (behind <= decoder->parsed.lbrr_frames && recover_copy(decoder, later, behind, pcm))
        return WZP_AUDIO_LBRR;
    if (behind <= decoder->parsed.dred_frames &&
        opus_decoder_dred_decode(opus_of(decoder), dred_of(decoder, 0), (opus_int32)behind * WZP_AUDIO_FRAME,
                                 pcm, WZP_AUDIO_FRAME) == WZP_AUDIO_FRAME)
        return WZP_AUDIO_DRED;
    return WZP_AUDIO_NONE;
}
