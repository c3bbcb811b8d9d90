// SPDX-License-Identifier: Apache-2.0
/*
 * Headers and payloads that stand alone. The input is u8 which struct of proto/wire.lua, then its bytes; or,
 * for the number behind the last of them, media headers of one direction through compression and back:
 *
 *     entries of u8 (bit 0 full headers are acknowledged from here on; bit 1 lost on the way; bits 2-3
 * stream; bits 4-7 packets in between), u8 by how much sequence and, times 20 ms, timestamp move, u8 flags
 *
 * Law: what was decoded encodes to bytes that decode to the same; a header that comes out of a mini frame is
 * the one that went in.
 */
#include "session/headers.h"
#include "fuzz/fuzz.h"
#include "fuzz/round_trip.h"

#include <string.h>

void fuzz_init(void)
{
}

static void round_trip(unsigned which, struct fuzz_input *input)
{
    uint8_t first[FUZZ_INPUT_MAX + 64], second[FUZZ_INPUT_MAX + 64];
    struct wzp_reader reader = wzp_reader_make(input->data, input->len);
    struct wzp_writer writer = wzp_writer_make(first, sizeof first);
    if (!round_trip_struct(which, &reader, &writer))
        return;
    WZP_CHECK(!writer.failed);
    size_t len = wzp_writer_len(&writer);
    reader = wzp_reader_make(first, len);
    writer = wzp_writer_make(second, sizeof second);
    WZP_CHECK(round_trip_struct(which, &reader, &writer));
    WZP_CHECK(wzp_writer_len(&writer) == len && memcmp(first, second, len) == 0);
}

static void same(const struct wzp_media_header *a, const struct wzp_media_header *b)
{
    uint8_t bytes[2][WZP_MEDIA_HEADER_LEN];
    struct wzp_writer writer = wzp_writer_make(bytes[0], sizeof bytes[0]);
    wzp_media_header_encode(&writer, a);
    writer = wzp_writer_make(bytes[1], sizeof bytes[1]);
    wzp_media_header_encode(&writer, b);
    WZP_CHECK(memcmp(bytes[0], bytes[1], sizeof bytes[0]) == 0);
}

static void compress(struct fuzz_input *input)
{
    static struct headers_out out;
    static struct headers_in in;
    memset(&out, 0, sizeof out);
    memset(&in, 0, sizeof in);
    uint64_t number = 0;
    unsigned remembered = 0; /* more would push out what is built on, and the mini frame be dropped */
    struct wzp_media_header header[4] = {{.stream = 0}, {.stream = 1}, {.stream = 2}, {.stream = 3}};
    while (input->len && remembered < HEADERS_REMEMBER) {
        uint8_t choices = fuzz_u8(input), step = fuzz_u8(input), flags = fuzz_u8(input);
        unsigned stream = choices >> 2 & 3;
        number += 1u + (choices >> 4);
        header[stream].sequence += step;
        header[stream].timestamp_ms += 20u * step;
        header[stream].flags = flags & WZP_MEDIA_FLAG_KEYFRAME;
        header[stream].codec = flags & 7;
        struct wzp_frame_media_mini mini;
        uint16_t slot;
        struct wzp_media_header came;
        if (headers_compress(&out, (uint16_t)stream, &header[stream], number, &mini)) {
            /* Only what was acknowledged is built on, so it must be known. */
            WZP_CHECK(headers_rebuild(&in, number, &mini, &slot, &came) && slot == stream);
            same(&came, &header[stream]);
            continue;
        }
        uint32_t key = headers_on_full_sent(&out, (uint16_t)stream, &header[stream], number);
        if (choices & 2)
            continue;
        remembered++;
        headers_remember(&in, number, (uint16_t)stream, &header[stream]);
        if (key && choices & 1)
            headers_on_acked(&out, key, number, header[stream].sequence, header[stream].timestamp_ms);
    }
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    unsigned which = fuzz_u8(&input) % (ROUND_TRIP_STRUCTS + 1);
    if (which < ROUND_TRIP_STRUCTS)
        round_trip(which, &input);
    else
        compress(&input);
    (void)round_trip_frame;
    return 0;
}
