// SPDX-License-Identifier: Apache-2.0
#include "sim/parcel.h"

#include "base/check.h"
#include "call/stream.h"

#include <stdlib.h>
#include <string.h>

static uint8_t byte_at(uint64_t place)
{
    return (uint8_t)((place * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

static void fill(uint64_t from, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = byte_at(from + i);
}

static void offer(uint64_t size, struct wzp_file_offer *out)
{
    uint8_t piece[4096];
    crypto_generichash_blake2b_state hash;
    *out = (struct wzp_file_offer){.size = size, .name_len = 6, .name = "parcel"};
    crypto_generichash_blake2b_init(&hash, NULL, 0, sizeof out->hash);
    for (uint64_t at = 0; at < size; at += sizeof piece) {
        size_t len = size - at < sizeof piece ? (size_t)(size - at) : sizeof piece;
        fill(at, piece, len);
        crypto_generichash_blake2b_update(&hash, piece, len);
    }
    crypto_generichash_blake2b_final(&hash, out->hash, sizeof out->hash);
}

/* Both ends have said their last. */
static bool is_over(const struct sim_parcel *parcel)
{
    return parcel->send.state >= WZP_FILE_SEND_DONE && wzp_file_receive_is_ended(&parcel->receive);
}

struct sim_parcel *sim_parcel_send(struct sim_person *from, struct sim_person *to, uint64_t size)
{
    uint8_t body[WZP_TRANSFER_BODY_LEN], key[32];
    struct wzp_file_offer offered;
    uint64_t stream;
    struct sim_net *net = sim_crowd_net(from->crowd);
    if ((from->giving && !is_over(from->giving)) || (to->taking && !is_over(to->taking)) ||
        wzp_call_stream_open(from->call, to->slot, &stream) != WZP_ERR_OK)
        return NULL;
    WZP_CHECK(wzp_call_transfer_seal(from->call, to->slot, body, key));
    struct sim_parcel *parcel = aligned_alloc(64, (sizeof *parcel + 63) / 64 * 64);
    WZP_CHECK(parcel);
    memset(parcel, 0, sizeof *parcel);
    if (from->giving && from->giving->to->taking == from->giving)
        from->giving->to->taking = NULL;
    sim_parcel_destroy(from->giving);
    parcel->from = from;
    parcel->to = to;
    parcel->size = size;
    parcel->stream[0] = stream;
    parcel->started_ns = sim_net_now(net);
    parcel->done_ns = WZP_NEVER;
    offer(size, &offered);
    wzp_file_send_init(&parcel->send, body, key, &offered);
    from->giving = to->taking = parcel;
    sim_parcel_settle(from, parcel->started_ns);
    sim_net_poke(net, from->node);
    return parcel;
}

void sim_parcel_destroy(struct sim_parcel *parcel)
{
    free(parcel);
}

bool sim_parcel_is_whole(const struct sim_parcel *parcel)
{
    return parcel->done_ns != WZP_NEVER && !parcel->is_wrong && parcel->receive.received == parcel->size;
}

const char *sim_parcel_why(const struct sim_parcel *parcel)
{
    bool has_failed = parcel->send.state == WZP_FILE_SEND_FAILED;
    return has_failed ? wzp_file_reason_text(parcel->send.reason) : NULL;
}

void sim_parcel_on_event(struct sim_person *person, const struct wzp_call_event *event)
{
    struct sim_parcel *parcel = person->taking;
    if (event->what != WZP_STREAM_OPENED)
        return; /* what there is to do shows when it is tried */
    if (!parcel || parcel->has_arrived[0]) {
        wzp_call_stream_give_up(person->call, event->stream, WZP_STREAM_REASON_NOT_TAKEN);
        return;
    }
    parcel->has_arrived[0] = true;
    parcel->stream[1] = event->stream;
}

/* ---- the sender ---- */

static void give(struct sim_parcel *parcel, int64_t now_ns)
{
    uint8_t piece[WZP_FILE_PLAIN_MAX];
    struct wzp_call *call = parcel->from->call;
    struct wzp_file_send *send = &parcel->send;
    const uint8_t *data;
    size_t len, wants;
    while ((len = wzp_call_stream_peek(call, parcel->stream[0], &data)) > 0) {
        wzp_file_send_push(send, (struct wzp_slice){data, len});
        wzp_call_stream_consume(call, parcel->stream[0], len);
    }
    do {
        len = wzp_file_send_peek(send, &data);
        wzp_file_send_consume(send, len ? wzp_call_stream_write(call, parcel->stream[0], data, len) : 0);
        wants = wzp_file_send_wants(send);
        fill(send->read, piece, wants);
        if (wants)
            wzp_file_send_data(send, piece, wants);
    } while (wants);
    if (wzp_file_send_is_ended(send) && !parcel->is_ended) {
        parcel->is_ended = true;
        (void)wzp_call_stream_end(call, parcel->stream[0]);
    }
    if (send->state == WZP_FILE_SEND_DONE && parcel->done_ns == WZP_NEVER)
        parcel->done_ns = now_ns;
}

/* ---- the recipient ---- */

static bool take_body(struct sim_parcel *parcel)
{
    uint8_t key[32], salt[32];
    const uint8_t *body;
    struct wzp_call *call = parcel->to->call;
    if (!parcel->has_arrived[1]) {
        if (wzp_call_stream_peek(call, parcel->stream[1], &body) < WZP_TRANSFER_BODY_LEN)
            return false;
        parcel->has_arrived[1] = wzp_call_transfer_open(call, parcel->from->slot, body, key);
        WZP_CHECK(parcel->has_arrived[1]);
        wzp_call_stream_consume(call, parcel->stream[1], WZP_TRANSFER_BODY_LEN);
        sim_net_secret(sim_crowd_net(parcel->to->crowd), parcel->to->node, "parcel", salt);
        wzp_file_receive_init(&parcel->receive, key, salt);
    }
    return true;
}

/* In place of a write: compares. False: the disk is full. */
static bool store(struct sim_parcel *parcel, struct wzp_slice data)
{
    uint64_t from = parcel->receive.received - data.len, *room = &parcel->to->disk_left;
    for (size_t i = 0; i < data.len; i++)
        parcel->is_wrong = parcel->is_wrong || data.data[i] != byte_at(from + i);
    bool fits = data.len <= *room;
    *room -= fits ? data.len : *room;
    return fits;
}

/* As wzp-client receive does: tells the sender why, and wants no more of it. */
static void refuse(struct sim_parcel *parcel, enum wzp_file_reason reason)
{
    wzp_file_receive_fail(&parcel->receive, reason);
    wzp_call_stream_stop(parcel->to->call, parcel->stream[1], WZP_STREAM_REASON_STOPPED);
}

static void take(struct sim_parcel *parcel)
{
    struct wzp_call *call = parcel->to->call;
    struct wzp_file_receive *receive = &parcel->receive;
    const uint8_t *bytes;
    size_t len;
    if (!parcel->has_arrived[0] || !take_body(parcel))
        return;
    while ((len = wzp_call_stream_peek(call, parcel->stream[1], &bytes)) > 0) {
        struct wzp_slice rest = {bytes, len}, data;
        bool fits = true;
        while (fits && wzp_file_receive_push(receive, &rest, &data))
            fits = store(parcel, data);
        wzp_call_stream_consume(call, parcel->stream[1], len - rest.len);
        bool is_offered = receive->state == WZP_FILE_RECEIVE_OFFERED;
        if (!fits || (is_offered && receive->offer.size > parcel->to->disk_left))
            refuse(parcel, WZP_FILE_NO_SPACE);
        else if (is_offered)
            wzp_file_receive_accept(receive);
        else if (receive->state == WZP_FILE_RECEIVE_WHOLE)
            wzp_file_receive_confirm(receive);
    }
    len = wzp_file_receive_peek(receive, &bytes);
    if (len)
        wzp_file_receive_consume(receive, wzp_call_stream_write(call, parcel->stream[1], bytes, len));
    if (wzp_file_receive_is_ended(receive))
        (void)wzp_call_stream_end(call, parcel->stream[1]); /* again is no harm */
}

void sim_parcel_settle(struct sim_person *person, int64_t now_ns)
{
    if (person->giving)
        give(person->giving, now_ns);
    if (person->taking)
        take(person->taking);
}
