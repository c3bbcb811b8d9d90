// SPDX-License-Identifier: Apache-2.0
/* The world's faults: what a caller must check. A peer's faults are enum wzp_drop (wire.lua), our own are
 * WZP_CHECK. */
#ifndef WZP_BASE_ERR_H
#define WZP_BASE_ERR_H

#define WZP_ERR_LIST(X)                                                                                      \
    X(OK, "ok")                                                                                              \
    X(NO_MEMORY, "out of memory")                                                                            \
    X(FULL, "a queue or table is full")                                                                      \
    X(TOO_LARGE, "larger than the limit")                                                                    \
    X(NO_SESSION, "no such session")                                                                         \
    X(STATE, "not possible in this state")                                                                   \
    X(BAD_KEY, "not a valid key")                                                                            \
    X(BAD_INPUT, "not valid input")                                                                          \
    X(CODEC, "the codec refused")

enum wzp_err {
#define X(name, text) WZP_ERR_##name,
    WZP_ERR_LIST(X)
#undef X
};

/* A sentence fragment for people, never NULL. */
const char *wzp_err_text(enum wzp_err err);

#endif
