// SPDX-License-Identifier: Apache-2.0
/*
 * wzp-codecs FILE...: what the codecs cost and give, as Markdown tables for `make bench`. Speech goes through
 * an encoder and a decoder without any network, but for packets that are struck out; ESTOI is of what is
 * heard beside the recording, the mean of the files. No packet is late here: what cannot be recovered is
 * concealed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/rng.h"
#include "codec/audio.h"
#include "run/wav.h"
#include "sim/estoi.h"

#define FILES_MAX   8
#define SECONDS_MAX 12 /* of each file */
#define LONGEST     WZP_AUDIO_PACKET_FRAMES_MAX

struct voice {
    float *samples; /* whole packets of any length */
    int16_t *pcm;
    size_t frames;
};

static struct voice voice[FILES_MAX];
static unsigned voices;

/* ---- a run of packets through a codec ---- */

struct loss {
    double share, burst; /* burst: the mean run of lost packets */
};

struct result {
    double bps, bytes, bytes_max; /* of payloads: the mean rate; a packet's mean and largest */
    double estoi;
    double reach_ms;               /* mean over packets */
    double carriers;               /* share of packets with any reach */
    double copied, deep, invented; /* shares of frames */
};

static void conceal_frame(const struct wzp_audio_codec *codec, void *decoder, int16_t *pcm)
{
    codec->conceal(decoder, pcm);
    codec->conceal(decoder, pcm + WZP_AUDIO_PIECE);
}

/* The frames before packet `payload` that have not come, each as it can be had. */
static void fill_gap(const struct wzp_audio_codec *codec, void *decoder, enum wzp_codec id,
                     struct wzp_slice payload, bool recovers, unsigned lost, int16_t *pcm,
                     struct result *result)
{
    unsigned reach = recovers ? codec->reach(decoder, id, payload) : 0;
    for (unsigned behind = lost; behind > 0; behind--, pcm += WZP_AUDIO_FRAME) {
        enum wzp_audio_recovery kind = WZP_AUDIO_NONE;
        if (behind <= reach)
            kind = codec->recover(decoder, id, payload, behind, pcm);
        else
            conceal_frame(codec, decoder, pcm);
        result->copied += kind == WZP_AUDIO_LBRR;
        result->deep += kind == WZP_AUDIO_DRED;
        result->invented += kind == WZP_AUDIO_NONE;
    }
}

static bool is_lost(struct wzp_rng *rng, const struct loss *loss, bool was_lost)
{
    if (loss->share <= 0)
        return false;
    double leave = 1 / loss->burst;
    double enter = leave * loss->share / (1 - loss->share);
    return wzp_rng_unit(rng) < (was_lost ? 1 - leave : enter);
}

static double run_voice(const struct voice *spoken, const struct wzp_audio_settings *settings,
                        const struct loss *loss, bool recovers, uint64_t seed, struct result *result)
{
    const struct wzp_audio_codec *codec = &wzp_codec_opus;
    unsigned packet = settings->packet_frames, gap = 0;
    size_t samples = spoken->frames * WZP_AUDIO_FRAME;
    void *encoder = malloc(codec->encoder_size()), *decoder = malloc(codec->decoder_size());
    int16_t *heard = calloc(samples + LONGEST * WZP_AUDIO_FRAME, sizeof *heard);
    float *degraded = malloc(samples * sizeof *degraded);
    WZP_CHECK(encoder && decoder && heard && degraded);
    codec->encoder_init(encoder, &(struct wzp_audio_encoder_config){.bitrate_bps = 24000});
    codec->set(encoder, settings);
    codec->decoder_init(decoder);
    struct wzp_rng rng = wzp_rng_make(seed, 0);
    bool was_lost = false;
    for (size_t at = 0; at < spoken->frames; at += packet) {
        uint8_t bytes[WZP_AUDIO_PAYLOAD_MAX];
        size_t len = codec->encode(encoder, spoken->pcm + at * WZP_AUDIO_FRAME, packet, bytes, sizeof bytes);
        struct wzp_slice payload = {bytes, len};
        result->bytes += (double)len;
        result->bytes_max = (double)len > result->bytes_max ? (double)len : result->bytes_max;
        unsigned reach = codec->reach(decoder, settings->id, payload);
        result->reach_ms += reach * WZP_AUDIO_FRAME_MS;
        result->carriers += reach > 0;
        was_lost = at > 0 && is_lost(&rng, loss, was_lost);
        if (was_lost) {
            gap += packet;
            continue;
        }
        fill_gap(codec, decoder, settings->id, payload, recovers, gap, heard + (at - gap) * WZP_AUDIO_FRAME,
                 result);
        gap = 0;
        WZP_CHECK(codec->decode(decoder, settings->id, payload, heard + at * WZP_AUDIO_FRAME));
    }
    size_t delay = codec->delay(settings->id), count = samples - delay;
    for (size_t i = 0; i < count; i++)
        degraded[i] = (float)heard[i + delay] / 32768;
    double estoi = sim_estoi_48k(spoken->samples, degraded, count);
    codec->encoder_deinit(encoder);
    codec->decoder_deinit(decoder);
    free(encoder);
    free(decoder);
    free(heard);
    free(degraded);
    return estoi;
}

