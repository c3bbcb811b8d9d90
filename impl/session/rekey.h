// SPDX-License-Identifier: Apache-2.0
/*
 * Rekeying of one session under running media: when, in which order, and when the past is wiped.
 *
 *     IDLE --due, or the peer's REKEY--> OFFERED --the peer's REKEY--> AGREED --ours acknowledged--> SWITCHED
 *       ^                                                                |                              |
 *       +---- 3 RTT + 1 s later: old key wiped ---- FADING <---- a packet under the next key opens -----+
 *
 * Both sides do the same, so it does not matter who began, nor that both did: each offer is the other's
 * answer. A side seals with the next key once it knows that the other can open: its own REKEY was
 * acknowledged, or a packet under the next key arrived.
 *
 * Law: no packet is lost to it; nothing that waits to be sent waits for it; there are never more than two
 * receive keys, and their phase bits differ, so that each packet is opened with one key at most; a rekey does
 * not start before the old key is wiped. The peer can make us compute one Diffie-Hellman a rekey, and a rekey
 * lasts more than a second. Owns struct rekey in the session. Does not: count packets under a mask key, which
 * lives as long as the session. Spec: proto/04-keys.md, Rekeying.
 */
#ifndef WZP_SESSION_REKEY_H
#define WZP_SESSION_REKEY_H

#include "crypt/hop.h"
#include "crypt/rekey.h"
#include "wire/wire.h"

enum rekey_state {
    REKEY_IDLE,
    REKEY_OFFERED,  /* our REKEY is said until a packet with it is acknowledged */
    REKEY_AGREED,   /* next keys are held; the peer may not hold them yet */
    REKEY_SWITCHED, /* we seal with the next key; PING asks for a packet under it */
    REKEY_FADING,   /* done; the old receive key opens what is still under way */
};

struct rekey {
    enum rekey_state state;
    uint64_t generation; /* of session.receive_key: how many rekeys are done */
    uint8_t root[32];
    struct wzp_rekey_share share;     /* OFFERED, AGREED; the secret in OFFERED only */
    struct wzp_hop_key next_send;     /* AGREED */
    struct wzp_hop_key other_receive; /* AGREED, SWITCHED: of the next generation; FADING: of the last */
    bool has_peer_public;             /* of the next generation */
    uint8_t peer_public[32];
    bool is_acked;         /* the peer holds our public key */
    uint64_t first_number; /* REKEYs in earlier packets are not of this offer */
    unsigned copies;       /* REKEYs said */
    int64_t say_at_ns;     /* REKEY or PING is due */
    int64_t confirmed_ns;  /* when the present keys were */
    uint64_t from_number;  /* sent under them from this packet on */
    int64_t wipe_at_ns;    /* FADING */
    uint64_t failed_opens; /* over all generations, RFC 9001 section 6.6 */
};

struct session;
struct wzp_endpoint;
struct wzp_writer;

/* Keys of generation 0 stand since `now_ns`. */
void rekey_init(struct session *session, const uint8_t root[32], int64_t now_ns);
/* When rekey_advance or rekey_put next has something to do; for an ACTIVE session. */
int64_t rekey_next_at(const struct wzp_endpoint *endpoint, const struct session *session);
/* What time and counts alone do: wipes, starts, closes with KEYS_EXHAUSTED. For an ACTIVE session. */
void rekey_advance(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);

/* The REKEY or PING that is due, as the first or next frame of packet `number`; true when it is REKEY.
 * `wrote` tells whether there was any. */
bool rekey_put(struct session *session, uint64_t number, struct wzp_writer *writer, int64_t now_ns,
               bool *wrote);
unsigned rekey_send_phase(const struct session *session); /* 0 or 1 */
/* A packet that held our REKEY is acknowledged. */
void rekey_on_acked(struct session *session, uint64_t number, int64_t now_ns);

/* The keys that may open a packet, by phase bit; NULL where none is held. */
void rekey_receive_keys(const struct session *session, const struct wzp_hop_key *keys[2]);
/* A packet of this phase opened: switches to the next keys if it was the first. Gives its generation. */
uint64_t rekey_on_opened(struct wzp_endpoint *endpoint, struct session *session, unsigned phase,
                         int64_t now_ns);
/* A packet did not open; may close the session. */
void rekey_on_failed_open(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);
/* The peer's REKEY in a packet of `packet_generation`. False: out of turn, contradicting an earlier one, or a
 * key of small order. */
bool rekey_on_frame(struct wzp_endpoint *endpoint, struct session *session,
                    const struct wzp_frame_rekey *frame, uint64_t packet_generation, int64_t now_ns);

#endif
