// SPDX-License-Identifier: Apache-2.0
#include "fuzz/twin.h"

#include "crypt/identity.h"
#include "fuzz/poison.h"
#include "relay/inspect.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX    (8u << 20) /* of one side */
#define PIECES_MAX    64
#define RED_ZONE      64   /* between two pieces, seen by AddressSanitizer */
#define EVENTS_MAX    4096 /* that one datagram or moment may cause */
#define PACKETS_MAX   4096 /* that one moment may cause */
#define SESSIONS_MAX  (TWIN_SESSIONS - OVERFLOW_SESSIONS)
#define HALF_OPEN_MAX 4

/* The memory of one side: pieces in the order in which they were taken. */
static struct memory {
    alignas(64) uint8_t bytes[MEMORY_MAX];
    struct piece {
        size_t offset, len;
    } piece[PIECES_MAX];
    unsigned count;
    size_t used;
    bool is_closed;              /* the endpoint is created: nothing more is given */
    size_t buffers, buffers_len; /* where those of session 0 lie, and how many bytes each session has */
    /* Which bytes each session's decoder of repair holds: equal numbers, equal bytes; 0: new ones. */
    uint32_t decoder[TWIN_SESSIONS];
} memory[2];

static void *get(void *ctx, size_t size)
{
    struct memory *of = ctx;
    WZP_CHECK(!of->is_closed && of->count < PIECES_MAX);
    size_t offset = (of->used + RED_ZONE + 63) / 64 * 64;
    WZP_CHECK(offset + size + RED_ZONE <= MEMORY_MAX);
    of->piece[of->count++] = (struct piece){offset, size};
    of->used = offset + size;
    ASAN_UNPOISON_MEMORY_REGION(of->bytes + offset, size);
    memset(of->bytes + offset, 0, size);
    return of->bytes + offset;
}

static void put(void *ctx, void *at, size_t size)
{
    struct memory *of = ctx;
    for (unsigned i = 0; i < of->count; i++) {
        if (of->bytes + of->piece[i].offset == at) {
            WZP_CHECK(of->piece[i].len == size);
            of->piece[i] = of->piece[--of->count];
            return;
        }
    }
    WZP_CHECK(!"memory that was never given");
}

static struct wzp_endpoint_config config_of(unsigned side)
{
    const uint8_t seed[32] = {(uint8_t)(side + 1)};
    struct wzp_identity identity;
    wzp_identity_from_seed(&identity, seed);
    struct wzp_endpoint_config config = side ? wzp_endpoint_config_relay() : wzp_endpoint_config_client();
    config.alloc = (struct wzp_alloc){get, put, &memory[side]};
    config.limits.sessions_max = SESSIONS_MAX;
    config.limits.half_open_max = side ? HALF_OPEN_MAX : 0;
    config.limits.send_queue_bytes = 4096;
    config.limits.stream_window = WZP_SIGNAL_MAX + 2;
    config.limits.streams_max = 4;
    config.limits.streams_granted = 2;
    config.limits.bulk_window = 2048;
    config.limits.session_window = 3000;
    config.rekey_packets = 200;
    config.rekey_ns = 20 * WZP_S;
    config.rekey_min_ns = 4 * WZP_S;
    config.failed_opens_max = 100;
    memset(config.seed, (int)side + 1, sizeof config.seed);
    wzp_identity_reset_key(&identity, config.reset_key);
    memcpy(config.static_secret, identity.noise_secret, 32);
    memcpy(config.static_public, identity.noise_public, 32);
    return config;
}

static void create(struct twin *twin, unsigned side, bool has_rooms)
{
    ASAN_POISON_MEMORY_REGION(memory[side].bytes, MEMORY_MAX);
    memory[side].used = 0;
    struct wzp_endpoint_config config = config_of(side);
    if (has_rooms && side == TWIN_RELAY) {
        struct wzp_relay_config rooms = {.endpoint = config, .rooms_max = 2, .members_max = SESSIONS_MAX};
        twin->relay = wzp_relay_create(&rooms);
        WZP_CHECK(twin->relay);
        twin->side[side].endpoint = wzp_relay_endpoint(twin->relay);
    } else {
        twin->side[side].endpoint = wzp_endpoint_create(&config);
    }
    WZP_CHECK(twin->side[side].endpoint);
}

