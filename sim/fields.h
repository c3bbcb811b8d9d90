// SPDX-License-Identifier: Apache-2.0
/*
 * Fields of a scenario's argument tables. Law: a wrong name, type or value is an error that names the field,
 * never ignored; a missing field is `otherwise`. Errors do not return (lua_error); they are one sentence with
 * the scenario's file and line, and the word that was meant if one is near. docs/sim.md.
 */
#ifndef WZP_SIM_FIELDS_H
#define WZP_SIM_FIELDS_H

#include "sim/link.h"

#include <lua.h>

/* `known` ends with NULL; `what` is the word that the table is given to. */
void sim_fields_check(lua_State *lua, int index, const char *what, const char *const *known);
int64_t sim_field_int(lua_State *lua, int index, const char *name, int64_t otherwise);
int64_t sim_field_range(lua_State *lua, int index, const char *name, int64_t otherwise, int64_t least,
                        int64_t most);
/* How many the list on top of the stack has; names, which would be ignored, and gaps are errors. */
size_t sim_list_len(lua_State *lua, const char *name);
/* An argument that is a time, as below; `word` is what it is given to. */
int64_t sim_time_argument(lua_State *lua, int index, const char *word);
/* Two of them, from one until a later one, from 0 on. */
void sim_span_arguments(lua_State *lua, int index, const char *word, int64_t *from_ns, int64_t *to_ns);
/* Whole ns or "40ms"; whole bit/s or "500kbit"; 0..1 or "30%". None of them below 0. */
int64_t sim_field_time(lua_State *lua, int index, const char *name, int64_t otherwise);
uint64_t sim_field_rate(lua_State *lua, int index, const char *name, uint64_t otherwise);
/* 0, which is what a missing one is, or within the range. */
int64_t sim_field_time_bound(lua_State *lua, int index, const char *name, int64_t least, int64_t most);
uint64_t sim_field_rate_bound(lua_State *lua, int index, const char *name, uint64_t least, uint64_t most);
double sim_field_share(lua_State *lua, int index, const char *name, double otherwise);
double sim_field_number(lua_State *lua, int index, const char *name, double otherwise); /* finite */
/* Good as long as the table holds it. */
const char *sim_field_text(lua_State *lua, int index, const char *name, const char *otherwise);
bool sim_field_bool(lua_State *lua, int index, const char *name, bool otherwise);
/* The place of the text among `choices`, which end with NULL; `otherwise` is one such place. */
unsigned sim_field_choice(lua_State *lua, int index, const char *name, unsigned otherwise,
                          const char *const *choices);

/* The share on top of the stack; what a value is, in words; the word that is nearest, NULL if none is near.
 */
double sim_value_share(lua_State *lua, const char *name);
const char *sim_value_kind(lua_State *lua, int index);
const char *sim_word_near(const char *word, const char *const *known);
/* From now on a word that the table on top of the stack does not have is an error, which names the nearest.
 */
void sim_words_guard(lua_State *lua, const char *whose);

/* fields_link.c: a table of link parameters: what it does not name stays as it is in `params`. */
void sim_field_link(lua_State *lua, int index, const char *name, struct sim_link_params *params);
/* A table of what became of a link's packets, onto the stack. */
void sim_push_link_counts(lua_State *lua, const struct sim_link_counts *counts);

#endif
