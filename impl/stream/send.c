// SPDX-License-Identifier: Apache-2.0
#include "stream/send.h"
#include "base/check.h"

#include <string.h>

#define HEADERS_LEN       60 /* IP, UDP, packet, frame: what a piece costs beside itself */
#define CUT_MIN           64 /* a piece is not cut shorter than this to fill a packet */
#define SPACING_NS_MIN    (20 * WZP_MS)
#define ROUND_MARGIN_NS   (30 * WZP_MS) /* the peer may hold an acknowledgement for 25 ms */
#define ROUND_NS_MIN      (50 * WZP_MS)
#define ROUND_OVER_RTT_NS (1 * WZP_S)
#define RTT_UNKNOWN_NS    (3 * WZP_S)
#define THROUGH_PPM       20000 /* a round may fail with this probability */

static int64_t time_of_bytes(size_t len, int64_t rate_bps)
{
    return (int64_t)(len + HEADERS_LEN) * 8 * WZP_S / rate_bps;
}

static int64_t spacing_of(const struct wzp_stream_piece *piece)
{
    return wzp_time_max(SPACING_NS_MIN, time_of_bytes(piece->len, WZP_STREAM_COPY_BPS));
}

static unsigned copies_at(unsigned loss_permille)
{
    uint64_t all_lost_ppm = UINT64_C(1000) * loss_permille;
    unsigned copies = 1;
    while (all_lost_ppm > THROUGH_PPM && copies < WZP_STREAM_COPIES_MAX) {
        all_lost_ppm = all_lost_ppm * loss_permille / 1000;
        copies++;
    }
    return copies;
}

/* From the first copy of the piece's round to the next round. */
static int64_t pause_of(const struct wzp_stream_piece *piece, const struct wzp_stream_path *path)
{
    int64_t longest_ns = path->rtt_ns + ROUND_OVER_RTT_NS;
    int64_t pause_ns = wzp_time_max(ROUND_NS_MIN, path->rtt_ns + 4 * path->rtt_var_ns + ROUND_MARGIN_NS);
    for (unsigned i = 0; i < piece->rounds && pause_ns < longest_ns; i++)
        pause_ns += pause_ns / 4;
    return wzp_time_min(pause_ns, longest_ns);
}

static int64_t round_end(const struct wzp_stream_piece *piece, const struct wzp_stream_path *path)
{
    return piece->round_ns + pause_of(piece, path);
}

/* Nobody can say yet when an acknowledgement is overdue. */
static bool is_before_rtt(const struct wzp_stream_piece *piece, const struct wzp_stream_path *path,
                          int64_t at_ns)
{
    return path->rtt_ns == 0 && at_ns < piece->first_ns + RTT_UNKNOWN_NS;
}

static int64_t due_at(const struct wzp_stream_piece *piece, const struct wzp_stream_path *path,
                      unsigned copies)
{
    int64_t next_copy_ns = piece->last_ns + spacing_of(piece);
    if (piece->copies < copies || is_before_rtt(piece, path, next_copy_ns))
        return next_copy_ns;
    return wzp_time_max(next_copy_ns, round_end(piece, path));
}

static struct wzp_stream_piece *piece_at(struct wzp_stream_send *send, unsigned index)
{
    return &send->pieces[(send->first + index) % WZP_STREAM_PIECES];
}

/* The piece that waits longest for its next copy, of those that fit; NULL if there is none. */
static const struct wzp_stream_piece *next_repeat(const struct wzp_stream_send *send,
                                                  const struct wzp_stream_path *path, size_t room,
                                                  int64_t *at_ns)
{
    const struct wzp_stream_piece *next = NULL;
    unsigned copies = copies_at(path->loss_permille);
    for (unsigned i = 0; i < send->count; i++) {
        const struct wzp_stream_piece *piece = &send->pieces[(send->first + i) % WZP_STREAM_PIECES];
        if (piece->acked || piece->len > room)
            continue;
        int64_t due_ns = due_at(piece, path, copies);
        if (!next || due_ns < *at_ns) {
            next = piece;
            *at_ns = due_ns;
        }
    }
    /* Small pieces may share a packet: so much may be owed. */
    if (next)
        *at_ns = wzp_time_max(*at_ns, send->repeat_ns - SPACING_NS_MIN);
    return next;
}

/* Bytes that were never sent and may be. */
static uint64_t fresh_len(const struct wzp_stream_send *send)
{
    uint64_t end = send->written < send->limit ? send->written : send->limit;
    return end > send->sent && send->count < WZP_STREAM_PIECES ? end - send->sent : 0;
}