void twin_init(struct twin *twin, bool has_rooms)
{
    *twin = (struct twin){.now_ns = 1 * WZP_S};
    for (unsigned side = 0; side < 2; side++) {
        create(twin, side, has_rooms); /* once to see that all is given back */
        if (has_rooms && side == TWIN_RELAY)
            wzp_relay_destroy(twin->relay);
        else
            wzp_endpoint_destroy(twin->side[side].endpoint);
        WZP_CHECK(memory[side].count == 0);
        create(twin, side, has_rooms);
        const struct wzp_endpoint *endpoint = twin->side[side].endpoint;
        WZP_CHECK(endpoint->session_count <= TWIN_SESSIONS);
        memory[side].buffers = (size_t)(endpoint->buffers - memory[side].bytes);
        memory[side].buffers_len = endpoint_buffers_size(endpoint);
        memory[side].is_closed = true;
        twin->side[side].addr = (struct wzp_addr){.ip = {[15] = (uint8_t)(side + 1)}, .port = 1000};
    }
}

/* ---- what of a session changed ---- */

/*
 * Most of a session's memory is its decoder of repair, which few inputs reach. All that changes one is called
 * through these (--wrap, fuzz/CMakeLists.txt; polling changes only one that was told something since), so
 * that one which nobody called is not copied.
 */
struct wzp_window *__real_wzp_window_init(void *at, const struct wzp_gf256 *field, unsigned sources_max,
                                          size_t symbol_max);
struct wzp_window *__wrap_wzp_window_init(void *at, const struct wzp_gf256 *field, unsigned sources_max,
                                          size_t symbol_max);
enum wzp_window_verdict __real_wzp_window_on_source(struct wzp_window *window, uint64_t key,
                                                    struct wzp_slice symbol);
enum wzp_window_verdict __wrap_wzp_window_on_source(struct wzp_window *window, uint64_t key,
                                                    struct wzp_slice symbol);
enum wzp_window_verdict __real_wzp_window_on_repair(struct wzp_window *window, uint16_t id,
                                                    const uint64_t *keys, unsigned count,
                                                    struct wzp_slice repair);
enum wzp_window_verdict __wrap_wzp_window_on_repair(struct wzp_window *window, uint16_t id,
                                                    const uint64_t *keys, unsigned count,
                                                    struct wzp_slice repair);
void __real_wzp_window_poison(struct wzp_window *window, uint64_t key);
void __wrap_wzp_window_poison(struct wzp_window *window, uint64_t key);

static void decoder_changes(const void *window)
{
    for (unsigned side = 0; side < 2; side++) {
        size_t at = (size_t)((uintptr_t)window - (uintptr_t)memory[side].bytes);
        if (at < MEMORY_MAX && memory[side].is_closed)
            memory[side].decoder[(at - memory[side].buffers) / memory[side].buffers_len] = 0;
    }
}

struct wzp_window *__wrap_wzp_window_init(void *at, const struct wzp_gf256 *field, unsigned sources_max,
                                          size_t symbol_max)
{
    decoder_changes(at);
    return __real_wzp_window_init(at, field, sources_max, symbol_max);
}

enum wzp_window_verdict __wrap_wzp_window_on_source(struct wzp_window *window, uint64_t key,
                                                    struct wzp_slice symbol)
{
    decoder_changes(window);
    return __real_wzp_window_on_source(window, key, symbol);
}

enum wzp_window_verdict __wrap_wzp_window_on_repair(struct wzp_window *window, uint16_t id,
                                                    const uint64_t *keys, unsigned count,
                                                    struct wzp_slice repair)
{
    decoder_changes(window);
    return __real_wzp_window_on_repair(window, id, keys, count, repair);
}

