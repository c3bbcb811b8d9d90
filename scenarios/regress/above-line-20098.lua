-- SPDX-License-Identifier: Apache-2.0
-- Seed 20098 of a swarm (wzp-sim swarm): 2 people, 44 s.
-- It broke: gives its line more than that carries, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 20098, seconds = 44, calm = 23 * s }
w:relay { estimate = "ours" }
local ben = swarm.client(w, { name = "ben", room = "red" })
local dave = swarm.client(w, { name = "dave", room = "red" })
w:link(ben, { up = { loss = "30%", burst = 3 }, down = { loss = "14%", burst = 3 } })
w:link(ben, { up = { jitter = 46 * ms, distribution = "normal" }, down = { jitter = 19 * ms } })
w:link(ben, { up = { rate = "155kbit", queue = 27 * ms }, down = { rate = "4212kbit", queue = 27 * ms } })
swarm.judge(w)
