-- SPDX-License-Identifier: Apache-2.0
-- Seed 1256 of a swarm: ben's line becomes one of 98 kbit/s that loses 37 %, which passes for a rival; whether it is one is
-- tried by sending less. Meanwhile the rate grew as if nothing were lost because much got through: to ten times what the
-- line carries, and its queue of a second stood full.
local swarm = include "lib/swarm.lua"
local ms, s = 1000000, 1000000000

local w = swarm.world { seed = 1256, seconds = 54, calm = 33 * s }
w:relay { estimate = "ours" }
swarm.client(w, { name = "anna", room = "red" })
local ben = swarm.client(w, { name = "ben", room = "red", start = 165 * ms })
local dave = swarm.client(w, { name = "dave", room = "red", start = 150 * ms })
w:link(ben, { up = { loss = "18%" }, down = { loss = "24%" } })
w:partition { groups = { { ben }, { "relay" } }, from = 3246 * ms, to = 8804 * ms }
w:at(12998 * ms, function() w:link(ben, { up = { loss = "37%", rate = "98kbit" }, down = { delay = 77 * ms } }) end)
swarm.crash(w, dave, 18765 * ms, 19358 * ms)
swarm.judge(w)
