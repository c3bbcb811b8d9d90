// SPDX-License-Identifier: Apache-2.0
/* Noise XX and IK over a network that loses most of it: proto/03-handshake.md. */
#include "base/check.h"
#include "session/migrate.h"
#include "wire/signal.h"

#include <sodium.h>
#include <string.h>

#define COPY_OFFSET  10          /* of the long header's `copy`, in every version */
#define COPIES_FAST  200         /* after so many repeats, four times slower */
#define HALF_OPEN_NS (6 * WZP_S) /* since its last message */
#define MESSAGE_MAX  1000
#define FINISH_BYTES (WZP_HELLO_MAX + 160) /* of message 3 at most beside its frames, IP and UDP counted */

static int64_t repeat_spacing_ns(const struct repeated *repeat)
{
    int64_t bits = (int64_t)(repeat->len + IP_UDP_HEADER) * 8;
    int64_t spacing_ns = bits * WZP_S / HANDSHAKE_RATE_BPS * (repeat->copy < COPIES_FAST ? 1 : 4);
    return repeat->slowness ? spacing_ns * repeat->slowness : spacing_ns;
}

/* What both sides must agree on before a word is read: see proto/03-handshake.md. */
static struct wzp_slice prologue(uint8_t out[64], uint8_t version, uint8_t pattern, struct wzp_slice versions,
                                 uint32_t initiator_id)
{
    struct wzp_writer writer = wzp_writer_make(out, 64);
    wzp_write_bytes(&writer, "WZP initiator responder", 23);
    wzp_write_u8(&writer, version);
    wzp_write_u8(&writer, pattern);
    wzp_write_u8(&writer, (uint8_t)versions.len);
    wzp_write_bytes(&writer, versions.data, versions.len);
    wzp_write_u32(&writer, initiator_id);
    WZP_CHECK(!writer.failed);
    return (struct wzp_slice){out, wzp_writer_len(&writer)};
}

/* A psk pattern's responder begins with the initiator's psk unknown: wzp_noise_set_psk follows message 1. */
static void noise_start(struct wzp_endpoint *endpoint, struct wzp_noise *noise, bool initiator,
                        uint8_t pattern, const uint8_t *remote_static, struct wzp_slice prologue_bytes)
{
    static const enum wzp_noise_pattern patterns[] = {
        [WZP_PATTERN_XX] = WZP_NOISE_XX,
        [WZP_PATTERN_IK] = WZP_NOISE_IK,
        [WZP_PATTERN_XXPSK3] = WZP_NOISE_XXPSK3,
        [WZP_PATTERN_IKPSK2] = WZP_NOISE_IKPSK2,
    };
    static const uint8_t unknown[32];
    struct wzp_noise_config config = {
        .pattern = patterns[pattern],
        .psk = initiator ? endpoint->config.invitation : unknown,
        .initiator = initiator,
        .prologue = prologue_bytes,
        .static_secret = endpoint->config.static_secret,
        .static_public = endpoint->config.static_public,
        .remote_static = remote_static,
    };
    WZP_CHECK(wzp_noise_init(noise, &config) == WZP_ERR_OK);
}

/* Names an invitation to who holds it and to nobody else, and each time by another name. */
static void invitation_tag(const uint8_t secret[32], uint32_t initiator_id,
                           uint8_t tag[WZP_INVITATION_TAG_LEN])
{
    static const char label[] = "wzp invitation tag v2";
    uint8_t bytes[sizeof label - 1 + 4], hash[crypto_generichash_blake2b_BYTES_MIN];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_write_bytes(&writer, label, sizeof label - 1);
    wzp_write_u32(&writer, initiator_id);
    WZP_CHECK(!writer.failed);
    crypto_generichash_blake2b(hash, sizeof hash, bytes, sizeof bytes, secret, 32);
    memcpy(tag, hash, WZP_INVITATION_TAG_LEN);
}

