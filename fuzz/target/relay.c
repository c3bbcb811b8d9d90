// SPDX-License-Identifier: Apache-2.0
/*
 * A relay with rooms, and a member of one that says what it likes, beside an honest one. The input is
 *
 *     u8 choices: bit 0 the hostile one is not in a room yet
 *     then, up to eight times: u8 what (odd: a signal message on stream 0, where its next byte belongs; even:
 *     frames), u16 length, that many bytes (or what is left)
 *
 * In signals, a member record is often wanted: u8 0xff at the end of `what` (bits 1-7 all set) puts a Join
 * with the hostile one's own, right record there, and reads no length. Law: rooms, members and sessions add
 * up; the honest member stays in its room.
 */
#include "fuzz/twin.h"

#include "crypt/member.h"
#include "relay/inspect.h"

#include <string.h>

#define PIECES 8

static struct twin twin;
static struct twin_save saves[2]; /* by bit 0 */
static uint8_t join[512];         /* the hostile one's */
static size_t join_len;

static void make_join(unsigned who)
{
    uint8_t seed[32] = {(uint8_t)(who + 40)}, bytes[WZP_RECORD_LEN];
    struct wzp_identity identity;
    struct wzp_drbg drbg;
    struct wzp_room room;
    struct wzp_stay stay;
    struct wzp_member_record record;
    wzp_identity_from_seed(&identity, seed);
    wzp_drbg_init(&drbg, seed, who);
    memset(&room, 3, sizeof room);
    wzp_stay_make(&stay, &drbg);
    wzp_member_record_make(&identity, &stay, &room, &drbg, &record);
    wzp_member_record_encode(&record, bytes);
    struct wzp_signal signal = {.kind = WZP_SIGNAL_JOIN, .join = {.record = {bytes, sizeof bytes}}};
    struct wzp_writer writer = wzp_writer_make(join, sizeof join);
    wzp_signal_encode(&writer, &signal);
    WZP_CHECK(!writer.failed);
    join_len = wzp_writer_len(&writer);
}

static void say_join(void)
{
    WZP_CHECK(wzp_endpoint_send_signal(twin.side[TWIN_CLIENT].endpoint, twin.side[TWIN_CLIENT].session,
                                       (struct wzp_slice){join, join_len}) == WZP_ERR_OK);
    twin_run(&twin, 10);
}

void fuzz_init(void)
{
    twin_init(&twin, true);
    for (unsigned who = 0; who < 2; who++) { /* the honest one, then the hostile one */
        make_join(who);
        twin_connect(&twin, false);
        twin_run(&twin, 10);
        if (who == 1)
            twin_save(&twin, &saves[1]);
        say_join();
        WZP_CHECK(wzp_relay_counters(twin.relay)->members == who + 1);
    }
    twin_save(&twin, &saves[0]);
}

static void deliver(struct wzp_slice frames)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX];
    size_t len = twin_seal(&twin, TWIN_CLIENT, frames, datagram);
    if (len && len <= WZP_DATAGRAM_CEILING)
        twin_deliver(&twin, TWIN_RELAY, datagram, len);
}

/* Bytes of stream 0 behind those that were said. */
static void deliver_signal(struct wzp_slice message, uint64_t *offset, bool has_prefix)
{
    uint8_t bytes[2 + WZP_DATAGRAM_CEILING], frames[TWIN_DATAGRAM_MAX];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    if (!has_prefix)
        wzp_write_u16(&writer, (uint16_t)message.len);
    if (message.len)
        wzp_write_bytes(&writer, message.data, message.len);
    struct wzp_frame_stream frame = {.offset = *offset, .data = {bytes, wzp_writer_len(&writer)}};
    writer = wzp_writer_make(frames, sizeof frames);
    wzp_frame_stream_encode(&writer, &frame);
    *offset += frame.data.len;
    deliver((struct wzp_slice){frames, wzp_writer_len(&writer)});
}

static void check_rooms(void)
{
    const struct wzp_relay_counters *counters = wzp_relay_counters(twin.relay);
    uint32_t sessions[4];
    WZP_CHECK(counters->members >= 1 && counters->members <= 2); /* the honest one is one of them */
    WZP_CHECK(counters->rooms >= 1 && counters->rooms <= counters->members);
    WZP_CHECK(wzp_relay_sessions(twin.relay, sessions, 4) == counters->members);
    WZP_CHECK(counters->joins + counters->rejoins >= counters->members);
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    uint8_t choices = fuzz_u8(&input);
    twin_restore(&twin, &saves[choices & 1], 1u << TWIN_RELAY);
    uint64_t offset = twin_session(&twin, TWIN_CLIENT)->stream_out.written;
    for (unsigned i = 0; i < PIECES && input.len; i++) {
        uint8_t what = fuzz_u8(&input);
        if (what == 0xff) {
            deliver_signal((struct wzp_slice){join, join_len}, &offset, true);
            continue;
        }
        struct wzp_slice bytes = fuzz_take(&input, fuzz_u16(&input) % (WZP_DATAGRAM_MAX - 60));
        if (what & 1)
            deliver_signal(bytes, &offset, false);
        else
            deliver(bytes);
    }
    twin_settle(&twin, TWIN_RELAY);
    check_rooms();
    return 0;
}
