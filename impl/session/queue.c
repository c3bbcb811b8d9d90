// SPDX-License-Identifier: Apache-2.0
#include "session/queue.h"

#include "base/check.h"

#include <string.h>

#define HEAD     13 /* u8 type, u16 slot, u16 length of the body, u64 time */
#define REPAIRED 0x80

void send_queue_init(struct send_queue *queue, uint8_t *bytes, size_t capacity)
{
    *queue = (struct send_queue){.bytes = bytes, .capacity = capacity};
}

enum wzp_err send_queue_push(struct send_queue *queue, const struct send_entry *entry, const uint8_t *header,
                             size_t header_len)
{
    size_t len = header_len + entry->body.len;
    if (queue->used + HEAD + len > queue->capacity)
        return WZP_ERR_FULL;
    WZP_CHECK(len <= UINT16_MAX);
    if (queue->head + queue->used + HEAD + len > queue->capacity) {
        memmove(queue->bytes, queue->bytes + queue->head, queue->used);
        queue->head = 0;
    }
    struct wzp_writer writer = wzp_writer_make(queue->bytes + queue->head + queue->used, HEAD + len);
    wzp_write_u8(&writer, (uint8_t)(entry->type | (entry->is_repaired ? REPAIRED : 0)));
    wzp_write_u16(&writer, entry->slot);
    wzp_write_u16(&writer, (uint16_t)len);
    wzp_write_u64(&writer, (uint64_t)entry->queued_ns);
    wzp_write_bytes(&writer, header, header_len);
    wzp_write_bytes(&writer, entry->body.data, entry->body.len);
    queue->used += HEAD + len;
    return WZP_ERR_OK;
}

bool send_queue_first(const struct send_queue *queue, struct send_entry *entry)
{
    if (queue->used == 0)
        return false;
    struct wzp_reader reader = wzp_reader_make(queue->bytes + queue->head, queue->used);
    uint8_t kind = wzp_read_u8(&reader);
    entry->type = (enum wzp_frame_type)(kind & ~REPAIRED);
    entry->is_repaired = kind & REPAIRED;
    entry->slot = wzp_read_u16(&reader);
    size_t len = wzp_read_u16(&reader);
    entry->queued_ns = (int64_t)wzp_read_u64(&reader);
    entry->body = wzp_read_bytes(&reader, len);
    WZP_CHECK(!reader.failed);
    return true;
}

void send_queue_pop(struct send_queue *queue)
{
    struct send_entry entry;
    WZP_CHECK(send_queue_first(queue, &entry));
    queue->head += HEAD + entry.body.len;
    queue->used -= HEAD + entry.body.len;
    if (queue->used == 0)
        queue->head = 0;
}

void send_queue_clear(struct send_queue *queue)
{
    queue->head = queue->used = 0;
}
