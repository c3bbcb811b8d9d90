// SPDX-License-Identifier: Apache-2.0
/* A sender and a receiver of headers with a bad channel between them; the twin is the header itself, which
 * travels beside. What is rebuilt is the twin to the last field, or it is refused. */
#include "session/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define STEPS     6000
#define FRAMES    8 /* of a packet */
#define LATEST    300
#define NO_PACKET UINT32_MAX

struct frame {
    uint16_t slot;
    struct wzp_media_header header;
    bool is_mini;
    struct wzp_frame_media_mini mini;
};

struct packet {
    unsigned arrives, acked; /* in which step; NO_PACKET: never */
    uint32_t key;
    unsigned frame_count;
    struct frame frame[FRAMES];
};

struct channel {
    unsigned streams;  /* one frame of each in a row; so a packet holds FRAMES of them at most */
    double loss;       /* of packets, and of acknowledgements */
    unsigned delay;    /* at most so many packets, in each direction */
    unsigned flagged;  /* every so many frames of a stream carry flags, 0: none */
    unsigned changes;  /* every so many frames, by chance, a stream's fixed fields change, 0: never */
    bool has_silences; /* timestamps jump now and then */
};

struct result {
    unsigned full, mini, unknown;
};

static bool is_same(const struct wzp_media_header *a, const struct wzp_media_header *b)
{
    return a->flags == b->flags && a->media_type == b->media_type && a->codec == b->codec &&
           a->stream == b->stream && a->repair_ratio == b->repair_ratio && a->sequence == b->sequence &&
           a->timestamp_ms == b->timestamp_ms && a->block == b->block;
}

static void deliver(struct headers_in *in, uint64_t number, const struct packet *packet,
                    struct result *result)
{
    bool has_media = false;
    for (unsigned i = 0; i < packet->frame_count; i++) {
        const struct frame *frame = &packet->frame[i];
        if (!frame->is_mini) {
            if (!has_media)
                headers_remember(in, number, frame->slot, &frame->header);
            has_media = true;
            continue;
        }
        uint16_t slot;
        struct wzp_media_header header;
        if (!headers_rebuild(in, number, &frame->mini, &slot, &header)) {
            result->unknown++;
            continue;
        }
        assert_int_equal(slot, frame->slot);
        assert_true(is_same(&header, &frame->header));
    }
}

static void compose(struct headers_out *out, uint64_t number, struct packet *packet, struct result *result)
{
    bool has_media = false;
    for (unsigned i = 0; i < packet->frame_count; i++) {
        struct frame *frame = &packet->frame[i];
        frame->is_mini = headers_compress(out, frame->slot, &frame->header, number, &frame->mini);
        result->mini += frame->is_mini;
        result->full += !frame->is_mini;
        if (frame->is_mini) {
            assert_int_equal(frame->header.flags, 0);
            assert_int_not_equal(frame->header.codec, WZP_CODEC_COMFORT_NOISE);
        } else if (!has_media) {
            packet->key = headers_on_full_sent(out, frame->slot, &frame->header, number);
            has_media = true;
        }
    }
}

/* The frame whose acknowledgement is heard: the packet's first full one. */
static void acknowledge(struct headers_out *out, uint64_t number, const struct packet *packet)
{
    for (unsigned i = 0; packet->key && i < packet->frame_count; i++) {
        if (packet->frame[i].is_mini)
            continue;
        headers_on_acked(out, packet->key, number, packet->frame[i].header.sequence,
                         packet->frame[i].header.timestamp_ms);
        return;
    }
}

static struct wzp_media_header next_header(const struct channel *channel, struct wzp_rng *rng,
                                           struct wzp_media_header *stream)
{
    stream->sequence++;
    stream->timestamp_ms += 20;
    if (channel->has_silences && wzp_rng_below(rng, 200) == 0)
        stream->timestamp_ms += (uint32_t)wzp_rng_below(rng, 100000);
    if (channel->changes && wzp_rng_below(rng, channel->changes) == 0) {
        stream->codec = (uint8_t)wzp_rng_below(rng, 7); /* comfort noise among them */
        stream->repair_ratio = (uint8_t)wzp_rng_below(rng, 3);
    }
    struct wzp_media_header header = *stream;
    if (channel->flagged && stream->sequence % channel->flagged == 0)
        header.flags = WZP_MEDIA_FLAG_QUALITY;
    return header;
}

