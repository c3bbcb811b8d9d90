-- SPDX-License-Identifier: Apache-2.0
-- Seed 497 of a swarm (wzp-sim swarm): 3 people, 32 s.
-- It broke: gives its line more than that carries, for long. The relay only passes repair on, and handed it to the
-- thin line as it came.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 497, seconds = 32, calm = 11 * s }
w:relay { repair = "pass", estimate = "auto" }
local anna = swarm.client(w, { name = "anna", room = "red" })
local finn = swarm.client(w, { name = "finn", room = "red" })
local gina = swarm.client(w, { name = "gina", room = "red" })
w:link(anna, { up = { delay = 24 * ms }, down = { delay = 24 * ms } })
w:link(finn, { up = { rate = "5844kbit", queue = 229 * ms }, down = { rate = "82kbit", queue = 229 * ms } })
swarm.judge(w)
