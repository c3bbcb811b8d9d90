-- SPDX-License-Identifier: Apache-2.0
-- Seed 1029 of a swarm (wzp-sim swarm): 3 people, 34 s.
-- It broke: gives its line more than that carries, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1029, seconds = 34, calm = 13 * s }
w:relay { estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red" })
local ben = swarm.client(w, { name = "ben", room = "red", start = 1190 * ms })
local cleo = swarm.client(w, { name = "cleo", room = "red" })
w:link(anna, { up = { delay = 46 * ms }, down = { delay = 65 * ms } })
w:link(anna, { up = { loss = "16%", burst = 6 }, down = { loss = "7%", burst = 6 } })
w:link(ben, { up = { loss = "27%", burst = 6 }, down = { loss = "1%", burst = 6 } })
w:link(ben, { up = { rate = "5742kbit", queue = 103 * ms }, down = { rate = "175kbit", queue = 103 * ms } })
w:link(cleo, { up = { loss = "19%" }, down = { loss = "23%" } })
swarm.judge(w)
