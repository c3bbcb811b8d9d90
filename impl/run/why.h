// SPDX-License-Identifier: Apache-2.0
/*
 * The one sentence that says why something could not be done, for people, without a full stop. Bounded: what
 * does not fit is cut.
 */
#ifndef WZP_RUN_WHY_H
#define WZP_RUN_WHY_H

#include <stdbool.h>

#define WZP_WHY_MAX 512

/* False, so that a function can end with it. */
__attribute__((format(printf, 2, 3))) bool wzp_why(char why[static WZP_WHY_MAX], const char *format, ...);

#endif
