// SPDX-License-Identifier: Apache-2.0
/*
 * Any datagram from anybody, before decryption. The input is
 *
 *     u8 choices: bits 0-2 what the receiver is doing (the table below), bit 3 the right destination id is
 *                 written in, and for COOKIE and REFUSAL how message 1 started; bit 4 zeros behind it up to
 *                 the size of message 1
 *     the datagram
 *
 * Law that it checks: what fails authentication changes nothing in a session.
 */
#include "fuzz/twin.h"

#include <string.h>

#define START_AT 10 /* in COOKIE and REFUSAL: behind form, version, destination, and a source of zero */

static struct twin twin;
static struct twin_save saves[8];
static const struct {
    unsigned to;
    bool has_session;
} state[8] = {
    {TWIN_RELAY, true},   /* holds a session */
    {TWIN_RELAY, true},   /* and half-open XX, so many that it demands cookies */
    {TWIN_RELAY, true},   /* and a half-open IK */
    {TWIN_RELAY, false},  /* new */
    {TWIN_CLIENT, true},  /* holds a session */
    {TWIN_CLIENT, false}, /* waits for message 2 of XX */
    {TWIN_CLIENT, false}, /* waits for message 2 of IK */
    {TWIN_CLIENT, false}, /* new */
};

static void save_connecting(unsigned place, const struct twin_save *from, bool is_ik)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX];
    twin_restore(&twin, from, 3);
    uint32_t session = twin.side[TWIN_RELAY].session;
    twin_connect(&twin, is_ik);
    size_t len = twin_transmit(&twin, TWIN_CLIENT, datagram);
    if (state[place].to == TWIN_RELAY) {
        uint8_t copy[TWIN_DATAGRAM_MAX];
        memcpy(copy, datagram, len);
        twin_deliver(&twin, TWIN_RELAY, datagram, len);
        if (!is_ik) { /* the same from elsewhere is another handshake */
            twin.side[TWIN_CLIENT].addr.port ^= 1;
            twin_deliver(&twin, TWIN_RELAY, copy, len);
            twin.side[TWIN_CLIENT].addr.port ^= 1;
        }
        twin.side[TWIN_RELAY].session = session;
    }
    twin_save(&twin, &saves[place]);
}

void fuzz_init(void)
{
    twin_init(&twin, false);
    twin_save(&twin, &saves[3]);
    twin_save(&twin, &saves[7]);
    twin_talk(&twin, false);
    twin_save(&twin, &saves[0]);
    twin_save(&twin, &saves[4]);
    save_connecting(1, &saves[0], false);
    save_connecting(2, &saves[0], true);
    save_connecting(5, &saves[7], false);
    save_connecting(6, &saves[7], true);
}

/* An id that the receiver gave out: that of a half-open or connecting one, else of the session. */
static uint32_t known_id(unsigned place)
{
    const struct wzp_endpoint *endpoint = twin.side[state[place].to].endpoint;
    uint32_t waits = endpoint->config.limits.half_open_max
                         ? endpoint->half_open_index.list[HALF_OPEN_UNPROVEN].newest
                         : 0;
    if (waits)
        return endpoint->half_opens[waits - 1].local_id;
    return twin.side[state[place].to].session;
}

/* How the client's message 1 started, which only who saw it can echo. */
static void write_start(unsigned place, uint8_t *datagram, size_t len)
{
    const struct session *session = twin_session(&twin, state[place].to);
    uint8_t type = datagram[0] ^ WZP_FORM_LONG;
    if (!session || session->state != SESSION_CONNECTING || len < START_AT + WZP_START_LEN ||
        (type != WZP_LONG_TYPE_COOKIE && type != WZP_LONG_TYPE_REFUSAL))
        return;
    struct wzp_reader reader = wzp_reader_make(session->repeat.datagram, session->repeat.len);
    struct wzp_long_header first;
    WZP_CHECK(wzp_long_header_decode(&reader, &first));
    memcpy(datagram + START_AT, first.message.data, WZP_START_LEN);
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    uint8_t choices = fuzz_u8(&input), datagram[TWIN_DATAGRAM_MAX];
    unsigned place = choices & 7, to = state[place].to;
    struct wzp_slice bytes = fuzz_take(&input, WZP_DATAGRAM_CEILING);
    if (bytes.len)
        memcpy(datagram, bytes.data, bytes.len);
    twin_restore(&twin, &saves[place], 1u << to);
    if (choices & 8 && bytes.len >= 6) {
        size_t at = (datagram[0] & WZP_FORM_LONG) == WZP_FORM_LONG ? 2 : 1;
        struct wzp_writer writer = wzp_writer_make(datagram + at, 4);
        wzp_write_u32(&writer, known_id(place));
        write_start(place, datagram, bytes.len);
    }
    size_t padded = bytes.len;
    if (choices & 16 && padded < WZP_INITIAL_SIZE) {
        memset(datagram + padded, 0, WZP_INITIAL_SIZE - padded);
        padded = WZP_INITIAL_SIZE;
    }
    twin_deliver(&twin, to, datagram, padded);
    WZP_CHECK(!state[place].has_session || twin_session_is_as_saved(&twin, &saves[place], to));
    twin_settle(&twin, to);
    return 0;
}
