// SPDX-License-Identifier: Apache-2.0
/*
 * Sound in files: any file that libsndfile knows, of any rate and channels, read whole as 48 kHz mono; and 48
 * kHz mono 16-bit WAV written as it comes.
 *
 * The law: a file of n frames at rate r gives round(n 48000 / r) samples, the mean of its channels, full
 * scale 1, and sample 0 is the file's first; at 48 kHz the samples are the file's own. What was appended is
 * in the file after close, with a right header; after a crash all but the last second of it is.
 *
 * Owns its memory and files. Does not: play, mix, or read files without a header. Spec: none, it is outside
 * the wire.
 */
#ifndef WZP_RUN_WAV_H
#define WZP_RUN_WAV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WZP_WAV_RATE        48000
#define WZP_WAV_SECONDS_MAX 1800 /* longest file to read: half an hour, 346 MB in memory */
#define WZP_WAV_WHY_MAX     256  /* room for a sentence about what is wrong */

struct wzp_wav {
    float *samples; /* 48 kHz mono, -1..1 unless the file itself goes beyond */
    size_t len;
    int file_rate; /* what the file had */
    int file_channels;
};

/* False: nothing is held, and `why` says what is wrong as "PATH: sentence". */
bool wzp_wav_read(const char *path, struct wzp_wav *wav, char why[static WZP_WAV_WHY_MAX]);
void wzp_wav_free(struct wzp_wav *wav);

/* Full scale 1 to 32767, rounded, held at the ends. `to` may not overlap `from`. */
void wzp_wav_to_int16(const float *from, int16_t *to, size_t len);

struct wzp_wav_writer {
    void *file;                /* NULL when closed */
    uint64_t len;              /* samples so far */
    uint64_t header_len;       /* samples the header knows of */
    char why[WZP_WAV_WHY_MAX]; /* the first thing that went wrong, "" = nothing; "PATH: sentence" */
    char path[WZP_WAV_WHY_MAX];
};

/* Makes or empties the file. False: `writer->why` says why not, and nothing is to be closed. */
bool wzp_wav_open(struct wzp_wav_writer *writer, const char *path);

/* False and `why` set when the disk or the format (4 GB) is full; from then on nothing more is written. */
bool wzp_wav_append(struct wzp_wav_writer *writer, const int16_t *samples, size_t len);

/* False when anything was ever wrong. Closing twice is closing once. */
bool wzp_wav_close(struct wzp_wav_writer *writer);

#endif
