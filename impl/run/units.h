// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers with units, as tc(8) writes them: time "40ms" (ns us ms s min), rate "500kbit" (bit kbit mbit gbit,
 * per second, decimal), share "0.3" or "30%". Fractions are fine ("1.5s"); a bare 0 needs no unit, any other
 * bare number of a time or a rate does, because "40" would be a guess.
 *
 * Each gives NULL and the value, or the reason as words that follow "... is not valid: ". Exact: no rounding
 * but that of the last unit (a part of a nanosecond or bit is cut off), no locale. No sign, no exponent, no
 * spaces.
 */
#ifndef WZP_RUN_UNITS_H
#define WZP_RUN_UNITS_H

#include <stdint.h>

const char *wzp_units_time(const char *text, int64_t *time_ns);
const char *wzp_units_rate(const char *text, uint64_t *rate_bps);
/* What a client is told: 0 for no bound, else within the range that session/config.h and call/call.h name. */
const char *wzp_units_max_rate(const char *text, uint64_t *rate_bps);
const char *wzp_units_delay_budget(const char *text, int64_t *time_ns);
const char *wzp_units_tier(const char *text, uint32_t *bitrate_bps); /* "opus24k"; "auto" is 0 */
const char *wzp_units_tier_name(uint32_t bitrate_bps);        /* of the tier with that rate; NULL: none */
const char *wzp_units_share(const char *text, double *share); /* 0..1 */
const char *wzp_units_count(const char *text, uint64_t *count);
const char *wzp_units_number(const char *text,
                             double *number); /* not negative, such as a mean burst of 2.5 */

#endif