static struct result run(const struct wzp_audio_settings *settings, const struct loss *loss, bool recovers)
{
    struct result result = {0};
    double frames = 0;
    for (unsigned i = 0; i < voices; i++) {
        result.estoi += run_voice(&voice[i], settings, loss, recovers, i + 1, &result) / voices;
        frames += (double)voice[i].frames;
    }
    double packets = frames / settings->packet_frames;
    result.bps = result.bytes * 8000 / (frames * WZP_AUDIO_FRAME_MS);
    result.bytes /= packets;
    result.reach_ms /= packets;
    result.carriers /= packets;
    result.copied /= frames;
    result.deep /= frames;
    result.invented /= frames;
    return result;
}

/* ---- tables ---- */

static const struct loss NO_LOSS = {0, 1};

static void opus_table(void)
{
    static const unsigned kbps[] = {6, 8, 10, 12, 14, 16, 20, 24, 32};
    static const unsigned packet[] = {1, 2, 3, 6};
    puts("### Opus, no loss: ESTOI, bytes of a payload (mean/largest), kbit/s\n"
         "| target kbit/s | ms a packet | VBR: ESTOI | bytes | kbit/s | CBR: ESTOI | bytes | kbit/s |\n"
         "| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (size_t r = 0; r < sizeof kbps / sizeof *kbps; r++)
        for (size_t p = 0; p < sizeof packet / sizeof *packet; p++) {
            printf("| %u | %u |", kbps[r], packet[p] * WZP_AUDIO_FRAME_MS);
            for (unsigned constant = 0; constant < 2; constant++) {
                struct wzp_audio_settings settings = {.id = WZP_CODEC_OPUS_24K,
                                                      .bitrate_bps = kbps[r] * 1000,
                                                      .packet_frames = packet[p],
                                                      .constant = constant};
                struct result is = run(&settings, &NO_LOSS, true);
                printf(" %.4f | %.1f/%.0f | %.1f |", is.estoi, is.bytes, is.bytes_max, is.bps / 1000);
            }
            puts("");
            fflush(stdout);
        }
}

static void codec2_table(void)
{
    static const struct {
        enum wzp_codec id;
        const char *name;
        unsigned packet;
    } rows[] = {
        {WZP_CODEC_CODEC2_3200, "3200", 1},  {WZP_CODEC_CODEC2_3200, "3200", 6},
        {WZP_CODEC_CODEC2_1200, "1200", 6},  {WZP_CODEC_CODEC2_1200, "1200", 12},
        {WZP_CODEC_CODEC2_700C, "700C", 12},
    };
    puts("\n### Codec2, no loss (a recording has 8 kHz of sound, Codec2 4 kHz: ESTOI judges up to 4.3)\n"
         "| mode | ms a packet | ESTOI | bytes | kbit/s |\n| --- | --- | --- | --- | --- |");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!wzp_codec_opus.delay(rows[i].id))
            continue;
        struct wzp_audio_settings settings = {.id = rows[i].id, .packet_frames = rows[i].packet};
        struct result is = run(&settings, &NO_LOSS, true);
        printf("| %s | %u | %.4f | %.0f | %.2f |\n", rows[i].name, rows[i].packet * WZP_AUDIO_FRAME_MS,
               is.estoi, is.bytes, is.bps / 1000);
    }
}

