// SPDX-License-Identifier: Apache-2.0
#include "wire/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/signal.pb-c.h"

static uint8_t records[WZP_MEMBERS_MAX + 1][WZP_MEMBER_RECORD_LEN];
static uint8_t token[WZP_TOKEN_MAX + 1];
static uint8_t arena_memory[WZP_SIGNAL_ARENA];

/* Decodes out of memory of exactly the message's length. */
static enum wzp_signal_result decode(const uint8_t *bytes, size_t len, struct wzp_signal *signal,
                                     size_t arena_size)
{
    uint8_t *copy = malloc(len + !len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    struct wzp_arena arena = wzp_arena_make(arena_memory, arena_size);
    enum wzp_signal_result result = wzp_signal_decode((struct wzp_slice){copy, len}, signal, &arena);
    free(copy); /* what was decoded borrows from the arena alone */
    return result;
}

static struct wzp_signal_member any_member(struct wzp_rng *rng, unsigned i)
{
    return (struct wzp_signal_member){(uint16_t)(1 + wzp_rng_below(rng, UINT16_MAX)),
                                      {records[i], WZP_MEMBER_RECORD_LEN}};
}

static void any_signal(struct wzp_rng *rng, enum wzp_signal_kind kind, struct wzp_signal *signal)
{
    *signal = (struct wzp_signal){.kind = kind};
    switch (kind) {
    case WZP_SIGNAL_JOIN:
        signal->join.record = (struct wzp_slice){records[wzp_rng_below(rng, 64)], WZP_MEMBER_RECORD_LEN};
        signal->join.token = (struct wzp_slice){token, wzp_rng_below(rng, WZP_TOKEN_MAX + 1)};
        break;
    case WZP_SIGNAL_JOINED:
        signal->joined.slot = (uint16_t)(1 + wzp_rng_below(rng, UINT16_MAX));
        signal->joined.member_count = (uint32_t)wzp_rng_below(rng, WZP_MEMBERS_MAX + 1);
        for (unsigned i = 0; i < signal->joined.member_count; i++)
            signal->joined.members[i] = any_member(rng, i);
        break;
    case WZP_SIGNAL_MEMBER_JOINED:
        signal->member_joined = any_member(rng, 5);
        break;
    case WZP_SIGNAL_MEMBER_LEFT:
        signal->member_left.slot = (uint16_t)(1 + wzp_rng_below(rng, UINT16_MAX));
        break;
    }
}

static void assert_slices_equal(struct wzp_slice a, struct wzp_slice b)
{
    assert_int_equal(a.len, b.len);
    if (a.len)
        assert_memory_equal(a.data, b.data, a.len);
}

static void assert_members_equal(const struct wzp_signal_member *a, const struct wzp_signal_member *b)
{
    assert_int_equal(a->slot, b->slot);
    assert_slices_equal(a->record, b->record);
}

static void assert_signals_equal(const struct wzp_signal *a, const struct wzp_signal *b)
{
    assert_int_equal(a->kind, b->kind);
    switch (a->kind) {
    case WZP_SIGNAL_JOIN:
        assert_slices_equal(a->join.record, b->join.record);
        assert_slices_equal(a->join.token, b->join.token);
        break;
    case WZP_SIGNAL_JOINED:
        assert_int_equal(a->joined.slot, b->joined.slot);
        assert_int_equal(a->joined.member_count, b->joined.member_count);
        for (unsigned i = 0; i < a->joined.member_count; i++)
            assert_members_equal(&a->joined.members[i], &b->joined.members[i]);
        break;
    case WZP_SIGNAL_MEMBER_JOINED:
        assert_members_equal(&a->member_joined, &b->member_joined);
        break;
    case WZP_SIGNAL_MEMBER_LEFT:
        assert_int_equal(a->member_left.slot, b->member_left.slot);
        break;
    }
}

static void test_there_and_back(void **state)
{
    (void)state;
    static uint8_t bytes[WZP_SIGNAL_MAX + 2];
    static struct wzp_signal signal, back;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        for (unsigned kind = WZP_SIGNAL_JOIN; kind <= WZP_SIGNAL_MEMBER_LEFT; kind++) {
            any_signal(&rng, (enum wzp_signal_kind)kind, &signal);
            struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
            wzp_signal_encode(&writer, &signal);
            assert_false(writer.failed);
            size_t len = wzp_writer_len(&writer);
            assert_int_equal(bytes[0] << 8 | bytes[1], len - 2);
            assert_int_equal(decode(bytes + 2, len - 2, &back, sizeof arena_memory), WZP_SIGNAL_OK);
            assert_signals_equal(&signal, &back);
            writer = wzp_writer_make(bytes, len - 1); /* one byte too little room */
            wzp_signal_encode(&writer, &signal);
            assert_true(writer.failed);
        }
    }
}

