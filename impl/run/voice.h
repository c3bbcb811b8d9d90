// SPDX-License-Identifier: Apache-2.0
/*
 * What a person does to the sound on its way: mute, push to talk, gain and volume, and how loud it is.
 *
 * Law: while muted, or in push-to-talk while nobody presses, captured sound is digital silence to the last
 * sample. Gains clip, they never wrap. Levels are the peak of the newest 300 ms at most, in dB below full
 * scale, -96 for silence, taken before muting so that one sees a working microphone. A terminal tells presses
 * of a key, not releases: a press opens the microphone for 600 ms, and a held key repeats. Does not: read
 * keys, draw (run/console.h). Time is the caller's.
 */
#ifndef WZP_RUN_VOICE_H
#define WZP_RUN_VOICE_H

#include "codec/audio.h"

#define WZP_VOICE_GAIN_DB_MAX 24

struct wzp_voice_level {
    int peak;
    int64_t at_ns;
};

struct wzp_voice {
    bool is_muted, is_push_to_talk;
    int64_t talks_until_ns;
    int gain_db, volume_db; /* -GAIN_DB_MAX to GAIN_DB_MAX */
    struct wzp_voice_level in, out;
};

void wzp_voice_capture(struct wzp_voice *voice, int64_t now_ns, int16_t pcm[WZP_AUDIO_FRAME]);
void wzp_voice_play(struct wzp_voice *voice, int64_t now_ns, int16_t pcm[WZP_AUDIO_PIECE]);

/* m mutes and unmutes, space talks, + and - change the volume, ] and [ the gain; false: not a key of ours. */
bool wzp_voice_on_key(struct wzp_voice *voice, char key, int64_t now_ns);

bool wzp_voice_is_open(const struct wzp_voice *voice, int64_t now_ns);
int wzp_voice_level_db(const struct wzp_voice_level *level, int64_t now_ns);
/* The peak of `len` samples in dB below full scale, at least -96. */
int wzp_voice_peak_db(const int16_t *pcm, size_t len);

#endif