void __wrap_wzp_window_poison(struct wzp_window *window, uint64_t key)
{
    decoder_changes(window);
    __real_wzp_window_poison(window, key);
}

static void copy_range(void *to, const void *from, size_t begin, size_t end)
{
    memcpy((uint8_t *)to + begin, (const uint8_t *)from + begin, end - begin);
}

/* The records of packets that were not sent since wzp_sent_init are zero on both sides. */
static void restore_session(struct session *session, const struct session *before)
{
    const size_t packets = offsetof(struct session, sent.packets);
    uint64_t used = session->sent.next_number > before->sent.next_number ? session->sent.next_number
                                                                         : before->sent.next_number;
    if (used > WZP_SENT_PACKETS)
        used = WZP_SENT_PACKETS;
    copy_range(session, before, 0, packets + used * sizeof *session->sent.packets);
    copy_range(session, before, packets + sizeof session->sent.packets, sizeof *session);
}

static void restore_buffers(struct memory *of, const uint8_t *saved, uint32_t index, const void *decoder,
                            uint32_t saved_decoder)
{
    size_t begin = of->buffers + index * of->buffers_len, end = begin + of->buffers_len;
    if (decoder && of->decoder[index] == saved_decoder) {
        copy_range(of->bytes, saved, begin, (size_t)((const uint8_t *)decoder - of->bytes));
        begin += repair_memory_size();
    }
    copy_range(of->bytes, saved, begin, end);
    of->decoder[index] = saved_decoder;
}

/* ---- states ---- */

/* The pieces that hold an entry a session: most of the memory, and most entries are FREE. */
static bool piece_of_sessions(const struct wzp_endpoint *endpoint, const void *at)
{
    return at == endpoint->sessions || at == endpoint->buffers;
}

static const struct session *saved_sessions(const struct wzp_endpoint *endpoint, const struct memory *of,
                                            const uint8_t *saved)
{
    return (const struct session *)(const void *)(saved + ((const uint8_t *)endpoint->sessions - of->bytes));
}

void twin_save(const struct twin *twin, struct twin_save *save)
{
    static uint32_t decoders;
    save->twin = *twin;
    for (unsigned side = 0; side < 2; side++) {
        struct memory *of = &memory[side];
        save->bytes[side] = malloc(of->used);
        WZP_CHECK(save->bytes[side]);
        for (unsigned i = 0; i < of->count; i++)
            memcpy(save->bytes[side] + of->piece[i].offset, of->bytes + of->piece[i].offset,
                   of->piece[i].len);
        for (unsigned i = 0; i < TWIN_SESSIONS; i++) {
            if (of->decoder[i] == 0)
                of->decoder[i] = ++decoders;
            save->decoder[side][i] = of->decoder[i];
        }
    }
}

static void restore_sessions(struct memory *of, const uint8_t *saved, const struct wzp_endpoint *endpoint,
                             const uint32_t *decoders)
{
    const struct session *before = saved_sessions(endpoint, of, saved);
    for (uint32_t i = 0; i < endpoint->session_count; i++) {
        if (before[i].state == SESSION_FREE && endpoint->sessions[i].state == SESSION_FREE)
            continue;
        if (endpoint->sessions[i].state == SESSION_FREE)
            of->decoder[i] = 0; /* its memory was wiped */
        restore_session(&endpoint->sessions[i], &before[i]);
        if (before[i].state != SESSION_FREE)
            restore_buffers(of, saved, i, before[i].repair_in.decoder, decoders[i]);
    }
}

