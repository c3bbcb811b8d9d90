// SPDX-License-Identifier: Apache-2.0
#include "base/trace.h"

static const struct {
    const char *name, *a, *b;
} rows[WZP_TRACE_COUNT] = {
#define X(name, text, a, b) [WZP_TRACE_##name] = {text, a, b},
    WZP_TRACE_LIST(X)
#undef X
};

const char *wzp_trace_name(enum wzp_trace_kind kind)
{
    return kind < WZP_TRACE_COUNT ? rows[kind].name : "unknown";
}

const char *wzp_trace_a(enum wzp_trace_kind kind)
{
    return kind < WZP_TRACE_COUNT ? rows[kind].a : "a";
}

const char *wzp_trace_b(enum wzp_trace_kind kind)
{
    return kind < WZP_TRACE_COUNT ? rows[kind].b : "b";
}
