-- SPDX-License-Identifier: Apache-2.0
-- Seed 201 of a swarm (wzp-sim swarm): 2 people, 32 s.
-- It broke: gives its line more than that carries, for long. What its short buffer dropped from the first
-- second on was taken for random loss, although nobody had sent less.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 201, seconds = 32, calm = 11 * s }
w:relay { estimate = "auto" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 81 * ms })
local ben = swarm.client(w, { name = "ben", room = "red", start = 444 * ms, pattern = "ik" })
w:link(anna, { up = { jitter = 31 * ms, distribution = "paretonormal" }, down = { jitter = 15 * ms } })
w:link(anna, { up = { reorder = true }, down = { reorder = "1%" } })
w:link(ben, { up = { loss = "26%", burst = 5 }, down = { loss = "14%", burst = 5 } })
w:link(ben, { up = { jitter = 45 * ms, distribution = "above" }, down = { jitter = 31 * ms } })
w:link(ben, { up = { reorder = true }, down = { reorder = "2%" } })
w:link(ben, { up = { rate = "87kbit", queue = 49 * ms }, down = { rate = "6073kbit", queue = 49 * ms } })
swarm.judge(w)
