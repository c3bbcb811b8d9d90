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

void wzp_sound_files_start(struct wzp_sound_files *files, int64_t now_ns)
{
    files->start_ns = now_ns;
}

int64_t wzp_sound_files_input_end(const struct wzp_sound_files *files)
{
    return files->start_ns + (int64_t)((files->input_len + WZP_AUDIO_FRAME - 1) / WZP_AUDIO_FRAME) * FRAME_NS;
}

static int64_t capture_at(const struct wzp_sound_files *files)
{
    return files->start_ns + (files->captures + 1) * FRAME_NS;
}

static int64_t piece_at(const struct wzp_sound_files *files)
{
    return files->start_ns + files->pieces * PIECE_NS;
}

int64_t wzp_sound_files_next_at(const struct wzp_sound_files *files)
{
    return wzp_time_min(capture_at(files), piece_at(files));
}

bool wzp_sound_files_is_capture(const struct wzp_sound_files *files)
{
    return capture_at(files) <= piece_at(files);
}

void wzp_sound_files_capture(struct wzp_sound_files *files, int16_t pcm[WZP_AUDIO_FRAME])
{
    size_t from = (size_t)files->captures * WZP_AUDIO_FRAME, len = 0;
    if (from < files->input_len)
        len = files->input_len - from < WZP_AUDIO_FRAME ? files->input_len - from : WZP_AUDIO_FRAME;
    if (len)
        memcpy(pcm, files->input + from, len * sizeof *pcm);
    memset(pcm + len, 0, (WZP_AUDIO_FRAME - len) * sizeof *pcm);
    files->captures++;
}

void wzp_sound_files_play(struct wzp_sound_files *files, const int16_t pcm[WZP_AUDIO_PIECE])
{
    if (files->has_output)
        wzp_wav_append(&files->output, pcm, WZP_AUDIO_PIECE);
    files->pieces++;
}
