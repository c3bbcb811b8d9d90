// SPDX-License-Identifier: Apache-2.0
#include "media/dred.h"

#include "base/time.h"

#define STEP_NS         (10 * WZP_MS) /* of OPUS_SET_DRED_DURATION */
#define BEYOND          0.01          /* of the runs may be longer than what is reached */
#define CHANGE_A_SECOND 0.1           /* of what is not lost may be, by the time that we know */
#define RTT_NS_MAX      (1 * WZP_S)
#define CARRIERS        0.5  /* of the packets have copies: where there is speech, and bits are left */
#define LOST_MAX        0.97 /* beyond it runs have no end worth reaching for */

/* x to a power that need not be whole: between whole ones on a straight line. */
static double power(double x, unsigned permille)
{
    double result = 1;
    for (; permille >= 1000; permille -= 1000)
        result *= x;
    return result * (1 - (1 - x) * permille / 1000.0);
}

/* Gilbert's channel (docs/repair.md): that the next source is lost, or has no copies, when this one is. */
static double missing_again(const struct wzp_dred_facts *facts)
{
    double age_s = (double)wzp_time_min(facts->rtt_ns, RTT_NS_MAX) / (double)WZP_S;
    double loss = facts->path.loss_permille / 1000.0;
    loss += (1 - loss) * CHANGE_A_SECOND * age_s;
    loss = loss < LOST_MAX ? loss : LOST_MAX;
    double run = facts->path.burst_16 / 16.0, independent = 1 / (1 - loss);
    double correlation = run > independent ? 1 - independent / run : 0;
    double again = loss + (1 - loss) * power(correlation, 1000 + facts->repair_permille);
    again = 1 - (1 - again) * CARRIERS;
    return again < LOST_MAX ? again : LOST_MAX;
}

/* Sources that all but BEYOND of the runs keep to; between whole numbers on a straight line. */
static double run_of(double again)
{
    double count = 0, longer = 1, before = 1; /* `again` is CARRIERS at least */
    for (; longer > BEYOND; count++) {
        before = longer;
        longer *= again;
    }
    return count - (BEYOND - longer) / (before - longer);
}

unsigned wzp_dred_ms(const struct wzp_dred_facts *facts)
{
    int64_t run_ns = (int64_t)(run_of(missing_again(facts)) * (double)facts->packet_ns);
    int64_t reach_ns = wzp_time_min(run_ns + facts->jitter_ns, WZP_DRED_MS_MAX * WZP_MS);
    return (unsigned)((reach_ns + STEP_NS - 1) / STEP_NS * (STEP_NS / WZP_MS));
}