static struct result run(const struct channel *channel, uint64_t seed)
{
    struct wzp_rng rng = wzp_rng_make(seed, 0);
    struct headers_out *out = calloc(1, sizeof *out);
    struct headers_in *in = calloc(1, sizeof *in);
    struct packet *packet = calloc(STEPS, sizeof *packet);
    struct wzp_media_header stream[2 * HEADERS_STREAMS];
    struct result result = {0};
    for (unsigned i = 0; i < channel->streams; i++)
        stream[i] = (struct wzp_media_header){.sequence = UINT32_MAX - (uint32_t)wzp_rng_below(&rng, 2000),
                                              .timestamp_ms = (uint32_t)wzp_rng_u64(&rng)};
    unsigned turn = 0;
    for (unsigned step = 0; step < STEPS; step++) {
        struct packet *now = &packet[step];
        now->frame_count = channel->streams < FRAMES ? channel->streams : FRAMES;
        for (unsigned i = 0; i < now->frame_count; i++, turn = (turn + 1) % channel->streams)
            now->frame[i] = (struct frame){.slot = (uint16_t)(turn + 1),
                                           .header = next_header(channel, &rng, &stream[turn])};
        compose(out, step, now, &result);
        bool is_lost = wzp_rng_unit(&rng) < channel->loss, is_ack_lost = wzp_rng_unit(&rng) < channel->loss;
        now->arrives = is_lost ? NO_PACKET : step + (unsigned)wzp_rng_below(&rng, channel->delay + 1);
        now->acked = is_lost || is_ack_lost
                         ? NO_PACKET
                         : now->arrives + (unsigned)wzp_rng_below(&rng, channel->delay + 1);
        for (unsigned i = step < LATEST ? 0 : step - LATEST; i <= step; i++)
            if (packet[i].arrives == step)
                deliver(in, i, &packet[i], &result);
        for (unsigned i = step < LATEST ? 0 : step - LATEST; i <= step; i++)
            if (packet[i].acked == step)
                acknowledge(out, i, &packet[i]);
    }
    free(out);
    free(in);
    free(packet);
    return result;
}

static void test_rebuilt_or_refused(void **state)
{
    (void)state;
    static const struct {
        struct channel channel;
        unsigned mini_percent;    /* at least so many travel small */
        unsigned unknown_percent; /* and at most so many of them cannot be rebuilt */
    } rows[] = {
        {{.streams = 1, .delay = 0}, 98, 0},
        {{.streams = 1, .delay = 5, .flagged = 25}, 93, 0},
        {{.streams = 1, .loss = 0.3, .delay = 20, .flagged = 25}, 88, 0},
        {{.streams = 1, .loss = 0.7, .delay = 50, .flagged = 25}, 70, 0},
        {{.streams = 3, .loss = 0.2, .delay = 20, .changes = 100}, 45, 0},
        {{.streams = 3, .loss = 0.2, .delay = 20, .changes = 3}, 0, 0},
        {{.streams = 5, .loss = 0.3, .delay = 20, .has_silences = true, .flagged = 25}, 75, 0},
        {{.streams = 15, .loss = 0.2, .delay = 30, .flagged = 25}, 80, 0},
        {{.streams = 63, .loss = 0.1, .delay = 30, .flagged = 25}, 60, 0},
        {{.streams = 100, .loss = 0.1, .delay = 30}, 0, 0}, /* more than can be compressed at once */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct result result = run(&rows[i].channel, seed);
            if (result.mini * 100 < rows[i].mini_percent * (result.mini + result.full))
                fail_msg("row %zu: %u mini, %u full", i, result.mini, result.full);
            if (result.unknown * 100 > rows[i].unknown_percent * result.mini)
                fail_msg("row %zu: %u of %u mini frames unknown", i, result.unknown, result.mini);
        }
    }
}

/* Sends one full header in packet `number`; its key. */
static uint32_t send_full(struct headers_out *out, const struct wzp_media_header *header, uint64_t number)
{
    struct wzp_frame_media_mini mini;
    assert_false(headers_compress(out, 1, header, number, &mini));
    return headers_on_full_sent(out, 1, header, number);
}

