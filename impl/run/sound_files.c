// SPDX-License-Identifier: Apache-2.0
#include "run/sound_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define FRAME_NS (WZP_AUDIO_FRAME_MS * WZP_MS)
#define PIECE_NS (WZP_AUDIO_PIECE_MS * WZP_MS)

static bool read_input(struct wzp_sound_files *files, const char *path, char *why)
{
    struct wzp_wav wav;
    if (!wzp_wav_read(path, &wav, why))
        return false;
    files->input = malloc((wav.len ? wav.len : 1) * sizeof *files->input);
    files->input_len = wav.len;
    if (files->input)
        wzp_wav_to_int16(wav.samples, files->input, wav.len);
    else
        snprintf(why, WZP_WAV_WHY_MAX, "%s: out of memory", path);
    wzp_wav_free(&wav);
    return files->input != NULL;
}

bool wzp_sound_files_open(struct wzp_sound_files *files, const char *in, const char *out,
                          char why[static WZP_WAV_WHY_MAX])
{
    *files = (struct wzp_sound_files){0};
    if (in && !read_input(files, in, why))
        return false;
    if (out && !wzp_wav_open(&files->output, out)) {
        snprintf(why, WZP_WAV_WHY_MAX, "%s", files->output.why);
        free(files->input);
        files->input = NULL;
        return false;
    }
    files->has_output = out != NULL;
    return true;
}

bool wzp_sound_files_close(struct wzp_sound_files *files, char why[static WZP_WAV_WHY_MAX])
{
    free(files->input);
    files->input = NULL;
    if (!files->has_output || wzp_wav_close(&files->output))
        return true;
    snprintf(why, WZP_WAV_WHY_MAX, "%s", files->output.why);
    return false;
}

int64_t wzp_sound_files_input_ns(const struct wzp_sound_files *files)
{
    return (int64_t)((files->input_len + WZP_AUDIO_FRAME - 1) / WZP_AUDIO_FRAME) * FRAME_NS;
}

/* ---- the source ---- */

static void start_source(void *ctx, int64_t now_ns)
{
    struct wzp_sound_files *files = ctx;
    files->source_start_ns = now_ns;
}

static int64_t capture_at(const void *ctx)
{
    const struct wzp_sound_files *files = ctx;
    return files->source_start_ns + (files->captures + 1) * FRAME_NS;
}

static bool capture(void *ctx, int64_t at_ns, int16_t pcm[WZP_AUDIO_FRAME])
{
    struct wzp_sound_files *files = ctx;
    size_t from = (size_t)files->captures * WZP_AUDIO_FRAME, len = 0;
    (void)at_ns;
    if (from < files->input_len)
        len = files->input_len - from < WZP_AUDIO_FRAME ? files->input_len - from : WZP_AUDIO_FRAME;
    if (len)
        memcpy(pcm, files->input + from, len * sizeof *pcm);
    memset(pcm + len, 0, (WZP_AUDIO_FRAME - len) * sizeof *pcm);
    files->captures++;
    return true;
}

struct wzp_sound_source wzp_sound_files_source(struct wzp_sound_files *files)
{
    return (struct wzp_sound_source){files, start_source, capture_at, capture};
}

/* ---- the sink ---- */

static void start_sink(void *ctx, int64_t now_ns)
{
    struct wzp_sound_files *files = ctx;
    files->sink_start_ns = now_ns;
}

static int64_t piece_at(const void *ctx)
{
    const struct wzp_sound_files *files = ctx;
    return files->sink_start_ns + files->pieces * PIECE_NS;
}

static bool wants(void *ctx, int64_t at_ns, int64_t *sounds_ns)
{
    (void)ctx;
    *sounds_ns = at_ns;
    return true;
}

static void play(void *ctx, const int16_t pcm[WZP_AUDIO_PIECE])
{
    struct wzp_sound_files *files = ctx;
    if (files->has_output)
        wzp_wav_append(&files->output, pcm, WZP_AUDIO_PIECE);
    files->pieces++;
}

struct wzp_sound_sink wzp_sound_files_sink(struct wzp_sound_files *files)
{
    return (struct wzp_sound_sink){files, start_sink, piece_at, wants, play};
}