/* A full room's Joined is the largest message there is; the promised arena is enough for it, and one a tenth
 * of that is not: refused, whatever the size, never beyond it. */
static void test_the_largest_message(void **state)
{
    (void)state;
    static uint8_t bytes[WZP_SIGNAL_MAX + 2];
    static struct wzp_signal signal = {.kind = WZP_SIGNAL_JOINED}, back;
    signal.joined.slot = UINT16_MAX;
    signal.joined.member_count = WZP_MEMBERS_MAX;
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++)
        signal.joined.members[i] = (struct wzp_signal_member){(uint16_t)(UINT16_MAX - i),
                                                              {records[i], WZP_MEMBER_RECORD_LEN}};
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_signal_encode(&writer, &signal);
    assert_false(writer.failed);
    size_t len = wzp_writer_len(&writer) - 2;
    assert_int_equal(decode(bytes + 2, len, &back, sizeof arena_memory), WZP_SIGNAL_OK);
    for (size_t size = 0; size < len; size += 101)
        assert_int_equal(decode(bytes + 2, len, &back, size), WZP_SIGNAL_MALFORMED);

    signal.joined.member_count = WZP_MEMBERS_MAX + 1;
    writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_signal_encode(&writer, &signal);
    assert_true(writer.failed);
    assert_int_equal(wzp_writer_len(&writer), 0);
}

/* A message as protobuf-c writes it, so that it can be wrong in what wzp_signal_encode cannot get wrong. */
static enum wzp_signal_result decode_packed(const Wzp__Signal *message)
{
    static uint8_t bytes[2 * WZP_SIGNAL_MAX];
    static struct wzp_signal signal;
    size_t len = wzp__signal__get_packed_size(message);
    assert_true(len <= sizeof bytes);
    wzp__signal__pack(message, bytes);
    return decode(bytes, len, &signal, sizeof arena_memory);
}

