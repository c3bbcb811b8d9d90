-- SPDX-License-Identifier: Apache-2.0
-- Seed 147 of a swarm (wzp-sim swarm): 2 people, 54 s.
-- It broke: gives its line more than that carries, for long, when it moved twice and began with a guess each time that
-- was six times what the same line was known to carry.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 147, seconds = 54, calm = 33 * s }
w:relay { estimate = "auto" }
local ben = swarm.client(w, { name = "ben", room = "green" })
local hugo = swarm.client(w, { name = "hugo", room = "green" })
w:link(ben, { up = { delay = 43 * ms }, down = { delay = 43 * ms } })
w:link(ben, { up = { rate = "41kbit", queue = 928 * ms }, down = { rate = "989kbit" } })
w:at(31164 * ms, function() w:move(ben) end)
w:at(32075 * ms, function() w:move(ben) end)
swarm.judge(w)
