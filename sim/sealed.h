// SPDX-License-Identifier: Apache-2.0
/*
 * The newest seals of a process, so that what was sealed here need not be computed again to be opened here:
 * in a world everything that is opened was sealed a moment before, and half of the work was to find that out.
 *
 * Law: what it opens, libsodium opens to the same bytes: it answers only for the same key and nonce (a hash
 * of 64 bits), the same authenticated bytes and the same sealed ones, all of them compared; of anything else
 * it knows nothing, and the seam (sim/watch.c) does the real work. A build with assertions always does the
 * real work, and fails when the two differ. Holds SIM_SEALED_BYTES at most.
 */
#ifndef WZP_SIM_SEALED_H
#define WZP_SIM_SEALED_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_SEALED_BYTES (UINT64_C(1) << 20)
#define SIM_SEALED_ROWS  (UINT64_C(1) << 13)
#define SIM_SEALED_LEN   1500 /* of a message and what is authenticated with it; longer ones are not kept */
#define SIM_SEALED_TAG   16

/* All zero is empty. */
struct sim_sealed {
    struct sim_sealed_row {
        uint64_t name, start; /* of its entry, in bytes ever written */
        bool is_used;
    } row[SIM_SEALED_ROWS];
    uint64_t end;                    /* bytes ever written */
    uint8_t bytes[SIM_SEALED_BYTES]; /* a ring of entries */
};

/* `name`: of key and nonce. `sealed`: with its tag. */
void sim_sealed_remember(struct sim_sealed *sealed, uint64_t name, struct wzp_slice aad,
                         struct wzp_slice plain, const uint8_t *cipher);
/* False: not known. `out` may be `cipher.data`. */
bool sim_sealed_open(const struct sim_sealed *sealed, uint64_t name, struct wzp_slice aad,
                     struct wzp_slice cipher, uint8_t *out);

#endif
