// SPDX-License-Identifier: Apache-2.0
/*
 * The frames of a packet, by the generated codec alone. Law: what was decoded encodes to as many bytes as the
 * codec says before, never to more than were read, and they decode to the same.
 */
#include "fuzz/fuzz.h"
#include "fuzz/round_trip.h"

#include <string.h>

void fuzz_init(void)
{
}

static void check(const struct wzp_frame *frame, size_t read)
{
    uint8_t first[FUZZ_INPUT_MAX + 64], second[FUZZ_INPUT_MAX + 64];
    struct wzp_writer writer = wzp_writer_make(first, sizeof first);
    size_t size = round_trip_frame(frame, &writer);
    WZP_CHECK(size > 0 && !writer.failed && wzp_writer_len(&writer) == size && size <= read);
    struct wzp_reader reader = wzp_reader_make(first, size);
    struct wzp_frame again;
    WZP_CHECK(wzp_frame_decode(&reader, &again) == WZP_FRAME_OK && again.type == frame->type);
    WZP_CHECK(wzp_reader_left(&reader) == 0);
    writer = wzp_writer_make(second, sizeof second);
    WZP_CHECK(round_trip_frame(&again, &writer) == size && memcmp(first, second, size) == 0);
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct wzp_reader reader = wzp_reader_make(data, len);
    struct wzp_frame frame;
    size_t left = len;
    enum wzp_frame_result result;
    while ((result = wzp_frame_decode(&reader, &frame)) == WZP_FRAME_OK) {
        WZP_CHECK(frame.type < WZP_FRAME_TYPE_COUNT);
        check(&frame, left - wzp_reader_left(&reader)); /* with the padding in front of it */
        left = wzp_reader_left(&reader);
    }
    WZP_CHECK(result != WZP_FRAME_END || wzp_reader_left(&reader) == 0);
    (void)round_trip_struct;
    return 0;
}
