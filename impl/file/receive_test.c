// SPDX-License-Identifier: Apache-2.0
/* Sender and receiver against each other, the bytes between them cut, flipped, cut short and shown again. */
#include "file/receive.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE_MAX_HERE (3 * WZP_FILE_PLAIN_MAX + 100)
#define NO_FLIP       SIZE_MAX

/* A transfer in memory. The one direction is `forth`, the answers are `back`. */
struct world {
    struct wzp_file_send send;
    struct wzp_file_receive receive;
    struct wzp_rng rng;
    uint8_t file[SIZE_MAX_HERE], got[SIZE_MAX_HERE];
    size_t size, got_len, held;
    size_t forth, back;           /* bytes that crossed so far */
    size_t flip_forth, flip_back; /* which of them is damaged; NO_FLIP */
    size_t forth_max;             /* the road breaks off here */
    size_t change_at;             /* this byte of the file reads differently at the second reading */
    uint8_t body[WZP_FILE_BODY_LEN];
    uint8_t *tape; /* everything that went forth, if not NULL */
};

static struct world world;

static void world_init(size_t size, size_t held, uint64_t seed)
{
    static const uint8_t key[32] = {1}, salt[WZP_FILE_SALT_LEN] = {2};
    struct wzp_file_offer offer = {.size = size, .name_len = 1, .name = "f"};
    memset(&world, 0, sizeof world);
    world.rng = wzp_rng_make(seed, 1);
    world.size = size;
    world.held = held;
    world.flip_forth = world.flip_back = world.forth_max = world.change_at = SIZE_MAX;
    for (size_t i = 0; i < size; i++)
        world.file[i] = (uint8_t)wzp_rng_u64(&world.rng);
    crypto_generichash_blake2b(offer.hash, sizeof offer.hash, world.file, size, NULL, 0);
    memset(world.body, 3, sizeof world.body);
    wzp_file_send_init(&world.send, world.body, key, &offer);
    wzp_file_receive_init(&world.receive, key, salt);
}

static size_t random_len(size_t max)
{
    static const size_t SCALES[] = {1, 7, 300, 5000, 40000};
    size_t len = 1 + wzp_rng_below(&world.rng, (uint32_t)SCALES[wzp_rng_below(&world.rng, 5)]);
    return len < max ? len : max;
}

static void cross(uint8_t *bytes, const uint8_t *data, size_t len, size_t *crossed, size_t flip)
{
    memcpy(bytes, data, len);
    if (flip >= *crossed && flip - *crossed < len)
        bytes[flip - *crossed] ^= (uint8_t)(1u << flip % 8);
    *crossed += len;
}

static void take_data(struct wzp_slice data)
{
    assert_true(world.got_len + data.len <= sizeof world.got);
    memcpy(world.got + world.got_len, data.data, data.len);
    world.got_len += data.len;
}

static void answer(void)
{
    if (world.receive.state == WZP_FILE_RECEIVE_OFFERED) {
        for (size_t at = 0; at < world.held; at += 1000) {
            size_t len = world.held - at < 1000 ? world.held - at : 1000;
            wzp_file_receive_held(&world.receive, world.got + at, len);
        }
        world.got_len = world.held;
        wzp_file_receive_accept(&world.receive);
    } else if (world.receive.state == WZP_FILE_RECEIVE_WHOLE) {
        wzp_file_receive_confirm(&world.receive);
    }
}

/* What crossed and was not taken in yet. */
static uint8_t waiting[WZP_FILE_RECORD_MAX * 4];
static size_t waiting_len;

static bool step_forth(void)
{
    const uint8_t *data;
    size_t len = wzp_file_send_peek(&world.send, &data);
    if (len > 0 && waiting_len < sizeof waiting / 2) {
        len = random_len(len);
        if (len > world.forth_max - world.forth)
            len = world.forth_max - world.forth;
        if (world.tape)
            memcpy(world.tape + world.forth, data, len);
        cross(waiting + waiting_len, data, len, &world.forth, world.flip_forth);
        waiting_len += len;
        wzp_file_send_consume(&world.send, len);
    }
    /* the body is for another module */
    size_t skip = world.forth < WZP_FILE_BODY_LEN ? waiting_len : 0;
    if (world.forth >= WZP_FILE_BODY_LEN && world.forth - len < WZP_FILE_BODY_LEN)
        skip = waiting_len - (world.forth - WZP_FILE_BODY_LEN);
    struct wzp_slice bytes = {waiting + skip, waiting_len - skip}, plain;
    while (wzp_file_receive_push(&world.receive, &bytes, &plain))
        take_data(plain);
    bool has_moved = len > 0 || bytes.len != waiting_len;
    memmove(waiting, bytes.data, bytes.len);
    waiting_len = bytes.len;
    answer();
    return has_moved;
}

