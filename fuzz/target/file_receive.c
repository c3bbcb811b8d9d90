// SPDX-License-Identifier: Apache-2.0
/*
 * The receiver of a file against a hostile sender: a zero-filled file is offered, sent and ended, or
 * something else is. The input is
 *
 *     u8 choices: bit 0 the offer is made and accepted before; bit 1 half of the file is here from before;
 *                 bit 2 the stream ends at the end
 *     u16 bytes of the file (below 4096)
 *     pieces: u8 kind, u8 cut (0: pushed whole, else in pieces of so many bytes), u16 length, then
 *         kind 0xff: bytes as they are
 *         bit 7 of kind: the right record of that kind (of DATA: `length` zeros)
 *         else a record of that kind, sealed with the true key, of the bytes that follow
 *
 * Laws: behind bytes that nobody sealed nothing is opened; what is given is what was sealed, and never more
 * than was offered; WHOLE means the hash of all of it. Spec: proto/09-files.md.
 */
#include "fuzz/fuzz.h"

#include "file/receive.h"

#include <stdalign.h>
#include <string.h>

#define FILE_MAX 4096u
#define PIECES   24

static const uint8_t key[32] = {1}, salt[WZP_FILE_SALT_LEN] = {2}, zeros[FILE_MAX];

/* Aligned as its owner must have it. */
static alignas(64) struct wzp_file_receive fresh, receive;
static struct wzp_file_seal fresh_seal, data_seal;

static struct {
    struct wzp_file_seal seal; /* the hostile sender's */
    struct wzp_file_offer offer;
    crypto_generichash_blake2b_state hash; /* of all that was given, and held before */
    uint64_t given;
    struct wzp_slice sealed; /* plain bytes of the record under way */
    bool is_half_held, is_spoiled;
} now;

void fuzz_init(void)
{
    wzp_file_receive_init(&fresh, key, salt);
    wzp_file_seal_init(&fresh_seal, key, "wzp file offer", (struct wzp_slice){0});
    wzp_file_seal_init(&data_seal, key, "wzp file data", (struct wzp_slice){salt, sizeof salt});
}

/* As the receiver's user does. */
static void answer(void)
{
    if (receive.state == WZP_FILE_RECEIVE_OFFERED) {
        if (!wzp_file_name_is_good(receive.offer.name, receive.offer.name_len)) {
            wzp_file_receive_fail(&receive, WZP_FILE_BAD_NAME);
            return;
        }
        uint64_t held = now.is_half_held ? receive.offer.size / 2 : 0;
        if (held > sizeof zeros)
            held = sizeof zeros;
        wzp_file_receive_held(&receive, zeros, (size_t)held);
        crypto_generichash_blake2b_update(&now.hash, zeros, held);
        now.given = held;
        wzp_file_receive_accept(&receive);
        now.seal = data_seal;
    } else if (receive.state == WZP_FILE_RECEIVE_WHOLE) {
        uint8_t hash[WZP_FILE_HASH_LEN];
        crypto_generichash_blake2b_final(&now.hash, hash, sizeof hash);
        WZP_CHECK(now.given == receive.offer.size);
        WZP_CHECK(memcmp(hash, receive.offer.hash, sizeof hash) == 0);
        wzp_file_receive_confirm(&receive);
    }
}

static void check(void)
{
    const uint8_t *out;
    size_t len = wzp_file_receive_peek(&receive, &out);
    fuzz_touch(out, len);
    wzp_file_receive_consume(&receive, len);
    WZP_CHECK(wzp_file_receive_is_ended(&receive) == (receive.state >= WZP_FILE_RECEIVE_DONE));
    WZP_CHECK(receive.received == now.given || receive.state == WZP_FILE_RECEIVE_FAILED);
    if (receive.state != WZP_FILE_RECEIVE_OPENING)
        WZP_CHECK(now.given <= receive.offer.size || receive.state == WZP_FILE_RECEIVE_FAILED);
}

