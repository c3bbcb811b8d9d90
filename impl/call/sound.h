// SPDX-License-Identifier: Apache-2.0
/*
 * Ears and mouth of a call: where 20 ms of sound come from and where 10 ms go to. Files (run/sound_files.h)
 * and sound cards (hw/sound_card.h) fill these tables; whoever carries a call asks them, in the order of
 * their times.
 *
 * Law: next_at never falls. A device that is asked at its next_at either acts or moves next_at on, so asking
 * in a loop until both are later than now comes to an end. Units: nanoseconds of the caller's clock, int16 at
 * 48 kHz mono. Does not: mix, encode, mute (run/voice.h).
 */
#ifndef WZP_CALL_SOUND_H
#define WZP_CALL_SOUND_H

#include "codec/audio.h"

struct wzp_sound_source {
    void *ctx;
    void (*start)(void *ctx, int64_t now_ns);
    int64_t (*next_at)(const void *ctx);
    /* Asked at next_at; true: `pcm` is the frame whose last sample was taken at `at_ns`. */
    bool (*capture)(void *ctx, int64_t at_ns, int16_t pcm[WZP_AUDIO_FRAME]);
};

struct wzp_sound_sink {
    void *ctx;
    void (*start)(void *ctx, int64_t now_ns);
    int64_t (*next_at)(const void *ctx);
    /* Asked at next_at; true: it wants a piece, and the first sample of that will sound at *sounds_ns. */
    bool (*wants)(void *ctx, int64_t at_ns, int64_t *sounds_ns);
    void (*play)(void *ctx, const int16_t pcm[WZP_AUDIO_PIECE]);
};

#define WZP_SOUND_WHY_MAX 256

/* The sound cards of a machine. `name` NULL is the system's choice. */
struct wzp_sound_cards {
    /* The name of device `index`; NULL behind the last. Valid until the next call. */
    const char *(*input_name)(unsigned index);
    const char *(*output_name)(unsigned index);
    /* False: nothing is held and `why` is a sentence. */
    bool (*open_input)(const char *name, struct wzp_sound_source *source, char why[WZP_SOUND_WHY_MAX]);
    bool (*open_output)(const char *name, struct wzp_sound_sink *sink, char why[WZP_SOUND_WHY_MAX]);
    void (*close_all)(void); /* what was opened, and the library */
};

#endif
