-- SPDX-License-Identifier: Apache-2.0
-- Seed 1291 of a swarm (wzp-sim swarm): 2 people, 58 s.
-- It broke: keeps a queue standing in front of its line, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1291, seconds = 58, calm = 37 * s }
w:relay { rekey = 10 * s, estimate = "auto" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 454 * ms, rekey = 2 * s })
local ben = swarm.client(w, { name = "ben", room = "red", rekey = 9 * s, pattern = "ik" })
w:link(anna, { up = { rate = "6228kbit", queue = 84 * ms }, down = { rate = "221kbit", queue = 84 * ms } })
w:link(ben, { up = { loss = "5%", burst = 2 }, down = { loss = "30%", burst = 2 } })
w:link(ben, { up = { corrupt = "2%" }, down = { corrupt = "5%" } })
w:partition { groups = { { anna }, { "relay" } }, from = 12473 * ms, to = 23873 * ms }
w:at(18327 * ms, function() swarm.send(w, anna, ben, 1700000) end)
w:at(9110 * ms, function() w:move(anna) end)
w:at(23029 * ms, function() w:link(ben, { up = { loss = "12%", rate = "162kbit" }, down = { delay = 113 * ms } }) end)
swarm.judge(w)