static void test_slots_and_lengths(void **state)
{
    (void)state;
    static const struct {
        uint32_t slot;
        size_t record_len, token_len;
        bool slot_good, record_good, token_good;
    } rows[] = {
        {1, 192, 0, true, true, true},      {65535, 192, 64, true, true, true},
        {0, 192, 0, false, true, true},     {65536, 192, 0, false, true, true},
        {65537, 192, 0, false, true, true}, {UINT32_MAX, 192, 0, false, true, true},
        {1, 191, 0, true, false, true},     {1, 193, 0, true, false, true},
        {1, 0, 0, true, false, true},       {1, 192, 65, true, true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Wzp__Join join = WZP__JOIN__INIT;
        join.record = (ProtobufCBinaryData){rows[i].record_len, records[0]};
        join.token = (ProtobufCBinaryData){rows[i].token_len, token};
        Wzp__Member member = WZP__MEMBER__INIT, *list = &member;
        member.slot = rows[i].slot;
        member.record = join.record;
        Wzp__MemberJoined member_joined = WZP__MEMBER_JOINED__INIT;
        member_joined.member = &member;
        Wzp__MemberLeft member_left = WZP__MEMBER_LEFT__INIT;
        member_left.slot = rows[i].slot;
        Wzp__Joined joined = WZP__JOINED__INIT, alone = WZP__JOINED__INIT;
        joined.slot = 1;
        joined.n_members = 1;
        joined.members = &list;
        alone.slot = rows[i].slot;

        Wzp__Signal message = WZP__SIGNAL__INIT;
        message.version = 2;
        message.body_case = WZP__SIGNAL__BODY_JOIN;
        message.join = &join;
        assert_int_equal(decode_packed(&message) == WZP_SIGNAL_OK, rows[i].record_good && rows[i].token_good);
        message.body_case = WZP__SIGNAL__BODY_JOINED;
        message.joined = &joined;
        assert_int_equal(decode_packed(&message) == WZP_SIGNAL_OK, rows[i].record_good && rows[i].slot_good);
        message.joined = &alone;
        assert_int_equal(decode_packed(&message) == WZP_SIGNAL_OK, rows[i].slot_good);
        message.body_case = WZP__SIGNAL__BODY_MEMBER_JOINED;
        message.member_joined = &member_joined;
        assert_int_equal(decode_packed(&message) == WZP_SIGNAL_OK, rows[i].record_good && rows[i].slot_good);
        member_joined.member = NULL;
        assert_int_equal(decode_packed(&message), WZP_SIGNAL_MALFORMED);
        message.body_case = WZP__SIGNAL__BODY_MEMBER_LEFT;
        message.member_left = &member_left;
        assert_int_equal(decode_packed(&message) == WZP_SIGNAL_OK, rows[i].slot_good);
        message.version = i % 2 ? 1 : 3;
        assert_int_equal(decode_packed(&message), WZP_SIGNAL_MALFORMED);
    }
}

static void test_65_members(void **state)
{
    (void)state;
    Wzp__Member members[WZP_MEMBERS_MAX + 1], *list[WZP_MEMBERS_MAX + 1];
    for (unsigned i = 0; i <= WZP_MEMBERS_MAX; i++) {
        wzp__member__init(&members[i]);
        members[i].slot = i + 1;
        members[i].record = (ProtobufCBinaryData){WZP_MEMBER_RECORD_LEN, records[i]};
        list[i] = &members[i];
    }
    Wzp__Joined joined = WZP__JOINED__INIT;
    joined.slot = 1;
    joined.members = list;
    Wzp__Signal message = WZP__SIGNAL__INIT;
    message.version = 2;
    message.body_case = WZP__SIGNAL__BODY_JOINED;
    message.joined = &joined;
    joined.n_members = WZP_MEMBERS_MAX;
    assert_int_equal(decode_packed(&message), WZP_SIGNAL_OK);
    joined.n_members = WZP_MEMBERS_MAX + 1;
    assert_int_equal(decode_packed(&message), WZP_SIGNAL_MALFORMED);
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[16];
        size_t len;
        enum wzp_signal_result result;
    } rows[] = {
        {"MemberLeft 7", {0x08, 2, 0x2a, 2, 0x08, 7}, 6, WZP_SIGNAL_OK},
        {"no kind", {0x08, 2}, 2, WZP_SIGNAL_SKIPPED},
        {"kind 6, of a later release", {0x08, 2, 0x32, 2, 0x08, 7}, 6, WZP_SIGNAL_SKIPPED},
        {"an unknown field beside", {0x08, 2, 0x2a, 4, 0x08, 7, 0x78, 1}, 8, WZP_SIGNAL_OK},
        {"nothing", {0}, 0, WZP_SIGNAL_MALFORMED}, /* has no version */
        {"tag zero", {0x08, 2, 0, 0}, 4, WZP_SIGNAL_MALFORMED},
        {"longer than there is", {0x08, 2, 0x2a, 3, 0x08, 7}, 6, WZP_SIGNAL_MALFORMED},
        {"an endless varint",
         {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
         13,
         WZP_SIGNAL_MALFORMED},
        {"a group", {0x08, 2, 0x33, 0x34}, 4, WZP_SIGNAL_MALFORMED},
        {"half a varint", {0x08}, 1, WZP_SIGNAL_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_signal signal;
        if (decode(rows[i].bytes, rows[i].len, &signal, sizeof arena_memory) != rows[i].result)
            fail_msg("%s", rows[i].what);
    }
    static uint8_t long_one[WZP_SIGNAL_MAX + 1];
    struct wzp_signal signal;
    /* version, MemberLeft 7, and an unknown bytes field that fills the rest */
    static const uint8_t head[] = {0x08, 2, 0x2a, 2, 0x08, 7, 0x7a};
    for (size_t len = WZP_SIGNAL_MAX; len <= WZP_SIGNAL_MAX + 1; len++) {
        memcpy(long_one, head, sizeof head);
        size_t filler = len - sizeof head - 2;
        long_one[7] = (uint8_t)(0x80 | (filler & 0x7f));
        long_one[8] = (uint8_t)(filler >> 7);
        bool is_too_long = len > WZP_SIGNAL_MAX;
        assert_true(filler >> 7 < 0x80);
        assert_int_equal(decode(long_one, len, &signal, sizeof arena_memory),
                         is_too_long ? WZP_SIGNAL_MALFORMED : WZP_SIGNAL_OK);
    }
}

static void test_hello(void **state)
{
    (void)state;
    static const struct {
        struct wzp_hello hello;
        bool good;
    } rows[] = {
        {{.datagram_max = WZP_DATAGRAM_MAX, .stream_window = 24576, .streams = 16}, true},
        {{.datagram_max = UINT32_MAX,
          .stream_window = UINT32_MAX,
          .streams = UINT32_MAX,
          .bulk_window = UINT32_MAX,
          .session_window = UINT32_MAX,
          .has_invitation = true,
          .invitation = {1, [7] = 8}},
         true},
        {{.datagram_max = WZP_DATAGRAM_MAX}, true},
        {{.datagram_max = WZP_DATAGRAM_MAX - 1, .stream_window = 24576}, false},
        {{.datagram_max = WZP_DATAGRAM_MAX, .has_invitation = true, .invitation = {1, [7] = 8}}, true},
    };
    uint8_t bytes[WZP_HELLO_MAX + 1];
    struct wzp_hello back = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
        wzp_hello_encode(&writer, &rows[i].hello);
        assert_false(writer.failed);
        size_t len = wzp_writer_len(&writer);
        assert_int_equal(wzp_hello_decode((struct wzp_slice){bytes, len}, &back), rows[i].good);
        if (rows[i].good) {
            assert_int_equal(back.datagram_max, rows[i].hello.datagram_max);
            assert_int_equal(back.stream_window, rows[i].hello.stream_window);
            assert_int_equal(back.has_invitation, rows[i].hello.has_invitation);
            assert_memory_equal(back.invitation, rows[i].hello.invitation, sizeof back.invitation);
            assert_int_equal(back.streams, rows[i].hello.streams);
            assert_int_equal(back.bulk_window, rows[i].hello.bulk_window);
            assert_int_equal(back.session_window, rows[i].hello.session_window);
        }
        writer = wzp_writer_make(bytes, len - 1);
        wzp_hello_encode(&writer, &rows[i].hello);
        assert_true(writer.failed);
    }
    static const uint8_t of_version_1[] = {0x08, 1, 0x10, 0xb0, 0x09},
                         of_version_2[] = {0x08, 2, 0x10, 0xb0, 0x09};
    assert_false(wzp_hello_decode((struct wzp_slice){of_version_1, 5}, &back));
    assert_true(wzp_hello_decode((struct wzp_slice){of_version_2, 5}, &back));
    assert_int_equal(back.datagram_max, 1200);
    for (size_t cut = 0; cut < 5; cut++)
        assert_false(wzp_hello_decode((struct wzp_slice){of_version_2, cut}, &back));
    static const uint8_t short_invitation[] = {0x08, 2, 0x10, 0xb0, 0x09, 0x42, 2, 1, 2};
    assert_false(wzp_hello_decode((struct wzp_slice){short_invitation, sizeof short_invitation}, &back));
    /* an unknown field fills it up to the limit, and one byte beyond */
    for (size_t len = WZP_HELLO_MAX; len <= WZP_HELLO_MAX + 1; len++) {
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, of_version_2, 5);
        bytes[5] = 0x7a;
        bytes[6] = (uint8_t)(len - 7);
        assert_int_equal(wzp_hello_decode((struct wzp_slice){bytes, len}, &back), len == WZP_HELLO_MAX);
    }
}

