// SPDX-License-Identifier: Apache-2.0
/*
 * Signal messages and Hello, as protobuf. The input is u8 (odd: a Hello), then the message. Law: memory from
 * the arena only, and within WZP_SIGNAL_ARENA; what was decoded is within its limits, and encodes to what
 * decodes to the same.
 */
#include "fuzz/fuzz.h"
#include "wire/signal.h"

#include <stdalign.h>
#include <string.h>

void fuzz_init(void)
{
}

static void check_limits(const struct wzp_signal *signal)
{
    switch (signal->kind) {
    case WZP_SIGNAL_JOIN:
        WZP_CHECK(signal->join.record.len == WZP_MEMBER_RECORD_LEN &&
                  signal->join.token.len <= WZP_TOKEN_MAX);
        fuzz_touch(signal->join.record.data, signal->join.record.len);
        fuzz_touch(signal->join.token.data, signal->join.token.len);
        break;
    case WZP_SIGNAL_JOINED:
        WZP_CHECK(signal->joined.member_count <= WZP_MEMBERS_MAX);
        for (uint32_t i = 0; i < signal->joined.member_count; i++) {
            WZP_CHECK(signal->joined.members[i].record.len == WZP_MEMBER_RECORD_LEN);
            fuzz_touch(signal->joined.members[i].record.data, WZP_MEMBER_RECORD_LEN);
        }
        break;
    case WZP_SIGNAL_MEMBER_JOINED:
        WZP_CHECK(signal->member_joined.record.len == WZP_MEMBER_RECORD_LEN);
        fuzz_touch(signal->member_joined.record.data, WZP_MEMBER_RECORD_LEN);
        break;
    case WZP_SIGNAL_MEMBER_LEFT:
        break;
    }
}

static void check_signal(struct wzp_slice message)
{
    static alignas(max_align_t) uint8_t memory[2][WZP_SIGNAL_ARENA];
    static uint8_t first[2 + WZP_SIGNAL_MAX], second[2 + WZP_SIGNAL_MAX];
    struct wzp_signal signal, again;
    struct wzp_arena arena = wzp_arena_make(memory[0], sizeof memory[0]);
    if (message.len > WZP_SIGNAL_MAX || wzp_signal_decode(message, &signal, &arena) != WZP_SIGNAL_OK)
        return;
    check_limits(&signal);
    struct wzp_writer writer = wzp_writer_make(first, sizeof first);
    wzp_signal_encode(&writer, &signal);
    WZP_CHECK(!writer.failed);
    size_t len = wzp_writer_len(&writer);
    arena = wzp_arena_make(memory[1], sizeof memory[1]);
    WZP_CHECK(wzp_signal_decode((struct wzp_slice){first + 2, len - 2}, &again, &arena) == WZP_SIGNAL_OK);
    writer = wzp_writer_make(second, sizeof second);
    wzp_signal_encode(&writer, &again);
    WZP_CHECK(!writer.failed && wzp_writer_len(&writer) == len && memcmp(first, second, len) == 0);
}

static void check_hello(struct wzp_slice message)
{
    uint8_t bytes[WZP_HELLO_MAX];
    struct wzp_hello hello, again;
    if (!wzp_hello_decode(message, &hello))
        return;
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_hello_encode(&writer, &hello);
    WZP_CHECK(!writer.failed &&
              wzp_hello_decode((struct wzp_slice){bytes, wzp_writer_len(&writer)}, &again) &&
              again.datagram_max == hello.datagram_max && again.stream_window == hello.stream_window);
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    uint8_t choices = fuzz_u8(&input);
    if (choices & 1)
        check_hello((struct wzp_slice){input.data, input.len});
    else
        check_signal((struct wzp_slice){input.data, input.len});
    return 0;
}
