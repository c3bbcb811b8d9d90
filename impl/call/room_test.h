// SPDX-License-Identifier: Apache-2.0
/* For tests of calls: a room made of nothing. Each endpoint has an inbox, and all of speech is kept. What the
 * endpoint's functions do with it: call/endpoint_test.h. */
#ifndef WZP_CALL_ROOM_TEST_H
#define WZP_CALL_ROOM_TEST_H

#include "call/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PEOPLE  4
#define INBOX   600
#define LOG_MAX 2000

struct letter {
    struct wzp_event event;
    uint8_t bytes[1200];
};

struct wzp_endpoint {
    unsigned number; /* its slot, less one */
    bool is_in, loses_keys, loses_media;
    unsigned loss_in_permille, judged_in; /* as the session tells of what comes ... */
    int64_t repair_horizon_in_ns;
    unsigned feared_permille; /* ... and of what leaves, while it does not know */
    uint64_t rate_bps;        /* what the way out carries; 0: who knows */
    bool has_streams;
    struct wzp_split_wishes wishes; /* as told */
    int64_t handshake_ns;           /* that it took, with no round trip measured since; 0: one is */
    uint8_t record[WZP_RECORD_LEN];
    struct wzp_endpoint_counters counters;
    struct letter *inbox;
    unsigned first, count;
};

void wzp_endpoint_set_wishes(struct wzp_endpoint *endpoint, uint32_t session,
                             const struct wzp_split_wishes *wishes)
{
    (void)session;
    endpoint->wishes = *wishes;
}

static struct {
    struct wzp_endpoint *endpoint[PEOPLE];
    unsigned count;
    const struct wzp_member_record *ghost; /* listed under slot 77 */
    bool lies_about_us;
    unsigned keys_sent[PEOPLE], acks_sent;
    bool may_allocate;
    struct {
        unsigned from;
        struct wzp_media_header header;
        uint8_t header_bytes[WZP_MEDIA_HEADER_LEN], payload[SEALED_PAYLOAD_MAX];
        size_t len;
    } log[LOG_MAX]; /* every media frame */
    unsigned logged;
} room;

static void post(struct wzp_endpoint *to, struct wzp_event event, struct wzp_slice bytes)
{
    assert_true(to->count < INBOX && bytes.len <= 1200);
    struct letter *letter = &to->inbox[(to->first + to->count++) % INBOX];
    letter->event = event;
    letter->event.session = 100 + to->number;
    if (bytes.len)
        memcpy(letter->bytes, bytes.data, bytes.len);
    struct wzp_slice copy = {letter->bytes, bytes.len};
    if (event.kind == WZP_EVENT_SIGNAL)
        letter->event.signal = copy;
    if (event.kind == WZP_EVENT_MEDIA)
        letter->event.media.payload = copy;
    if (event.kind == WZP_EVENT_KEY)
        letter->event.key.body = letter->bytes;
    if (event.kind == WZP_EVENT_KEY_ACK)
        letter->event.key_ack.body = letter->bytes;
}

static void post_signal(struct wzp_endpoint *to, const struct wzp_signal *signal)
{
    uint8_t bytes[1200];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_signal_encode(&writer, signal);
    assert_false(writer.failed);
    post(to, (struct wzp_event){.kind = WZP_EVENT_SIGNAL},
         (struct wzp_slice){bytes + 2, wzp_writer_len(&writer) - 2});
}

static struct wzp_endpoint *other_in_room(const struct wzp_endpoint *self, unsigned i)
{
    struct wzp_endpoint *other = room.endpoint[i];
    return other && other != self && other->is_in ? other : NULL;
}

static uint16_t slot_of(const struct wzp_endpoint *endpoint)
{
    return (uint16_t)(endpoint->number + 1);
}

static struct wzp_endpoint *at_slot(uint16_t slot)
{
    return slot >= 1 && slot <= PEOPLE ? room.endpoint[slot - 1] : NULL;
}

#endif
