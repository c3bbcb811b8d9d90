// SPDX-License-Identifier: Apache-2.0
#include "file/send.h"

#include "base/check.h"

#include <string.h>

static void append(struct wzp_file_send *send, struct wzp_file_seal *seal, enum wzp_file_kind kind,
                   const void *plain, size_t len)
{
    WZP_CHECK(send->out_len + len + WZP_FILE_OVERHEAD <= sizeof send->out);
    send->out_len += wzp_file_record_seal(seal, kind, plain, len, send->out + send->out_len);
}

void wzp_file_send_init(struct wzp_file_send *send, const uint8_t body[WZP_FILE_BODY_LEN],
                        const uint8_t key[32], const struct wzp_file_offer *offer)
{
    uint8_t plain[WZP_FILE_OFFER_MAX];
    struct wzp_file_seal seal;
    memset(send, 0, sizeof *send);
    send->offer = *offer;
    memcpy(send->key, key, sizeof send->key);
    crypto_generichash_blake2b_init(&send->hash, NULL, 0, WZP_FILE_HASH_LEN);
    memcpy(send->out, body, WZP_FILE_BODY_LEN);
    send->out_len = WZP_FILE_BODY_LEN;
    wzp_file_seal_init(&seal, key, "wzp file offer", (struct wzp_slice){0});
    append(send, &seal, WZP_FILE_OFFER, plain, wzp_file_offer_encode(offer, plain));
    sodium_memzero(&seal, sizeof seal);
}

void wzp_file_send_deinit(struct wzp_file_send *send)
{
    sodium_memzero(send, sizeof *send);
}

size_t wzp_file_send_peek(const struct wzp_file_send *send, const uint8_t **data)
{
    *data = send->out + send->out_at;
    return send->out_len - send->out_at;
}

void wzp_file_send_consume(struct wzp_file_send *send, size_t len)
{
    WZP_CHECK(len <= send->out_len - send->out_at);
    send->out_at += len;
    if (send->out_at == send->out_len)
        send->out_at = send->out_len = 0;
}

bool wzp_file_send_is_ended(const struct wzp_file_send *send)
{
    return send->state >= WZP_FILE_SEND_FINISHING && send->out_len == 0;
}

static void give_up(struct wzp_file_send *send, enum wzp_file_reason reason)
{
    send->state = WZP_FILE_SEND_FAILED;
    send->reason = reason;
}

/* ---- the file ---- */

static void finish(struct wzp_file_send *send)
{
    uint8_t plain[8 + WZP_FILE_HASH_LEN], *hash = plain + 8;
    struct wzp_writer writer = wzp_writer_make(plain, 8);
    wzp_write_u64(&writer, send->read);
    crypto_generichash_blake2b_final(&send->hash, hash, WZP_FILE_HASH_LEN);
    if (memcmp(hash, send->offer.hash, WZP_FILE_HASH_LEN) != 0) {
        wzp_file_send_fail(send, WZP_FILE_CHANGED);
        return;
    }
    append(send, &send->seal, WZP_FILE_END, plain, sizeof plain);
    send->state = WZP_FILE_SEND_FINISHING;
}

size_t wzp_file_send_wants(const struct wzp_file_send *send)
{
    if (send->state != WZP_FILE_SEND_SENDING || send->out_len > 0)
        return 0;
    /* What the recipient has is read for the checksum alone, up to where the records begin. */
    uint64_t until = send->read < send->accepted ? send->accepted : send->offer.size;
    uint64_t left = until - send->read;
    return left < WZP_FILE_PLAIN_MAX ? (size_t)left : WZP_FILE_PLAIN_MAX;
}

void wzp_file_send_data(struct wzp_file_send *send, const void *data, size_t len)
{
    WZP_CHECK(len > 0 && len <= wzp_file_send_wants(send));
    crypto_generichash_blake2b_update(&send->hash, data, len);
    if (send->read >= send->accepted)
        append(send, &send->seal, WZP_FILE_DATA, data, len);
    send->read += len;
    if (send->read == send->offer.size)
        finish(send);
}

