-- SPDX-License-Identifier: Apache-2.0
-- Seed 1256 of a swarm once more: cleo's line becomes a longer one of 123 kbit/s that loses 32 %, which passes for a rival.
-- Loss that told of nobody kept it from being tried whether there is one, and the queue of a second stood full.
local swarm = include "lib/swarm.lua"
local ms, s = 1000000, 1000000000

local w = swarm.world { seed = 1256, seconds = 50, calm = 29 * s }
w:relay { estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 321 * ms, pattern = "ik", estimate = "fixed" })
local ben = swarm.client(w, { name = "ben", room = "red", start = 165 * ms, pattern = "ik" })
local cleo = swarm.client(w, { name = "cleo", room = "red", start = 447 * ms, pattern = "ik" })
local dave = swarm.client(w, { name = "dave", room = "red", start = 150 * ms, ppm = -140 })
w:link(anna, { up = { loss = "19%" }, down = { loss = "14%" } })
w:link(ben, { up = { loss = "18%" }, down = { loss = "24%" } })
w:link(cleo, { up = { loss = "8%" }, down = { loss = "15%" } })
w:partition { groups = { { ben }, { "relay" } }, from = 3246 * ms, to = 8804 * ms }
swarm.outage(w, anna, 18244 * ms, 25095 * ms, "down")
w:at(12998 * ms, function() w:link(ben, { up = { loss = "37%", rate = "98kbit" }, down = { delay = 77 * ms } }) end)
w:at(18723 * ms, function() w:link(cleo, { up = { loss = "32%", rate = "123kbit" }, down = { delay = 82 * ms } }) end)
swarm.crash(w, dave, 18765 * ms, 19358 * ms)
swarm.judge(w)
