-- SPDX-License-Identifier: Apache-2.0
-- Seed 264 of a swarm (wzp-sim swarm): 3 people, 59 s.
-- What ben still hears of finn's process that crashed is heard as what that one said, not as what the next one will say.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 264, seconds = 59, calm = 38 * s }
w:relay {  }
local ben = swarm.client(w, { name = "ben", room = "red" })
local cleo = swarm.client(w, { name = "cleo", room = "red" })
local finn = swarm.client(w, { name = "finn", room = "red" })
w:link(ben, { up = { corrupt = "3%" }, down = { corrupt = "8%" } })
w:link(ben, { up = { rate = "157kbit", queue = 53 * ms }, down = { rate = "201kbit" } })
w:link(finn, { up = { delay = 6 * ms }, down = { delay = 6 * ms } })
w:at(26594 * ms, function() w:kill_relay() end) w:at(34026 * ms, function() w:start_relay {} end)
w:at(18370 * ms, function() w:move(finn) end)
swarm.crash(w, finn, 26430 * ms, 27244 * ms)
swarm.judge(w)
