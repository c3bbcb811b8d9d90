// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/wav.h"

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/wzp-wav-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* 1 kHz at half scale on the first channel, silence on the others. */
static void write_tone(const char *path, int format, int rate, int channels, int frames)
{
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    assert_non_null(file);
    float *block = calloc((size_t)(frames * channels), sizeof *block);
    for (int i = 0; i < frames; i++)
        block[i * channels] = (float)(0.5 * sin(2 * acos(-1) * 1000 * i / rate));
    assert_int_equal(sf_writef_float(file, block, frames), frames);
    free(block);
    assert_int_equal(sf_close(file), 0);
}

static void test_any_rate(void **state)
{
    (void)state;
    static const struct {
        int format, rate, channels, frames;
        size_t len;
    } rows[] = {
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 48000, 48000},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 2, 4097, 4097},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 8000, 48000},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1, 16000, 48000},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_24, 44100, 2, 44100, 48000},
        {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 44100, 1, 12345, 13437}, /* 13436.7 */
        {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 96000, 6, 96000, 48000},
        {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 11025, 1, 11025, 48000},
    };
    const char *path = in_folder("tone");
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct wzp_wav wav;
        char why[WZP_WAV_WHY_MAX] = "";
        write_tone(path, rows[row].format, rows[row].rate, rows[row].channels, rows[row].frames);
        assert_true(wzp_wav_read(path, &wav, why));
        assert_int_equal(wav.len, rows[row].len);
        assert_int_equal(wav.file_rate, rows[row].rate);
        assert_int_equal(wav.file_channels, rows[row].channels);
        /* Away from the edges the same sine at the same place, through any filter. */
        double worst = 0;
        for (size_t i = 500; i + 500 < wav.len; i++) {
            double expected = 0.5 / rows[row].channels * sin(2 * acos(-1) * (double)i / 48);
            worst = fmax(worst, fabs(expected - (double)wav.samples[i]));
        }
        assert_true(worst < 1e-3);
        wzp_wav_free(&wav);
        assert_null(wav.samples);
    }
    unlink(path);
}

static void assert_refused(const char *path, const char *sentence)
{
    struct wzp_wav wav;
    char why[WZP_WAV_WHY_MAX] = "";
    assert_false(wzp_wav_read(path, &wav, why));
    print_message("%s\n", why);
    assert_int_equal(strncmp(why, path, strlen(path)), 0);
    assert_non_null(strstr(why, sentence));
    assert_null(wav.samples);
}

static void test_refusals(void **state)
{
    (void)state;
    const char *path = in_folder("bad");
    assert_refused(path, ": cannot be read: ");
    FILE *file = fopen(path, "w");
    assert_refused(path, ": not an audio file: ");
    fputs("just words, and enough of them to look at\n", file);
    fclose(file);
    assert_refused(path, ": not an audio file: ");
    write_tone(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 0);
    assert_refused(path, ": holds no sound");
    write_tone(path, SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 100, 1, 100);
    assert_refused(path, ": a rate or a number of channels");
    write_tone(path, SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 1000, 1, 1800001);
    assert_refused(path, ": longer than 30 minutes");
    unlink(path);
}

