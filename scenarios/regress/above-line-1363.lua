-- SPDX-License-Identifier: Apache-2.0
-- Seed 1363 of a swarm (wzp-sim swarm): 2 people, 32 s.
-- It broke: gives its line more than that carries, for long: as seed 201.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1363, seconds = 32, calm = 11 * s }
w:relay { estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red" })
local cleo = swarm.client(w, { name = "cleo", room = "red" })
w:link(cleo, { up = { jitter = 51 * ms, distribution = "normal" }, down = { jitter = 36 * ms } })
w:link(cleo, { up = { rate = "98kbit", queue = 23 * ms }, down = { rate = "2810kbit", queue = 23 * ms } })
swarm.judge(w)
