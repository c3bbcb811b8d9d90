-- SPDX-License-Identifier: Apache-2.0
-- Seed 1465 of a swarm (wzp-sim swarm): 3 people, 32 s.
-- It broke: gives its line more than that carries, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1465, seconds = 32, calm = 11 * s }
w:relay { estimate = "ours" }
local ben = swarm.client(w, { name = "ben", room = "red" })
local cleo = swarm.client(w, { name = "cleo", room = "red" })
local dave = swarm.client(w, { name = "dave", room = "red" })
w:link(ben, { up = { jitter = 10 * ms, distribution = "paretonormal" }, down = { jitter = 1 * ms } })
w:link(dave, { up = { delay = 26 * ms }, down = { delay = 52 * ms } })
w:link(dave, { up = { rate = "6484kbit", queue = 57 * ms }, down = { rate = "110kbit", queue = 57 * ms } })
swarm.judge(w)
