-- SPDX-License-Identifier: Apache-2.0
-- Seed 2057 of a swarm (wzp-sim swarm): 5 people, 30 s.
-- It broke: keeps a queue standing in front of its line, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 2057, seconds = 30, calm = 9 * s }
w:relay { repair = "pass", estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red" })
local ben = swarm.client(w, { name = "ben", room = "red" })
local cleo = swarm.client(w, { name = "cleo", room = "red", start = 308 * ms })
local dave = swarm.client(w, { name = "dave", room = "red", start = 2240 * ms })
local eva = swarm.client(w, { name = "eva", room = "red", start = 362 * ms })
w:link(anna, { up = { loss = "28%", burst = 6 }, down = { loss = "4%", burst = 6 } })
w:link(cleo, { up = { loss = "7%", burst = 4 }, down = { loss = "29%", burst = 4 } })
w:link(eva, { up = { delay = 51 * ms }, down = { delay = 50 * ms } })
w:link(eva, { up = { rate = "247kbit", queue = 166 * ms }, down = { rate = "483kbit" } })
swarm.judge(w)
