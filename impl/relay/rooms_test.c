// SPDX-License-Identifier: Apache-2.0
#include "relay/rooms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc_test.h"
#include "base/rng.h"

#define SESSIONS 24

/* Sits down under `index` with the record `person` for the room `room`; its handle is 1000 + index. */
static enum rooms_result join(struct rooms *rooms, uint32_t index, uint8_t room, uint8_t person,
                              struct rooms_member **member)
{
    struct wzp_member_record record = {.room_id = {room}, .identity = {person}};
    uint8_t bytes[WZP_RECORD_LEN];
    wzp_member_record_encode(&record, bytes);
    const uint8_t peer_static[32] = {person};
    return rooms_join(rooms, index, 1000 + index, bytes, &record, peer_static, member);
}

/* The twin: who came, in the order of coming. */
struct place {
    uint32_t index;
    uint8_t room, person;
    uint16_t slot;
};

struct twin {
    struct place place[SESSIONS];
    uint32_t count;
    uint32_t next_slot[256]; /* of each room that lives */
};

static uint32_t twin_count(const struct twin *twin, uint8_t room)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < twin->count; i++)
        count += twin->place[i].room == room;
    return count;
}

static uint32_t twin_rooms(const struct twin *twin)
{
    uint32_t rooms = 0;
    for (unsigned room = 0; room < 256; room++)
        rooms += twin_count(twin, (uint8_t)room) > 0;
    return rooms;
}

static enum rooms_result twin_join(struct twin *twin, const struct rooms *limits, uint32_t index,
                                   uint8_t room, uint8_t person)
{
    uint32_t count = twin_count(twin, room);
    if (count == 0 && twin_rooms(twin) == limits->rooms_max)
        return ROOMS_NO_ROOM;
    for (uint32_t i = 0; i < twin->count; i++)
        if (twin->place[i].room == room && twin->place[i].person == person)
            return ROOMS_ALREADY_MEMBER;
    if (count == limits->members_max)
        return ROOMS_NO_PLACE;
    if (count == 0)
        twin->next_slot[room] = 1;
    twin->place[twin->count++] = (struct place){index, room, person, (uint16_t)twin->next_slot[room]++};
    return ROOMS_JOINED;
}

static void twin_leave(struct twin *twin, uint32_t place)
{
    twin->count--;
    memmove(&twin->place[place], &twin->place[place + 1], (twin->count - place) * sizeof *twin->place);
}

static void check_against_twin(const struct rooms *rooms, const struct twin *twin)
{
    assert_int_equal(rooms->used, twin_rooms(twin));
    for (uint32_t i = 0; i < twin->count; i++) {
        const struct place *place = &twin->place[i];
        const struct rooms_member *member = rooms_member(rooms, place->index, 1000 + place->index);
        assert_non_null(member);
        assert_ptr_equal(member, rooms_at(rooms, place->index));
        assert_null(rooms_member(rooms, place->index, 1)); /* an older session of that index */
        assert_int_equal(member->slot, place->slot);
        assert_int_equal(member->record[0], place->person);
        assert_ptr_equal(rooms_slot(rooms, member->room, place->slot), member);
        assert_null(rooms_slot(rooms, member->room, (uint16_t)twin->next_slot[place->room]));
        assert_int_equal(rooms_count(rooms, member->room), twin_count(twin, place->room));
        const struct rooms_member *walk = NULL;
        for (uint32_t k = 0; k < twin->count; k++) {
            if (twin->place[k].room != place->room)
                continue;
            walk = rooms_next(rooms, member->room, walk);
            assert_non_null(walk);
            assert_int_equal(walk->index, twin->place[k].index);
        }
        assert_null(rooms_next(rooms, member->room, walk));
    }
}

