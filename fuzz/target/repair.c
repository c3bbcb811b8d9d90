// SPDX-License-Identifier: Apache-2.0
/*
 * REPAIR frames that a peer with true keys sends, among the media that they cover. The input is entries of u8
 * what, and then
 *
 *     0: a media frame: u8 sequence
 *     1: true repair of frames: u8 first sequence, u8 count (mod 64, and 1), u16 id
 *     2: repair as the input has it: u8 half the length, that many bytes of the frame without its type
 *     3: the seal of a repaired frame did not open: u8 sequence
 *
 * Media frames share a packet as long as they fit; bit 7 of what, or repair behind them, ends it. Law:
 * without lies (2, 3) no repair is called malformed or poisoned and all it yields has a header; whatever is
 * told, what comes out is bounded and nothing breaks.
 */
#include "fuzz/twin.h"

#include <string.h>

#define ENTRIES   16
#define SEQUENCES 256

static struct twin twin;
static struct twin_save save;

/* Every frame as repair covers it. */
static struct {
    uint8_t bytes[REPAIR_SYMBOL_MAX];
    unsigned len;
} symbol[SEQUENCES];

/* A stream of its own: the twins have talked before. */
static struct wzp_media_header header_of(uint8_t sequence)
{
    return (struct wzp_media_header){.stream = 7, .sequence = sequence, .timestamp_ms = 20u * sequence};
}

static struct wzp_slice payload_of(uint8_t sequence)
{
    static uint8_t bytes[384];
    for (size_t i = 0; bytes[255] == 0 && i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + 1 + (i == 255));
    return (struct wzp_slice){bytes + sequence % 64, 20 + sequence};
}

void fuzz_init(void)
{
    twin_init(&twin, false);
    twin_talk(&twin, false);
    twin_save(&twin, &save);
    for (unsigned sequence = 0; sequence < SEQUENCES; sequence++) {
        struct wzp_media_header header = header_of((uint8_t)sequence);
        symbol[sequence].len = repair_symbol(symbol[sequence].bytes, &header, payload_of((uint8_t)sequence));
    }
}

static void put_media(struct fuzz_input *input, struct wzp_writer *writer)
{
    uint8_t sequence = fuzz_u8(input);
    const struct wzp_frame_media frame = {.header = header_of(sequence), .payload = payload_of(sequence)};
    wzp_frame_media_encode(writer, &frame);
}

static void put_true_repair(struct fuzz_input *input, struct wzp_writer *writer)
{
    static uint8_t sum[REPAIR_SYMBOL_MAX];
    struct wzp_slice slices[REPAIR_SOURCES];
    struct repair_window window = {0};
    size_t longest = 0;
    unsigned first = fuzz_u8(input), count = 1 + fuzz_u8(input) % REPAIR_SOURCES;
    for (unsigned sequence = first; sequence < first + count && sequence < SEQUENCES; sequence++) {
        struct wzp_media_header header = header_of((uint8_t)sequence);
        unsigned i = window.count++;
        window.keys[i] = repair_key(0, &header);
        slices[i] = (struct wzp_slice){symbol[sequence].bytes, symbol[sequence].len};
        longest = slices[i].len > longest ? slices[i].len : longest;
    }
    struct wzp_frame_repair frame = {.id = fuzz_u16(input), .symbol = {sum, longest}};
    WZP_CHECK(repair_window_encode(&window, &frame));
    wzp_window_encode(wzp_gf256_best(), frame.id, slices, window.count, sum, longest);
    wzp_frame_repair_encode(writer, &frame);
}

static struct {
    uint8_t frames[1100];
    size_t len;
} packet;

static void deliver(void)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX];
    if (packet.len == 0)
        return;
    size_t len = twin_seal(&twin, TWIN_CLIENT, (struct wzp_slice){packet.frames, packet.len}, datagram);
    WZP_CHECK(len > 0 && len <= WZP_DATAGRAM_CEILING);
    twin_deliver(&twin, TWIN_RELAY, datagram, len);
    packet.len = 0;
}

static void join_packet(const struct wzp_writer *frame)
{
    if (packet.len + wzp_writer_len(frame) > sizeof packet.frames)
        deliver();
    memcpy(packet.frames + packet.len, frame->start, wzp_writer_len(frame));
    packet.len += wzp_writer_len(frame);
}

/* False for a lie. */
static bool take_entry(struct fuzz_input *input)
{
    uint8_t what = fuzz_u8(input), frame[REPAIR_SYMBOL_MAX + 300];
    struct wzp_writer writer = wzp_writer_make(frame, sizeof frame);
    if (what % 4 == 0) {
        put_media(input, &writer);
    } else if (what % 4 == 1) {
        put_true_repair(input, &writer);
    } else if (what % 4 == 2) {
        struct wzp_slice body = fuzz_take(input, 2u * fuzz_u8(input));
        wzp_write_u8(&writer, WZP_FRAME_TYPE_REPAIR);
        wzp_write_bytes(&writer, body.data, body.len);
    } else {
        struct wzp_media_header header = header_of(fuzz_u8(input));
        deliver();
        wzp_endpoint_on_poisoned(twin.side[TWIN_RELAY].endpoint, twin.side[TWIN_RELAY].session, 0, &header);
    }
    WZP_CHECK(!writer.failed);
    join_packet(&writer);
    if (what & 0x83)
        deliver();
    return !(what & 2);
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    twin_restore(&twin, &save, 1u << TWIN_RELAY);
    const struct wzp_endpoint_counters before = *wzp_endpoint_counters(twin.side[TWIN_RELAY].endpoint);
    bool is_true = true;
    packet.len = 0;
    for (unsigned entry = 0; entry < ENTRIES && input.len; entry++)
        is_true = take_entry(&input) && is_true;
    deliver();
    const struct wzp_endpoint_counters *after = wzp_endpoint_counters(twin.side[TWIN_RELAY].endpoint);
    if (is_true) {
        WZP_CHECK(after->drops[WZP_DROP_REPAIR_MALFORMED] == before.drops[WZP_DROP_REPAIR_MALFORMED]);
        WZP_CHECK(after->drops[WZP_DROP_REPAIR_POISONED] == before.drops[WZP_DROP_REPAIR_POISONED]);
        WZP_CHECK(after->drops[WZP_DROP_REPAIR_HEADER] == before.drops[WZP_DROP_REPAIR_HEADER]);
    }
    WZP_CHECK(after->media_repaired - before.media_repaired <= (uint64_t)ENTRIES * REPAIR_SOURCES);
    twin_settle(&twin, TWIN_RELAY);
    return 0;
}
