// SPDX-License-Identifier: Apache-2.0
/*
 * A promise that our own code makes to itself. It stays on in release: a broken promise ends the process
 * before it can leak or corrupt anything. A peer's bytes can never reach one; they are dropped with an enum
 * wzp_drop instead. wzp_check_failed lives outside the core (run/check_failed.c), because only the outside
 * may print and end.
 */
#ifndef WZP_BASE_CHECK_H
#define WZP_BASE_CHECK_H

_Noreturn void wzp_check_failed(const char *condition, const char *file, int line);

#define WZP_CHECK(condition) ((condition) ? (void)0 : wzp_check_failed(#condition, __FILE__, __LINE__))

#endif
