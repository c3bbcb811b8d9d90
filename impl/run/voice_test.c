// SPDX-License-Identifier: Apache-2.0
#include "run/voice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"

static void fill(int16_t *pcm, size_t len, int16_t value)
{
    for (size_t i = 0; i < len; i++)
        pcm[i] = i % 2 ? value : (int16_t)-value;
}

static int16_t captured(struct wzp_voice *voice, int64_t now_ns, int16_t value)
{
    int16_t pcm[WZP_AUDIO_FRAME];
    fill(pcm, WZP_AUDIO_FRAME, value);
    wzp_voice_capture(voice, now_ns, pcm);
    return pcm[1];
}

static void mutes_and_still_shows_the_level(void **state)
{
    struct wzp_voice voice = {0};
    (void)state;
    assert_int_equal(captured(&voice, 0, 1000), 1000);
    assert_true(wzp_voice_on_key(&voice, 'm', 0));
    assert_int_equal(captured(&voice, 20 * WZP_MS, 3276), 0);
    assert_int_equal(wzp_voice_level_db(&voice.in, 20 * WZP_MS), -20);
    assert_int_equal(wzp_voice_level_db(&voice.in, 400 * WZP_MS), -96);
    assert_true(wzp_voice_on_key(&voice, 'm', 0));
    assert_int_equal(captured(&voice, 40 * WZP_MS, 1000), 1000);
    assert_false(wzp_voice_on_key(&voice, 'x', 0));
}

static void talks_while_the_key_repeats(void **state)
{
    struct wzp_voice voice = {.is_push_to_talk = true};
    (void)state;
    assert_int_equal(captured(&voice, 0, 1000), 0);
    for (int64_t at_ns = 0; at_ns < 2 * WZP_S; at_ns += 20 * WZP_MS) {
        if (at_ns % (500 * WZP_MS) == 0)
            wzp_voice_on_key(&voice, ' ', at_ns);
        assert_int_equal(captured(&voice, at_ns, 1000), 1000);
    }
    assert_int_equal(captured(&voice, 2 * WZP_S + 99 * WZP_MS, 1000), 1000);
    assert_int_equal(captured(&voice, 2 * WZP_S + 100 * WZP_MS, 1000), 0);
    wzp_voice_on_key(&voice, 'm', 3 * WZP_S);
    wzp_voice_on_key(&voice, ' ', 3 * WZP_S);
    assert_int_equal(captured(&voice, 3 * WZP_S, 1000), 0); /* mute wins */
}

static void gains_clip(void **state)
{
    struct wzp_voice voice = {0};
    int16_t pcm[WZP_AUDIO_PIECE];
    (void)state;
    for (int i = 0; i < 100; i++) {
        wzp_voice_on_key(&voice, '+', 0);
        wzp_voice_on_key(&voice, ']', 0);
    }
    assert_int_equal(voice.volume_db, WZP_VOICE_GAIN_DB_MAX);
    assert_int_equal(voice.gain_db, WZP_VOICE_GAIN_DB_MAX);
    assert_int_equal(captured(&voice, 0, 30000), 32767);
    fill(pcm, WZP_AUDIO_PIECE, 30000);
    wzp_voice_play(&voice, 0, pcm);
    assert_int_equal(pcm[0], -32768);
    assert_int_equal(pcm[1], 32767);
    assert_int_equal(wzp_voice_level_db(&voice.out, 0), 0);
    for (int i = 0; i < 44; i++)
        wzp_voice_on_key(&voice, '-', 0);
    assert_int_equal(voice.volume_db, -20);
    fill(pcm, WZP_AUDIO_PIECE, 30000);
    wzp_voice_play(&voice, 0, pcm);
    assert_int_equal(pcm[1], 3000);
    assert_int_equal(wzp_voice_peak_db(pcm, 0), -96);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutes_and_still_shows_the_level),
        cmocka_unit_test(talks_while_the_key_repeats),
        cmocka_unit_test(gains_clip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
