// SPDX-License-Identifier: Apache-2.0
/*
 * The hash of all that happened in a world: 128 bits that tell whether two runs are one and the same.
 *
 * Law: it depends on each bit, on the order, and on where one piece ends and the next begins; a bit turns
 * each bit of it about half of the time, and two histories that differed once come together again by chance
 * alone. Against chance, not against somebody who looks for two that are alike.
 *
 * Each datagram passes it twice and each trace event once: BLAKE2b, which was here, was a tenth of all that a
 * room of fifty costs.
 */
#ifndef WZP_SIM_TRACE_HASH_H
#define WZP_SIM_TRACE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct sim_trace_hash {
    uint64_t a, b;
};

struct sim_trace_hash sim_trace_hash_make(void);
void sim_trace_hash_words(struct sim_trace_hash *hash, uint64_t x, uint64_t y);
/* Of a length that is told with them. */
void sim_trace_hash_bytes(struct sim_trace_hash *hash, const void *bytes, size_t len);
/* Of what came so far, 32 hexadecimal digits. */
void sim_trace_hash_text(const struct sim_trace_hash *hash, char out[33]);

#endif