static void test_no_number_becomes_silence(void **state)
{
    (void)state;
    const char *path = in_folder("nan");
    SF_INFO info = {.samplerate = 48000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    float samples[3] = {NAN, INFINITY, 0.25f};
    sf_write_float(file, samples, 3);
    sf_close(file);
    struct wzp_wav wav;
    char why[WZP_WAV_WHY_MAX];
    assert_true(wzp_wav_read(path, &wav, why));
    assert_int_equal(wav.len, 3);
    assert_true(wav.samples[0] == 0 && wav.samples[1] == 0 && wav.samples[2] == 0.25f);
    wzp_wav_free(&wav);
    unlink(path);
}

static void test_to_int16(void **state)
{
    (void)state;
    const float from[] = {0, 1, -1, 2, -2, 0.5f, 1e-9f, -1.4f / 32767};
    const int16_t expected[] = {0, 32767, -32767, 32767, -32768, 16384, 0, -1};
    int16_t to[8];
    wzp_wav_to_int16(from, to, 8);
    assert_memory_equal(to, expected, sizeof to);
}

static uint32_t little_endian(const uint8_t *bytes, int count)
{
    uint32_t value = 0;
    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

/* Reads the file's RIFF chunks by hand; returns how many samples its header promises. */
static uint32_t promised_samples(const char *path)
{
    uint8_t head[44];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
    fclose(file);
    assert_memory_equal(head, "RIFF", 4);
    assert_memory_equal(head + 8, "WAVEfmt ", 8);
    assert_int_equal(little_endian(head + 20, 2), 1); /* PCM */
    assert_int_equal(little_endian(head + 22, 2), 1);
    assert_int_equal(little_endian(head + 24, 4), 48000);
    assert_int_equal(little_endian(head + 34, 2), 16);
    assert_memory_equal(head + 36, "data", 4);
    assert_int_equal(little_endian(head + 4, 4), little_endian(head + 40, 4) + 36);
    return little_endian(head + 40, 4) / 2;
}

static void test_writer(void **state)
{
    (void)state;
    const char *path = in_folder("out.wav");
    struct wzp_wav_writer writer;
    int16_t frame[960];
    assert_true(wzp_wav_open(&writer, path));
    for (int f = 0; f < 130; f++) {
        for (int i = 0; i < 960; i++)
            frame[i] = (int16_t)(f * 200 + i);
        assert_true(wzp_wav_append(&writer, frame, 960));
    }
    assert_true(wzp_wav_append(&writer, frame, 0));
    assert_int_equal(promised_samples(path), 100 * 960); /* what a crash would leave: whole seconds */
    assert_true(wzp_wav_close(&writer));
    assert_true(wzp_wav_close(&writer));
    assert_int_equal(promised_samples(path), 130 * 960);
    assert_false(wzp_wav_append(&writer, frame, 960));

    struct wzp_wav wav;
    char why[WZP_WAV_WHY_MAX];
    assert_true(wzp_wav_read(path, &wav, why));
    assert_int_equal(wav.len, 130 * 960);
    for (size_t i = 0; i < wav.len; i++)
        assert_true(wav.samples[i] * 32768 == (float)(int16_t)(i / 960 * 200 + i % 960));
    wzp_wav_free(&wav);

    assert_true(wzp_wav_open(&writer, path)); /* emptied, and closed with nothing in it */
    assert_true(wzp_wav_close(&writer));
    assert_int_equal(promised_samples(path), 0);
    unlink(path);
}

static void test_writer_refusals(void **state)
{
    (void)state;
    struct wzp_wav_writer writer;
    assert_false(wzp_wav_open(&writer, in_folder("no/such/folder.wav")));
    print_message("%s\n", writer.why);
    assert_non_null(strstr(writer.why, "no/such/folder.wav: cannot be written: "));
    assert_false(wzp_wav_close(&writer));

    if (access("/dev/full", W_OK) == 0) { /* a disk that is full */
        int16_t frame[960] = {0};
        bool ok = wzp_wav_open(&writer, "/dev/full");
        for (int f = 0; ok && f < 100; f++)
            ok = wzp_wav_append(&writer, frame, 960);
        ok = wzp_wav_close(&writer) && ok;
        print_message("%s\n", writer.why);
        assert_false(ok);
        assert_non_null(strstr(writer.why, "/dev/full: "));
    }

    const char *path = in_folder("huge.wav");
    assert_true(wzp_wav_open(&writer, path));
    writer.len = UINT32_MAX / 2 - 1000; /* as after twelve hours */
    int16_t frame[960] = {0};
    assert_false(wzp_wav_append(&writer, frame, 960));
    assert_non_null(strstr(writer.why, "4 GB"));
    assert_false(wzp_wav_close(&writer));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_rate),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_number_becomes_silence),
        cmocka_unit_test(test_to_int16),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_writer_refusals),
    };
    return cmocka_run_group_tests_name("run/wav", tests, make_folder, drop_folder);
}
