// SPDX-License-Identifier: Apache-2.0
/*
 * What somebody could have written down: every sealed media payload and every KEY body as the relay passes it
 * on, and every datagram as a watcher of the links sees it; and what can be opened of them later with which
 * secrets.
 *
 * Media and KEYs are taken at the crypt seam (sim/watch.h), where they are sealed: a media seal authenticates
 * a media header and an epoch byte, a KEY its word. What leaves there is what a relay gets.
 *
 * Law: a trial that must fail and the one beside it that must succeed are the same code with other secrets.
 * It does not try the messages of handshakes: message 1 of IK opens to who has the relay's static key (Noise
 * section 7.7), and says nothing but Hello.
 */
#ifndef WZP_SIM_RECORDER_H
#define WZP_SIM_RECORDER_H

#include "crypt/sender.h"
#include "sim/person.h"
#include "sim/watch.h"

#define SIM_RECORDER_PEOPLE_MAX 64 /* in a world that is recorded */

struct sim_recorder;

struct sim_recorder *sim_recorder_create(struct sim_net *net, struct sim_watch *watch,
                                         struct sim_crowd *crowd);
void sim_recorder_destroy(struct sim_recorder *recorder);

struct sim_tally {
    uint64_t tried, opened;
};

/* All keys of others that a person holds now. The number is for sim_recorder_open. */
unsigned sim_recorder_snapshot(struct sim_recorder *recorder, const struct sim_person *person);
/* Media of `speaker` sealed in [from, until), tried with the keys of a snapshot. */
unsigned sim_recorder_snapshots(const struct sim_recorder *recorder);
struct sim_tally sim_recorder_open(const struct sim_recorder *recorder, unsigned snapshot,
                                   const struct sim_person *speaker, int64_t from_ns, int64_t until_ns);

/* What somebody has, beside everything that is public. */
enum sim_thief {
    SIM_THIEF_PUBLIC, /* nothing: static public keys and what travels in clear */
    SIM_THIEF_SEEDS,  /* every identity seed, the relay's too, and the room's name */
    SIM_THIEF_ALL, /* what nobody may keep: stay keys and traffic keys, to show that a trial is a true one */
};

/* Every KEY: each secret in the place of each side's stay key. */
struct sim_tally sim_recorder_open_keys(const struct sim_recorder *recorder, const struct wzp_room *room,
                                        const struct sim_relay *relay, enum sim_thief thief);
/* Every media payload: with the sender keys that such KEYs gave, and with every guess as one. */
struct sim_tally sim_recorder_open_media(const struct sim_recorder *recorder, const struct wzp_room *room,
                                         const struct sim_relay *relay, enum sim_thief thief);
/* Every short datagram: with each guess as a traffic key. Guesses are what earlier systems fell to: hashes of
 * handshakes, of public keys, alone and in pairs, of connection ids, of zeros; and what static secrets share
 * with any public key. */
struct sim_tally sim_recorder_open_datagrams(const struct sim_recorder *recorder,
                                             const struct sim_relay *relay, enum sim_thief thief);

/* Short datagrams sent from then on, tried with the keys that sessions began with: a rekey ends their use. */
struct sim_tally sim_recorder_open_later(const struct sim_recorder *recorder, int64_t from_ns);

uint64_t sim_recorder_keys_sealed(const struct sim_recorder *recorder);
/* Every KEY, tried as one that was sealed for this stay key. */
struct sim_tally sim_recorder_keys_for(const struct sim_recorder *recorder, const struct wzp_stay *stay,
                                       const struct wzp_room *room);

#endif
