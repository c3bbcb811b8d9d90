// SPDX-License-Identifier: Apache-2.0
#include "session/rekey.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "session/session.h"

#define SAY_SPACING_MIN_NS (20 * WZP_MS)
#define FADING_RTTS        3
#define FADING_NS          (1 * WZP_S)

static int64_t spacing_ns(const struct session *session)
{
    return wzp_time_max(session->rtt.smoothed_ns, SAY_SPACING_MIN_NS);
}

void rekey_init(struct session *session, const uint8_t root[32], int64_t now_ns)
{
    session->rekey = (struct rekey){.confirmed_ns = now_ns};
    memcpy(session->rekey.root, root, sizeof session->rekey.root);
}

static bool is_exhausted(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return session->sent.next_number >= endpoint->config.packets_max;
}

/* When an idle side starts. */
static int64_t due_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    const struct rekey *rekey = &session->rekey;
    const struct wzp_endpoint_config *config = &endpoint->config;
    if (rekey->has_peer_public)
        return INT64_MIN;
    bool many = session->sent.next_number - rekey->from_number >= config->rekey_packets;
    return rekey->confirmed_ns +
           wzp_time_max(many ? config->rekey_min_ns : config->rekey_ns, config->rekey_min_ns);
}

int64_t rekey_next_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    const struct rekey *rekey = &session->rekey;
    if (is_exhausted(endpoint, session))
        return INT64_MIN;
    switch (rekey->state) {
    case REKEY_IDLE:
        return due_at(endpoint, session);
    case REKEY_OFFERED:
        return rekey->is_acked ? WZP_NEVER : rekey->say_at_ns;
    case REKEY_AGREED:
    case REKEY_SWITCHED:
        return rekey->say_at_ns;
    case REKEY_FADING:
        return rekey->wipe_at_ns;
    }
    return WZP_NEVER;
}

/* ---- forward, state by state ---- */

static void switch_send(struct session *session, int64_t now_ns)
{
    struct rekey *rekey = &session->rekey;
    WZP_CHECK(rekey->state == REKEY_AGREED);
    session->send_key = rekey->next_send;
    wzp_hop_key_deinit(&rekey->next_send);
    rekey->from_number = session->sent.next_number;
    rekey->say_at_ns = now_ns;
    rekey->state = REKEY_SWITCHED;
}

/* Both public keys are here. */
static bool agree(struct session *session, int64_t now_ns)
{
    struct rekey *rekey = &session->rekey;
    struct wzp_rekey_seals seals;
    if (!wzp_rekey_mix(rekey->root, rekey->generation + 1, session->is_initiator, &rekey->share,
                       rekey->peer_public, &seals))
        return false;
    sodium_memzero(rekey->share.secret, sizeof rekey->share.secret);
    rekey->next_send = session->send_key; /* for the masks, which stay */
    rekey->other_receive = session->receive_key;
    memcpy(rekey->next_send.seal, seals.send, sizeof seals.send);
    memcpy(rekey->other_receive.seal, seals.receive, sizeof seals.receive);
    sodium_memzero(&seals, sizeof seals);
    rekey->state = REKEY_AGREED;
    if (rekey->is_acked)
        switch_send(session, now_ns);
    return true;
}

/* False: the peer's key, which was here before, is of small order. */
static bool start(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    struct rekey *rekey = &session->rekey;
    uint8_t secret[32];
    wzp_drbg_fill(&endpoint->drbg, secret, sizeof secret);
    wzp_rekey_share_init(&rekey->share, secret);
    sodium_memzero(secret, sizeof secret);
    rekey->is_acked = false;
    rekey->first_number = session->sent.next_number;
    rekey->copies = 0;
    rekey->say_at_ns = now_ns;
    rekey->state = REKEY_OFFERED;
    return !rekey->has_peer_public || agree(session, now_ns);
}

/* The first packet under the next key opened. */
static void confirm(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    struct rekey *rekey = &session->rekey;
    if (rekey->state == REKEY_AGREED)
        switch_send(session, now_ns);
    struct wzp_hop_key old = session->receive_key;
    session->receive_key = rekey->other_receive;
    rekey->other_receive = old;
    wzp_hop_key_deinit(&old);
    wzp_rekey_share_deinit(&rekey->share);
    rekey->generation++;
    rekey->has_peer_public = false;
    rekey->confirmed_ns = now_ns;
    rekey->wipe_at_ns = now_ns + FADING_RTTS * session->rtt.smoothed_ns + FADING_NS;
    rekey->state = REKEY_FADING;
    endpoint->counters.rekeys++;
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_REKEYED, session->local_id, rekey->generation,
                   rekey->copies);
}