static size_t payload_encode(const struct wzp_endpoint *endpoint, const struct wzp_long_header *header,
                             struct wzp_slice frames, uint8_t *out, size_t capacity)
{
    uint8_t hello_bytes[WZP_HELLO_MAX];
    struct wzp_writer hello_writer = wzp_writer_make(hello_bytes, sizeof hello_bytes);
    struct wzp_hello hello = {
        .datagram_max = WZP_DATAGRAM_CEILING,
        .stream_window = endpoint->config.limits.stream_window,
        .streams = endpoint->config.limits.streams_granted,
        .bulk_window = endpoint->config.limits.bulk_window,
        .session_window = endpoint->config.limits.session_window,
        .max_rate_bps = endpoint->config.max_rate_bps,
        .wait_ms = endpoint->config.wait_ms,
        .passes_repair = endpoint->config.passes_repair,
        .has_invitation = header->form == (WZP_FORM_LONG | WZP_LONG_TYPE_INITIAL) &&
                          handshake_is_invited(header->pattern),
    };
    if (hello.has_invitation)
        invitation_tag(endpoint->config.invitation, header->source, hello.invitation);
    wzp_hello_encode(&hello_writer, &hello);
    struct wzp_handshake_payload payload = {
        .source = header->source,
        .hello = {hello_bytes, wzp_writer_len(&hello_writer)},
        .frames = frames,
    };
    struct wzp_writer writer = wzp_writer_make(out, capacity);
    wzp_handshake_payload_encode(&writer, &payload);
    WZP_CHECK(!hello_writer.failed && !writer.failed);
    return wzp_writer_len(&writer);
}

static bool payload_decode(struct wzp_slice bytes, uint32_t source, struct wzp_handshake_payload *payload,
                           struct wzp_hello *hello)
{
    struct wzp_reader reader = wzp_reader_make(bytes.data, bytes.len);
    return wzp_handshake_payload_decode(&reader, payload) && payload->source == source &&
           wzp_hello_decode(payload->hello, hello);
}

/*
 * Writes the next message of `noise` with its payload into `repeat`, padded to `min_len`. False: the peer's
 * key is of small order, so there is no secret to be had with it.
 */
static bool compose(struct wzp_endpoint *endpoint, struct wzp_noise *noise, struct wzp_long_header header,
                    struct wzp_slice frames, size_t min_len, struct repeated *repeat, int64_t now_ns)
{
    uint8_t ephemeral[32], payload[MESSAGE_MAX], message[MESSAGE_MAX];
    size_t message_len;
    wzp_drbg_fill(&endpoint->drbg, ephemeral, sizeof ephemeral);
    size_t payload_len = payload_encode(endpoint, &header, frames, payload, sizeof payload);
    enum wzp_err err = wzp_noise_write(noise, ephemeral, (struct wzp_slice){payload, payload_len}, message,
                                       sizeof message, &message_len);
    sodium_memzero(ephemeral, sizeof ephemeral);
    if (err == WZP_ERR_BAD_KEY)
        return false;
    WZP_CHECK(err == WZP_ERR_OK);

    header.message = (struct wzp_slice){message, message_len};
    struct wzp_writer writer = wzp_writer_make(repeat->datagram, sizeof repeat->datagram);
    wzp_long_header_encode(&writer, &header);
    if (wzp_writer_len(&writer) < min_len)
        wzp_write_zeros(&writer, min_len - wzp_writer_len(&writer));
    WZP_CHECK(!writer.failed);
    repeat->len = wzp_writer_len(&writer);
    repeat->copy = 0;
    repeat->next_at_ns = now_ns;
    return true;
}

static void adopt_keys(struct session *session, const struct wzp_noise_split *split, int64_t now_ns)
{
    wzp_hop_key_init(&session->send_key, split->send);
    wzp_hop_key_init(&session->receive_key, split->receive);
    rekey_init(session, split->root, now_ns);
    session->has_keys = true;
}

/* The peer's Hello: how much it takes of stream 0 and of further ones, and how large a datagram. */
static void adopt_hello(const struct wzp_endpoint *endpoint, struct session *session,
                        const struct wzp_hello *hello, int64_t now_ns)
{
    wzp_stream_send_set_limit(&session->stream_out, hello->stream_window);
    session->moving.peer_datagram_max = hello->datagram_max;
    streams_set_peer(session, hello);
    repair_set_peer(session, hello);
    pace_on_bound(endpoint, session, now_ns);
}

/* ---- initiator ---- */