#ifdef FUZZ_CHECKS_RESTORE
/* The law of twin.h. */
static void check_restored(const struct memory *of, const uint8_t *saved, const struct wzp_endpoint *endpoint)
{
    const struct session *before = saved_sessions(endpoint, of, saved);
    for (unsigned i = 0; i < of->count; i++)
        if (!piece_of_sessions(endpoint, of->bytes + of->piece[i].offset))
            WZP_CHECK(
                memcmp(of->bytes + of->piece[i].offset, saved + of->piece[i].offset, of->piece[i].len) == 0);
    for (uint32_t i = 0; i < endpoint->session_count; i++) {
        size_t buffers = of->buffers + i * of->buffers_len;
        WZP_CHECK(endpoint->sessions[i].state == before[i].state);
        if (before[i].state == SESSION_FREE)
            continue;
        WZP_CHECK(memcmp(&endpoint->sessions[i], &before[i], sizeof before[i]) == 0);
        WZP_CHECK(memcmp(of->bytes + buffers, saved + buffers, of->buffers_len) == 0);
    }
}
#endif

void twin_restore(struct twin *twin, const struct twin_save *save, unsigned sides)
{
    *twin = save->twin;
    for (unsigned side = 0; side < 2; side++) {
        if (!(sides & 1u << side))
            continue;
        struct memory *of = &memory[side];
        const struct wzp_endpoint *endpoint = twin->side[side].endpoint;
        restore_sessions(of, save->bytes[side], endpoint, save->decoder[side]);
        for (unsigned i = 0; i < of->count; i++)
            if (!piece_of_sessions(endpoint, of->bytes + of->piece[i].offset))
                memcpy(of->bytes + of->piece[i].offset, save->bytes[side] + of->piece[i].offset,
                       of->piece[i].len);
#ifdef FUZZ_CHECKS_RESTORE
        check_restored(of, save->bytes[side], endpoint);
#endif
    }
}

bool twin_session_is_as_saved(const struct twin *twin, const struct twin_save *save, unsigned side)
{
    const struct session *session = twin_session(twin, side);
    const struct wzp_endpoint *endpoint = twin->side[side].endpoint;
    if (!session)
        return false;
    const struct session *before = saved_sessions(endpoint, &memory[side], save->bytes[side]) +
                                   session->index;
    const size_t at = offsetof(struct session, rekey.failed_opens), behind = at + sizeof(uint64_t);
    return memcmp(session, before, at) == 0 &&
           memcmp((const uint8_t *)session + behind, (const uint8_t *)before + behind,
                  sizeof *session - behind) == 0;
}

struct session *twin_session(const struct twin *twin, unsigned side)
{
    return endpoint_session(twin->side[side].endpoint, twin->side[side].session);
}

/* ---- datagrams ---- */

size_t twin_seal(struct twin *twin, unsigned from, struct wzp_slice frames,
                 uint8_t datagram[TWIN_DATAGRAM_MAX])
{
    enum { HEADER = 5 + WZP_NUMBER_LEN_MAX };
    struct session *session = twin_session(twin, from);
    if (!session || !session->has_keys || frames.len > TWIN_DATAGRAM_MAX - HEADER - WZP_TAG_LEN)
        return 0;
    uint64_t number = session->sent.next_number + twin->side[from].sealed++;
    struct wzp_writer header = wzp_writer_make(datagram, HEADER);
    wzp_write_u8(&header,
                 (uint8_t)(WZP_FORM_SHORT | rekey_send_phase(session) << 2 | (WZP_NUMBER_LEN_MAX - 1)));
    wzp_write_u32(&header, session->remote_id);
    wzp_write_u32(&header, (uint32_t)number);
    wzp_hop_seal(&session->send_key, number, (struct wzp_slice){datagram, HEADER}, frames.data, frames.len,
                 datagram + HEADER);
    uint8_t mask[5];
    wzp_hop_mask(&session->send_key, datagram + 5 + WZP_SAMPLE_OFFSET, mask);
    datagram[0] ^= mask[0] & 0x1f;
    for (unsigned i = 0; i < WZP_NUMBER_LEN_MAX; i++)
        datagram[5 + i] ^= mask[1 + i];
    return HEADER + frames.len + WZP_TAG_LEN;
}

void twin_own_sealed(struct twin *twin, unsigned from)
{
    for (; twin->side[from].sealed; twin->side[from].sealed--)
        wzp_sent_add(&twin_session(twin, from)->sent, twin->now_ns);
}