void rekey_advance(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    struct rekey *rekey = &session->rekey;
    if (is_exhausted(endpoint, session)) {
        endpoint_close(endpoint, session, WZP_CLOSE_REASON_KEYS_EXHAUSTED, now_ns);
        return;
    }
    if (rekey->state == REKEY_FADING && now_ns >= rekey->wipe_at_ns) {
        wzp_hop_key_deinit(&rekey->other_receive);
        rekey->state = REKEY_IDLE;
    }
    if (rekey->state == REKEY_IDLE && now_ns >= due_at(endpoint, session) &&
        !start(endpoint, session, now_ns)) {
        endpoint_drop(endpoint, session->local_id, WZP_DROP_REKEY, 0);
        endpoint_close(endpoint, session, WZP_CLOSE_REASON_REKEY, now_ns);
    }
}

/* ---- sending ---- */

bool rekey_put(struct session *session, uint64_t number, struct wzp_writer *writer, int64_t now_ns,
               bool *wrote)
{
    struct rekey *rekey = &session->rekey;
    bool says_key = (rekey->state == REKEY_OFFERED || rekey->state == REKEY_AGREED) && !rekey->is_acked;
    *wrote = (says_key || rekey->state == REKEY_SWITCHED) && now_ns >= rekey->say_at_ns;
    if (!*wrote)
        return false;
    rekey->say_at_ns = now_ns + spacing_ns(session);
    if (!says_key) {
        wzp_frame_ping_encode(writer, &(struct wzp_frame_ping){0});
        return false;
    }
    WZP_CHECK(number >= rekey->first_number);
    struct wzp_frame_rekey frame = {.generation = rekey->generation + 1};
    memcpy(frame.public_key, rekey->share.public_key, sizeof frame.public_key);
    wzp_frame_rekey_encode(writer, &frame);
    rekey->copies++;
    return true;
}

unsigned rekey_send_phase(const struct session *session)
{
    const struct rekey *rekey = &session->rekey;
    return (rekey->generation + (rekey->state == REKEY_SWITCHED)) & 1;
}

void rekey_on_acked(struct session *session, uint64_t number, int64_t now_ns)
{
    struct rekey *rekey = &session->rekey;
    if ((rekey->state != REKEY_OFFERED && rekey->state != REKEY_AGREED) || number < rekey->first_number)
        return;
    rekey->is_acked = true;
    if (rekey->state == REKEY_AGREED)
        switch_send(session, now_ns);
}

/* ---- receiving ---- */

static bool has_next_receive(const struct rekey *rekey)
{
    return rekey->state == REKEY_AGREED || rekey->state == REKEY_SWITCHED;
}

void rekey_receive_keys(const struct session *session, const struct wzp_hop_key *keys[2])
{
    const struct rekey *rekey = &session->rekey;
    unsigned phase = rekey->generation & 1;
    keys[phase] = &session->receive_key;
    keys[!phase] = has_next_receive(rekey) || rekey->state == REKEY_FADING ? &rekey->other_receive : NULL;
}

uint64_t rekey_on_opened(struct wzp_endpoint *endpoint, struct session *session, unsigned phase,
                         int64_t now_ns)
{
    struct rekey *rekey = &session->rekey;
    bool is_other = phase != (rekey->generation & 1);
    if (is_other && has_next_receive(rekey)) {
        confirm(endpoint, session, now_ns);
        is_other = false;
    }
    return rekey->generation - is_other;
}

void rekey_on_failed_open(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    if (++session->rekey.failed_opens >= endpoint->config.failed_opens_max)
        endpoint_close(endpoint, session, WZP_CLOSE_REASON_KEYS_EXHAUSTED, now_ns);
}

bool rekey_on_frame(struct wzp_endpoint *endpoint, struct session *session,
                    const struct wzp_frame_rekey *frame, uint64_t packet_generation, int64_t now_ns)
{
    struct rekey *rekey = &session->rekey;
    if (frame->generation != packet_generation + 1)
        return false;
    if (packet_generation != rekey->generation)
        return true; /* a late copy of what is done */
    if (rekey->has_peer_public)
        return memcmp(rekey->peer_public, frame->public_key, sizeof rekey->peer_public) == 0;
    memcpy(rekey->peer_public, frame->public_key, sizeof rekey->peer_public);
    rekey->has_peer_public = true;
    switch (rekey->state) {
    case REKEY_IDLE:
        return start(endpoint, session, now_ns);
    case REKEY_OFFERED:
        return agree(session, now_ns);
    case REKEY_AGREED:
    case REKEY_SWITCHED:
    case REKEY_FADING:
        break; /* FADING: answered when the old key is wiped */
    }
    return true;
}
