// SPDX-License-Identifier: Apache-2.0
#include "file/receive.h"

#include "base/check.h"

#include <string.h>

void wzp_file_receive_init(struct wzp_file_receive *receive, const uint8_t key[32],
                           const uint8_t salt[WZP_FILE_SALT_LEN])
{
    struct wzp_file_seal seal;
    struct wzp_slice salted = {receive->salt, sizeof receive->salt};
    memset(receive, 0, sizeof *receive);
    memcpy(receive->key, key, sizeof receive->key);
    memcpy(receive->salt, salt, sizeof receive->salt);
    memcpy(receive->out, salt, sizeof receive->salt);
    receive->out_len = sizeof receive->salt;
    crypto_generichash_blake2b_init(&receive->hash, NULL, 0, WZP_FILE_HASH_LEN);
    wzp_file_seal_init(&receive->seal, key, "wzp file answer", salted);
    wzp_file_seal_init(&seal, key, "wzp file offer", (struct wzp_slice){0});
    wzp_file_records_init(&receive->records, &seal);
    sodium_memzero(&seal, sizeof seal);
}

void wzp_file_receive_deinit(struct wzp_file_receive *receive)
{
    sodium_memzero(receive, sizeof *receive);
}

static void give_up(struct wzp_file_receive *receive, enum wzp_file_reason reason)
{
    receive->state = WZP_FILE_RECEIVE_FAILED;
    receive->reason = reason;
}

/* ---- answers ---- */

static void append(struct wzp_file_receive *receive, enum wzp_file_kind kind, const void *plain, size_t len)
{
    WZP_CHECK(receive->out_len + len + WZP_FILE_OVERHEAD <= sizeof receive->out);
    receive->out_len += wzp_file_record_seal(&receive->seal, kind, plain, len,
                                             receive->out + receive->out_len);
}

void wzp_file_receive_held(struct wzp_file_receive *receive, const void *data, size_t len)
{
    WZP_CHECK(receive->state == WZP_FILE_RECEIVE_OFFERED && len <= receive->offer.size - receive->received);
    crypto_generichash_blake2b_update(&receive->hash, data, len);
    receive->received += len;
}

void wzp_file_receive_accept(struct wzp_file_receive *receive)
{
    uint8_t plain[8];
    struct wzp_file_seal seal;
    WZP_CHECK(receive->state == WZP_FILE_RECEIVE_OFFERED);
    struct wzp_writer writer = wzp_writer_make(plain, sizeof plain);
    wzp_write_u64(&writer, receive->received);
    append(receive, WZP_FILE_ACCEPT, plain, sizeof plain);
    wzp_file_seal_init(&seal, receive->key, "wzp file data",
                       (struct wzp_slice){receive->salt, sizeof receive->salt});
    wzp_file_records_init(&receive->records, &seal);
    sodium_memzero(&seal, sizeof seal);
    receive->state = WZP_FILE_RECEIVE_RECEIVING;
}

void wzp_file_receive_confirm(struct wzp_file_receive *receive)
{
    WZP_CHECK(receive->state == WZP_FILE_RECEIVE_WHOLE);
    append(receive, WZP_FILE_RECEIVED, NULL, 0);
    receive->state = WZP_FILE_RECEIVE_DONE;
}

void wzp_file_receive_fail(struct wzp_file_receive *receive, enum wzp_file_reason reason)
{
    uint8_t plain[2];
    if (receive->state >= WZP_FILE_RECEIVE_DONE)
        return;
    struct wzp_writer writer = wzp_writer_make(plain, sizeof plain);
    wzp_write_u16(&writer, (uint16_t)reason);
    append(receive, WZP_FILE_FAILED, plain, sizeof plain);
    give_up(receive, reason);
}

size_t wzp_file_receive_peek(const struct wzp_file_receive *receive, const uint8_t **data)
{
    *data = receive->out + receive->out_at;
    return receive->out_len - receive->out_at;
}

void wzp_file_receive_consume(struct wzp_file_receive *receive, size_t len)
{
    WZP_CHECK(len <= receive->out_len - receive->out_at);
    receive->out_at += len;
    if (receive->out_at == receive->out_len)
        receive->out_at = receive->out_len = 0;
}

