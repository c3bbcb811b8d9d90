// SPDX-License-Identifier: Apache-2.0
#include "file/record.h"

#include "base/check.h"

#include <sodium.h>
#include <string.h>

void wzp_file_seal_init(struct wzp_file_seal *seal, const uint8_t key[32], const char *label,
                        struct wzp_slice salt)
{
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, key, 32, sizeof seal->key);
    crypto_generichash_blake2b_update(&state, (const uint8_t *)label, strlen(label));
    crypto_generichash_blake2b_update(&state, salt.data, salt.len);
    crypto_generichash_blake2b_final(&state, seal->key, sizeof seal->key);
    sodium_memzero(&state, sizeof state);
    seal->counter = 0;
}

static void next_nonce(struct wzp_file_seal *seal, uint8_t nonce[12])
{
    struct wzp_writer writer = wzp_writer_make(nonce, 12);
    wzp_write_u32(&writer, 0);
    wzp_write_u64(&writer, seal->counter++);
}

size_t wzp_file_record_seal(struct wzp_file_seal *seal, enum wzp_file_kind kind, const void *plain,
                            size_t len, uint8_t *out)
{
    uint8_t nonce[12];
    WZP_CHECK(len <= WZP_FILE_PLAIN_MAX);
    struct wzp_writer writer = wzp_writer_make(out, WZP_FILE_HEADER_LEN);
    wzp_write_u8(&writer, (uint8_t)kind);
    wzp_write_u16(&writer, (uint16_t)(len + WZP_SEAL_TAG));
    next_nonce(seal, nonce);
    wzp_seal(seal->key, nonce, (struct wzp_slice){out, WZP_FILE_HEADER_LEN}, plain, len,
             out + WZP_FILE_HEADER_LEN);
    return len + WZP_FILE_OVERHEAD;
}

void wzp_file_records_init(struct wzp_file_records *records, const struct wzp_file_seal *seal)
{
    records->seal = *seal;
    records->is_broken = false;
    records->len = 0;
}

/* Moves bytes into the record until it has `want`. */
static bool gather(struct wzp_file_records *records, struct wzp_slice *bytes, size_t want)
{
    if (records->len >= want)
        return true;
    size_t len = want - records->len;
    if (len > bytes->len)
        len = bytes->len;
    if (len)
        memcpy(records->bytes + records->len, bytes->data, len);
    records->len += len;
    bytes->data += len;
    bytes->len -= len;
    return records->len == want;
}

enum wzp_file_records_result wzp_file_records_take(struct wzp_file_records *records, struct wzp_slice *bytes,
                                                   struct wzp_file_record *record)
{
    uint8_t nonce[12];
    if (records->is_broken)
        return WZP_FILE_RECORDS_BROKEN;
    if (!gather(records, bytes, WZP_FILE_HEADER_LEN))
        return WZP_FILE_RECORDS_MORE;
    struct wzp_reader reader = wzp_reader_make(records->bytes, WZP_FILE_HEADER_LEN);
    uint8_t kind = wzp_read_u8(&reader);
    size_t sealed = wzp_read_u16(&reader);
    records->is_broken = sealed < WZP_SEAL_TAG || sealed > WZP_FILE_PLAIN_MAX + WZP_SEAL_TAG;
    if (records->is_broken)
        return WZP_FILE_RECORDS_BROKEN;

    /* One that lies whole in the input is opened from there: no copy. */
    uint8_t *plain = records->bytes + WZP_FILE_HEADER_LEN;
    const uint8_t *from = plain;
    if (records->len == WZP_FILE_HEADER_LEN && bytes->len >= sealed) {
        from = bytes->data;
        bytes->data += sealed;
        bytes->len -= sealed;
    } else if (!gather(records, bytes, WZP_FILE_HEADER_LEN + sealed)) {
        return WZP_FILE_RECORDS_MORE;
    }
    next_nonce(&records->seal, nonce);
    struct wzp_slice aad = {records->bytes, WZP_FILE_HEADER_LEN};
    records->is_broken = !wzp_open(records->seal.key, nonce, aad, from, sealed, plain);
    records->len = 0;
    if (records->is_broken)
        return WZP_FILE_RECORDS_BROKEN;
    *record = (struct wzp_file_record){kind, {plain, sealed - WZP_SEAL_TAG}};
    return WZP_FILE_RECORDS_ONE;
}
