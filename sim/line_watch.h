// SPDX-License-Identifier: Apache-2.0
/*
 * Is a controller above its cap for long? One line that one sender has for itself, packet by packet: what it
 * is given, against what it carries, and how long what it is given waits in front of it.
 *
 * Law: a line is overdriven when
 * - more than SIM_OVERDRIVE_PERCENT of what it carries was given to it over SIM_OVERDRIVE_NS; or
 * - packets have waited longer than SIM_STANDING_NS, each of them, for SIM_STANDING_LONG_NS;
 * all of that at one rate, and while reports told the sender of it: what nobody hears, nobody can steer by.
 * Looking ahead, adapting and a burst are the controller's business; long is not.
 *
 * The caller's struct. It says so for every packet as long as it lasts.
 */
#ifndef WZP_SIM_LINE_WATCH_H
#define WZP_SIM_LINE_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

#define SIM_OVERDRIVE_PERCENT 130
#define SIM_OVERDRIVE_NS      (10 * WZP_S)
#define SIM_STANDING_NS       (300 * WZP_MS)
#define SIM_STANDING_LONG_NS  (8 * WZP_S)
#define SIM_UNTOLD_NS         (2 * WZP_S) /* without a report nobody is told any more */

struct sim_line_watch {
    uint64_t rate_bps; /* 0: no limit, nothing to watch */
    int64_t since_ns;  /* at this rate, told of it */
    int64_t told_ns;   /* of the newest report; WZP_NEVER: there was none */
    int64_t second;    /* of the newest bucket */
    uint64_t bytes[SIM_OVERDRIVE_NS / WZP_S];
    int64_t standing_ns; /* since then nothing waited less; WZP_NEVER: the last did */
};

enum sim_overdrive {
    SIM_NOT_OVERDRIVEN,
    SIM_OVERDRIVEN_RATE,
    SIM_OVERDRIVEN_QUEUE,
};

void sim_line_watch_init(struct sim_line_watch *watch);
/* A report of who receives what the line carries has come to the sender. */
void sim_line_watch_on_report(struct sim_line_watch *watch, int64_t now_ns);
/* A packet of `bytes`, headers counted, for a line of `rate_bps`, that waits `queued_ns`, or would have
 * waited before it was dropped. `now_ns` never falls. */
enum sim_overdrive sim_line_watch_on_packet(struct sim_line_watch *watch, int64_t now_ns, uint64_t rate_bps,
                                            size_t bytes, int64_t queued_ns);

#endif
