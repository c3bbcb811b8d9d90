// SPDX-License-Identifier: Apache-2.0
/*
 * Handshakes whose Noise messages are right and whose payloads are not: a hostile peer with keys of its own.
 * One message an input, in a handshake that is as far as it needs. The input is
 *
 *     u8 choices: bit 0 IK instead of XX; bits 1-2 which message: 0 and 3 the first (to a relay), 1 the
 * second (to a client that waits for it), 2 the third of XX, or the first packet under IK (to a relay); bit 3
 * the payload is raw, else a right source id and length go in front of the Hello; bit 4 one byte of the
 * message is changed, at place u8 payload: u8 length of the Hello, its bytes, then frames (of the third
 * message and the first packet)
 *
 * Spec: proto/03-handshake.md.
 */
#include "fuzz/twin.h"

#include "crypt/identity.h"

#include <string.h>

#define HOSTILE_ID 7

static struct twin twin;
static struct twin_save fresh, waits[2], answered[2]; /* by pattern: a client, a relay */
/* The hostile side, before message 2 to the client that waits, and after message 2 of the relay. */
static struct wzp_noise responder[2], initiator[2];
static uint32_t waiting_id[2], answering_id[2];
static struct wzp_identity hostile;

static void noise_start(struct wzp_noise *noise, bool is_ik, bool is_initiator, uint32_t initiator_id)
{
    const struct wzp_endpoint_config *relay = &twin.side[TWIN_RELAY].endpoint->config;
    uint8_t bytes[64];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_write_bytes(&writer, "WZP initiator responder", 23);
    wzp_write_u8(&writer, WZP_VERSION);
    wzp_write_u8(&writer, is_ik ? WZP_PATTERN_IK : WZP_PATTERN_XX);
    wzp_write_u8(&writer, relay->version_count);
    wzp_write_bytes(&writer, relay->versions, relay->version_count);
    wzp_write_u32(&writer, initiator_id);
    struct wzp_noise_config config = {
        .pattern = is_ik ? WZP_NOISE_IK : WZP_NOISE_XX,
        .initiator = is_initiator,
        .prologue = {bytes, wzp_writer_len(&writer)},
        .static_secret = is_initiator ? hostile.noise_secret : relay->static_secret,
        .static_public = is_initiator ? hostile.noise_public : relay->static_public,
        .remote_static = is_initiator && is_ik ? relay->static_public : NULL,
    };
    WZP_CHECK(wzp_noise_init(noise, &config) == WZP_ERR_OK);
}

static struct wzp_slice payload(struct fuzz_input *input, uint8_t choices, uint8_t out[WZP_DATAGRAM_MAX])
{
    struct wzp_slice hello = fuzz_take(input, fuzz_u8(input));
    struct wzp_slice frames = fuzz_take(input, 400);
    struct wzp_writer writer = wzp_writer_make(out, WZP_DATAGRAM_MAX);
    if (!(choices & 8)) {
        wzp_write_u32(&writer, HOSTILE_ID);
        wzp_write_u16(&writer, (uint16_t)hello.len);
    }
    if (hello.len)
        wzp_write_bytes(&writer, hello.data, hello.len);
    if (frames.len)
        wzp_write_bytes(&writer, frames.data, frames.len);
    return (struct wzp_slice){out, wzp_writer_len(&writer)};
}

/* The next message of `noise` as a datagram to `to`; `change` is XORed into the byte at `place`. */
static void say(struct wzp_noise *noise, bool is_ik, enum wzp_long_type type, uint32_t destination,
                struct wzp_slice bytes, uint8_t place, uint8_t change, unsigned to)
{
    const uint8_t ephemeral[32] = {(uint8_t)type, 77};
    const struct wzp_endpoint_config *relay = &twin.side[TWIN_RELAY].endpoint->config;
    uint8_t message[WZP_DATAGRAM_MAX], datagram[TWIN_DATAGRAM_MAX];
    size_t message_len;
    if (wzp_noise_write(noise, ephemeral, bytes, message, 1000, &message_len) != WZP_ERR_OK)
        return;
    message[place % message_len] ^= change;
    struct wzp_long_header header = {
        .form = (uint8_t)(WZP_FORM_LONG | type),
        .version = WZP_VERSION,
        .destination = destination,
        .source = HOSTILE_ID,
        .pattern = is_ik ? WZP_PATTERN_IK : WZP_PATTERN_XX,
        .message = {message, message_len},
    };
    if (type == WZP_LONG_TYPE_INITIAL)
        header.versions = (struct wzp_slice){relay->versions, relay->version_count};
    struct wzp_writer writer = wzp_writer_make(datagram, sizeof datagram);
    wzp_long_header_encode(&writer, &header);
    if (wzp_writer_len(&writer) < WZP_INITIAL_SIZE)
        wzp_write_zeros(&writer, WZP_INITIAL_SIZE - wzp_writer_len(&writer));
    if (!writer.failed && wzp_writer_len(&writer) <= WZP_DATAGRAM_MAX)
        twin_deliver(&twin, to, datagram, wzp_writer_len(&writer));
}

