// SPDX-License-Identifier: Apache-2.0
/*
 * What somebody could have written down: every sealed media payload and every KEY body as the relay passes it
 * on, and every datagram as a watcher of the links sees it; and what can be opened of them later with which
 * keys.
 *
 * Media and KEYs are taken at the crypt seam (sim/watch.h), where they are sealed: a media seal authenticates
 * a media header and an epoch byte, a KEY its word. What leaves there is what a relay gets.
 */
#ifndef WZP_SIM_RECORDER_H
#define WZP_SIM_RECORDER_H

#include "crypt/sender.h"
#include "sim/person.h"
#include "sim/watch.h"

struct sim_recorder;

struct sim_recorder *sim_recorder_create(struct sim_net *net, struct sim_watch *watch,
                                         struct sim_crowd *crowd);
void sim_recorder_destroy(struct sim_recorder *recorder);

struct sim_tally {
    uint64_t tried, opened;
};

/* All the keys a person holds now. The number is for sim_recorder_open. */
unsigned sim_recorder_snapshot(struct sim_recorder *recorder, const struct sim_person *person);
/* Media of `speaker` sealed in [from, until), tried with the keys of a snapshot. */
struct sim_tally sim_recorder_open(const struct sim_recorder *recorder, unsigned snapshot,
                                   const struct sim_person *speaker, int64_t from_ns, int64_t until_ns);

/*
 * Every KEY, tried by a thief of all identity seeds: with the static keys in the place of stay keys. With
 * `true_stays` by somebody who also has every stay key, to show that the trial is a true one.
 */
struct sim_tally sim_recorder_open_keys(const struct sim_recorder *recorder, const struct wzp_room *room,
                                        bool true_stays);
/* Every KEY that was sealed for the stay key of `record`. */
struct sim_tally sim_recorder_keys_for(const struct sim_recorder *recorder, const struct wzp_stay *stay,
                                       const struct wzp_room *room);

/*
 * Every datagram, tried with every key that can be made of what travels in clear and of all static public
 * keys: the ways in which earlier systems fell. With `secrets` the static secrets are used as well.
 */
struct sim_tally sim_recorder_open_datagrams(const struct sim_recorder *recorder,
                                             const struct sim_relay *relay, bool secrets);
/* The same with the traffic keys themselves, to show that the trial is a true one. */
struct sim_tally sim_recorder_open_datagrams_truly(const struct sim_recorder *recorder);

#endif
