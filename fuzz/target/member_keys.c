// SPDX-License-Identifier: Apache-2.0
/*
 * Member records, KEY and KEY_ACK bodies, and media sealed under sender keys: bytes that another member wrote
 * and a relay passed on. The input is
 *
 *     u8 which: 0 a record, 1 a KEY body, 2 a KEY_ACK body, 3 media
 *     0 to 2: u8 (odd: genuine bytes with what follows XORed in; even: what follows is all there is), bytes
 *     3: entries of u8 (even: media; odd: a further key of that epoch and step is added), u8 word, and for
 * media u8 (odd: genuine), then u8 length and bytes, which are the payload or XORed into it
 *
 * Law: what was changed anywhere is refused, what was not is taken. Signatures are those of
 * fuzz/cheap_crypto.c.
 */
#include "fuzz/fuzz.h"

#include "crypt/sender.h"

#include <string.h>

static struct wzp_identity identity[2];
static struct wzp_stay stay[2];
static struct wzp_room room;
static struct wzp_member_record record[2];
static struct wzp_pair pair[2];
static uint8_t genuine[3][WZP_RECORD_LEN];
static struct wzp_sender_key sender_key;

void fuzz_init(void)
{
    const uint8_t seed[32] = {1};
    struct wzp_drbg drbg;
    wzp_drbg_init(&drbg, seed, 0);
    wzp_drbg_fill(&drbg, &room, sizeof room);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t own[32];
        wzp_drbg_fill(&drbg, own, sizeof own);
        wzp_identity_from_seed(&identity[i], own);
        wzp_stay_make(&stay[i], &drbg);
        wzp_member_record_make(&identity[i], &stay[i], &room, &drbg, &record[i]);
    }
    for (unsigned i = 0; i < 2; i++)
        WZP_CHECK(wzp_pair_make(&stay[i], stay[!i].public_key, &room, &pair[i]));
    wzp_sender_key_fresh(&sender_key, &drbg);
    wzp_member_record_encode(&record[0], genuine[0]);
    wzp_key_seal(&identity[0], &pair[0], &record[0], &record[1], &sender_key, genuine[1]);
    wzp_key_ack_make(&pair[1], &record[0], &record[1], sender_key.word, genuine[2]);
}

/* What the input makes of `right`; true when it is as it was. */
static bool bytes_of(struct fuzz_input *input, const uint8_t *right, size_t len, uint8_t *out)
{
    bool is_patch = fuzz_u8(input) & 1;
    struct wzp_slice given = fuzz_take(input, len);
    memset(out, 0, len);
    if (is_patch)
        memcpy(out, right, len);
    for (size_t i = 0; i < given.len; i++)
        out[i] ^= given.data[i];
    return memcmp(out, right, len) == 0;
}

static void check_record(struct fuzz_input *input)
{
    uint8_t bytes[WZP_RECORD_LEN], again[WZP_RECORD_LEN];
    struct wzp_member_record read;
    bool is_genuine = bytes_of(input, genuine[0], sizeof bytes, bytes);
    WZP_CHECK(wzp_member_record_decode((struct wzp_slice){bytes, sizeof bytes}, &read));
    wzp_member_record_encode(&read, again);
    WZP_CHECK(memcmp(bytes, again, sizeof bytes) == 0);
    WZP_CHECK((wzp_member_record_verify(&read, &room) == WZP_MEMBER_GENUINE) == is_genuine);
    WZP_CHECK(!is_genuine || wzp_member_record_verify_signature(&read));
    /* As a stay to make a key with, whatever it says. */
    struct wzp_pair other;
    wzp_pair_make(&stay[1], read.stay, &room, &other);
}

static void check_key(struct fuzz_input *input)
{
    uint8_t body[WZP_SENDER_BODY_LEN];
    struct wzp_sender_key key;
    bool is_genuine = bytes_of(input, genuine[1], sizeof body, body);
    WZP_CHECK((wzp_key_open(&pair[1], &record[0], &record[1], body, &key) == WZP_KEY_OPENED) == is_genuine);
    wzp_key_open_seal(&pair[1], record[0].stay, record[1].stay, body, &key);
}

static void check_ack(struct fuzz_input *input)
{
    uint8_t body[WZP_SENDER_ACK_BODY_LEN];
    uint32_t word;
    bool is_genuine = bytes_of(input, genuine[2], sizeof body, body);
    WZP_CHECK(wzp_key_ack_check(&pair[0], &record[0], &record[1], body, &word) == is_genuine);
}

/* The key of `word`, which is epoch and step; whoever makes it and whoever takes it agree. */
static struct wzp_sender_key key_of(uint8_t word)
{
    struct wzp_sender_key key = {.word = word & ~15u, .key = {(uint8_t)(word >> 4)}};
    for (unsigned step = 0; step < (word & 15u); step++)
        wzp_sender_key_step(&key);
    return key;
}

static void check_media(struct fuzz_input *input)
{
    struct wzp_sender_keys keys = {0};
    const uint8_t header[16] = {2};
    for (uint32_t sequence = 0; input->len && sequence < 16; sequence++) {
        uint8_t what = fuzz_u8(input), byte = fuzz_u8(input);
        struct wzp_sender_key key = key_of(byte);
        if (what & 1) {
            wzp_sender_keys_add(&keys, &key);
            continue;
        }
        uint8_t payload[256 + WZP_SENDER_OVERHEAD], plain[256 + WZP_SENDER_OVERHEAD], out[256];
        bool is_patch = fuzz_u8(input) & 1;
        struct wzp_slice given = fuzz_take(input, fuzz_u8(input));
        size_t len = given.len;
        bool is_changed = !is_patch;
        memset(plain, 0x33, sizeof plain);
        if (is_patch) {
            struct wzp_media_key media;
            wzp_media_key_make(&key, 0, 0, &media);
            wzp_media_seal(&media, sequence, header, plain, len, payload);
            len += WZP_SENDER_OVERHEAD;
        } else {
            memset(payload, 0, sizeof payload);
        }
        for (size_t i = 0; i < given.len; i++) {
            payload[i] ^= given.data[i];
            is_changed |= given.data[i] != 0;
        }
        uint32_t word;
        enum wzp_sender_result result = wzp_sender_keys_open(&keys, 0, 0, sequence, header,
                                                             (struct wzp_slice){payload, len}, out, &word);
        WZP_CHECK(result != WZP_SENDER_OPENED || !is_changed);
        WZP_CHECK(result != WZP_SENDER_OPENED || memcmp(out, plain, len - WZP_SENDER_OVERHEAD) == 0);
        WZP_CHECK(result != WZP_SENDER_BAD_SEAL || is_changed || keys.epoch[0].used);
    }
    wzp_sender_keys_deinit(&keys);
}

int fuzz_one(const uint8_t *data, size_t len)
{
    static void (*const checks[4])(struct fuzz_input *) = {check_record, check_key, check_ack, check_media};
    struct fuzz_input input = {data, len};
    checks[fuzz_u8(&input) & 3](&input);
    return 0;
}
