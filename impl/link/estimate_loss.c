// SPDX-License-Identifier: Apache-2.0
#include "link/estimate_loss.h"
#include "link/estimate_rules.h"

#include <math.h>

#define MARGIN       0.02 /* more is never called chance */
#define PACKETS      1.5  /* that may be lost by chance whatever the share */
#define ERRORS       4.0  /* standard errors of a window and of the difference a queue makes ... */
#define ERRORS_QUIET 2.0  /* ... and of what is lost without one */
#define SPREADS      4.0

void wzp_estimate_add(struct wzp_estimate_tally *tally, const struct wzp_estimate_sample *sample)
{
    tally->told += sample->told;
    tally->got += sample->got;
}

double wzp_estimate_share(const struct wzp_estimate_tally *tally)
{
    return tally->told > 0 ? 1 - tally->got / tally->told : 0;
}

static double share_of_both(const struct wzp_estimate_tally *a, const struct wzp_estimate_tally *b)
{
    return wzp_estimate_share(&(struct wzp_estimate_tally){a->told + b->told, a->got + b->got});
}

/* Square of the standard error of a share among so many: runs of losses count as far as they are longer than
 * chance makes them (of a Gilbert-Elliott chain, whose variance it is). */
static double error_squared(const struct wzp_estimate_loss *loss, double share, double packets)
{
    double runs = wzp_estimate_max(2 * loss->burst * (1 - share_of_both(&loss->quiet, &loss->loaded)) - 1, 1);
    return share * (1 - share) * runs / wzp_estimate_max(packets, 1);
}

double wzp_estimate_expected(const struct wzp_estimate_loss *loss)
{
    return wzp_estimate_min(wzp_estimate_share(&loss->expected),
                            share_of_both(&loss->expected, &loss->quiet));
}

bool wzp_estimate_is_more(const struct wzp_estimate_loss *loss, const struct wzp_estimate_tally *tally)
{
    if (tally->told <= 0)
        return false;
    double chance = ERRORS * sqrt(error_squared(loss, loss->random, tally->told));
    double margin = wzp_estimate_max(MARGIN + PACKETS / tally->told,
                                     wzp_estimate_max(chance, SPREADS * loss->spread));
    return wzp_estimate_share(tally) > loss->random + margin;
}

bool wzp_estimate_overflows(const struct wzp_estimate_loss *loss)
{
    const struct wzp_estimate_tally *quiet = &loss->quiet, *loaded = &loss->loaded;
    if (quiet->told < WZP_ESTIMATE_LOSS_PACKETS || loaded->told < WZP_ESTIMATE_LOSS_PACKETS)
        return false;
    double share = wzp_estimate_share(quiet);
    double error = error_squared(loss, share, quiet->told) + error_squared(loss, share, loaded->told);
    return wzp_estimate_share(loaded) > share + ERRORS * sqrt(error) + PACKETS / loaded->told;
}

double wzp_estimate_random_most(const struct wzp_estimate_loss *loss)
{
    const struct wzp_estimate_tally *quiet = &loss->quiet;
    if (quiet->told <= 0)
        return 1;
    double share = wzp_estimate_share(quiet);
    return share + 1 / quiet->told + ERRORS_QUIET * sqrt(error_squared(loss, share, quiet->told));
}
