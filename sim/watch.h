// SPDX-License-Identifier: Apache-2.0
/*
 * Three watchers of every world. The seal watcher stands at the crypt seam (the linker wraps libsodium's
 * AEAD) and fails the run when a (key, nonce) pair seals twice (sim/nonces.h). The leak watcher knows what
 * every codec made in the last seconds and fails the run when twelve bytes of it in a row appear in a
 * datagram (sim/leak.h). The amplification watcher keeps the account of sim/amplify.h for every node
 * that answers strangers. One world is watched at a time; a process runs one world at a time.
 */
#ifndef WZP_SIM_WATCH_H
#define WZP_SIM_WATCH_H

#include "codec/audio.h"
#include "crypt/noise.h"
#include "crypt/rekey.h"
#include "sim/leak.h"
#include "sim/net.h"

struct sim_watch;

/* From now on seals and datagrams of this world are watched; anything older is forgotten. */
struct sim_watch *sim_watch_create(struct sim_net *net);
void sim_watch_destroy(struct sim_watch *watch);

/* From now on this node answers strangers, and knows none yet: a relay that starts. Nothing is watched when
 * there is no watch. */
void sim_watch_guard(unsigned node);

/* The codec, every payload of it known to the watcher. */
const struct wzp_audio_codec *sim_watch_codec(const struct wzp_audio_codec *codec);

/* Sees every seal: what was authenticated with it and what came out, tag included. */
typedef void sim_seal_tap(void *ctx, const uint8_t *aad, size_t aad_len, const uint8_t *sealed, size_t len);
/* Sees every Split(): the handshake's hash, which anybody can compute who saw its messages, and the keys. */
typedef void sim_split_tap(void *ctx, const uint8_t hash[64], const struct wzp_noise_split *split);
/* Sees the seal keys of every rekey, from each side. */
typedef void sim_rekey_tap(void *ctx, const struct wzp_rekey_seals *seals);
void sim_watch_tap(struct sim_watch *watch, sim_seal_tap *on_seal, sim_split_tap *on_split,
                   sim_rekey_tap *on_rekey, void *ctx);

uint64_t sim_watch_seals(const struct sim_watch *watch);

/* For tests of the watchers themselves. */
void sim_watch_on_seal(const uint8_t key[32], const uint8_t nonce[12]);
void sim_watch_on_payload(const uint8_t *bytes, size_t len);

#endif
