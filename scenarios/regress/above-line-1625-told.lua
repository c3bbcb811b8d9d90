-- SPDX-License-Identifier: Apache-2.0
-- Seed 1625 of a swarm (wzp-sim swarm): 2 people, 32 s.
-- It broke: gives its line more than that carries, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1625, seconds = 32, calm = 11 * s }
w:relay { estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 258 * ms })
local ben = swarm.client(w, { name = "ben", room = "red", max_rate = 355000 })
w:link(anna, { up = { delay = 75 * ms }, down = { delay = 75 * ms } })
w:link(ben, { up = { delay = 12 * ms }, down = { delay = 12 * ms } })
w:link(ben, { up = { loss = "17%" }, down = { loss = "7%" } })
w:link(ben, { up = { jitter = 29 * ms, distribution = "paretonormal" }, down = { jitter = 34 * ms } })
w:link(ben, { up = { corrupt = "8%" }, down = { corrupt = "2%" } })
w:link(ben, { up = { rate = "129kbit", queue = 20 * ms }, down = { rate = "5876kbit", queue = 20 * ms } })
swarm.judge(w)