bool handshake_start(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    uint8_t bytes[64];
    struct wzp_slice versions = {endpoint->config.versions, endpoint->config.version_count};
    struct wzp_slice agreed = prologue(bytes, versions.data[0], session->pattern, versions,
                                       session->local_id);
    bool is_ik = handshake_is_ik(session->pattern);
    noise_start(endpoint, &session->noise, true, session->pattern, is_ik ? session->peer_static : NULL,
                agreed);
    session->state = SESSION_CONNECTING;
    session->began_ns = now_ns;
    session->deadline_ns = now_ns + endpoint->config.connect_deadline_ns;
    struct wzp_long_header header = {
        .form = WZP_FORM_LONG | WZP_LONG_TYPE_INITIAL,
        .version = versions.data[0],
        .source = session->local_id,
        .pattern = session->pattern,
        .versions = versions,
    };
    return compose(endpoint, &session->noise, header, (struct wzp_slice){0}, WZP_INITIAL_SIZE,
                   &session->repeat, now_ns);
}

/* The frames of message 3: what already waits on stream 0. */
static struct wzp_slice finish_frames(struct session *session, uint8_t *out, size_t capacity, int64_t now_ns)
{
    struct wzp_writer writer = wzp_writer_make(out, capacity);
    struct wzp_stream_path path = {0}; /* nothing is known yet */
    uint64_t offset;
    const uint8_t *data;
    size_t len;
    while (wzp_writer_left(&writer) > 16 &&
           wzp_stream_send_next(&session->stream_out, now_ns, &path, wzp_writer_left(&writer) - 16, &offset,
                                &data, &len)) {
        struct wzp_frame_stream frame = {.id = 0, .offset = offset, .data = {data, len}};
        wzp_frame_stream_encode(&writer, &frame);
        session->signal_in_finish = (size_t)offset + len;
    }
    WZP_CHECK(!writer.failed);
    return (struct wzp_slice){out, wzp_writer_len(&writer)};
}

static bool compose_finish(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    uint8_t frames[512];
    size_t room = endpoint_room(endpoint, session, now_ns + WZP_RATE_WINDOW_NS + WZP_RATE_SLICE_NS);
    size_t most = room < FINISH_BYTES ? 0 : room - FINISH_BYTES;
    struct wzp_long_header header = {
        .form = WZP_FORM_LONG | WZP_LONG_TYPE_FINISH,
        .version = endpoint->config.versions[0],
        .destination = session->remote_id,
        .source = session->local_id,
        .pattern = session->pattern,
    };
    return compose(endpoint, &session->noise, header,
                   finish_frames(session, frames, most < sizeof frames ? most : sizeof frames, now_ns), 0,
                   &session->repeat, now_ns);
}

static enum wzp_drop receive_response(struct wzp_endpoint *endpoint, const struct wzp_long_header *header,
                                      int64_t now_ns)
{
    struct session *session = endpoint_session(endpoint, header->destination);
    if (!session || !session->is_initiator)
        return WZP_DROP_CONNECTION_UNKNOWN;
    if (session->state != SESSION_CONNECTING)
        return session->state == SESSION_CLOSED ? WZP_DROP_CLOSED : WZP_DROP_HANDSHAKE_UNEXPECTED;
    if (header->version != endpoint->config.versions[0] || header->pattern != session->pattern)
        return WZP_DROP_HANDSHAKE_UNEXPECTED;

    struct wzp_noise noise = session->noise;
    uint8_t bytes[MESSAGE_MAX];
    size_t len;
    struct wzp_handshake_payload payload;
    struct wzp_hello hello;
    enum wzp_drop drop = WZP_DROP_COUNT;
    if (!wzp_noise_read(&noise, header->message, bytes, sizeof bytes, &len))
        drop = WZP_DROP_HANDSHAKE_SEAL;
    else if (!payload_decode((struct wzp_slice){bytes, len}, header->source, &payload, &hello))
        drop = WZP_DROP_HANDSHAKE_PAYLOAD;
    if (drop != WZP_DROP_COUNT) {
        wzp_noise_deinit(&noise);
        return drop;
    }
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_HANDSHAKE_RECEIVED, session->local_id, 2,
                   header->copy);
    session->noise = noise;
    sodium_memzero(&noise, sizeof noise);
    session->remote_id = header->source;
    memcpy(session->peer_static, wzp_noise_remote_static(&session->noise), sizeof session->peer_static);
    wzp_loss_seed_copies(&session->loss, header->copy);
    session->handshake_ns = now_ns - session->began_ns;
    adopt_hello(endpoint, session, &hello, now_ns);
    if (!handshake_is_ik(session->pattern)) {
        WZP_CHECK(compose_finish(endpoint, session, now_ns)); /* message 2 proved the key with ee and es */
    } else {
        session->repeat.len = 0;
        session->probe_at_ns = now_ns;
    }
    struct wzp_noise_split split;
    wzp_noise_split(&session->noise, &split);
    adopt_keys(session, &split, now_ns);
    sodium_memzero(&split, sizeof split);
    migrate_start(session, now_ns);
    session->state = SESSION_HANDSHAKING;
    session->heard_at_ns = now_ns;
    endpoint->counters.handshakes_done++;
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_KEYS, session->local_id, 1, session->pattern);
    endpoint_notify(endpoint, session, NOTICE_KEYS);
    endpoint_schedule(endpoint, session);
    return WZP_DROP_COUNT;
}

