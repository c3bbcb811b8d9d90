// SPDX-License-Identifier: Apache-2.0
/*
 * The stateful target: a client and a relay in virtual time, driven by op-codes read from the input, with a
 * hostile network between them and hostile peers in their places. The input is
 *
 *     u8 start: bit 0 with a session that stands, bit 1 of IK instead of XX
 *     ops: u8 (bits 0-4: which of the table below; bit 5: side, 1 the relay; bits 6-7: a number), then what
 *     the op reads
 *
 * At the end everything is closed, and within 40 s nothing may be left of it. Invariants: fuzz/twin.h.
 */
#include "fuzz/twin.h"

#include <string.h>

#define OPS_MAX   64
#define QUEUE_MAX 8

static struct twin twin;
static struct twin_save saves[3]; /* fresh, XX, IK */

static struct datagram {
    unsigned to;
    size_t len;
    uint8_t bytes[TWIN_DATAGRAM_MAX];
} queue[QUEUE_MAX]; /* on their way */
static unsigned queued;

void fuzz_init(void)
{
    twin_init(&twin, false);
    twin_save(&twin, &saves[0]);
    for (unsigned is_ik = 0; is_ik < 2; is_ik++) {
        twin_restore(&twin, &saves[0], 3);
        twin_talk(&twin, is_ik);
        twin_save(&twin, &saves[1 + is_ik]);
    }
}

struct op {
    struct fuzz_input *input;
    unsigned side, number; /* below 4 */
};

/* One of those under way, by the op's number; NULL when there is none. */
static struct datagram *pick(const struct op *op)
{
    return queued ? &queue[op->number % queued] : NULL;
}

static void forget(struct datagram *datagram)
{
    size_t behind = (size_t)(&queue[--queued] - datagram);
    memmove(datagram, datagram + 1, behind * sizeof *datagram); /* order is kept */
}

static void deliver(const struct op *op)
{
    struct datagram *datagram = pick(op);
    if (!datagram)
        return;
    twin_deliver(&twin, datagram->to, datagram->bytes, datagram->len);
    forget(datagram);
}

static void deliver_copy(const struct op *op)
{
    const struct datagram *datagram = pick(op);
    if (!datagram)
        return;
    struct datagram copy = *datagram;
    twin_deliver(&twin, copy.to, copy.bytes, copy.len);
}

static void deliver_from_elsewhere(const struct op *op)
{
    struct datagram *datagram = pick(op);
    if (!datagram)
        return;
    struct wzp_addr *from = &twin.side[!datagram->to].addr, before = *from;
    from->port = (uint16_t)(2000 + fuzz_u8(op->input));
    deliver(op);
    *from = before;
}

static void drop(const struct op *op)
{
    struct datagram *datagram = pick(op);
    if (datagram)
        forget(datagram);
}

static void flip(const struct op *op)
{
    struct datagram *datagram = pick(op);
    uint16_t bit = fuzz_u16(op->input);
    if (datagram)
        datagram->bytes[bit / 8 % datagram->len] ^= (uint8_t)(1u << bit % 8);
}

static void truncate_one(const struct op *op)
{
    struct datagram *datagram = pick(op);
    uint16_t len = fuzz_u16(op->input);
    if (datagram)
        datagram->len = 1 + len % datagram->len;
}

/* As many as there is room for; the rest is lost. */
static void transmit(const struct op *op)
{
    uint8_t bytes[TWIN_DATAGRAM_MAX];
    for (unsigned i = 0; i <= op->number; i++) {
        size_t len = twin_transmit(&twin, op->side, bytes);
        if (len == 0)
            return;
        if (queued == QUEUE_MAX)
            continue;
        queue[queued].to = !op->side;
        queue[queued].len = len;
        memcpy(queue[queued++].bytes, bytes, len);
    }
}

static void advance(const struct op *op)
{
    int64_t step = 1 + fuzz_u8(op->input);
    twin_advance(&twin, twin.now_ns + step * step * (op->number < 2 ? WZP_MS / 4 : WZP_MS));
}

/* Undisturbed, for a while. */
static void run(const struct op *op)
{
    twin_run(&twin, 1 + 3 * op->number);
}