static bool step_back(void)
{
    uint8_t bytes[128];
    const uint8_t *data;
    size_t len = wzp_file_receive_peek(&world.receive, &data);
    len = random_len(len);
    cross(bytes, data, len, &world.back, world.flip_back);
    wzp_file_receive_consume(&world.receive, len);
    wzp_file_send_push(&world.send, (struct wzp_slice){bytes, len});
    return len > 0;
}

static bool step_file(void)
{
    uint8_t data[WZP_FILE_PLAIN_MAX];
    size_t wants = wzp_file_send_wants(&world.send);
    if (wants == 0)
        return false;
    wants = random_len(wants);
    size_t at = (size_t)world.send.read;
    memcpy(data, world.file + at, wants);
    if (world.change_at >= at && world.change_at - at < wants)
        data[world.change_at - at] ^= 1;
    wzp_file_send_data(&world.send, data, wants);
    return true;
}

static void run(void)
{
    bool has_moved = true;
    waiting_len = 0;
    while (has_moved) {
        has_moved = step_forth();
        has_moved = step_back() || has_moved;
        has_moved = step_file() || has_moved;
    }
    wzp_file_receive_on_end(&world.receive);
    wzp_file_send_on_end(&world.send);
}

static const size_t SIZES[] = {
    0, 1, 1000, WZP_FILE_PLAIN_MAX - 1, WZP_FILE_PLAIN_MAX, WZP_FILE_PLAIN_MAX + 1, SIZE_MAX_HERE};

static void whole_files_arrive(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
        for (size_t part = 0; part <= 4; part++)
            for (uint64_t seed = 1; seed <= 5; seed++) {
                size_t held = SIZES[i] * part / 4;
                world_init(SIZES[i], held, seed);
                memcpy(world.got, world.file, held);
                run();
                assert_int_equal(world.receive.state, WZP_FILE_RECEIVE_DONE);
                assert_int_equal(world.send.state, WZP_FILE_SEND_DONE);
                assert_true(wzp_file_send_is_ended(&world.send));
                assert_true(wzp_file_receive_is_ended(&world.receive));
                assert_int_equal(world.got_len, world.size);
                assert_memory_equal(world.got, world.file, world.size);
                /* what was held does not travel again */
                assert_true(world.forth <= world.size - held + 128 + 19 + 42 + 4096 * 19 + 59);
                if (held == world.size)
                    assert_int_equal(world.forth, 128 + 19 + 42 + 19 + 40);
            }
}

/* A flipped bit anywhere: what was given out until then is the file's beginning, and nobody calls it done. */
static void flipped_bits_are_found(void **state)
{
    size_t size = 2 * WZP_FILE_PLAIN_MAX;
    (void)state;
    world_init(size, 0, 1);
    run();
    size_t forth = world.forth, back = world.back;
    for (size_t at = WZP_FILE_BODY_LEN; at < forth; at += at % 5000 < 200 || forth - at < 80 ? 1 : 371) {
        world_init(size, 0, 1);
        world.flip_forth = at;
        run();
        assert_int_equal(world.receive.state, WZP_FILE_RECEIVE_FAILED);
        assert_int_equal(world.send.state, WZP_FILE_SEND_FAILED);
        assert_memory_equal(world.got, world.file, world.got_len);
    }
    for (size_t at = 0; at < back; at++) {
        world_init(size, 0, 1);
        world.flip_back = at;
        run();
        assert_int_equal(world.send.state, WZP_FILE_SEND_FAILED);
        assert_memory_equal(world.got, world.file, world.got_len);
    }
}

static void truncation_is_found(void **state)
{
    size_t size = WZP_FILE_PLAIN_MAX + 500;
    (void)state;
    world_init(size, 0, 2);
    run();
    for (size_t at = 0, forth = world.forth; at < forth; at += at % 4000 < 300 || forth - at < 80 ? 1 : 333) {
        world_init(size, 0, 2);
        world.forth_max = at;
        run();
        assert_int_equal(world.receive.state, WZP_FILE_RECEIVE_FAILED);
        assert_int_equal(world.receive.reason, WZP_FILE_TRUNCATED);
        assert_int_equal(world.send.state, WZP_FILE_SEND_FAILED);
        assert_memory_equal(world.got, world.file, world.got_len);
    }
}