void handshake_confirm(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    session->state = SESSION_ACTIVE;
    session->repeat.len = 0;
    pace_on_active(session, now_ns);
    if (session->signal_in_finish)
        wzp_stream_send_on_acked(&session->stream_out, 0, session->signal_in_finish);
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_CONNECTED, session->local_id,
                   session->is_initiator, session->pattern);
    endpoint_notify(endpoint, session, NOTICE_CONNECTED);
}

/* ---- responder ---- */

/* A place in the table; who has to go for it goes. NULL when there is none. */
static struct half_open *take_half_open(struct wzp_endpoint *endpoint, const uint8_t key[HALF_OPEN_KEY_LEN],
                                        bool is_proven)
{
    uint32_t place = half_open_place_for(&endpoint->half_open_index, is_proven);
    if (place == HALF_OPEN_NONE)
        return NULL;
    if (endpoint->half_open_index.places[place].class != HALF_OPEN_FREE)
        endpoint_free_half_open(endpoint, &endpoint->half_opens[place]);
    half_open_take(&endpoint->half_open_index, place, key, is_proven);
    endpoint->counters.half_open++;
    return &endpoint->half_opens[place];
}

static bool speaks(const struct wzp_endpoint *endpoint, uint8_t version)
{
    return memchr(endpoint->config.versions, version, endpoint->config.version_count) != NULL;
}

/* True when the initiator listed a version we speak that is above the one it used: somebody hid it on the
 * way. */
static bool is_downgraded(const struct wzp_endpoint *endpoint, const struct wzp_long_header *header)
{
    for (size_t i = 0; i < header->versions.len; i++)
        if (header->versions.data[i] > header->version && speaks(endpoint, header->versions.data[i]))
            return true;
    return false;
}

/* Finds the invitation that message 1 names, if its pattern has one. */
static bool take_invitation(const struct wzp_endpoint *endpoint, const struct wzp_long_header *header,
                            const struct wzp_hello *hello, struct wzp_noise *noise)
{
    if (!handshake_is_invited(header->pattern))
        return true;
    for (uint32_t i = 0; hello->has_invitation && i < endpoint->invitations.count; i++) {
        uint8_t tag[WZP_INVITATION_TAG_LEN];
        invitation_tag(endpoint->invitations.secret[i], header->source, tag);
        if (sodium_memcmp(tag, hello->invitation, sizeof tag) == 0) {
            WZP_CHECK(wzp_noise_set_psk(noise, endpoint->invitations.secret[i]) == WZP_ERR_OK);
            return true;
        }
    }
    return false;
}