static void send_signal(const struct op *op)
{
    uint8_t message[2 + WZP_SIGNAL_MAX] = {0};
    size_t len = fuzz_u16(op->input) % (WZP_SIGNAL_MAX + 1);
    message[0] = (uint8_t)(len >> 8);
    message[1] = (uint8_t)len;
    wzp_endpoint_send_signal(twin.side[op->side].endpoint, twin.side[op->side].session,
                             (struct wzp_slice){message, len + 2});
}

static void send_media(const struct op *op)
{
    const uint8_t payload[WZP_MEDIA_PAYLOAD_MAX] = {0};
    uint8_t header_bytes[WZP_MEDIA_HEADER_LEN];
    uint8_t gap = fuzz_u8(op->input);
    struct wzp_media_header header = {
        .flags = gap == 0xff ? WZP_MEDIA_FLAG_KEYFRAME : 0,
        .media_type = op->number & 1 ? WZP_MEDIA_TYPE_VIDEO : WZP_MEDIA_TYPE_AUDIO,
        .sequence = (uint32_t)(twin.now_ns / (20 * WZP_MS)) + gap,
        .timestamp_ms = (uint32_t)(twin.now_ns / WZP_MS),
    };
    struct wzp_writer writer = wzp_writer_make(header_bytes, sizeof header_bytes);
    wzp_media_header_encode(&writer, &header);
    wzp_endpoint_send_media(
        twin.side[op->side].endpoint, twin.side[op->side].session, (uint16_t)(op->number >> 1), header_bytes,
        (struct wzp_slice){payload, fuzz_u16(op->input) % (WZP_MEDIA_PAYLOAD_MAX + 1)}, false, twin.now_ns);
}

static void send_key(const struct op *op)
{
    const uint8_t body[WZP_KEY_BODY_LEN] = {0};
    struct wzp_endpoint *endpoint = twin.side[op->side].endpoint;
    if (op->number & 1)
        wzp_endpoint_send_key_ack(endpoint, twin.side[op->side].session, (uint16_t)op->number, body);
    else
        wzp_endpoint_send_key(endpoint, twin.side[op->side].session, (uint16_t)op->number, body);
}

/* A peer with true keys says what the input says. */
static void inject_sealed(const struct op *op)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX];
    struct wzp_slice frames = fuzz_take(op->input, fuzz_u16(op->input) % WZP_DATAGRAM_CEILING);
    size_t len = twin_seal(&twin, op->side, frames, datagram);
    if (!len)
        return;
    twin_own_sealed(&twin, op->side);
    if (len <= WZP_DATAGRAM_CEILING)
        twin_deliver(&twin, !op->side, datagram, len);
}

static void inject(const struct op *op)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX];
    struct wzp_slice bytes = fuzz_take(op->input, fuzz_u16(op->input) % WZP_DATAGRAM_CEILING);
    if (bytes.len)
        memcpy(datagram, bytes.data, bytes.len);
    twin_deliver(&twin, !op->side, datagram, bytes.len);
}

static void close_one(const struct op *op)
{
    wzp_endpoint_close(twin.side[op->side].endpoint, twin.side[op->side].session,
                       (enum wzp_close_reason)fuzz_u8(op->input), twin.now_ns);
    twin_poll(&twin, op->side);
}

static void connect(const struct op *op)
{
    const struct wzp_endpoint *relay = twin.side[TWIN_RELAY].endpoint;
    uint32_t session;
    if (wzp_endpoint_connect(twin.side[TWIN_CLIENT].endpoint, &twin.side[TWIN_RELAY].addr,
                             op->number & 1 ? relay->config.static_public : NULL, twin.now_ns,
                             &session) == WZP_ERR_OK)
        twin.side[TWIN_CLIENT].session = session;
}

/* ---- streams above 0 ---- */

/* A stream of this side or of the other, that may not be there. */
static uint64_t a_stream(const struct op *op)
{
    return fuzz_u8(op->input) % 16;
}

static void stream_open(const struct op *op)
{
    uint64_t stream;
    wzp_endpoint_stream_open(twin.side[op->side].endpoint, twin.side[op->side].session, &stream);
}