/* Each row: a full header in packet 0, acknowledged; then this one in packet `number`. */
static void test_reach(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint32_t sequence, timestamp_ms;
        uint64_t number;
        uint16_t slot;
        struct wzp_media_header other; /* added to the fields */
        bool is_mini;
    } rows[] = {
        {"the next", 1, 20, 1, 1, {0}, true},
        {"its own again", 0, 0, 1, 1, {0}, true},
        {"half the span", 128, 2560, 4000, 1, {0}, true},
        {"renewed from here on", 129, 2580, 4000, 1, {0}, false},
        {"renewed, but not at once", 129, 2580, 7, 1, {0}, true},
        {"the span's end", 255, 0, 7, 1, {0}, true},
        {"beyond it", 256, 0, 7, 1, {0}, false},
        {"before it", UINT32_MAX, 0, 7, 1, {0}, false},
        {"65535 ms", 1, 65535, 7, 1, {0}, true},
        {"65536 ms", 1, 65536, 7, 1, {0}, false},
        {"time goes back", 1, UINT32_MAX, 7, 1, {0}, false},
        {"the farthest packet", 1, 20, WZP_FULL_HEADER_MEMORY - 1, 1, {0}, true},
        {"one farther", 1, 20, WZP_FULL_HEADER_MEMORY, 1, {0}, false},
        {"another slot", 1, 20, 1, 2, {0}, false},
        {"flags", 1, 20, 1, 1, {.flags = WZP_MEDIA_FLAG_QUALITY}, false},
        {"codec", 1, 20, 1, 1, {.codec = WZP_CODEC_OPUS_6K}, false},
        {"comfort noise", 1, 20, 1, 1, {.codec = WZP_CODEC_COMFORT_NOISE}, false},
        {"stream", 1, 20, 1, 1, {.stream = 1}, false},
        {"repair ratio", 1, 20, 1, 1, {.repair_ratio = 1}, false},
        {"block", 1, 20, 1, 1, {.block = 1}, false},
        {"video", 1, 20, 1, 1, {.media_type = WZP_MEDIA_TYPE_VIDEO}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct headers_out out;
        static struct headers_in in;
        memset(&out, 0, sizeof out);
        memset(&in, 0, sizeof in);
        const struct wzp_media_header first = {.sequence = UINT32_MAX - 60, .timestamp_ms = UINT32_MAX - 999};
        struct wzp_media_header header = rows[i].other, back;
        header.sequence = first.sequence + rows[i].sequence;
        header.timestamp_ms = first.timestamp_ms + rows[i].timestamp_ms;
        struct wzp_frame_media_mini mini;
        uint32_t key = send_full(&out, &first, 0);
        assert_int_not_equal(key, 0);
        assert_false(
            headers_compress(&out, rows[i].slot, &header, rows[i].number, &mini)); /* not yet heard of */
        headers_on_acked(&out, key, 0, first.sequence, first.timestamp_ms);
        headers_remember(&in, 0, 1, &first);
        if (headers_compress(&out, rows[i].slot, &header, rows[i].number, &mini) != rows[i].is_mini)
            fail_msg("%s", rows[i].what);
        if (!rows[i].is_mini)
            continue;
        uint16_t slot;
        assert_true(headers_rebuild(&in, rows[i].number, &mini, &slot, &back));
        assert_int_equal(slot, 1);
        assert_true(is_same(&back, &header));
    }
}

static void test_what_is_never_built_on(void **state)
{
    (void)state;
    static const struct wzp_media_header rows[] = {
        {.flags = WZP_MEDIA_FLAG_KEYFRAME},
        {.codec = WZP_CODEC_COMFORT_NOISE},
        {.media_type = WZP_MEDIA_TYPE_DATA},
    };
    static struct headers_out out;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(headers_on_full_sent(&out, 1, &rows[i], i), 0);
}

/* The fields change, and only then the old full header's acknowledgement comes: however many changes lie
 * between, nothing is built on it. */
static void test_late_acknowledgements(void **state)
{
    (void)state;
    for (unsigned changes = 1; changes <= 1024; changes++) {
        static struct headers_out out;
        static struct headers_in in;
        memset(&out, 0, sizeof out);
        memset(&in, 0, sizeof in);
        struct wzp_media_header header = {.block = 0}, back;
        uint32_t key = send_full(&out, &header, 0);
        headers_remember(&in, 0, 1, &header);
        for (unsigned i = 1; i <= changes; i++) {
            header.block = (uint16_t)i;
            header.sequence = i / 8;
            send_full(&out, &header, i);
        }
        headers_on_acked(&out, key, 0, 0, 0);
        struct wzp_frame_media_mini mini;
        uint16_t slot;
        header.sequence++;
        if (headers_compress(&out, 1, &header, changes + 1, &mini) &&
            headers_rebuild(&in, changes + 1, &mini, &slot, &back))
            assert_true(is_same(&back, &header));
    }
}