static void test_against_a_list(void **state)
{
    (void)state;
    unsigned results[ROOMS_ALREADY_MEMBER + 1] = {0};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct rooms rooms;
        struct twin twin = {.count = 0};
        assert_true(rooms_init(&rooms, &test_alloc, 1 + (uint32_t)wzp_rng_below(&rng, 4),
                               1 + (uint32_t)wzp_rng_below(&rng, 6), SESSIONS));
        for (unsigned step = 0; step < 400; step++) {
            uint32_t index = (uint32_t)wzp_rng_below(&rng, SESSIONS), place = 0;
            while (place < twin.count && twin.place[place].index != index)
                place++;
            uint32_t other = (uint32_t)wzp_rng_below(&rng, SESSIONS);
            if (place < twin.count && !rooms.member[other].used) {
                struct rooms_member *before = rooms_member(&rooms, index, 1000 + index);
                uint16_t slot = before->slot;
                struct rooms_member *after = rooms_move(&rooms, before, other, 1000 + other);
                assert_int_equal(after->slot, slot);
                assert_null(rooms_member(&rooms, index, 1000 + index));
                twin.place[place].index = other;
            } else if (place < twin.count) {
                rooms_leave(&rooms, rooms_member(&rooms, index, 1000 + index));
                twin_leave(&twin, place);
                assert_null(rooms_member(&rooms, index, 1000 + index));
            } else {
                uint8_t room = (uint8_t)wzp_rng_below(&rng, 5), person = (uint8_t)wzp_rng_below(&rng, 12);
                struct rooms_member *member;
                enum rooms_result result = join(&rooms, index, room, person, &member);
                assert_int_equal(result, twin_join(&twin, &rooms, index, room, person));
                results[result]++;
            }
            check_against_twin(&rooms, &twin);
        }
        rooms_deinit(&rooms, &test_alloc);
    }
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        assert_true(results[i] > 50);
}

/* Identity, room and static key together make the person. */
static void test_same_person(void **state)
{
    (void)state;
    struct rooms rooms;
    struct rooms_member *member;
    assert_true(rooms_init(&rooms, &test_alloc, 3, 3, 6));
    assert_int_equal(join(&rooms, 0, 1, 1, &member), ROOMS_JOINED);
    assert_int_equal(join(&rooms, 1, 1, 2, &member), ROOMS_JOINED);
    assert_int_equal(join(&rooms, 2, 2, 2, &member), ROOMS_JOINED);
    const struct {
        uint8_t room, identity, peer_static;
        int index; /* whose place it is; -1: nobody's */
    } rows[] = {{1, 1, 1, 0}, {1, 2, 2, 1}, {2, 2, 2, 2}, {2, 1, 1, -1}, {1, 1, 2, -1}, {3, 1, 1, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wzp_member_record record = {
            .room_id = {rows[i].room}, .identity = {rows[i].identity}, .random = {9}};
        const uint8_t peer_static[32] = {rows[i].peer_static};
        const struct rooms_member *same = rooms_same_person(&rooms, &record, peer_static);
        assert_int_equal(same ? (int)same->index : -1, rows[i].index);
    }
    rooms_deinit(&rooms, &test_alloc);
}

/* 65535 people come and go while one stays: then nobody gets in, until the room has been empty. */
static void test_slots_are_not_used_again(void **state)
{
    (void)state;
    struct rooms rooms;
    struct rooms_member *member, *first;
    assert_true(rooms_init(&rooms, &test_alloc, 2, 3, 4));
    assert_int_equal(join(&rooms, 0, 1, 1, &first), ROOMS_JOINED);
    for (uint32_t slot = 2; slot <= UINT16_MAX; slot++) {
        assert_int_equal(join(&rooms, 1, 1, 2, &member), ROOMS_JOINED);
        assert_int_equal(member->slot, slot);
        rooms_leave(&rooms, member);
    }
    assert_int_equal(join(&rooms, 1, 1, 2, &member), ROOMS_NO_PLACE);
    assert_int_equal(join(&rooms, 1, 2, 2, &member), ROOMS_JOINED); /* another room has its own slots */
    assert_int_equal(member->slot, 1);
    rooms_leave(&rooms, first);
    assert_int_equal(join(&rooms, 0, 1, 1, &first), ROOMS_JOINED);
    assert_int_equal(first->slot, 1);
    rooms_deinit(&rooms, &test_alloc);
}

/* Memory for so many pieces and no more. */
static void *get_some(void *ctx, size_t size)
{
    unsigned *left = ctx;
    if (*left == 0)
        return NULL;
    (*left)--;
    return calloc(1, size);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (unsigned pieces = 0; pieces < 3; pieces++) {
        unsigned left = pieces;
        const struct wzp_alloc scarce = {get_some, test_put, &left};
        struct rooms rooms;
        assert_false(rooms_init(&rooms, &scarce, 2, 3, 4));
        rooms_deinit(&rooms, &scarce);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_list),
        cmocka_unit_test(test_same_person),
        cmocka_unit_test(test_slots_are_not_used_again),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