static void stream_write(const struct op *op)
{
    static const uint8_t zeros[8192];
    uint64_t stream = a_stream(op);
    size_t len = fuzz_u16(op->input) % sizeof zeros;
    struct wzp_endpoint *endpoint = twin.side[op->side].endpoint;
    uint32_t session = twin.side[op->side].session;
    size_t room = wzp_endpoint_stream_room(endpoint, session, stream);
    size_t taken = wzp_endpoint_stream_write(endpoint, session, stream, zeros, len);
    WZP_CHECK(taken == (len < room ? len : room));
}

static void stream_read(const struct op *op)
{
    struct wzp_endpoint *endpoint = twin.side[op->side].endpoint;
    uint32_t session = twin.side[op->side].session;
    uint64_t stream = a_stream(op);
    const uint8_t *data;
    size_t len = wzp_endpoint_stream_peek(endpoint, session, stream, &data);
    fuzz_touch(data, len);
    if (len)
        wzp_endpoint_stream_consume(endpoint, session, stream, op->number ? len : (len + 1) / 2);
    wzp_endpoint_stream_at_end(endpoint, session, stream);
}

static void stream_end(const struct op *op)
{
    wzp_endpoint_stream_end(twin.side[op->side].endpoint, twin.side[op->side].session, a_stream(op));
}

static void stream_reset(const struct op *op)
{
    wzp_endpoint_stream_reset(twin.side[op->side].endpoint, twin.side[op->side].session, a_stream(op), 7);
}

static void stream_stop(const struct op *op)
{
    wzp_endpoint_stream_stop(twin.side[op->side].endpoint, twin.side[op->side].session, a_stream(op), 8);
}

/* ---- the way ---- */

static void move(const struct op *op)
{
    wzp_endpoint_on_moved(twin.side[op->side].endpoint, twin.side[op->side].session, twin.now_ns);
}

static void find_mtu(const struct op *op)
{
    wzp_endpoint_find_mtu(twin.side[op->side].endpoint, twin.side[op->side].session, twin.now_ns);
}

static void ping(const struct op *op)
{
    wzp_endpoint_ping(twin.side[op->side].endpoint, twin.side[op->side].session);
}

static void abandon(const struct op *op)
{
    wzp_endpoint_abandon(twin.side[op->side].endpoint, twin.side[op->side].session, twin.now_ns);
    twin_poll(&twin, op->side);
}

static void (*const ops[])(const struct op *op) = {
    advance,      transmit,     deliver,       deliver_copy,
    drop,         flip,         truncate_one,  send_signal,
    send_media,   send_key,     inject_sealed, inject,
    close_one,    connect,      run,           deliver_from_elsewhere,
    stream_open,  stream_write, stream_read,   stream_end,
    stream_reset, stream_stop,  move,          find_mtu,
    ping,         abandon,
};

static void end(void)
{
    for (unsigned side = 0; side < 2; side++) {
        twin_settle(&twin, side);
        wzp_endpoint_close_all(twin.side[side].endpoint, WZP_CLOSE_REASON_LEFT, twin.now_ns);
    }
    for (unsigned second = 0; second < 40; second++)
        for (unsigned side = 0; side < 2; side++) {
            twin_advance(&twin, twin.now_ns + 500 * WZP_MS);
            twin_settle(&twin, side);
        }
    for (unsigned side = 0; side < 2; side++) {
        const struct wzp_endpoint_counters *counters = wzp_endpoint_counters(twin.side[side].endpoint);
        WZP_CHECK(counters->sessions == 0 && counters->half_open == 0);
    }
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    uint8_t start = fuzz_u8(&input);
    queued = 0;
    twin_restore(&twin, &saves[start & 1 ? 1 + (start >> 1 & 1) : 0], 3);
    for (unsigned i = 0; i < OPS_MAX && input.len; i++) {
        uint8_t code = fuzz_u8(&input);
        struct op op = {&input, code >> 5 & 1, code >> 6};
        ops[(code & 31) % (sizeof ops / sizeof *ops)](&op);
    }
    end();
    return 0;
}
