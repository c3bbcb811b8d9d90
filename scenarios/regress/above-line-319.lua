-- SPDX-License-Identifier: Apache-2.0
-- Seed 319 of a swarm (wzp-sim swarm): 2 people, 44 s.
-- It broke: gives its line more than that carries, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 319, seconds = 44, calm = 23 * s }
w:relay { estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red" })
local ben = swarm.client(w, { name = "ben", room = "red" })
w:link(anna, { up = { rate = "2056kbit", queue = 109 * ms }, down = { rate = "64kbit", queue = 109 * ms } })
swarm.crash(w, anna, 2687 * ms, 12429 * ms)
swarm.judge(w)