/* Somebody on the way shows a whole transfer again: the answer's salt is another, nothing opens. */
static void a_transfer_shown_again_gives_nothing(void **state)
{
    static const uint8_t key[32] = {1}, salt[WZP_FILE_SALT_LEN] = {9};
    static uint8_t tape[SIZE_MAX_HERE + 4096 * 20];
    struct wzp_slice data;
    (void)state;
    world_init(20000, 0, 3);
    world.tape = tape;
    run();
    assert_int_equal(world.receive.state, WZP_FILE_RECEIVE_DONE);
    struct wzp_slice bytes = {tape + WZP_FILE_BODY_LEN, world.forth - WZP_FILE_BODY_LEN};
    wzp_file_receive_init(&world.receive, key, salt);
    assert_false(wzp_file_receive_push(&world.receive, &bytes, &data));
    assert_int_equal(world.receive.state, WZP_FILE_RECEIVE_OFFERED);
    assert_true(bytes.len > 20000); /* behind the offer it waits for the answer */
    wzp_file_receive_accept(&world.receive);
    assert_false(wzp_file_receive_push(&world.receive, &bytes, &data));
    assert_int_equal(world.receive.reason, WZP_FILE_BROKEN);
}

static void a_file_that_changes_is_not_sent_as_whole(void **state)
{
    (void)state;
    for (size_t held = 0; held <= 20000; held += 10000) {
        world_init(30000, held, 4);
        memcpy(world.got, world.file, held);
        world.change_at = 15000;
        run();
        assert_int_equal(world.send.reason, WZP_FILE_CHANGED);
        assert_false(world.send.is_peers_reason);
        assert_int_equal(world.receive.reason, WZP_FILE_CHANGED);
        assert_true(world.receive.is_peers_reason);
    }
}

static void a_wrong_part_is_found_at_the_end(void **state)
{
    (void)state;
    world_init(30000, 10000, 5);
    memcpy(world.got, world.file, 10000);
    world.got[5000] ^= 1;
    run();
    assert_int_equal(world.receive.reason, WZP_FILE_CHECKSUM);
    assert_false(world.receive.is_peers_reason);
    assert_int_equal(world.send.reason, WZP_FILE_CHECKSUM);
    assert_true(world.send.is_peers_reason);
}

static void refused_offers(void **state)
{
    struct wzp_slice data;
    const uint8_t *bytes;
    (void)state;
    world_init(30000, 0, 6);
    size_t len = wzp_file_send_peek(&world.send, &bytes);
    struct wzp_slice offer = {bytes + WZP_FILE_BODY_LEN, len - WZP_FILE_BODY_LEN};
    assert_false(wzp_file_receive_push(&world.receive, &offer, &data));
    assert_string_equal(world.receive.offer.name, "f");
    wzp_file_receive_fail(&world.receive, WZP_FILE_NOT_WANTED);
    len = wzp_file_receive_peek(&world.receive, &bytes);
    wzp_file_send_push(&world.send, (struct wzp_slice){bytes, len});
    assert_int_equal(world.send.state, WZP_FILE_SEND_FAILED);
    assert_int_equal(world.send.reason, WZP_FILE_NOT_WANTED);
    assert_true(world.send.is_peers_reason);
    assert_int_equal(wzp_file_send_wants(&world.send), 0);
}

/* Records of a sender that holds the key and breaks the order. */
static void rules_of_order(void **state)
{
    static const uint8_t key[32] = {1}, salt[WZP_FILE_SALT_LEN] = {2}, zeros[64];
    static const struct {
        enum wzp_file_kind kind;
        size_t len;
    } ROWS[] = {
        {WZP_FILE_OFFER, 42},
        {WZP_FILE_DATA, 0},
        {WZP_FILE_DATA, 11},
        {WZP_FILE_END, 40},
        {WZP_FILE_END, 39},
        {WZP_FILE_ACCEPT, 8},
        {77, 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        uint8_t record[64 + WZP_FILE_OVERHEAD];
        struct wzp_file_seal seal;
        struct wzp_slice data;
        world_init(10, 0, 7);
        const uint8_t *bytes;
        size_t len = wzp_file_send_peek(&world.send, &bytes);
        struct wzp_slice offer = {bytes + WZP_FILE_BODY_LEN, len - WZP_FILE_BODY_LEN};
        assert_false(wzp_file_receive_push(&world.receive, &offer, &data));
        wzp_file_receive_accept(&world.receive);
        wzp_file_seal_init(&seal, key, "wzp file data", (struct wzp_slice){salt, sizeof salt});
        len = wzp_file_record_seal(&seal, ROWS[i].kind, zeros, ROWS[i].len, record);
        struct wzp_slice slice = {record, len};
        assert_false(wzp_file_receive_push(&world.receive, &slice, &data));
        assert_int_equal(world.receive.reason, WZP_FILE_BROKEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_files_arrive),
        cmocka_unit_test(flipped_bits_are_found),
        cmocka_unit_test(truncation_is_found),
        cmocka_unit_test(a_transfer_shown_again_gives_nothing),
        cmocka_unit_test(a_file_that_changes_is_not_sent_as_whole),
        cmocka_unit_test(a_wrong_part_is_found_at_the_end),
        cmocka_unit_test(refused_offers),
        cmocka_unit_test(rules_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
