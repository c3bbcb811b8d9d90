-- SPDX-License-Identifier: Apache-2.0
-- Seed 952 of a swarm (wzp-sim swarm): 2 people, 35 s.
-- It broke: gives its line more than that carries, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 952, seconds = 35, calm = 14 * s }
w:relay { estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red" })
local ben = swarm.client(w, { name = "ben", room = "red" })
w:link(anna, { up = { loss = "2%", burst = 8 }, down = { loss = "26%", burst = 8 } })
w:link(anna, { up = { rate = "1212kbit", queue = 21 * ms }, down = { rate = "183kbit", queue = 21 * ms } })
swarm.judge(w)
