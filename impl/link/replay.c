// SPDX-License-Identifier: Apache-2.0
#include "link/replay.h"
#include "base/check.h"

#include <string.h>

static uint64_t *word_of(struct wzp_replay *replay, uint64_t number)
{
    return &replay->bits[number % WZP_REPLAY_WINDOW / 64];
}

static uint64_t bit_of(uint64_t number)
{
    return UINT64_C(1) << number % 64;
}

enum wzp_replay_verdict wzp_replay_check(const struct wzp_replay *replay, uint64_t number)
{
    if (number >= replay->next)
        return WZP_REPLAY_FRESH;
    if (replay->next - number > WZP_REPLAY_WINDOW)
        return WZP_REPLAY_STALE;
    uint64_t word = replay->bits[number % WZP_REPLAY_WINDOW / 64];
    return word & bit_of(number) ? WZP_REPLAY_SEEN : WZP_REPLAY_FRESH;
}

void wzp_replay_mark(struct wzp_replay *replay, uint64_t number)
{
    WZP_CHECK(number < UINT64_MAX && wzp_replay_check(replay, number) == WZP_REPLAY_FRESH);
    if (number >= replay->next && number - replay->next >= WZP_REPLAY_WINDOW) {
        memset(replay->bits, 0, sizeof replay->bits);
        replay->next = number + 1;
    }
    for (; replay->next <= number; replay->next++)
        *word_of(replay, replay->next) &= ~bit_of(replay->next);
    *word_of(replay, number) |= bit_of(number);
}