static void redundancy_row(const struct wzp_audio_settings *settings)
{
    static const struct loss burst = {0.3, 4};
    struct result clean = run(settings, &NO_LOSS, true);
    struct result heard = run(settings, &burst, true), plc = run(settings, &burst, false);
    printf("| %u | %u | %u | %s | %.1f | %.0f | %.4f | %.0f | %.0f | %.4f | %.1f / %.1f / %.1f | %.4f |\n",
           settings->bitrate_bps / 1000, settings->packet_frames * WZP_AUDIO_FRAME_MS, settings->loss_percent,
           settings->lbrr       ? "LBRR"
           : settings->constant ? "DRED, CBR"
                                : "DRED",
           clean.bps / 1000, clean.bytes_max, clean.estoi, 100 * clean.carriers, clean.reach_ms, heard.estoi,
           100 * heard.copied, 100 * heard.deep, 100 * heard.invented, plc.estoi);
    fflush(stdout);
}

static void redundancy_table(void)
{
    static const struct {
        unsigned kbps, packet, loss;
    } rows[] = {
        {16, 1, 20}, {20, 1, 20}, {24, 1, 10}, {24, 1, 20}, {24, 1, 40}, {28, 1, 20}, {32, 1, 20},
        {40, 1, 20}, {12, 2, 20}, {16, 2, 20}, {20, 2, 10}, {20, 2, 20}, {20, 2, 40}, {24, 2, 20},
        {32, 2, 20}, {12, 3, 20}, {16, 3, 20}, {20, 3, 20}, {24, 3, 20}, {8, 6, 20},  {10, 6, 20},
        {12, 6, 20}, {16, 6, 20}, {20, 6, 20}, {24, 6, 20},
    };
    puts("\n### Opus with redundancy within: reach, and 30 % loss in bursts of 4 packets\n"
         "`told` is the loss the encoder is told; the recovered shares are of all frames: LBRR / DRED / "
         "invented.\n"
         "| target kbit/s | ms | told % | in-band | real kbit/s | largest | clean ESTOI | carriers % | reach "
         "ms "
         "| ESTOI at loss | LBRR / DRED / PLC % | ESTOI by PLC alone |\n"
         "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_audio_settings settings = {.id = WZP_CODEC_OPUS_24K,
                                              .bitrate_bps = rows[i].kbps * 1000,
                                              .packet_frames = rows[i].packet,
                                              .loss_percent = rows[i].loss,
                                              .dred_ms = 1040};
        redundancy_row(&settings);
        settings.constant = true;
        if (rows[i].loss == 20)
            redundancy_row(&settings);
        settings.constant = false;
        settings.dred_ms = 0;
        settings.lbrr = true;
        if (rows[i].loss == 20)
            redundancy_row(&settings);
    }
}

/* ---- */

static void load(const char *path)
{
    char why[WZP_WAV_WHY_MAX];
    struct wzp_wav wav;
    if (!wzp_wav_read(path, &wav, why)) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    struct voice *read = &voice[voices++];
    size_t most = (size_t)SECONDS_MAX * WZP_AUDIO_RATE;
    read->frames = (wav.len < most ? wav.len : most) / WZP_AUDIO_FRAME / LONGEST * LONGEST;
    read->samples = wav.samples;
    read->pcm = malloc(read->frames * WZP_AUDIO_FRAME * sizeof *read->pcm);
    WZP_CHECK(read->pcm);
    wzp_wav_to_int16(wav.samples, read->pcm, read->frames * WZP_AUDIO_FRAME);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > FILES_MAX + 1) {
        fputs("usage: wzp-codecs FILE...\n", stderr);
        return 1;
    }
    for (int i = 1; i < argc; i++)
        load(argv[i]);
    opus_table();
    codec2_table();
    redundancy_table();
    for (unsigned i = 0; i < voices; i++) {
        free(voice[i].samples);
        free(voice[i].pcm);
    }
    return 0;
}
