// SPDX-License-Identifier: Apache-2.0
/*
 * The run as one HTML page (docs/sim.md, section Reports): what went wrong in words and one picture, then the
 * numbers, the judges, the sounds, and every pair and link over time.
 *
 * Law: computed from the run alone, so that equal runs give equal bytes; at most the eight worst pairs and
 * people are drawn, so that a page of a 60 s call stays under 2 MB however many they are.
 */
#ifndef WZP_SIM_PAGE_H
#define WZP_SIM_PAGE_H

#include <stdio.h>

#include "sim/run.h"

/* Of a run that is over and measured, whose reported world has series. False: `file` took not all of it. */
bool sim_page_write(const struct sim_run *run, FILE *file);

#endif
