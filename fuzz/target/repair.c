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
 * each in a packet of its own. Law: without lies (2, 3) no repair is called malformed or poisoned and all it
 * yields has a header; whatever is told, what comes out is bounded and nothing breaks.
 */
#include "fuzz/twin.h"

#include <string.h>

#define ENTRIES 64

static struct twin twin;
static struct twin_save save;

void fuzz_init(void)
{
    twin_init(&twin, false);
    twin_talk(&twin, false);
    twin_save(&twin, &save);
}

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

static void put_media(struct fuzz_input *input, struct wzp_writer *writer)
{
    uint8_t sequence = fuzz_u8(input);
    const struct wzp_frame_media frame = {.header = header_of(sequence), .payload = payload_of(sequence)};
    wzp_frame_media_encode(writer, &frame);
}

static void put_true_repair(struct fuzz_input *input, struct wzp_writer *writer)
{
    static uint8_t symbols[REPAIR_SOURCES][REPAIR_SYMBOL_MAX], sum[REPAIR_SYMBOL_MAX];
    struct wzp_slice slices[REPAIR_SOURCES];
    struct repair_window window = {0};
    size_t longest = 0;
    unsigned first = fuzz_u8(input), count = 1 + fuzz_u8(input) % REPAIR_SOURCES;
    for (unsigned sequence = first; sequence < first + count && sequence <= UINT8_MAX; sequence++) {
        struct wzp_media_header header = header_of((uint8_t)sequence);
        unsigned i = window.count++;
        window.keys[i] = repair_key(0, &header);
        unsigned len = repair_symbol(symbols[i], &header, payload_of((uint8_t)sequence));
        slices[i] = (struct wzp_slice){symbols[i], len};
        longest = len > longest ? len : longest;
    }
    struct wzp_frame_repair frame = {.id = fuzz_u16(input), .symbol = {sum, longest}};
    WZP_CHECK(repair_window_encode(&window, &frame));
    wzp_window_encode(wzp_gf256_best(), frame.id, slices, window.count, sum, longest);
    wzp_frame_repair_encode(writer, &frame);
}

static void deliver(const struct wzp_writer *writer)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX];
    size_t len = twin_seal(&twin, TWIN_CLIENT, (struct wzp_slice){writer->start, wzp_writer_len(writer)},
                           datagram);
    WZP_CHECK(len > 0 && len <= WZP_DATAGRAM_CEILING);
    twin_deliver(&twin, TWIN_RELAY, datagram, len);
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    twin_restore(&twin, &save, 1u << TWIN_RELAY);
    struct wzp_endpoint *relay = twin.side[TWIN_RELAY].endpoint;
    const struct wzp_endpoint_counters before = *wzp_endpoint_counters(relay);
    bool is_lie = false;
    for (unsigned entry = 0; entry < ENTRIES && input.len; entry++) {
        uint8_t frames[1100];
        struct wzp_writer writer = wzp_writer_make(frames, sizeof frames);
        switch (fuzz_u8(&input) % 4) {
        case 0:
            put_media(&input, &writer);
            break;
        case 1:
            put_true_repair(&input, &writer);
            break;
        case 2: {
            struct wzp_slice body = fuzz_take(&input, 2u * fuzz_u8(&input));
            wzp_write_u8(&writer, WZP_FRAME_TYPE_REPAIR);
            wzp_write_bytes(&writer, body.data, body.len);
            is_lie = true;
            break;
        }
        case 3: {
            struct wzp_media_header header = header_of(fuzz_u8(&input));
            wzp_endpoint_on_poisoned(relay, twin.side[TWIN_RELAY].session, 0, &header);
            is_lie = true;
            continue;
        }
        }
        deliver(&writer);
    }
    const struct wzp_endpoint_counters *after = wzp_endpoint_counters(relay);
    if (!is_lie) {
        WZP_CHECK(after->drops[WZP_DROP_REPAIR_MALFORMED] == before.drops[WZP_DROP_REPAIR_MALFORMED]);
        WZP_CHECK(after->drops[WZP_DROP_REPAIR_POISONED] == before.drops[WZP_DROP_REPAIR_POISONED]);
        WZP_CHECK(after->drops[WZP_DROP_REPAIR_HEADER] == before.drops[WZP_DROP_REPAIR_HEADER]);
    }
    WZP_CHECK(after->media_repaired - before.media_repaired <= (uint64_t)ENTRIES * REPAIR_SOURCES);
    twin_settle(&twin, TWIN_RELAY);
    return 0;
}
