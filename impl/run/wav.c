// SPDX-License-Identifier: Apache-2.0
#include "run/wav.h"

#include <math.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK       4096 /* frames read at a time */
#define CHANNEL_MAX 64
#define WRITE_MAX   (UINT64_C(0xffffffff) / 2 - 512) /* samples that RIFF's 32-bit byte counts can tell of */

static bool fail(char why[static WZP_WAV_WHY_MAX], const char *path, const char *sentence, const char *detail)
{
    snprintf(why, WZP_WAV_WHY_MAX, "%.150s: %s%s%.60s", path, sentence, detail ? ": " : "",
             detail ? detail : "");
    return false;
}

/* libsndfile's words for what went wrong, without the preamble it gives the system's. */
static const char *sndfile_text(SNDFILE *file)
{
    const char *text = sf_strerror(file), *preamble = "System error : ";
    return strncmp(text, preamble, strlen(preamble)) == 0 ? text + strlen(preamble) : text;
}

/* The mean of the channels; what is no number (a float file may hold one) becomes silence. */
static bool read_mono(SNDFILE *file, const SF_INFO *info, float *mono)
{
    float *block = malloc((size_t)BLOCK * (size_t)info->channels * sizeof *block);
    sf_count_t at = 0, got = block ? 1 : 0;
    while (got > 0 && at < info->frames) {
        got = sf_readf_float(file, block, BLOCK < info->frames - at ? BLOCK : info->frames - at);
        for (sf_count_t i = 0; i < got; i++) {
            float sum = 0;
            for (int c = 0; c < info->channels; c++)
                sum += block[i * info->channels + c];
            mono[at + i] = isfinite(sum) ? sum / (float)info->channels : 0;
        }
        at += got;
    }
    free(block);
    return at == info->frames;
}

/* Takes `mono` over: frees it or gives it back in *out. NULL or what is wrong. */
static const char *resample(float *mono, const SF_INFO *info, float **out, size_t *out_len)
{
    double ratio = (double)WZP_WAV_RATE / info->samplerate;
    *out = mono;
    *out_len = (size_t)info->frames;
    if (info->samplerate == WZP_WAV_RATE)
        return NULL;
    *out_len = (size_t)llround((double)info->frames * ratio);
    *out = calloc(*out_len + 1, sizeof **out);
    SRC_DATA job = {.data_in = mono,
                    .data_out = *out,
                    .input_frames = (long)info->frames,
                    .output_frames = (long)*out_len,
                    .src_ratio = ratio};
    int error = *out ? src_simple(&job, SRC_SINC_MEDIUM_QUALITY, 1) : 0;
    free(mono);
    if (*out && !error)
        return NULL;
    free(*out);
    return error ? src_strerror(error) : "out of memory";
}

static bool read_open(SNDFILE *file, const SF_INFO *info, const char *path, struct wzp_wav *wav,
                      char why[static WZP_WAV_WHY_MAX])
{
    if (info->channels > CHANNEL_MAX || !src_is_valid_ratio((double)WZP_WAV_RATE / info->samplerate))
        return fail(why, path, "a rate or a number of channels that nobody uses", NULL);
    if (info->frames <= 0)
        return fail(why, path, "holds no sound", NULL);
    if (info->frames > (sf_count_t)WZP_WAV_SECONDS_MAX * info->samplerate)
        return fail(why, path, "longer than 30 minutes", NULL);
    float *mono = malloc((size_t)info->frames * sizeof *mono);
    if (!mono)
        return fail(why, path, "out of memory", NULL);
    if (!read_mono(file, info, mono)) {
        free(mono);
        return fail(why, path, "shorter than its header says", sf_error(file) ? sndfile_text(file) : NULL);
    }
    const char *error = resample(mono, info, &wav->samples, &wav->len);
    if (error)
        return fail(why, path, "cannot be resampled", error);
    wav->file_rate = info->samplerate;
    wav->file_channels = info->channels;
    return true;
}

bool wzp_wav_read(const char *path, struct wzp_wav *wav, char why[static WZP_WAV_WHY_MAX])
{
    SF_INFO info = {0};
    memset(wav, 0, sizeof *wav);
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (!file && sf_error(NULL) == SF_ERR_SYSTEM)
        return fail(why, path, "cannot be read", sndfile_text(NULL));
    if (!file)
        return fail(why, path, "not an audio file", sndfile_text(NULL));
    bool ok = read_open(file, &info, path, wav, why);
    sf_close(file);
    if (!ok)
        memset(wav, 0, sizeof *wav);
    return ok;
}

void wzp_wav_free(struct wzp_wav *wav)
{
    free(wav->samples);
    memset(wav, 0, sizeof *wav);
}

void wzp_wav_to_int16(const float *from, int16_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (int16_t)lrintf(fminf(fmaxf(from[i] * 32767, -32768), 32767));
}

bool wzp_wav_open(struct wzp_wav_writer *writer, const char *path)
{
    SF_INFO info = {.samplerate = WZP_WAV_RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    memset(writer, 0, sizeof *writer);
    snprintf(writer->path, sizeof writer->path, "%s", path);
    writer->file = sf_open(path, SFM_WRITE, &info);
    return writer->file || fail(writer->why, path, "cannot be written", sndfile_text(NULL));
}

bool wzp_wav_append(struct wzp_wav_writer *writer, const int16_t *samples, size_t len)
{
    if (!writer->file || writer->why[0])
        return false;
    if (len > WRITE_MAX - writer->len)
        return fail(writer->why, writer->path, "a WAV file holds no more than 4 GB", NULL);
    if (sf_write_short(writer->file, samples, (sf_count_t)len) != (sf_count_t)len)
        return fail(writer->why, writer->path, "cannot be written", sndfile_text(writer->file));
    writer->len += len;
    if (writer->len - writer->header_len >= WZP_WAV_RATE) {
        sf_command(writer->file, SFC_UPDATE_HEADER_NOW, NULL, 0);
        writer->header_len = writer->len;
    }
    return true;
}

bool wzp_wav_close(struct wzp_wav_writer *writer)
{
    if (writer->file && sf_close(writer->file) != 0 && !writer->why[0])
        fail(writer->why, writer->path, "cannot be closed", NULL);
    writer->file = NULL;
    return writer->why[0] == '\0';
}
