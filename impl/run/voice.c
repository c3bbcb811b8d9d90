// SPDX-License-Identifier: Apache-2.0
#include "run/voice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define LEVEL_NS  (300 * WZP_MS)
#define PRESS_NS  (600 * WZP_MS)
#define SILENT_DB (-96)

static int peak_of(const int16_t *pcm, size_t len)
{
    int peak = 0;
    for (size_t i = 0; i < len; i++)
        if (abs(pcm[i]) > peak)
            peak = abs(pcm[i]);
    return peak;
}

static int peak_db(int peak)
{
    return peak ? (int)lround(20 * log10(peak / 32768.0)) : SILENT_DB;
}

static void amplify(int16_t *pcm, size_t len, int db)
{
    if (db == 0)
        return;
    double factor = pow(10, db / 20.0);
    for (size_t i = 0; i < len; i++) {
        double sample = pcm[i] * factor;
        pcm[i] = (int16_t)lround(fmin(fmax(sample, INT16_MIN), INT16_MAX));
    }
}

static void watch(struct wzp_voice_level *level, int64_t now_ns, const int16_t *pcm, size_t len)
{
    int peak = peak_of(pcm, len);
    if (peak >= level->peak || now_ns >= level->at_ns + LEVEL_NS)
        *level = (struct wzp_voice_level){peak, now_ns};
}

bool wzp_voice_is_open(const struct wzp_voice *voice, int64_t now_ns)
{
    return !voice->is_muted && (!voice->is_push_to_talk || now_ns < voice->talks_until_ns);
}

void wzp_voice_capture(struct wzp_voice *voice, int64_t now_ns, int16_t pcm[WZP_AUDIO_FRAME])
{
    amplify(pcm, WZP_AUDIO_FRAME, voice->gain_db);
    watch(&voice->in, now_ns, pcm, WZP_AUDIO_FRAME);
    if (!wzp_voice_is_open(voice, now_ns))
        memset(pcm, 0, WZP_AUDIO_FRAME * sizeof *pcm);
}

void wzp_voice_play(struct wzp_voice *voice, int64_t now_ns, int16_t pcm[WZP_AUDIO_PIECE])
{
    amplify(pcm, WZP_AUDIO_PIECE, voice->volume_db);
    watch(&voice->out, now_ns, pcm, WZP_AUDIO_PIECE);
}

static void change(int *db, int by)
{
    if (abs(*db + by) <= WZP_VOICE_GAIN_DB_MAX)
        *db += by;
}

bool wzp_voice_on_key(struct wzp_voice *voice, char key, int64_t now_ns)
{
    switch (key) {
    case 'm':
        voice->is_muted = !voice->is_muted;
        return true;
    case ' ':
        voice->talks_until_ns = now_ns + PRESS_NS;
        return true;
    case '+':
    case '-':
        change(&voice->volume_db, key == '+' ? 1 : -1);
        return true;
    case ']':
    case '[':
        change(&voice->gain_db, key == ']' ? 1 : -1);
        return true;
    default:
        return false;
    }
}

int wzp_voice_level_db(const struct wzp_voice_level *level, int64_t now_ns)
{
    return now_ns < level->at_ns + LEVEL_NS ? peak_db(level->peak) : SILENT_DB;
}

int wzp_voice_peak_db(const int16_t *pcm, size_t len)
{
    return peak_db(peak_of(pcm, len));
}