/* Reads message 1 into a new half-open entry and composes the answer. */
static enum wzp_drop open_initial(struct wzp_endpoint *endpoint, const struct wzp_addr *from,
                                  const struct wzp_long_header *header, const uint8_t key[HALF_OPEN_KEY_LEN],
                                  bool is_proven, int64_t now_ns, struct half_open **made)
{
    uint8_t agreed_bytes[64], bytes[MESSAGE_MAX];
    size_t len;
    struct wzp_noise noise;
    struct wzp_handshake_payload payload;
    struct wzp_hello hello;
    noise_start(endpoint, &noise, false, header->pattern, NULL,
                prologue(agreed_bytes, header->version, header->pattern, header->versions, header->source));
    enum wzp_drop drop = WZP_DROP_COUNT;
    struct half_open *half_open = NULL;
    if (!wzp_noise_read(&noise, header->message, bytes, sizeof bytes, &len))
        drop = WZP_DROP_HANDSHAKE_SEAL;
    else if (!payload_decode((struct wzp_slice){bytes, len}, header->source, &payload, &hello))
        drop = WZP_DROP_HANDSHAKE_PAYLOAD;
    else if (!take_invitation(endpoint, header, &hello, &noise))
        drop = WZP_DROP_INVITATION_UNKNOWN;
    else if (!(half_open = take_half_open(endpoint, key, is_proven)))
        drop = WZP_DROP_HALF_OPEN_FULL;
    if (drop != WZP_DROP_COUNT) {
        wzp_noise_deinit(&noise);
        return drop;
    }
    half_open->noise = noise;
    sodium_memzero(&noise, sizeof noise);
    half_open->remote_id = header->source;
    half_open->peer_addr = *from;
    half_open->pattern = header->pattern;
    half_open->version = header->version;
    half_open->is_downgraded = is_downgraded(endpoint, header);
    half_open->hello = hello;
    wzp_rate_init(&half_open->rate, hello.max_rate_bps);
    half_open->first_copy = header->copy;
    endpoint_draw_id(endpoint, endpoint_owner_of_half_open(endpoint, half_open));

    struct wzp_long_header answer = {
        .form = WZP_FORM_LONG | WZP_LONG_TYPE_RESPONSE,
        .version = header->version,
        .destination = half_open->remote_id,
        .source = half_open->local_id,
        .pattern = half_open->pattern,
    };
    if (!compose(endpoint, &half_open->noise, answer, (struct wzp_slice){0}, 0, &half_open->repeat, now_ns)) {
        endpoint_free_half_open(endpoint, half_open);
        return WZP_DROP_HANDSHAKE_SEAL;
    }
    WZP_CHECK(half_open->repeat.len <= WZP_RESPONSE_MAX);
    if (handshake_is_ik(half_open->pattern)) {
        memcpy(half_open->peer_static, wzp_noise_remote_static(&half_open->noise),
               sizeof half_open->peer_static);
        wzp_noise_split(&half_open->noise, &half_open->split);
        half_open->has_keys = true;
        wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_KEYS, half_open->local_id, 0,
                       half_open->pattern);
    }
    *made = half_open;
    return WZP_DROP_COUNT;
}

/* What is answered without holding anything; it waits in a bounded queue. */
static void reply_first(struct wzp_endpoint *endpoint, const struct wzp_addr *from,
                        const struct wzp_long_header *header, struct reply reply)
{
    reply.to = *from;
    reply.initiator_id = header->source;
    reply.version = header->version;
    memcpy(reply.start, header->message.data, sizeof reply.start);
    bool is_put = replies_put(&endpoint->replies, &reply);
    endpoint->counters.cookies_sent += is_put && reply.type == WZP_LONG_TYPE_COOKIE;
}

/* Under load nothing is computed for an address that may be forged but the cookie that would prove it. */
static bool is_cookie_demanded(struct wzp_endpoint *endpoint, const struct wzp_addr *from,
                               const struct wzp_long_header *header, int64_t now_ns, bool *is_proven)
{
    const struct half_open_index *index = &endpoint->half_open_index;
    bool is_loaded = cookies_are_demanded(&endpoint->cookies, index->list[HALF_OPEN_UNPROVEN].count,
                                          index->count, now_ns);
    struct reply reply = {.type = WZP_LONG_TYPE_COOKIE};
    *is_proven = (is_loaded || header->cookie.len > 0) &&
                 cookies_check(&endpoint->cookies, from, header->source, header->cookie, now_ns,
                               reply.cookie);
    if (!is_loaded || *is_proven)
        return false;
    cookies_on_first(&endpoint->cookies, now_ns);
    reply_first(endpoint, from, header, reply);
    return true;
}

/* Tells copies of one message 1 from everything else: all that the answer rests on, or one changed bit beside
 * the message, sent first, would have the true one answered with what nobody can open. */
static void half_open_key(const struct wzp_endpoint *endpoint, const struct wzp_addr *from,
                          const struct wzp_long_header *header, uint8_t key[HALF_OPEN_KEY_LEN])
{
    uint8_t address[sizeof from->ip + 2], agreed_bytes[64];
    struct wzp_writer writer = wzp_writer_make(address, sizeof address);
    wzp_write_bytes(&writer, from->ip, sizeof from->ip);
    wzp_write_u16(&writer, from->port);
    WZP_CHECK(!writer.failed);
    struct wzp_slice agreed = prologue(agreed_bytes, header->version, header->pattern, header->versions,
                                       header->source);
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, endpoint->half_open_key, sizeof endpoint->half_open_key,
                                    HALF_OPEN_KEY_LEN);
    crypto_generichash_blake2b_update(&state, address, sizeof address);
    crypto_generichash_blake2b_update(&state, agreed.data, agreed.len);
    crypto_generichash_blake2b_update(&state, header->message.data, header->message.len);
    crypto_generichash_blake2b_final(&state, key, HALF_OPEN_KEY_LEN);
}

