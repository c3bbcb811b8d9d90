// SPDX-License-Identifier: Apache-2.0
/*
 * A relay's counters as text in the Prometheus exposition format, version 0.0.4. Every drop reason and every
 * handshake result is there from the start, at 0: a counter that appears late hides its first increment.
 */
#ifndef WZP_RUN_METRICS_H
#define WZP_RUN_METRICS_H

#include <stddef.h>

#include "relay/relay.h"

#define WZP_METRICS_MAX 16384 /* bytes that are always enough */

/* The length without the NUL that ends it. */
size_t wzp_metrics_relay(char *out, size_t capacity, const struct wzp_relay_counters *relay,
                         const struct wzp_endpoint_counters *endpoint);

#endif