static void touch_event(const struct wzp_event *event)
{
    switch (event->kind) {
    case WZP_EVENT_SIGNAL:
        fuzz_touch(event->signal.data, event->signal.len);
        break;
    case WZP_EVENT_MEDIA:
        WZP_CHECK(event->media.payload.len <= WZP_MEDIA_PAYLOAD_MAX);
        fuzz_touch(event->media.payload.data, event->media.payload.len);
        break;
    case WZP_EVENT_KEY:
        fuzz_touch(event->key.body, WZP_KEY_BODY_LEN);
        break;
    case WZP_EVENT_KEY_ACK:
        fuzz_touch(event->key_ack.body, WZP_KEY_ACK_BODY_LEN);
        break;
    case WZP_EVENT_CLOSED:
        fuzz_touch(event->closed.text.data, event->closed.text.len);
        fuzz_touch(event->closed.versions, event->closed.version_count);
        break;
    default:
        break;
    }
}

void twin_poll(struct twin *twin, unsigned side)
{
    struct wzp_event event;
    unsigned events = 0;
    if (twin->relay && side == TWIN_RELAY)
        return; /* it polls for itself */
    while (wzp_endpoint_poll(twin->side[side].endpoint, &event)) {
        WZP_CHECK(++events < EVENTS_MAX);
        WZP_CHECK(event.session != 0 && event.session_index < SESSIONS_MAX + OVERFLOW_SESSIONS);
        touch_event(&event);
        if (event.kind == WZP_EVENT_KEYS)
            twin->side[side].session = event.session;
        else if (event.kind == WZP_EVENT_CLOSED && twin->side[side].session == event.session)
            twin->side[side].session = 0;
    }
}

size_t twin_transmit(struct twin *twin, unsigned side, uint8_t datagram[TWIN_DATAGRAM_MAX])
{
    struct wzp_addr to;
    struct wzp_endpoint *endpoint = twin->side[side].endpoint;
    const struct wzp_endpoint_counters before = *wzp_endpoint_counters(endpoint);
    size_t len = twin->relay && side == TWIN_RELAY
                     ? wzp_relay_transmit(twin->relay, twin->now_ns, &to, datagram, TWIN_DATAGRAM_MAX)
                     : wzp_endpoint_transmit(endpoint, twin->now_ns, &to, datagram, TWIN_DATAGRAM_MAX);
    WZP_CHECK(len <= TWIN_DATAGRAM_MAX);
    WZP_CHECK(endpoint->counters.packets_out == before.packets_out + (len > 0));
    WZP_CHECK(endpoint->counters.bytes_out == before.bytes_out + len);
    return len;
}

void twin_deliver(struct twin *twin, unsigned to, uint8_t *datagram, size_t len)
{
    struct wzp_endpoint *endpoint = twin->side[to].endpoint;
    const struct wzp_endpoint_counters before = *wzp_endpoint_counters(endpoint);
    if (twin->relay && to == TWIN_RELAY)
        wzp_relay_receive(twin->relay, &twin->side[!to].addr, datagram, len, twin->now_ns);
    else
        wzp_endpoint_receive(endpoint, &twin->side[!to].addr, datagram, len, twin->now_ns);
    WZP_CHECK(endpoint->counters.packets_in == before.packets_in + 1);
    WZP_CHECK(endpoint->counters.bytes_in == before.bytes_in + len);
    WZP_CHECK(endpoint->counters.packets_out == before.packets_out); /* receiving never sends */
    twin_poll(twin, to);
}

void twin_advance(struct twin *twin, int64_t now_ns)
{
    twin->now_ns = now_ns;
    for (unsigned side = 0; side < 2; side++) {
        if (twin->relay && side == TWIN_RELAY)
            wzp_relay_advance(twin->relay, now_ns);
        else
            wzp_endpoint_advance(twin->side[side].endpoint, now_ns);
        twin_poll(twin, side);
    }
}