/* Good messages with some bytes changed, cut or invented: any verdict will do, but what is called good keeps
 * the law, and nothing is touched beyond message and arena. */
static void test_random_bytes(void **state)
{
    (void)state;
    static uint8_t bytes[WZP_SIGNAL_MAX + 2];
    static struct wzp_signal signal;
    unsigned verdicts[3] = {0};
    struct wzp_rng rng = wzp_rng_make(1, 0);
    for (unsigned round = 0; round < 20000; round++) {
        size_t len;
        if (round % 4 == 0) {
            len = (size_t)wzp_rng_below(&rng, 64);
            for (size_t i = 0; i < len; i++)
                bytes[2 + i] = (uint8_t)wzp_rng_u64(&rng);
        } else {
            any_signal(&rng, (enum wzp_signal_kind)wzp_rng_below(&rng, 4), &signal);
            if (signal.kind == WZP_SIGNAL_JOINED)
                signal.joined.member_count %= 4;
            struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
            wzp_signal_encode(&writer, &signal);
            len = wzp_writer_len(&writer) - 2;
            for (uint64_t changes = wzp_rng_below(&rng, 4); changes > 0; changes--)
                bytes[2 + wzp_rng_below(&rng, len < 16 ? len : 16)] = (uint8_t)wzp_rng_u64(&rng);
            if (wzp_rng_below(&rng, 4) == 0)
                len = (size_t)wzp_rng_below(&rng, len + 1);
        }
        enum wzp_signal_result result = decode(bytes + 2, len, &signal, sizeof arena_memory);
        verdicts[result]++;
        wzp_hello_decode((struct wzp_slice){bytes + 2, len < WZP_HELLO_MAX ? len : WZP_HELLO_MAX},
                         &(struct wzp_hello){0});
        if (result != WZP_SIGNAL_OK)
            continue;
        if (signal.kind == WZP_SIGNAL_JOIN)
            assert_true(signal.join.record.len == WZP_MEMBER_RECORD_LEN &&
                        signal.join.token.len <= WZP_TOKEN_MAX);
        else if (signal.kind == WZP_SIGNAL_JOINED)
            assert_true(signal.joined.slot > 0 && signal.joined.member_count <= WZP_MEMBERS_MAX);
        else if (signal.kind == WZP_SIGNAL_MEMBER_JOINED)
            assert_true(signal.member_joined.slot > 0 &&
                        signal.member_joined.record.len == WZP_MEMBER_RECORD_LEN);
        else
            assert_true(signal.member_left.slot > 0);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_true(verdicts[i] > 100);
}

int main(void)
{
    struct wzp_rng rng = wzp_rng_make(7, 0);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        for (size_t k = 0; k < sizeof *records; k++)
            records[i][k] = (uint8_t)wzp_rng_u64(&rng);
    for (size_t i = 0; i < sizeof token; i++)
        token[i] = (uint8_t)wzp_rng_u64(&rng);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_the_largest_message),
        cmocka_unit_test(test_slots_and_lengths),
        cmocka_unit_test(test_65_members),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
