// SPDX-License-Identifier: Apache-2.0
/* Which relay a scenario means, where a world has several, and what happens to their processes. docs/sim.md.
 */
#include "base/check.h"
#include "sim/fields.h"
#include "sim/run.h"

#include <lauxlib.h>
#include <string.h>

#define NAME_MAX_LEN 31 /* bytes: a node's */

static int refuse_name(lua_State *lua, const struct sim_relays *relays, const char *name, const char *word)
{
    const char *known[SIM_RELAYS_MAX + 1];
    for (unsigned i = 0; i < relays->count; i++)
        known[i] = sim_relay_name(relays->relay[i]);
    known[relays->count] = NULL;
    const char *near = sim_word_near(name, known);
    return near ? luaL_error(lua, "%s: there is no relay \"%s\"; did you mean \"%s\"?", word, name, near)
                : luaL_error(lua, "%s: there is no relay \"%s\"", word, name);
}

struct sim_relay *sim_relay_named(lua_State *lua, struct sim_world *world, const char *name, const char *word)
{
    const struct sim_relays *relays = &world->relays;
    if (relays->count == 0)
        luaL_error(lua, "%s: the world needs a relay first", word);
    if (!name && relays->count > 1)
        luaL_error(lua, "%s: this world has %d relays: say the name of one", word, (int)relays->count);
    struct sim_relay *relay = name ? sim_relays_find(relays, name) : relays->relay[0];
    if (!relay)
        refuse_name(lua, relays, name, word);
    return relay;
}

struct sim_relay *sim_relay_argument(lua_State *lua, struct sim_world *world, int index, const char *word)
{
    bool is_name = lua_type(lua, index) == LUA_TSTRING;
    if (!is_name && !lua_isnoneornil(lua, index))
        return NULL;
    return sim_relay_named(lua, world, is_name ? lua_tostring(lua, index) : NULL, word);
}

struct sim_relay *sim_relay_live(lua_State *lua, struct sim_world *world, int index, const char *word)
{
    struct sim_relay *relay = sim_relay_argument(lua, world, index, word);
    if (relay && !relay->relay)
        luaL_error(lua, "%s: there is no process of the relay \"%s\" now", word, sim_relay_name(relay));
    return relay;
}

const char *sim_relay_new_name(lua_State *lua, const struct sim_world *world)
{
    const struct sim_relays *relays = &world->relays;
    const char *name = sim_field_text(lua, 2, "name", "relay");
    if (relays->count == SIM_RELAYS_MAX)
        luaL_error(lua, "relay: at most %d in a world", SIM_RELAYS_MAX);
    if (!name[0] || strlen(name) > NAME_MAX_LEN)
        luaL_error(lua, "relay: a name has 1 to %d bytes", NAME_MAX_LEN);
    if (sim_relays_find(relays, name))
        luaL_error(lua, "relay: this world has one that is called \"%s\": give each a \"name\"", name);
    return name;
}

void sim_one_relay_check(lua_State *lua, const struct sim_world *world, const char *word)
{
    if (world->relays.count > 1)
        luaL_error(lua, "%s cannot be had in a world of several relays", word);
}

/* w:kill_relay(name, or nil where there is one) */
static int world_kill_relay(lua_State *lua)
{
    struct sim_relay *relay = sim_relay_live(lua, sim_world_check(lua, 1), 2, "kill_relay");
    if (!relay)
        return luaL_error(lua, "kill_relay takes the name of a relay, not %s", sim_value_kind(lua, 2));
    sim_relay_kill(relay);
    return 0;
}

/* w:start_relay{ relay =, key = }: after kill_relay; `key` is another identity's name */
static int world_start_relay(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const char *key = "", *name = NULL;
    if (!lua_isnoneornil(lua, 2)) {
        sim_fields_check(lua, 2, "start_relay", (const char *const[]){"relay", "key", NULL});
        key = sim_field_text(lua, 2, "key", "");
        name = sim_field_text(lua, 2, "relay", NULL);
    }
    struct sim_relay *relay = sim_relay_named(lua, world, name, "start_relay");
    if (relay->relay)
        return luaL_error(lua, "start_relay: kill_relay comes before it");
    if (strlen(key) > SIM_RELAY_KEY_MAX)
        return luaL_error(lua, "start_relay: \"key\" is too long");
    sim_relay_start(relay, key);
    return 0;
}

void sim_api_relays_open(lua_State *lua)
{
    static const luaL_Reg methods[] = {
        {"kill_relay", world_kill_relay}, {"start_relay", world_start_relay}, {NULL, NULL}};
    luaL_setfuncs(lua, methods, 0);
}