/* The hostile first packet under the keys of `noise`. */
static void first_packet(struct wzp_noise *noise, uint32_t destination, struct wzp_slice frames)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX], mask[5];
    struct wzp_noise_split split;
    struct wzp_hop_key key;
    wzp_noise_split(noise, &split);
    wzp_hop_key_init(&key, split.send);
    struct wzp_writer writer = wzp_writer_make(datagram, 9);
    wzp_write_u8(&writer, WZP_FORM_SHORT | (WZP_NUMBER_LEN_MAX - 1));
    wzp_write_u32(&writer, destination);
    wzp_write_u32(&writer, 0);
    wzp_hop_seal(&key, 0, (struct wzp_slice){datagram, 9}, frames.data, frames.len, datagram + 9);
    wzp_hop_mask(&key, datagram + 5 + WZP_SAMPLE_OFFSET, mask);
    datagram[0] ^= mask[0] & 0x1f;
    for (unsigned i = 0; i < 4; i++)
        datagram[5 + i] ^= mask[1 + i];
    twin_deliver(&twin, TWIN_RELAY, datagram, 9 + frames.len + WZP_TAG_LEN);
}

/* A client waits for message 2, and the hostile side has read its message 1. */
static void prepare_client(bool is_ik)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX], payload_bytes[WZP_DATAGRAM_MAX];
    size_t len;
    twin_restore(&twin, &fresh, 3);
    twin_connect(&twin, is_ik);
    struct wzp_reader reader = wzp_reader_make(datagram, twin_transmit(&twin, TWIN_CLIENT, datagram));
    struct wzp_long_header initial;
    WZP_CHECK(wzp_long_header_decode(&reader, &initial));
    waiting_id[is_ik] = initial.source;
    noise_start(&responder[is_ik], is_ik, false, initial.source);
    WZP_CHECK(wzp_noise_read(&responder[is_ik], initial.message, payload_bytes, sizeof payload_bytes, &len));
    twin_save(&twin, &waits[is_ik]);
}

/* A relay has answered message 1 of the hostile side, which has read the answer. */
static void prepare_relay(bool is_ik)
{
    uint8_t bytes[WZP_DATAGRAM_MAX], hello_bytes[WZP_HELLO_MAX], datagram[TWIN_DATAGRAM_MAX];
    struct wzp_hello hello = {.datagram_max = WZP_DATAGRAM_MAX, .stream_window = WZP_SIGNAL_MAX + 2};
    size_t len;
    struct wzp_writer writer = wzp_writer_make(hello_bytes, sizeof hello_bytes);
    wzp_hello_encode(&writer, &hello);
    struct wzp_handshake_payload first = {.source = HOSTILE_ID,
                                          .hello = {hello_bytes, wzp_writer_len(&writer)}};
    writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_handshake_payload_encode(&writer, &first);
    twin_restore(&twin, &fresh, 3);
    noise_start(&initiator[is_ik], is_ik, true, HOSTILE_ID);
    say(&initiator[is_ik], is_ik, WZP_LONG_TYPE_INITIAL, 0,
        (struct wzp_slice){bytes, wzp_writer_len(&writer)}, 0, 0, TWIN_RELAY);
    struct wzp_reader reader = wzp_reader_make(datagram, twin_transmit(&twin, TWIN_RELAY, datagram));
    struct wzp_long_header response;
    WZP_CHECK(wzp_long_header_decode(&reader, &response));
    answering_id[is_ik] = response.source;
    WZP_CHECK(wzp_noise_read(&initiator[is_ik], response.message, bytes, sizeof bytes, &len));
    twin_save(&twin, &answered[is_ik]);
}

void fuzz_init(void)
{
    const uint8_t seed[32] = {9};
    wzp_identity_from_seed(&hostile, seed);
    twin_init(&twin, false);
    twin_save(&twin, &fresh);
    for (unsigned is_ik = 0; is_ik < 2; is_ik++) {
        prepare_client(is_ik);
        prepare_relay(is_ik);
    }
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    uint8_t choices = fuzz_u8(&input), bytes[WZP_DATAGRAM_MAX];
    bool is_ik = choices & 1;
    uint8_t place = choices & 16 ? fuzz_u8(&input) : 0, change = choices & 16 ? 1 : 0;
    unsigned which = choices >> 1 & 3, to = which == 1 ? TWIN_CLIENT : TWIN_RELAY;
    struct wzp_noise noise;
    if (which == 1) {
        twin_restore(&twin, &waits[is_ik], 1u << to);
        noise = responder[is_ik];
        say(&noise, is_ik, WZP_LONG_TYPE_RESPONSE, waiting_id[is_ik], payload(&input, choices, bytes), place,
            change, to);
    } else if (which == 2) {
        twin_restore(&twin, &answered[is_ik], 1u << to);
        noise = initiator[is_ik];
        if (is_ik)
            first_packet(&noise, answering_id[is_ik], fuzz_take(&input, 400));
        else
            say(&noise, is_ik, WZP_LONG_TYPE_FINISH, answering_id[is_ik], payload(&input, choices, bytes),
                place, change, to);
    } else {
        twin_restore(&twin, &fresh, 1u << to);
        noise_start(&noise, is_ik, true, HOSTILE_ID);
        say(&noise, is_ik, WZP_LONG_TYPE_INITIAL, 0, payload(&input, choices, bytes), place, change, to);
    }
    wzp_noise_deinit(&noise);
    twin_settle(&twin, to);
    return 0;
}
