// SPDX-License-Identifier: Apache-2.0
#include "sim/link_options.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "run/units.h"
#include "sim/link.h"

#define PART_MAX 32

/* The next of the parts that commas join; false: there is none, or it is too long. */
static bool next_part(const char **text, char part[PART_MAX])
{
    size_t len = strcspn(*text, ",");
    if (len == 0 || len >= PART_MAX)
        return false;
    memcpy(part, *text, len);
    part[len] = '\0';
    *text += len + ((*text)[len] == ',' && (*text)[len + 1] != '\0');
    return true;
}

static const char *shares(const char *text, size_t most, double *value)
{
    char part[PART_MAX];
    for (size_t i = 0; *text; i++) {
        const char *why = i == most                 ? "these are too many numbers"
                          : !next_part(&text, part) ? "it is shares, joined by commas, such as 5%,50%"
                                                    : wzp_units_share(part, &value[i]);
        if (why)
            return why;
    }
    return NULL;
}

const char *sim_option_loss_model(const struct wzp_option *option, const char *text)
{
    struct sim_loss_model *model = option->target;
    char name[PART_MAX];
    bool has_numbers = next_part(&text, name) && *text;
    bool is_state = has_numbers && strcmp(name, "state") == 0;
    if (!has_numbers || (!is_state && strcmp(name, "gemodel") != 0))
        return "it is gemodel or state and shares, such as gemodel,5%,50%";
    *model = is_state ? (struct sim_loss_model){.kind = SIM_LOSS_STATE, .value = {0, -1, 0, 1, 0}}
                      : (struct sim_loss_model){.kind = SIM_LOSS_GEMODEL, .value = {0, -1, 1, 0}};
    const char *why = shares(text, is_state ? 5 : 4, model->value);
    if (model->value[1] < 0)
        model->value[1] = 1 - model->value[0]; /* as tc: Bernoulli */
    return why;
}

const char *sim_option_distribution(const struct wzp_option *option, const char *text)
{
    static const char *const NAMES[] = {"above", "uniform", "normal", "pareto", "paretonormal"};
    for (unsigned i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (strcmp(NAMES[i], text) == 0) {
            *(enum sim_delay_kind *)option->target = (enum sim_delay_kind)i;
            return NULL;
        }
    return "choose above, uniform, normal, pareto or paretonormal";
}

static const char *times(const char *text, int64_t value_ns[2])
{
    char part[PART_MAX];
    for (size_t i = 0; *text; i++) {
        const char *why = i == 2                    ? "these are more than two times"
                          : !next_part(&text, part) ? "it is one time, or two joined by a comma"
                                                    : wzp_units_time(part, &value_ns[i]);
        if (why)
            return why;
    }
    return NULL;
}

const char *sim_option_codel(const struct wzp_option *option, const char *text)
{
    int64_t value_ns[2] = {0, 100 * WZP_MS};
    const char *why = times(text, value_ns);
    memcpy(option->target, value_ns, sizeof value_ns);
    return why;
}

const char *sim_option_slot(const struct wzp_option *option, const char *text)
{
    int64_t value_ns[2] = {0, -1};
    const char *why = times(text, value_ns);
    if (value_ns[1] < 0)
        value_ns[1] = value_ns[0];
    memcpy(option->target, value_ns, sizeof value_ns);
    return why;
}

const char *sim_option_trace(const struct wzp_option *option, const char *text)
{
    static char why[96]; /* as long as the program needs it: it is said at once */
    const struct sim_trace *trace = sim_trace_load(text, why, sizeof why);
    *(const struct sim_trace **)option->target = trace;
    return trace ? NULL : why;
}
