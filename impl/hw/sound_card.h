// SPDX-License-Identifier: Apache-2.0
/*
 * Microphone and loudspeaker by SDL2, one of each.
 *
 * Law: SDL's threads only fill and empty SDL's own queues; this side looks every 5 ms. The loudspeaker is
 * kept 30 ms ahead. When nobody looked for long, what the microphone queued beyond 200 ms is dropped, so that
 * a stall is not delay for ever. A device that went away gives silence at the same pace. SDL touches no
 * signal and no window. Its drivers are chosen by SDL_AUDIODRIVER, as in all programs that use it; `disk` and
 * `dummy` need no card. Does not: resample (SDL does), mix, know a call. See docs/running.md.
 */
#ifndef WZP_HW_SOUND_CARD_H
#define WZP_HW_SOUND_CARD_H

#include "call/sound.h"

extern const struct wzp_sound_cards wzp_sound_cards_sdl;

#endif
