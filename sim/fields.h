// SPDX-License-Identifier: Apache-2.0
/*
 * Fields of a scenario's argument tables. Law: a wrong name, type or value is an error that names the field,
 * never ignored; a missing field is `otherwise`. Errors do not return (lua_error). docs/sim.md.
 */
#ifndef WZP_SIM_FIELDS_H
#define WZP_SIM_FIELDS_H

#include "sim/link.h"

#include <lua.h>

/* `known` ends with NULL; `what` is the word that the table is given to. */
void sim_fields_check(lua_State *lua, int index, const char *what, const char *const *known);
int64_t sim_field_int(lua_State *lua, int index, const char *name, int64_t otherwise);
/* 0, or a whole number within the range. */
int64_t sim_field_bound(lua_State *lua, int index, const char *name, int64_t least, int64_t most);
double sim_field_number(lua_State *lua, int index, const char *name, double otherwise);
/* Good as long as the table holds it. */
const char *sim_field_text(lua_State *lua, int index, const char *name, const char *otherwise);
bool sim_field_bool(lua_State *lua, int index, const char *name, bool otherwise);
/* A table of link parameters: what it does not name stays as it is in `params`. */
void sim_field_link(lua_State *lua, int index, const char *name, struct sim_link_params *params);

#endif
