// SPDX-License-Identifier: Apache-2.0
/*
 * Packet numbers on the wire: 64 bits inside, the low 2 to 4 bytes outside (RFC 9000 sections 17.1 and A.2,
 * A.3).
 *
 * Law: a number sent with wzp_number_len bytes is decoded right by any receiver that expects the lowest
 * unacknowledged number or anything from there to the number itself. wzp_unwrap_u32 does the same for the
 * 32-bit sequence numbers of media. No state here. Chapter: proto/02-packets.md.
 */
#ifndef WZP_LINK_NUMBER_H
#define WZP_LINK_NUMBER_H

#include <stdint.h>

/* Bytes, 2 to 4, such that half their range is above the distance from `lowest_unacked`, which is at most
 * `number`. */
unsigned wzp_number_len(uint64_t number, uint64_t lowest_unacked);

/* The number nearest to `expected_next` whose low `len` bytes are `truncated` (RFC 9000 section A.3). */
uint64_t wzp_number_decode(uint64_t expected_next, uint32_t truncated, unsigned len);

/* The number nearest to `nearest` whose low 32 bits are `low`; never below 0. */
uint64_t wzp_unwrap_u32(uint64_t nearest, uint32_t low);

#endif