/* An acknowledgement of an older full header does not take the place of a newer one. */
static void test_acknowledgements_out_of_order(void **state)
{
    (void)state;
    static struct headers_out out;
    struct wzp_media_header header = {.sequence = 100};
    uint32_t old = send_full(&out, &header, 10);
    header.sequence = 150;
    uint32_t new = send_full(&out, &header, 20);
    headers_on_acked(&out, new, 20, 150, 0);
    headers_on_acked(&out, old, 10, 100, 0);
    struct wzp_frame_media_mini mini;
    header.sequence = 151;
    assert_true(headers_compress(&out, 1, &header, 21, &mini));
    assert_int_equal(mini.ref, 1);
    assert_int_equal(mini.sequence_delta, 1);
}

/* Refs that no honest sender writes. */
static void test_refused_refs(void **state)
{
    (void)state;
    static struct headers_in in;
    const struct wzp_media_header header = {.sequence = 5};
    struct wzp_media_header back;
    uint16_t slot;
    struct wzp_frame_media_mini mini = {.ref = 1};
    assert_false(headers_rebuild(&in, 1, &mini, &slot, &back)); /* nothing is remembered */
    headers_remember(&in, 0, 1, &header);
    assert_true(headers_rebuild(&in, 1, &mini, &slot, &back));
    assert_false(headers_rebuild(&in, 2, &mini, &slot, &back)); /* packet 1 held none */
    mini.ref = 2;
    assert_false(headers_rebuild(&in, 1, &mini, &slot, &back)); /* before the first packet */
    mini.ref = WZP_FULL_HEADER_MEMORY - 1;
    assert_true(headers_rebuild(&in, WZP_FULL_HEADER_MEMORY - 1, &mini, &slot, &back));
    mini.ref = WZP_FULL_HEADER_MEMORY;
    assert_false(headers_rebuild(&in, WZP_FULL_HEADER_MEMORY, &mini, &slot, &back));
    for (uint64_t number = 1; number <= HEADERS_REMEMBER; number++)
        headers_remember(&in, number, 1, &header);
    mini.ref = HEADERS_REMEMBER;
    assert_false(headers_rebuild(&in, HEADERS_REMEMBER, &mini, &slot, &back)); /* 256 newer ones came */
    mini.ref--;
    assert_true(headers_rebuild(&in, HEADERS_REMEMBER, &mini, &slot, &back));
}

/* Slots, and numbers, that share a place. */
static void test_shared_places(void **state)
{
    (void)state;
    static struct headers_out out;
    static struct headers_in in;
    uint64_t number = 1;
    for (unsigned turn = 0; turn < 40; turn++, number += turn % 2 ? HEADERS_PLACES : 1) {
        for (uint16_t slot = 1; slot <= 1 + 2 * HEADERS_STREAMS; slot += HEADERS_STREAMS) {
            struct wzp_media_header header = {.sequence = 100u * slot + turn,
                                              .timestamp_ms = 7u * slot + turn},
                                    rebuilt;
            struct wzp_frame_media_mini mini;
            uint16_t got;
            if (!headers_compress(&out, slot, &header, number, &mini)) {
                headers_remember(&in, number, slot, &header);
                uint32_t key = headers_on_full_sent(&out, slot, &header, number);
                headers_on_acked(&out, key, number, header.sequence, header.timestamp_ms);
            } else {
                assert_true(headers_rebuild(&in, number, &mini, &got, &rebuilt));
                assert_int_equal(got, slot);
                assert_true(is_same(&header, &rebuilt));
            }
            number++;
        }
    }
    const struct wzp_frame_media_mini unknown = {.ref = 5};
    struct wzp_media_header header;
    uint16_t slot;
    assert_false(headers_rebuild(&in, 1 + 5 + 9 * HEADERS_PLACES, &unknown, &slot, &header));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rebuilt_or_refused),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_what_is_never_built_on),
        cmocka_unit_test(test_late_acknowledgements),
        cmocka_unit_test(test_acknowledgements_out_of_order),
        cmocka_unit_test(test_refused_refs),
        cmocka_unit_test(test_shared_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
