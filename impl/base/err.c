// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

const char *wzp_err_text(enum wzp_err err)
{
    switch (err) {
#define X(name, text)                                                                                        \
    case WZP_ERR_##name:                                                                                     \
        return text;
        WZP_ERR_LIST(X)
#undef X
    }
    return "unknown error";
}