static void check_counters(const struct wzp_endpoint *endpoint)
{
    uint32_t sessions = 0;
    for (uint32_t i = 0; i < endpoint->session_count; i++)
        sessions += endpoint->sessions[i].state != SESSION_FREE;
    WZP_CHECK(endpoint->counters.sessions == sessions);
    if (endpoint->config.limits.half_open_max)
        WZP_CHECK(endpoint->counters.half_open == endpoint->config.limits.half_open_max -
                                                      endpoint->half_open_index.list[HALF_OPEN_FREE].count);
    WZP_CHECK(endpoint->frames_session == 0);
}

void twin_settle(struct twin *twin, unsigned side)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX];
    twin_poll(twin, side);
    for (unsigned packets = 0; twin_transmit(twin, side, datagram); packets++)
        WZP_CHECK(packets < PACKETS_MAX);
    twin_poll(twin, side);
    WZP_CHECK(wzp_endpoint_next_at(twin->side[side].endpoint) > twin->now_ns);
    check_counters(twin->side[side].endpoint);
}

/* ---- a session that has seen everything ---- */

static void say_everything(struct twin *twin, unsigned side, unsigned round)
{
    struct wzp_endpoint *endpoint = twin->side[side].endpoint;
    uint32_t session = twin->side[side].session;
    uint8_t signal[40] = {0, sizeof signal - 2}, header_bytes[WZP_MEDIA_HEADER_LEN],
            body[WZP_KEY_BODY_LEN] = {1};
    WZP_CHECK(wzp_endpoint_send_signal(endpoint, session, (struct wzp_slice){signal, sizeof signal}) ==
              WZP_ERR_OK);
    struct wzp_media_header header = {
        .codec = WZP_CODEC_OPUS_24K, .sequence = round, .timestamp_ms = 20 * round};
    struct wzp_writer writer = wzp_writer_make(header_bytes, sizeof header_bytes);
    wzp_media_header_encode(&writer, &header);
    WZP_CHECK(wzp_endpoint_send_media(endpoint, session, 0, header_bytes, (struct wzp_slice){signal, 30},
                                      false, twin->now_ns) == WZP_ERR_OK);
    WZP_CHECK(wzp_endpoint_send_key(endpoint, session, 1, body) == WZP_ERR_OK);
    WZP_CHECK(wzp_endpoint_send_key_ack(endpoint, session, 1, body) == WZP_ERR_OK);
    uint64_t stream;
    if (round == 0)
        WZP_CHECK(wzp_endpoint_stream_open(endpoint, session, &stream) == WZP_ERR_OK &&
                  wzp_endpoint_stream_write(endpoint, session, stream, body, sizeof body) == sizeof body);
}

void twin_run(struct twin *twin, unsigned steps)
{
    uint8_t datagram[TWIN_DATAGRAM_MAX];
    for (unsigned step = 0; step < steps; step++) {
        twin_advance(twin, twin->now_ns + 20 * WZP_MS);
        for (unsigned side = 0; side < 2; side++) {
            size_t len;
            while ((len = twin_transmit(twin, side, datagram)))
                twin_deliver(twin, !side, datagram, len);
        }
    }
}

void twin_connect(struct twin *twin, bool is_ik)
{
    const struct wzp_endpoint *relay = twin->side[TWIN_RELAY].endpoint;
    WZP_CHECK(wzp_endpoint_connect(twin->side[TWIN_CLIENT].endpoint, &twin->side[TWIN_RELAY].addr,
                                   is_ik ? relay->config.static_public : NULL, twin->now_ns,
                                   &twin->side[TWIN_CLIENT].session) == WZP_ERR_OK);
}

void twin_talk(struct twin *twin, bool is_ik)
{
    twin_connect(twin, is_ik);
    twin_run(twin, 5);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned side = 0; side < 2; side++) {
            WZP_CHECK(twin_session(twin, side) && twin_session(twin, side)->state == SESSION_ACTIVE);
            say_everything(twin, side, round);
        }
        twin_run(twin, 10);
    }
}
