// SPDX-License-Identifier: Apache-2.0
#include "run/test_picture.h"

#define FRAMES_A_SECOND 30

void wzp_test_picture_set(struct wzp_test_picture *picture, struct wzp_call *call, uint64_t min_bps,
                          uint64_t most_bps, int64_t now_ns)
{
    if (most_bps && !picture->is_on)
        *picture = (struct wzp_test_picture){.start_ns = now_ns};
    picture->is_on = most_bps > 0;
    wzp_call_video_wish(call, min_bps, most_bps);
}

int64_t wzp_test_picture_next_at(const struct wzp_test_picture *picture)
{
    int64_t since_ns = (int64_t)(picture->frames + 1) * WZP_S / FRAMES_A_SECOND;
    return picture->is_on ? picture->start_ns + since_ns : WZP_NEVER;
}

static void send(struct wzp_test_picture *picture, struct wzp_call *call, uint64_t size, int64_t now_ns)
{
    static const uint8_t nothing[WZP_TEST_PICTURE_PACKET];
    struct wzp_slice payload = {nothing, (size_t)size - WZP_CALL_VIDEO_OVERHEAD};
    uint32_t timestamp_ms = (uint32_t)(picture->frames * 1000 / FRAMES_A_SECOND);
    picture->packets++;
    picture->refused += wzp_call_video_send(call, payload, timestamp_ms, now_ns) != WZP_ERR_OK;
}

void wzp_test_picture_advance(struct wzp_test_picture *picture, struct wzp_call *call, int64_t now_ns)
{
    if (wzp_test_picture_next_at(picture) > now_ns)
        return;
    while (wzp_test_picture_next_at(picture) <= now_ns)
        picture->frames++; /* those for which nobody came are skipped */
    uint64_t bytes_a_second = wzp_call_video_rate(call) / 8, size = bytes_a_second / 10;
    size = size > 2 * WZP_CALL_VIDEO_OVERHEAD ? size : 2 * WZP_CALL_VIDEO_OVERHEAD;
    size = size < WZP_TEST_PICTURE_PACKET ? size : WZP_TEST_PICTURE_PACKET;
    picture->credit += bytes_a_second / FRAMES_A_SECOND;
    for (; picture->credit >= size; picture->credit -= size)
        send(picture, call, size, now_ns);
}
