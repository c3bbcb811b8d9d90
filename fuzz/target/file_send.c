// SPDX-License-Identifier: Apache-2.0
/*
 * The sender of a file against a hostile receiver, who has the true key. The input is
 *
 *     u8 choices: bit 0 the salt was said before; bit 1 and accepted from offset 0; bit 2 the stream ends at
 *                 the end
 *     u16 bytes of the file (below 1024)
 *     pieces: u8 kind, then
 *         kind 0xff: u8 length, bytes as they are
 *         bit 7 of kind: what the sender has to say is taken, and it is given one piece of its file
 *         else u8 length, and a record of that kind, sealed with the true key, of the bytes that follow
 *
 * Laws: nothing of the file leaves before an ACCEPT, nor below its offset; DONE only after all was read; it
 * says nothing more once it has failed. Spec: proto/09-files.md.
 */
#include "fuzz/fuzz.h"

#include "file/send.h"

#include <stdalign.h>
#include <string.h>

#define FILE_MAX 1024u
#define PIECES   64

static const uint8_t key[32] = {1}, salt[WZP_FILE_SALT_LEN] = {2}, body[WZP_FILE_BODY_LEN], zeros[FILE_MAX];

static alignas(64) struct wzp_file_send sender;
static struct wzp_file_seal fresh_seal;

static struct {
    struct wzp_file_seal seal; /* the hostile receiver's */
    bool is_spoiled;           /* bytes were said that nobody sealed, behind the salt */
    enum wzp_file_send_state spoiled_at;
} now;

void fuzz_init(void)
{
    wzp_file_seal_init(&fresh_seal, key, "wzp file answer", (struct wzp_slice){salt, sizeof salt});
}

static void check(void)
{
    WZP_CHECK(sender.read <= sender.offer.size && sender.accepted <= sender.offer.size);
    WZP_CHECK(sender.state != WZP_FILE_SEND_OFFERING || (sender.read == 0 && sender.accepted == 0));
    WZP_CHECK(sender.state != WZP_FILE_SEND_DONE || sender.read == sender.offer.size);
    /* Only what was sealed moves it on to where the receiver agrees. */
    WZP_CHECK(!now.is_spoiled || sender.state != WZP_FILE_SEND_DONE || now.spoiled_at == WZP_FILE_SEND_DONE);
    WZP_CHECK(!now.is_spoiled || now.spoiled_at != WZP_FILE_SEND_OFFERING ||
              sender.state == WZP_FILE_SEND_OFFERING || sender.state == WZP_FILE_SEND_FAILED);
}

static void push(const void *data, size_t len)
{
    wzp_file_send_push(&sender, (struct wzp_slice){data, len});
    check();
}

static void say(uint8_t kind, struct wzp_slice plain)
{
    uint8_t record[256 + WZP_FILE_OVERHEAD];
    push(record, wzp_file_record_seal(&now.seal, kind, plain.data, plain.len, record));
}

static void take_out(void)
{
    const uint8_t *out;
    size_t len = wzp_file_send_peek(&sender, &out);
    fuzz_touch(out, len);
    wzp_file_send_consume(&sender, len);
    WZP_CHECK(wzp_file_send_is_ended(&sender) == (sender.state >= WZP_FILE_SEND_FINISHING));
}

static void pull(void)
{
    const uint8_t *out;
    take_out();
    size_t wants = wzp_file_send_wants(&sender);
    WZP_CHECK((wants > 0) == (sender.state == WZP_FILE_SEND_SENDING));
    if (wants == 0)
        return;
    bool is_held = sender.read < sender.accepted;
    uint64_t read = sender.read;
    wzp_file_send_data(&sender, zeros, wants);
    WZP_CHECK(sender.read == read + wants);
    size_t len = wzp_file_send_peek(&sender, &out);
    size_t end = sender.state == WZP_FILE_SEND_FINISHING ? 8 + WZP_FILE_HASH_LEN + WZP_FILE_OVERHEAD : 0;
    WZP_CHECK(len == end + (is_held ? 0 : wants + WZP_FILE_OVERHEAD));
    check();
}

static void take_piece(struct fuzz_input *input)
{
    uint8_t kind = fuzz_u8(input);
    if (kind != 0xff && kind & 0x80) {
        pull();
        return;
    }
    struct wzp_slice bytes = fuzz_take(input, fuzz_u8(input));
    if (kind != 0xff) {
        say(kind, bytes);
        return;
    }
    if (sender.salt_len == sizeof salt) { /* until then they may be the right salt */
        if (!now.is_spoiled && bytes.len)
            now.spoiled_at = sender.state;
        now.is_spoiled |= bytes.len > 0;
    }
    push(bytes.data, bytes.len);
}

static void start(struct fuzz_input *input)
{
    static const uint8_t from_start[8];
    uint8_t choices = fuzz_u8(input);
    struct wzp_file_offer offer = {.size = fuzz_u16(input) % FILE_MAX, .name_len = 1, .name = "f"};
    crypto_generichash_blake2b(offer.hash, sizeof offer.hash, zeros, offer.size, NULL, 0);
    wzp_file_send_init(&sender, body, key, &offer);
    memset(&now, 0, sizeof now);
    now.seal = fresh_seal;
    if (choices & 1)
        push(salt, sizeof salt);
    if (choices & 1 && choices & 2)
        say(WZP_FILE_ACCEPT, (struct wzp_slice){from_start, sizeof from_start});
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    bool ends = len > 0 && data[0] & 4;
    start(&input);
    for (unsigned i = 0; i < PIECES && input.len; i++)
        take_piece(&input);
    if (ends)
        wzp_file_send_on_end(&sender);
    WZP_CHECK(!ends || sender.state >= WZP_FILE_SEND_DONE);
    pull();
    return 0;
}