void wzp_file_send_fail(struct wzp_file_send *send, enum wzp_file_reason reason)
{
    uint8_t plain[2];
    if (send->state >= WZP_FILE_SEND_FINISHING)
        return;
    struct wzp_writer writer = wzp_writer_make(plain, sizeof plain);
    wzp_write_u16(&writer, (uint16_t)reason);
    if (send->state == WZP_FILE_SEND_SENDING)
        append(send, &send->seal, WZP_FILE_FAILED, plain, sizeof plain);
    give_up(send, reason);
}

/* ---- the answer ---- */

static void on_accept(struct wzp_file_send *send, struct wzp_slice plain)
{
    struct wzp_reader reader = wzp_reader_make(plain.data, plain.len);
    uint64_t offset = wzp_read_u64(&reader);
    if (reader.failed || wzp_reader_left(&reader) > 0 || offset > send->offer.size ||
        send->state != WZP_FILE_SEND_OFFERING) {
        give_up(send, WZP_FILE_BROKEN);
        return;
    }
    send->accepted = offset;
    send->state = WZP_FILE_SEND_SENDING;
    wzp_file_seal_init(&send->seal, send->key, "wzp file data",
                       (struct wzp_slice){send->salt, sizeof send->salt});
    if (send->offer.size == 0)
        finish(send);
}

static void on_answer(struct wzp_file_send *send, const struct wzp_file_record *record)
{
    struct wzp_reader reader = wzp_reader_make(record->plain.data, record->plain.len);
    switch (record->kind) {
    case WZP_FILE_ACCEPT:
        on_accept(send, record->plain);
        break;
    case WZP_FILE_RECEIVED:
        if (send->state == WZP_FILE_SEND_FINISHING)
            send->state = WZP_FILE_SEND_DONE;
        else
            give_up(send, WZP_FILE_BROKEN);
        break;
    case WZP_FILE_FAILED:
        give_up(send, wzp_read_u16(&reader));
        send->is_peers_reason = true;
        break;
    default:
        give_up(send, WZP_FILE_BROKEN);
        break;
    }
}

/* False until the salt is whole. */
static bool take_salt(struct wzp_file_send *send, struct wzp_slice *bytes)
{
    size_t len = sizeof send->salt - send->salt_len;
    if (len == 0)
        return true;
    if (len > bytes->len)
        len = bytes->len;
    if (len)
        memcpy(send->salt + send->salt_len, bytes->data, len);
    send->salt_len += len;
    bytes->data += len;
    bytes->len -= len;
    if (send->salt_len < sizeof send->salt)
        return false;
    struct wzp_file_seal seal;
    wzp_file_seal_init(&seal, send->key, "wzp file answer",
                       (struct wzp_slice){send->salt, sizeof send->salt});
    wzp_file_records_init(&send->answers, &seal);
    sodium_memzero(&seal, sizeof seal);
    return true;
}

void wzp_file_send_push(struct wzp_file_send *send, struct wzp_slice bytes)
{
    struct wzp_file_record record;
    enum wzp_file_records_result result = WZP_FILE_RECORDS_ONE;
    if (send->state >= WZP_FILE_SEND_DONE || !take_salt(send, &bytes))
        return;
    while (send->state < WZP_FILE_SEND_DONE &&
           (result = wzp_file_records_take(&send->answers, &bytes, &record)) == WZP_FILE_RECORDS_ONE)
        on_answer(send, &record);
    if (result == WZP_FILE_RECORDS_BROKEN)
        give_up(send, WZP_FILE_BROKEN);
}

void wzp_file_send_on_end(struct wzp_file_send *send)
{
    if (send->state < WZP_FILE_SEND_DONE)
        give_up(send, WZP_FILE_TRUNCATED);
}
