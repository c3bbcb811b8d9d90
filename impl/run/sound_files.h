// SPDX-License-Identifier: Apache-2.0
/*
 * A microphone and a loudspeaker made of files: 20 ms are "captured" from a sound file and 10 ms are "played"
 * to a WAV file when their time has come.
 *
 * Law: capture k ends at start + 20 ms (k + 1), piece k begins to sound at start + 10 ms k, both exactly,
 * however late the process runs: a late caller gets what it missed one by one with the times it should have
 * had. A real sound card has its own clock, too, and a busy computer does not bend it; times of the process
 * here would look like jitter and like a drifting clock to everything that listens. Sample n of the output
 * file is what sounded at start + n / 48000 s. After the end of the input it is silence that is captured, as
 * from a microphone in a quiet room. Does not: know a call, read a clock.
 */
#ifndef WZP_RUN_SOUND_FILES_H
#define WZP_RUN_SOUND_FILES_H

#include "call/sound.h"
#include "run/wav.h"

struct wzp_sound_files {
    int16_t *input; /* NULL: silence */
    size_t input_len;
    struct wzp_wav_writer output;
    bool has_output;
    int64_t source_start_ns, sink_start_ns;
    int64_t captures, pieces; /* so far */
};

/* Paths may be NULL. False: nothing is held, and `why` is a sentence. */
bool wzp_sound_files_open(struct wzp_sound_files *files, const char *in, const char *out,
                          char why[static WZP_WAV_WHY_MAX]);
/* False when not all that was played is on the disk; `why` says so. */
bool wzp_sound_files_close(struct wzp_sound_files *files, char why[static WZP_WAV_WHY_MAX]);

/* How long the input lasts: whole frames. */
int64_t wzp_sound_files_input_ns(const struct wzp_sound_files *files);
/* They borrow `files`. Each may be used without the other. */
struct wzp_sound_source wzp_sound_files_source(struct wzp_sound_files *files);
struct wzp_sound_sink wzp_sound_files_sink(struct wzp_sound_files *files);

#endif