bool wzp_file_receive_is_ended(const struct wzp_file_receive *receive)
{
    return receive->state >= WZP_FILE_RECEIVE_DONE && receive->out_len == 0;
}

/* ---- what comes in ---- */

static void on_offer(struct wzp_file_receive *receive, struct wzp_slice plain)
{
    if (wzp_file_offer_decode(plain, &receive->offer))
        receive->state = WZP_FILE_RECEIVE_OFFERED;
    else
        give_up(receive, WZP_FILE_BROKEN);
}

static void on_data(struct wzp_file_receive *receive, struct wzp_slice plain)
{
    if (plain.len == 0 || plain.len > receive->offer.size - receive->received) {
        give_up(receive, WZP_FILE_BROKEN);
        return;
    }
    crypto_generichash_blake2b_update(&receive->hash, plain.data, plain.len);
    receive->received += plain.len;
}

static void on_end_record(struct wzp_file_receive *receive, struct wzp_slice plain)
{
    uint8_t said[WZP_FILE_HASH_LEN], hash[WZP_FILE_HASH_LEN];
    struct wzp_reader reader = wzp_reader_make(plain.data, plain.len);
    uint64_t size = wzp_read_u64(&reader);
    wzp_read_copy(&reader, said, sizeof said);
    if (reader.failed || wzp_reader_left(&reader) > 0 || size != receive->offer.size ||
        receive->received != size || memcmp(said, receive->offer.hash, sizeof said) != 0) {
        give_up(receive, WZP_FILE_BROKEN);
        return;
    }
    crypto_generichash_blake2b_final(&receive->hash, hash, sizeof hash);
    if (memcmp(hash, receive->offer.hash, sizeof hash) == 0)
        receive->state = WZP_FILE_RECEIVE_WHOLE;
    else
        wzp_file_receive_fail(receive, WZP_FILE_CHECKSUM);
}

static void on_record(struct wzp_file_receive *receive, const struct wzp_file_record *record)
{
    struct wzp_reader reader = wzp_reader_make(record->plain.data, record->plain.len);
    bool is_receiving = receive->state == WZP_FILE_RECEIVE_RECEIVING;
    if (!is_receiving && record->kind == WZP_FILE_OFFER) {
        on_offer(receive, record->plain);
    } else if (is_receiving && record->kind == WZP_FILE_DATA) {
        on_data(receive, record->plain);
    } else if (is_receiving && record->kind == WZP_FILE_END) {
        on_end_record(receive, record->plain);
    } else if (is_receiving && record->kind == WZP_FILE_FAILED) {
        give_up(receive, wzp_read_u16(&reader));
        receive->is_peers_reason = true;
    } else {
        give_up(receive, WZP_FILE_BROKEN);
    }
}

static bool listens(const struct wzp_file_receive *receive)
{
    return receive->state == WZP_FILE_RECEIVE_OPENING || receive->state == WZP_FILE_RECEIVE_RECEIVING;
}

bool wzp_file_receive_push(struct wzp_file_receive *receive, struct wzp_slice *bytes, struct wzp_slice *data)
{
    while (listens(receive)) {
        struct wzp_file_record record;
        enum wzp_file_records_result result = wzp_file_records_take(&receive->records, bytes, &record);
        if (result == WZP_FILE_RECORDS_MORE)
            return false;
        if (result == WZP_FILE_RECORDS_BROKEN) {
            give_up(receive, WZP_FILE_BROKEN);
            return false;
        }
        on_record(receive, &record);
        if (record.kind == WZP_FILE_DATA && receive->state == WZP_FILE_RECEIVE_RECEIVING) {
            *data = record.plain;
            return true;
        }
    }
    if (receive->state >= WZP_FILE_RECEIVE_WHOLE) { /* behind the end nothing is meant for us */
        bytes->data += bytes->len;
        bytes->len = 0;
    }
    return false;
}

void wzp_file_receive_on_end(struct wzp_file_receive *receive)
{
    if (receive->state < WZP_FILE_RECEIVE_WHOLE)
        give_up(receive, WZP_FILE_TRUNCATED);
}
