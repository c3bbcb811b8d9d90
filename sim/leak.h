// SPDX-License-Identifier: Apache-2.0
/*
 * Do bytes that are to stay secret appear in others? Payloads are remembered for one to two generations; a
 * text holds one of them when SIM_LEAK_WINDOW bytes in a row are in both.
 *
 * Law: exact, both ways, and compared byte by byte (leak_test.c has a twin that compares everything with
 * everything). A window of which more than half is zero tells nothing and is no leak: codecs pad with them.
 *
 * How: every PROBE bytes in a row of a payload are known to an index, and to a filter that is small enough
 * for a cache, unless many talk, and answers nearly always; of a text the PROBE bytes at every
 * (SIM_LEAK_WINDOW - PROBE + 1)th place are looked for, since a window holds one of them wherever it begins.
 */
#ifndef WZP_SIM_LEAK_H
#define WZP_SIM_LEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_LEAK_WINDOW 12 /* bytes */

struct sim_leak;

struct sim_leak *sim_leak_create(void);
void sim_leak_destroy(struct sim_leak *leak);

void sim_leak_remember(struct sim_leak *leak, const uint8_t *payload, size_t len);
/* What was remembered before the last call of this is forgotten. */
void sim_leak_next_generation(struct sim_leak *leak);
bool sim_leak_is_in(const struct sim_leak *leak, const uint8_t *text, size_t len);

#endif