/* One push; false when the receiver is done with the sender. */
static void push(struct wzp_slice bytes)
{
    struct wzp_slice data;
    while (bytes.len > 0) {
        size_t before = bytes.len;
        enum wzp_file_receive_state state = receive.state;
        while (wzp_file_receive_push(&receive, &bytes, &data)) {
            WZP_CHECK(!now.is_spoiled && data.len > 0 && data.len == now.sealed.len);
            WZP_CHECK(memcmp(data.data, now.sealed.data, data.len) == 0);
            crypto_generichash_blake2b_update(&now.hash, data.data, data.len);
            now.given += data.len;
        }
        answer();
        check();
        if (receive.state == WZP_FILE_RECEIVE_FAILED)
            return;
        WZP_CHECK(bytes.len < before || receive.state != state);
    }
}

static void push_in_pieces(struct wzp_slice bytes, size_t cut)
{
    while (bytes.len > 0) {
        size_t len = cut && cut < bytes.len ? cut : bytes.len;
        push((struct wzp_slice){bytes.data, len});
        bytes.data += len;
        bytes.len -= len;
    }
}

static struct wzp_slice right_plain(uint8_t kind, size_t len, uint8_t plain[WZP_FILE_OFFER_MAX])
{
    struct wzp_writer writer = wzp_writer_make(plain, WZP_FILE_OFFER_MAX);
    switch (kind) {
    case WZP_FILE_OFFER:
        return (struct wzp_slice){plain, wzp_file_offer_encode(&now.offer, plain)};
    case WZP_FILE_END:
        wzp_write_u64(&writer, now.offer.size);
        wzp_write_bytes(&writer, now.offer.hash, sizeof now.offer.hash);
        return (struct wzp_slice){plain, wzp_writer_len(&writer)};
    default:
        return (struct wzp_slice){zeros, len % sizeof zeros};
    }
}

static void say(uint8_t kind, struct wzp_slice plain, size_t cut)
{
    static uint8_t record[WZP_FILE_RECORD_MAX];
    now.sealed = plain;
    size_t len = wzp_file_record_seal(&now.seal, kind, plain.data, plain.len, record);
    push_in_pieces((struct wzp_slice){record, len}, cut);
}

static void take_piece(struct fuzz_input *input)
{
    uint8_t plain[WZP_FILE_OFFER_MAX], kind = fuzz_u8(input), cut = fuzz_u8(input);
    uint16_t len = fuzz_u16(input);
    if (kind == 0xff) {
        struct wzp_slice bytes = fuzz_take(input, len);
        now.is_spoiled |= bytes.len > 0;
        push_in_pieces(bytes, cut);
    } else if (kind & 0x80) {
        say(kind & 0x7f, right_plain(kind & 0x7f, len, plain), cut);
    } else {
        say(kind, fuzz_take(input, len % (WZP_FILE_PLAIN_MAX + 1)), cut);
    }
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    uint8_t choices = fuzz_u8(&input), plain[WZP_FILE_OFFER_MAX];
    memset(&now, 0, sizeof now);
    now.seal = fresh_seal;
    now.offer = (struct wzp_file_offer){.size = fuzz_u16(&input) % FILE_MAX, .name_len = 1, .name = "f"};
    crypto_generichash_blake2b(now.offer.hash, sizeof now.offer.hash, zeros, now.offer.size, NULL, 0);
    crypto_generichash_blake2b_init(&now.hash, NULL, 0, WZP_FILE_HASH_LEN);
    now.is_half_held = choices >> 1 & 1;
    receive = fresh;
    if (choices & 1) {
        say(WZP_FILE_OFFER, right_plain(WZP_FILE_OFFER, 0, plain), 0);
        WZP_CHECK(receive.state == WZP_FILE_RECEIVE_RECEIVING);
    }
    for (unsigned i = 0; i < PIECES && input.len; i++)
        take_piece(&input);
    if (choices & 4)
        wzp_file_receive_on_end(&receive);
    check();
    return 0;
}
