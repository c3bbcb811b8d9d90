// SPDX-License-Identifier: Apache-2.0
/* What each controller of link/estimate.h is: a table of functions. Private to it. */
#ifndef WZP_LINK_ESTIMATE_RULES_H
#define WZP_LINK_ESTIMATE_RULES_H

#include "link/estimate.h"

struct wzp_estimate_rules {
    const char *name;
    void (*init)(struct wzp_estimate *estimate, int64_t now_ns);
    void (*on_idle)(struct wzp_estimate *estimate, int64_t now_ns);
    void (*on_report)(struct wzp_estimate *estimate, int64_t now_ns); /* the path has taken it */
    int64_t (*next_at)(const struct wzp_estimate *estimate);
    void (*advance)(struct wzp_estimate *estimate, int64_t now_ns);
    double (*target)(const struct wzp_estimate *estimate);
    double (*pace)(const struct wzp_estimate *estimate);
    bool (*wants_padding)(const struct wzp_estimate *estimate);
    void (*tell)(const struct wzp_estimate *estimate, struct wzp_estimate_facts *facts);
};

extern const struct wzp_estimate_rules wzp_estimate_ours_rules, wzp_estimate_delta_rules,
    wzp_estimate_gcc_rules;

static inline const struct wzp_estimate_sample *wzp_estimate_sample(const struct wzp_estimate_path *path,
                                                                    uint64_t index)
{
    return &path->samples[index % WZP_ESTIMATE_SAMPLES];
}

/* The oldest sample that is still there. */
static inline uint64_t wzp_estimate_oldest(const struct wzp_estimate_path *path)
{
    return path->end > WZP_ESTIMATE_SAMPLES ? path->end - WZP_ESTIMATE_SAMPLES : 0;
}

static inline double wzp_estimate_min(double a, double b)
{
    return a < b ? a : b;
}

static inline double wzp_estimate_max(double a, double b)
{
    return a > b ? a : b;
}

static inline double wzp_estimate_clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

#endif
