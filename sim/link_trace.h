// SPDX-License-Identifier: Apache-2.0
/*
 * Packet-delivery traces as Mahimahi writes them (Netravali et al., USENIX ATC 2015): one line for each
 * opportunity to send 1500 bytes, with the millisecond it comes at; lines may repeat a time, times do not
 * fall, and the trace begins anew after its last time.
 *
 * Owns what it loads until the process ends: equal traces are loaded once, and there are bounds for all
 * together.
 */
#ifndef WZP_SIM_LINK_TRACE_H
#define WZP_SIM_LINK_TRACE_H

#include <stddef.h>
#include <stdint.h>

#define SIM_TRACE_BYTES     1500
#define SIM_TRACE_MAX       10000000  /* opportunities */
#define SIM_TRACE_MS        100000000 /* a day and more */
#define SIM_TRACES_MAX      10000
#define SIM_TRACES_HELD_MAX 50000000 /* opportunities of all */

struct sim_trace {
    uint32_t *at_ms; /* does not fall; the last is above 0 */
    size_t count;
    struct sim_trace *next;
};

/* NULL and the reason, without the name of the file. */
const struct sim_trace *sim_trace_load(const char *path, char *why, size_t why_len);
/* The same of times already read. */
const struct sim_trace *sim_trace_make(const uint32_t *at_ms, size_t count, char *why, size_t why_len);
/* When opportunity `number` comes, 0 being the first of all time. */
int64_t sim_trace_at_ns(const struct sim_trace *trace, uint64_t number);
/* The number of the first one at or after a time, which is not below 0. */
uint64_t sim_trace_first(const struct sim_trace *trace, int64_t at_ns);
/* Mean rate in bit/s, for people. */
double sim_trace_rate_bps(const struct sim_trace *trace);

#endif
