// SPDX-License-Identifier: Apache-2.0
#include "run/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "call/call.h"

#define DIGITS_MAX 15 /* so that digits and powers of ten below stay exact in a double (2^53) */

struct decimal {
    uint64_t digits;  /* the number without its point */
    uint64_t divisor; /* a power of ten */
    const char *rest; /* the unit */
};

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit TIMES[] = {
    {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"min", UINT64_C(60000000000)}, {NULL, 0},
};
static const struct unit RATES[] = {
    {"bit", 1}, {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}, {NULL, 0},
};

/* The best tier of speech that a call may use, by its codec's bit rate. */
static const struct unit TIERS[] = {
    {"auto", 0},           {"opus64k", 64000},  {"opus48k", 48000}, {"opus32k", 32000},
    {"opus24k", 24000},    {"opus16k", 16000},  {"opus6k", 6000},   {"codec2-3200", 3200},
    {"codec2-1200", 1200}, {"codec2-700", 700}, {NULL, 0},
};

static bool read_decimal(const char *text, struct decimal *decimal)
{
    unsigned count = 0;
    bool point = false;
    *decimal = (struct decimal){.divisor = 1};
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if (++count > DIGITS_MAX)
            return false;
        decimal->digits = decimal->digits * 10 + (uint64_t)(*text - '0');
        decimal->divisor *= point ? 10 : 1;
    }
    decimal->rest = text;
    return count > 0;
}

static const char *read_scaled(const char *text, const struct unit *units, const char *why, uint64_t *value)
{
    struct decimal decimal;
    if (!read_decimal(text, &decimal))
        return why;
    if (*decimal.rest == '\0' && decimal.digits == 0) {
        *value = 0;
        return NULL;
    }
    while (units->name && strcmp(units->name, decimal.rest) != 0)
        units++;
    if (!units->name)
        return why;
    if (decimal.digits > (uint64_t)INT64_MAX / units->factor)
        return "it is too large";
    *value = decimal.digits * units->factor / decimal.divisor;
    return NULL;
}

const char *wzp_units_time(const char *text, int64_t *time_ns)
{
    uint64_t value;
    const char *why = read_scaled(text, TIMES, "a time is a number and ns, us, ms, s or min, such as 40ms",
                                  &value);
    if (!why)
        *time_ns = (int64_t)value;
    return why;
}

const char *wzp_units_rate(const char *text, uint64_t *rate_bps)
{
    return read_scaled(text, RATES, "a rate is a number and bit, kbit, mbit or gbit, such as 500kbit",
                       rate_bps);
}

const char *wzp_units_max_rate(const char *text, uint64_t *rate_bps)
{
    uint64_t value;
    const char *why = wzp_units_rate(text, &value);
    if (!why && value > 0 && (value < WZP_MAX_RATE_MIN_BPS || value > WZP_MAX_RATE_MAX_BPS))
        why = "it must be 24kbit to 10gbit, or 0 for no bound";
    if (!why)
        *rate_bps = value;
    return why;
}

const char *wzp_units_delay_budget(const char *text, int64_t *time_ns)
{
    int64_t value;
    const char *why = wzp_units_time(text, &value);
    if (!why && value > 0 && (value < WZP_CALL_DELAY_BUDGET_MIN_NS || value > WZP_CALL_DELAY_BUDGET_MAX_NS))
        why = "it must be 50ms to 10s, or 0 for no bound";
    if (!why)
        *time_ns = value;
    return why;
}

const char *wzp_units_tier(const char *text, uint32_t *bitrate_bps)
{
    for (const struct unit *tier = TIERS; tier->name; tier++)
        if (strcmp(tier->name, text) == 0) {
            *bitrate_bps = (uint32_t)tier->factor;
            return NULL;
        }
    return "a tier is auto, opus64k, opus48k, opus32k, opus24k, opus16k, opus6k, codec2-3200, codec2-1200 or "
           "codec2-700";
}

const char *wzp_units_tier_name(uint32_t bitrate_bps)
{
    for (const struct unit *tier = TIERS; tier->name; tier++)
        if ((uint32_t)tier->factor == bitrate_bps)
            return tier->name;
    return NULL;
}

const char *wzp_units_share(const char *text, double *share)
{
    struct decimal decimal;
    const char *why = "a share is a number from 0 to 1, or from 0% to 100%";
    if (!read_decimal(text, &decimal))
        return why;
    if (strcmp(decimal.rest, "%") == 0)
        decimal.divisor *= 100;
    else if (*decimal.rest != '\0')
        return why;
    if (decimal.digits > decimal.divisor)
        return why;
    *share = (double)decimal.digits / (double)decimal.divisor;
    return NULL;
}

const char *wzp_units_count(const char *text, uint64_t *count)
{
    struct decimal decimal;
    if (!read_decimal(text, &decimal) || *decimal.rest != '\0' || strchr(text, '.'))
        return "it must be a whole number";
    *count = decimal.digits;
    return NULL;
}

const char *wzp_units_number(const char *text, double *number)
{
    struct decimal decimal;
    if (!read_decimal(text, &decimal) || *decimal.rest != '\0')
        return "it must be a number such as 2.5";
    *number = (double)decimal.digits / (double)decimal.divisor;
    return NULL;
}