static enum wzp_drop receive_initial(struct wzp_endpoint *endpoint, const struct wzp_addr *from,
                                     const struct wzp_long_header *header, size_t datagram_len,
                                     int64_t now_ns)
{
    if (!endpoint->config.accepts)
        return WZP_DROP_HANDSHAKE_UNEXPECTED;
    if (datagram_len < WZP_INITIAL_SIZE)
        return WZP_DROP_TRUNCATED;
    if (header->pattern > WZP_PATTERN_IKPSK2)
        return WZP_DROP_PATTERN_UNKNOWN;
    if (header->source == 0 || header->message.len < WZP_START_LEN)
        return WZP_DROP_LONG_MALFORMED;
    bool is_proven;
    if (is_cookie_demanded(endpoint, from, header, now_ns, &is_proven))
        return WZP_DROP_COOKIE_DEMANDED;
    uint8_t key[HALF_OPEN_KEY_LEN];
    half_open_key(endpoint, from, header, key);
    uint32_t place = half_open_find(&endpoint->half_open_index, key);
    struct half_open *half_open = place == HALF_OPEN_NONE ? NULL : &endpoint->half_opens[place];
    if (!half_open) {
        if (!is_proven)
            cookies_on_first(&endpoint->cookies, now_ns);
        enum wzp_drop drop = open_initial(endpoint, from, header, key, is_proven, now_ns, &half_open);
        if (drop == WZP_DROP_INVITATION_UNKNOWN)
            reply_first(
                endpoint, from, header,
                (struct reply){.type = WZP_LONG_TYPE_REFUSAL, .reason = WZP_CLOSE_REASON_BAD_INVITATION});
        if (drop != WZP_DROP_COUNT)
            return drop;
    } else if (is_proven) {
        half_open_promote(&endpoint->half_open_index, place, HALF_OPEN_PROVEN);
    }
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_HANDSHAKE_RECEIVED, half_open->local_id, 1,
                   header->copy);
    if (!half_open->bytes_in)
        half_open->began_ns = now_ns;
    half_open->bytes_in += datagram_len;
    half_open->heard_at_ns = now_ns;
    if (header->copy < half_open->first_copy)
        half_open->first_copy = header->copy;
    endpoint_schedule_half_open(endpoint, half_open);
    return WZP_DROP_COUNT;
}

/* A session out of a half-open handshake; NULL when not even a refusing one is left. */
static struct session *make_session(struct wzp_endpoint *endpoint, struct half_open *half_open,
                                    const struct wzp_noise_split *split, int64_t now_ns)
{
    if (!endpoint->config.accepts)
        return NULL; /* shutting down */
    struct session *session = endpoint_take_session(endpoint, true, now_ns);
    if (!session)
        return NULL;
    session->state = SESSION_ACTIVE;
    session->remote_id = half_open->remote_id;
    session->peer_addr = half_open->peer_addr;
    session->pattern = half_open->pattern;
    memcpy(session->peer_static, half_open->peer_static, sizeof session->peer_static);
    wzp_loss_seed_copies(&session->loss, half_open->first_copy);
    session->handshake_ns = now_ns - half_open->began_ns;
    session->rate = half_open->rate;
    adopt_hello(endpoint, session, &half_open->hello, now_ns);
    pace_on_active(session, now_ns);
    adopt_keys(session, split, now_ns);
    session->ping_due = true;
    endpoint_move_id(endpoint, endpoint_owner_of_half_open(endpoint, half_open),
                     endpoint_owner_of_session(session));
    migrate_start(session, now_ns);
    half_open->is_done = true; /* stays a while to swallow copies of message 1 */
    half_open_promote(&endpoint->half_open_index, (uint32_t)(half_open - endpoint->half_opens),
                      HALF_OPEN_DONE);
    half_open->heard_at_ns = now_ns;
    wzp_noise_deinit(&half_open->noise);
    sodium_memzero(&half_open->split, sizeof half_open->split);
    endpoint_schedule_half_open(endpoint, half_open);

    endpoint->counters.handshakes_done++;
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_CONNECTED, session->local_id, 0,
                   session->pattern);
    endpoint_notify(endpoint, session, NOTICE_KEYS | NOTICE_CONNECTED);
    if (session->is_overflow)
        endpoint_close(endpoint, session, WZP_CLOSE_REASON_RELAY_FULL, now_ns);
    else if (half_open->is_downgraded)
        endpoint_close(endpoint, session, WZP_CLOSE_REASON_DOWNGRADE, now_ns);
    return session;
}

