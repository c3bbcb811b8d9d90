-- SPDX-License-Identifier: Apache-2.0
-- Seed 1970 of a swarm (wzp-sim swarm): 3 people, 32 s.
-- It broke: gives its line more than that carries, for long. The relay only passes repair on, and handed it to the
-- thin line as it came.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1970, seconds = 32, calm = 11 * s }
w:relay { repair = "pass", estimate = "auto" }
local anna = swarm.client(w, { name = "anna", room = "red" })
local cleo = swarm.client(w, { name = "cleo", room = "red", start = 358 * ms })
local dave = swarm.client(w, { name = "dave", room = "red" })
w:link(cleo, { up = { rate = "5984kbit", queue = 431 * ms }, down = { rate = "67kbit", queue = 431 * ms } })
swarm.judge(w)
