// SPDX-License-Identifier: Apache-2.0
/*
 * Which pairs of key and nonce have sealed: all of them, for ever. A row stands for 64 nonces that differ in
 * the low bits of their last byte alone, as those of packets one after the other do, so a million seals take
 * half a megabyte; any other order of nonces takes more room, and is told as exactly.
 *
 * Law: a pair that was added is always known again. One that was not is taken for one that was about once in
 * 2^63 / (rows) times.
 */
#ifndef WZP_SIM_NONCES_H
#define WZP_SIM_NONCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_nonces {
    struct sim_nonces_row {
        uint64_t name; /* of key and nonce but for the bits; 0: free */
        uint64_t bits;
    } * row; /* open addressing */
    size_t count, capacity;
};

/* False when it was there. All zero is an empty set. */
bool sim_nonces_add(struct sim_nonces *nonces, const uint8_t key[32], const uint8_t nonce[12]);
void sim_nonces_deinit(struct sim_nonces *nonces);

#endif