void wzp_stream_send_init(struct wzp_stream_send *send, uint8_t *memory, size_t capacity, uint64_t credit)
{
    WZP_CHECK(capacity > 0);
    memset(send, 0, sizeof *send);
    send->memory = memory;
    send->capacity = capacity;
    send->limit = credit;
    send->repeat_ns = INT64_MIN + SPACING_NS_MIN;
}

size_t wzp_stream_send_room(const struct wzp_stream_send *send)
{
    return send->capacity - (size_t)(send->written - send->acked);
}

bool wzp_stream_send_write(struct wzp_stream_send *send, const void *data, size_t len)
{
    if (len > wzp_stream_send_room(send))
        return false;
    if (len == 0)
        return true;
    size_t at = (size_t)(send->written % send->capacity), until_wrap = send->capacity - at;
    size_t head = len < until_wrap ? len : until_wrap;
    memcpy(send->memory + at, data, head);
    memcpy(send->memory, (const uint8_t *)data + head, len - head);
    send->written += len;
    return true;
}

void wzp_stream_send_set_limit(struct wzp_stream_send *send, uint64_t limit)
{
    if (limit > send->limit)
        send->limit = limit;
}

int64_t wzp_stream_send_next_at(const struct wzp_stream_send *send, const struct wzp_stream_path *path)
{
    int64_t at_ns = WZP_NEVER;
    if (fresh_len(send) > 0)
        return INT64_MIN;
    next_repeat(send, path, SIZE_MAX, &at_ns);
    return at_ns;
}

/* A copy of this round, or the first of a new one. */
static void repeat(struct wzp_stream_send *send, struct wzp_stream_piece *piece,
                   const struct wzp_stream_path *path, int64_t now_ns)
{
    if (!is_before_rtt(piece, path, now_ns) && now_ns >= round_end(piece, path)) {
        piece->round_ns = now_ns;
        piece->copies = 0;
        piece->rounds++;
    }
    piece->copies++;
    piece->last_ns = now_ns;
    send->repeat_ns = wzp_time_max(send->repeat_ns, now_ns) +
                      time_of_bytes(piece->len, WZP_STREAM_REPEAT_BPS);
}

/* Cuts the next piece off the bytes that were never sent; NULL if there are none or `room` is not worth a
 * piece. */
static struct wzp_stream_piece *cut(struct wzp_stream_send *send, size_t room, int64_t now_ns)
{
    uint64_t len = fresh_len(send);
    uint64_t until_wrap = send->capacity - send->sent % send->capacity;
    if (len > until_wrap)
        len = until_wrap;
    if (len > WZP_STREAM_PIECE_MAX)
        len = WZP_STREAM_PIECE_MAX;
    if (len > room)
        len = room < CUT_MIN ? 0 : room;
    if (len == 0)
        return NULL;
    struct wzp_stream_piece *piece = piece_at(send, send->count++);
    *piece = (struct wzp_stream_piece){
        .offset = send->sent,
        .len = (uint32_t)len,
        .copies = 1,
        .first_ns = now_ns,
        .round_ns = now_ns,
        .last_ns = now_ns,
    };
    send->sent += len;
    return piece;
}

bool wzp_stream_send_next(struct wzp_stream_send *send, int64_t now_ns, const struct wzp_stream_path *path,
                          size_t room, uint64_t *offset, const uint8_t **data, size_t *len)
{
    int64_t at_ns = WZP_NEVER;
    const struct wzp_stream_piece *due = next_repeat(send, path, room, &at_ns);
    struct wzp_stream_piece *piece;
    if (due && at_ns <= now_ns) {
        piece = &send->pieces[due - send->pieces];
        repeat(send, piece, path, now_ns);
    } else {
        piece = cut(send, room, now_ns);
    }
    if (!piece)
        return false;
    *offset = piece->offset;
    *data = send->memory + piece->offset % send->capacity;
    *len = piece->len;
    return true;
}

void wzp_stream_send_on_acked(struct wzp_stream_send *send, uint64_t offset, size_t len)
{
    for (unsigned i = 0; i < send->count; i++) {
        struct wzp_stream_piece *piece = piece_at(send, i);
        if (piece->offset >= offset && piece->offset + piece->len <= offset + len)
            piece->acked = true;
    }
    while (send->count > 0 && send->pieces[send->first].acked) {
        send->acked += send->pieces[send->first].len;
        send->first = (send->first + 1) % WZP_STREAM_PIECES;
        send->count--;
    }
}

bool wzp_stream_send_is_done(const struct wzp_stream_send *send)
{
    return send->acked == send->written;
}
