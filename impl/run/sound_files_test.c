// SPDX-License-Identifier: Apache-2.0
#include "run/sound_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"

#define INPUT_LEN 1500 /* one frame and a half */
#define START_NS  INT64_C(7000000123)

static char folder[64], in[96], out[96];

static int make_files(void **state)
{
    struct wzp_wav_writer writer;
    int16_t samples[INPUT_LEN];
    (void)state;
    strcpy(folder, "/tmp/wzp-sound-files-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(in, sizeof in, "%s/in.wav", folder);
    snprintf(out, sizeof out, "%s/out.wav", folder);
    for (int i = 0; i < INPUT_LEN; i++)
        samples[i] = (int16_t)(i + 1);
    return wzp_wav_open(&writer, in) && wzp_wav_append(&writer, samples, INPUT_LEN) && wzp_wav_close(&writer)
               ? 0
               : -1;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(in);
    unlink(out);
    return rmdir(folder);
}

/* The order and times of the devices do not depend on when the caller looks. */
static void keeps_its_own_time(void **state)
{
    struct wzp_sound_files files;
    char why[WZP_WAV_WHY_MAX];
    (void)state;
    assert_true(wzp_sound_files_open(&files, in, NULL, why));
    assert_int_equal(wzp_sound_files_input_ns(&files), 40 * WZP_MS);
    struct wzp_sound_source source = wzp_sound_files_source(&files);
    struct wzp_sound_sink sink = wzp_sound_files_sink(&files);
    source.start(source.ctx, START_NS);
    sink.start(sink.ctx, START_NS);
    for (int64_t captures = 0; captures < 100;) {
        int16_t pcm[WZP_AUDIO_FRAME];
        int64_t at_ns = source.next_at(source.ctx), sounds_ns;
        assert_int_equal(at_ns, START_NS + 20 * WZP_MS * ++captures);
        assert_true(source.capture(source.ctx, at_ns, pcm));
        for (int64_t i = 0; i < WZP_AUDIO_FRAME; i++) {
            int64_t sample = (captures - 1) * WZP_AUDIO_FRAME + i;
            assert_int_equal(pcm[i], sample < INPUT_LEN ? sample + 1 : 0);
        }
        for (int64_t piece = 2 * (captures - 1); piece < 2 * captures; piece++) {
            at_ns = sink.next_at(sink.ctx);
            assert_int_equal(at_ns, START_NS + 10 * WZP_MS * piece);
            assert_true(sink.wants(sink.ctx, at_ns, &sounds_ns));
            assert_int_equal(sounds_ns, at_ns);
            sink.play(sink.ctx, pcm);
        }
    }
    assert_true(wzp_sound_files_close(&files, why));
}

static void writes_what_was_played(void **state)
{
    struct wzp_sound_files files;
    struct wzp_wav wav;
    char why[WZP_WAV_WHY_MAX];
    int16_t pcm[WZP_AUDIO_PIECE], back[3 * WZP_AUDIO_PIECE];
    (void)state;
    assert_true(wzp_sound_files_open(&files, NULL, out, why));
    struct wzp_sound_sink sink = wzp_sound_files_sink(&files);
    sink.start(sink.ctx, START_NS);
    assert_int_equal(wzp_sound_files_input_ns(&files), 0);
    for (int16_t k = 0; k < 3; k++) {
        for (int16_t i = 0; i < WZP_AUDIO_PIECE; i++)
            pcm[i] = (int16_t)(1000 * k + i);
        sink.play(sink.ctx, pcm);
    }
    assert_true(wzp_sound_files_close(&files, why));
    assert_true(wzp_wav_read(out, &wav, why));
    assert_int_equal(wav.len, 3 * WZP_AUDIO_PIECE);
    wzp_wav_to_int16(wav.samples, back, wav.len);
    for (int i = 0; i < 3 * WZP_AUDIO_PIECE; i++)
        assert_in_range(back[i] - (1000 * (i / WZP_AUDIO_PIECE) + i % WZP_AUDIO_PIECE) + 1, 0, 2);
    wzp_wav_free(&wav);
}

static void says_what_it_cannot_open(void **state)
{
    struct wzp_sound_files files;
    char why[WZP_WAV_WHY_MAX] = "";
    (void)state;
    assert_false(wzp_sound_files_open(&files, "no/such.wav", NULL, why));
    assert_memory_equal(why, "no/such.wav: ", 13);
    assert_false(wzp_sound_files_open(&files, in, "no/such.wav", why));
    assert_memory_equal(why, "no/such.wav: ", 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_its_own_time),
        cmocka_unit_test(writes_what_was_played),
        cmocka_unit_test(says_what_it_cannot_open),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