struct session *handshake_promote(struct wzp_endpoint *endpoint, struct half_open *half_open, int64_t now_ns)
{
    struct wzp_noise_split split = half_open->split;
    struct session *session = make_session(endpoint, half_open, &split, now_ns);
    sodium_memzero(&split, sizeof split);
    return session;
}

static enum wzp_drop receive_finish(struct wzp_endpoint *endpoint, const struct wzp_addr *from,
                                    const struct wzp_long_header *header, int64_t now_ns)
{
    struct session *session = endpoint_session(endpoint, header->destination);
    uint8_t hash[16];
    crypto_generichash_blake2b(hash, sizeof hash, header->message.data, header->message.len, NULL, 0);
    if (session && !session->is_initiator && session->state == SESSION_ACTIVE && !session->is_confirmed &&
        memcmp(hash, session->finish_hash, sizeof hash) == 0) {
        migrate_on_packet(endpoint, session, from, 0, header->message.len, true, now_ns);
        session->ping_due = true; /* its sender has heard nothing of us yet: say something again */
        endpoint_schedule(endpoint, session);
        return WZP_DROP_COUNT;
    }
    struct half_open *half_open = endpoint_half_open(endpoint, header->destination);
    if (!half_open)
        return session ? WZP_DROP_HANDSHAKE_UNEXPECTED : WZP_DROP_CONNECTION_UNKNOWN;
    if (handshake_is_ik(half_open->pattern) || header->pattern != half_open->pattern ||
        header->version != half_open->version || header->source != half_open->remote_id)
        return WZP_DROP_HANDSHAKE_UNEXPECTED;

    struct wzp_noise noise = half_open->noise;
    size_t len;
    struct wzp_handshake_payload payload;
    struct wzp_hello hello;
    enum wzp_drop drop = WZP_DROP_COUNT;
    if (!wzp_noise_read(&noise, header->message, endpoint->open_buffer, sizeof endpoint->open_buffer, &len))
        drop = WZP_DROP_HANDSHAKE_SEAL;
    else if (!payload_decode((struct wzp_slice){endpoint->open_buffer, len}, header->source, &payload,
                             &hello))
        drop = WZP_DROP_HANDSHAKE_PAYLOAD;
    if (drop == WZP_DROP_COUNT) {
        wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_HANDSHAKE_RECEIVED, half_open->local_id, 3,
                       header->copy);
        memcpy(half_open->peer_static, wzp_noise_remote_static(&noise), sizeof half_open->peer_static);
        half_open->hello = hello;
        struct wzp_noise_split split;
        wzp_noise_split(&noise, &split);
        session = make_session(endpoint, half_open, &split, now_ns);
        sodium_memzero(&split, sizeof split);
        if (session) {
            wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_KEYS, session->local_id, 0,
                           half_open->pattern);
            memcpy(session->finish_hash, hash, sizeof hash);
            migrate_on_packet(endpoint, session, from, 0, header->message.len, true, now_ns);
            if (session->state == SESSION_ACTIVE) { /* who is refused has nothing to say */
                endpoint->frames = wzp_reader_make(payload.frames.data, payload.frames.len);
                endpoint->frames_session = session->index + 1;
                endpoint->frames_phase = PHASE_FINISH;
            }
            endpoint_schedule(endpoint, session);
        } else {
            drop = WZP_DROP_SESSIONS_FULL;
        }
    }
    wzp_noise_deinit(&noise);
    return drop;
}

/* ---- both ---- */

