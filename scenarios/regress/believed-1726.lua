-- SPDX-License-Identifier: Apache-2.0
-- Seed 1726 of a swarm (wzp-sim swarm): 2 people, 34 s.
-- It broke: gives its line more than that carries, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1726, seconds = 34, calm = 13 * s }
w:relay { estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 405 * ms })
local ben = swarm.client(w, { name = "ben", room = "red", start = 129 * ms })
w:link(anna, { up = { delay = 16 * ms }, down = { delay = 16 * ms } })
w:link(anna, { up = { loss = "16%", burst = 7 }, down = { loss = "8%", burst = 7 } })
w:link(anna, { up = { jitter = 11 * ms, distribution = "paretonormal" }, down = { jitter = 48 * ms } })
w:link(anna, { up = { rate = "279kbit", queue = 930 * ms }, down = { rate = "1121kbit" } })
w:link(ben, { up = { delay = 31 * ms }, down = { delay = 71 * ms } })
w:link(ben, { up = { loss = "27%", burst = 3 }, down = { loss = "3%", burst = 3 } })
w:link(ben, { up = { jitter = 21 * ms, distribution = "above" }, down = { jitter = 50 * ms } })
w:link(ben, { up = { rate = "165kbit", queue = 61 * ms }, down = { rate = "1876kbit" } })
swarm.judge(w)
