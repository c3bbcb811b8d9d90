// SPDX-License-Identifier: Apache-2.0
/*
 * The folder that results go to, made before the work begins: hours of work are not lost to a name mistyped.
 * Law: true means that files can be made in it. Not here: whose files they are.
 */
#ifndef WZP_SIM_FOLDER_H
#define WZP_SIM_FOLDER_H

#include <stdbool.h>

/* Makes it and what leads to it, where they are missing. False, with a line on stderr, when that cannot be
 * or nothing can be written there. */
bool sim_folder_make(const char *path);

#endif
