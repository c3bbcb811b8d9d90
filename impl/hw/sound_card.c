// SPDX-License-Identifier: Apache-2.0
#include "hw/sound_card.h"

#include <SDL2/SDL.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define LOOK_NS       (5 * WZP_MS)
#define FRAME_BYTES   (WZP_AUDIO_FRAME * sizeof(int16_t))
#define PIECE_BYTES   (WZP_AUDIO_PIECE * sizeof(int16_t))
#define FRAME_NS      (WZP_AUDIO_FRAME_MS * WZP_MS)
#define PIECE_NS      (WZP_AUDIO_PIECE_MS * WZP_MS)
#define AHEAD_PIECES  3
#define BACKLOG_BYTES (10 * FRAME_BYTES)

/* One direction. SDL can only say a device by its name, and a program has one microphone and one loudspeaker.
 */
struct card {
    SDL_AudioDeviceID id; /* 0: not open */
    int64_t look_at_ns;
    int64_t gone_until_ns; /* a device that went away: paid with silence up to here */
};

static struct card microphone, loudspeaker;

static bool is_gone(const struct card *card)
{
    return SDL_GetAudioDeviceStatus(card->id) == SDL_AUDIO_STOPPED;
}

static void start(void *ctx, int64_t now_ns)
{
    struct card *card = ctx;
    card->look_at_ns = card->gone_until_ns = now_ns;
    SDL_ClearQueuedAudio(card->id);
    SDL_PauseAudioDevice(card->id, 0);
}

static int64_t next_at(const void *ctx)
{
    const struct card *card = ctx;
    return card->look_at_ns;
}

/* True: one more `step_ns` of silence is due from a device that is no more. */
static bool pace_without(struct card *card, int64_t at_ns, int64_t step_ns)
{
    if (card->gone_until_ns + step_ns <= at_ns) {
        card->gone_until_ns += step_ns;
        return true;
    }
    card->look_at_ns = at_ns + LOOK_NS;
    return false;
}

static bool capture(void *ctx, int64_t at_ns, int16_t pcm[WZP_AUDIO_FRAME])
{
    struct card *card = ctx;
    if (is_gone(card)) {
        memset(pcm, 0, FRAME_BYTES);
        return pace_without(card, at_ns, FRAME_NS);
    }
    card->gone_until_ns = at_ns;
    while (SDL_GetQueuedAudioSize(card->id) > BACKLOG_BYTES)
        SDL_DequeueAudio(card->id, pcm, FRAME_BYTES);
    if (SDL_GetQueuedAudioSize(card->id) >= FRAME_BYTES &&
        SDL_DequeueAudio(card->id, pcm, FRAME_BYTES) == FRAME_BYTES)
        return true;
    card->look_at_ns = at_ns + LOOK_NS;
    return false;
}

static bool wants(void *ctx, int64_t at_ns, int64_t *sounds_ns)
{
    struct card *card = ctx;
    *sounds_ns = at_ns;
    if (is_gone(card))
        return pace_without(card, at_ns, PIECE_NS);
    card->gone_until_ns = at_ns;
    Uint32 queued = SDL_GetQueuedAudioSize(card->id);
    if (queued < AHEAD_PIECES * PIECE_BYTES) {
        *sounds_ns = at_ns + (int64_t)(queued / PIECE_BYTES) * PIECE_NS;
        return true;
    }
    card->look_at_ns = at_ns + LOOK_NS;
    return false;
}

static void play(void *ctx, const int16_t pcm[WZP_AUDIO_PIECE])
{
    const struct card *card = ctx;
    SDL_QueueAudio(card->id, pcm, PIECE_BYTES);
}

static bool begin(char why[WZP_SOUND_WHY_MAX])
{
    if (SDL_WasInit(SDL_INIT_AUDIO))
        return true;
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    if (SDL_Init(SDL_INIT_AUDIO) == 0)
        return true;
    snprintf(why, WZP_SOUND_WHY_MAX, "no sound system: %s", SDL_GetError());
    return false;
}

static bool open_card(struct card *card, const char *name, bool is_capture, char why[WZP_SOUND_WHY_MAX])
{
    const SDL_AudioSpec wish = {
        .freq = WZP_AUDIO_RATE, .format = AUDIO_S16SYS, .channels = 1, .samples = WZP_AUDIO_PIECE};
    SDL_AudioSpec given;
    if (!begin(why))
        return false;
    card->id = SDL_OpenAudioDevice(name, is_capture, &wish, &given, 0);
    if (card->id)
        return true;
    snprintf(why, WZP_SOUND_WHY_MAX, "cannot open %s%s%s: %s",
             is_capture ? "the microphone" : "the loudspeaker", name ? " " : "", name ? name : "",
             SDL_GetError());
    return false;
}

static bool open_input(const char *name, struct wzp_sound_source *source, char why[WZP_SOUND_WHY_MAX])
{
    *source = (struct wzp_sound_source){&microphone, start, next_at, capture};
    return open_card(&microphone, name, true, why);
}

static bool open_output(const char *name, struct wzp_sound_sink *sink, char why[WZP_SOUND_WHY_MAX])
{
    *sink = (struct wzp_sound_sink){&loudspeaker, start, next_at, wants, play};
    return open_card(&loudspeaker, name, false, why);
}

static const char *name_of(unsigned index, bool is_capture)
{
    char why[WZP_SOUND_WHY_MAX];
    if (!begin(why) || (int)index >= SDL_GetNumAudioDevices(is_capture))
        return NULL;
    return SDL_GetAudioDeviceName((int)index, is_capture);
}

static const char *input_name(unsigned index)
{
    return name_of(index, true);
}

static const char *output_name(unsigned index)
{
    return name_of(index, false);
}

static void close_all(void)
{
    struct card *cards[] = {&microphone, &loudspeaker};
    for (size_t i = 0; i < 2; i++) {
        if (cards[i]->id)
            SDL_CloseAudioDevice(cards[i]->id);
        *cards[i] = (struct card){0};
    }
    if (SDL_WasInit(SDL_INIT_AUDIO))
        SDL_Quit();
}

const struct wzp_sound_cards wzp_sound_cards_sdl = {input_name, output_name, open_input, open_output,
                                                    close_all};
