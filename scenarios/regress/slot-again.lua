-- SPDX-License-Identifier: Apache-2.0
-- Seed 1137 of a swarm (wzp-sim swarm): 3 people, 53 s.
-- A relay that starts again gives slots anew: who speaks in the slot of somebody who left before is heard as who he is.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1137, seconds = 53, calm = 32 * s }
w:relay {  }
local anna = swarm.client(w, { name = "anna", room = "red" })
local ben = swarm.client(w, { name = "ben", room = "red" })
local cleo = swarm.client(w, { name = "cleo", room = "red" })
w:at(25196 * ms, function() w:kill_relay() end) w:at(31287 * ms, function() w:start_relay {} end)
swarm.leave(w, ben, 8519 * ms)
swarm.judge(w)