static enum wzp_drop receive_long(struct wzp_endpoint *endpoint, const struct wzp_addr *from,
                                  struct wzp_slice datagram, int64_t now_ns)
{
    if (datagram.len < COPY_OFFSET)
        return WZP_DROP_TRUNCATED;
    unsigned type = datagram.data[0] & 0x3f;
    if (datagram.data[1] == 0 && type == WZP_LONG_TYPE_VERSION_REJECT)
        return hints_receive_reject(endpoint, datagram, now_ns);
    if (!speaks(endpoint, datagram.data[1])) {
        if (endpoint->config.accepts && datagram.len >= WZP_INITIAL_SIZE) {
            struct wzp_reader reader = wzp_reader_make(datagram.data + 6, 4);
            struct reply reply = {.type = WZP_LONG_TYPE_VERSION_REJECT, .to = *from};
            reply.initiator_id = wzp_read_u32(&reader);
            endpoint->counters.handshakes_rejected_version += replies_put(&endpoint->replies, &reply);
        }
        return WZP_DROP_VERSION_UNSPOKEN;
    }
    if (type == WZP_LONG_TYPE_COOKIE)
        return hints_receive_cookie(endpoint, datagram, now_ns);
    if (type == WZP_LONG_TYPE_REFUSAL)
        return hints_receive_refusal(endpoint, datagram, now_ns);
    struct wzp_reader reader = wzp_reader_make(datagram.data, datagram.len);
    struct wzp_long_header header;
    if (!wzp_long_header_decode(&reader, &header))
        return WZP_DROP_LONG_MALFORMED;
    switch (type) {
    case WZP_LONG_TYPE_INITIAL:
        return receive_initial(endpoint, from, &header, datagram.len, now_ns);
    case WZP_LONG_TYPE_RESPONSE:
        return receive_response(endpoint, &header, now_ns);
    case WZP_LONG_TYPE_FINISH:
        return receive_finish(endpoint, from, &header, now_ns);
    default:
        return WZP_DROP_LONG_MALFORMED;
    }
}

void handshake_receive(struct wzp_endpoint *endpoint, const struct wzp_addr *from, struct wzp_slice datagram,
                       int64_t now_ns)
{
    enum wzp_drop drop = receive_long(endpoint, from, datagram, now_ns);
    if (drop != WZP_DROP_COUNT)
        endpoint_drop(endpoint, 0, drop, datagram.len);
}

int64_t handshake_next_at(const struct wzp_endpoint *endpoint, const struct repeated *repeat,
                          const struct wzp_rate *rate)
{
    return endpoint_within_rates_at(endpoint, rate, repeat->len + IP_UDP_HEADER, repeat->next_at_ns);
}

size_t handshake_transmit(struct wzp_endpoint *endpoint, uint32_t local_id, struct repeated *repeat,
                          const struct wzp_rate *rate, uint8_t *datagram, int64_t now_ns)
{
    if (repeat->len == 0 || now_ns < handshake_next_at(endpoint, repeat, rate))
        return 0;
    memcpy(datagram, repeat->datagram, repeat->len);
    datagram[COPY_OFFSET] = repeat->copy;
    unsigned message = 1u + (repeat->datagram[0] & 0x3f);
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_HANDSHAKE_SENT, local_id, message,
                   repeat->copy);
    if (repeat->copy < UINT8_MAX)
        repeat->copy++;
    repeat->next_at_ns = now_ns + repeat_spacing_ns(repeat);
    return repeat->len;
}

static bool may_answer(const struct half_open *half_open)
{
    return !half_open->is_done &&
           half_open->bytes_out + half_open->repeat.len <= WZP_AMPLIFICATION * half_open->bytes_in;
}

size_t handshake_transmit_half_open(struct wzp_endpoint *endpoint, struct half_open *half_open,
                                    uint8_t *datagram, int64_t now_ns)
{
    if (!may_answer(half_open))
        return 0;
    size_t len = handshake_transmit(endpoint, half_open->local_id, &half_open->repeat, &half_open->rate,
                                    datagram, now_ns);
    half_open->bytes_out += len;
    return len;
}

int64_t handshake_half_open_next_at(const struct wzp_endpoint *endpoint, const struct half_open *half_open)
{
    int64_t expires_ns = half_open->heard_at_ns + HALF_OPEN_NS;
    return may_answer(half_open)
               ? wzp_time_min(handshake_next_at(endpoint, &half_open->repeat, &half_open->rate), expires_ns)
               : expires_ns;
}

bool handshake_half_open_is_over(const struct half_open *half_open, int64_t now_ns)
{
    return now_ns >= half_open->heard_at_ns + HALF_OPEN_NS;
}
