// SPDX-License-Identifier: Apache-2.0
/*
 * The payloads of sound: bytes that a member sealed, so a hostile member's free choice. The input is entries
 * of
 *
 *     u8 what: bits 0-1 (0 decode, 1 recover, 2 reach, 3 conceal), 2-4 the codec id (an index), 5 (set: a
 *              genuine payload with what follows XORed in; else what follows is all there is)
 *     u8 frames behind, of recover; the genuine payload's number otherwise
 *     u8 length, bytes                                             (conceal: neither)
 *
 * It ends with SOUND_MAX frames of sound, for they are nearly all the work. Law: frames, decode, reach and
 * recover agree with each other, as codec/audio.h says; what is decoded fits; a genuine payload is taken,
 * whatever came before it.
 */
#include "fuzz/fuzz.h"

#include "codec/audio.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 24
#define IDS         5
#define GENUINE     6 /* payloads of each id */
#define SOUND_MAX   6 /* frames; what begins before that ends */

static const struct id {
    enum wzp_codec id;
    unsigned packet_frames;
    uint32_t bitrate_bps;
    unsigned dred_ms;
    bool lbrr;
} ID[IDS] = {
    {WZP_CODEC_OPUS_24K, 2, 24000, 1000, false}, {WZP_CODEC_OPUS_16K, 3, 20000, 0, true},
    {WZP_CODEC_CODEC2_3200, 5, 24000, 0, false}, {WZP_CODEC_CODEC2_1200, 4, 24000, 0, false},
    {WZP_CODEC_CODEC2_700C, 2, 24000, 0, false},
};

static struct {
    uint8_t bytes[WZP_AUDIO_PAYLOAD_MAX];
    size_t len;
} genuine[IDS][GENUINE];

static const struct wzp_audio_codec *const codec = &wzp_codec_opus;
static void *decoder, *fresh_decoder;

static void make_genuine(void *encoder, unsigned which)
{
    static int16_t pcm[WZP_AUDIO_PACKET_FRAMES_MAX * WZP_AUDIO_FRAME];
    const struct wzp_audio_settings settings = {.id = ID[which].id,
                                                .bitrate_bps = ID[which].bitrate_bps,
                                                .packet_frames = ID[which].packet_frames,
                                                .loss_percent = 30,
                                                .lbrr = ID[which].lbrr,
                                                .dred_ms = ID[which].dred_ms};
    codec->set(encoder, &settings);
    for (unsigned n = 0; n < 4 * GENUINE; n++) { /* the last of them, so that there is something to repeat */
        for (size_t i = 0; i < settings.packet_frames * WZP_AUDIO_FRAME; i++)
            pcm[i] = (int16_t)((i % 400) * (20 + n) - 4000 - 10 * n + (i * 7919 + n * 104729) % 512);
        genuine[which][n % GENUINE].len = codec->encode(encoder, pcm, settings.packet_frames,
                                                        genuine[which][n % GENUINE].bytes,
                                                        sizeof genuine[which][n % GENUINE].bytes);
        WZP_CHECK(genuine[which][n % GENUINE].len > 0);
    }
}

void fuzz_init(void)
{
    void *encoder = malloc(codec->encoder_size());
    decoder = malloc(codec->decoder_size());
    fresh_decoder = malloc(codec->decoder_size());
    WZP_CHECK(encoder && decoder && fresh_decoder);
    codec->encoder_init(encoder, &(struct wzp_audio_encoder_config){.bitrate_bps = 24000});
    for (unsigned which = 0; which < IDS; which++)
        make_genuine(encoder, which);
    codec->encoder_deinit(encoder);
    free(encoder);
    codec->decoder_init(decoder); /* holds nothing beyond its memory yet */
    memcpy(fresh_decoder, decoder, codec->decoder_size());
}

/* The payload lies at the very end of what is readable. */
static struct wzp_slice payload_of(struct fuzz_input *input, unsigned what, unsigned number, uint8_t *memory,
                                   bool *is_genuine)
{
    unsigned which = (what >> 2 & 7) % IDS;
    struct wzp_slice given = fuzz_take(input, fuzz_u8(input));
    size_t len = given.len;
    *is_genuine = what & 32;
    if (*is_genuine)
        len = genuine[which][number % GENUINE].len;
    uint8_t *bytes = memory + WZP_AUDIO_PAYLOAD_MAX - len;
    memset(bytes, 0, len);
    if (*is_genuine)
        memcpy(bytes, genuine[which][number % GENUINE].bytes, len);
    for (size_t i = 0; i < given.len && i < len; i++) {
        bytes[i] ^= given.data[i];
        *is_genuine &= given.data[i] == 0;
    }
    return (struct wzp_slice){bytes, len};
}

/* Frames of sound that were made. */
static unsigned check_payload(enum wzp_codec id, unsigned what, unsigned behind, struct wzp_slice payload,
                              bool is_genuine)
{
    static int16_t pcm[WZP_AUDIO_PACKET_FRAMES_MAX * WZP_AUDIO_FRAME + 1];
    unsigned frames = codec->frames(id, payload);
    WZP_CHECK(frames == 0 || wzp_audio_packet_is_possible(id, frames));
    WZP_CHECK(frames > 0 || !is_genuine);
    size_t end = (frames ? frames : 1) * WZP_AUDIO_FRAME;
    if (what == 0) {
        pcm[end] = 12345;
        bool is_decoded = codec->decode(decoder, id, payload, pcm);
        WZP_CHECK(is_decoded ? frames > 0 : !is_genuine);
        WZP_CHECK(pcm[end] == 12345);
    }
    unsigned sound = what == 0 ? frames : what == 1;
    unsigned reach = codec->reach(decoder, id, payload);
    WZP_CHECK(reach <= WZP_AUDIO_REACH_MAX && (frames > 0 || reach == 0));
    if (what == 1) {
        pcm[WZP_AUDIO_FRAME] = 12345;
        enum wzp_audio_recovery kind = codec->recover(decoder, id, payload, behind, pcm);
        WZP_CHECK(kind == WZP_AUDIO_NONE || (behind > 0 && behind <= reach));
        WZP_CHECK(pcm[WZP_AUDIO_FRAME] == 12345);
        WZP_CHECK(codec->reach(decoder, id, payload) == reach);
    }
    return sound;
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    unsigned sound = 0;
    memcpy(decoder, fresh_decoder, codec->decoder_size());
    for (unsigned entry = 0; input.len > 0 && entry < ENTRIES_MAX && sound < SOUND_MAX; entry++) {
        unsigned what = fuzz_u8(&input);
        if ((what & 3) == 3) {
            int16_t pcm[WZP_AUDIO_PIECE];
            codec->conceal(decoder, pcm);
            sound++;
            continue;
        }
        unsigned number = fuzz_u8(&input);
        uint8_t *memory = malloc(WZP_AUDIO_PAYLOAD_MAX);
        WZP_CHECK(memory);
        bool is_genuine;
        struct wzp_slice payload = payload_of(&input, what, number, memory, &is_genuine);
        sound += check_payload(ID[(what >> 2 & 7) % IDS].id, what & 3, number, payload, is_genuine);
        free(memory);
    }
    codec->decoder_deinit(decoder);
    return 0;
}
