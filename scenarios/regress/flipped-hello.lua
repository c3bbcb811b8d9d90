-- SPDX-License-Identifier: Apache-2.0
-- Seed 18 of a swarm (wzp-sim swarm): 3 people, 35 s.
-- A bit flips in the versions that cleo's first message offers, in its first copy alone: the relay once answered all
-- other copies as it had that one, and cleo did not get in again.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 18, seconds = 35, calm = 14 * s }
w:relay { repair = "pass", estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 4265 * ms })
local ben = swarm.client(w, { name = "ben", room = "red", start = 2176 * ms, ppm = -224, pattern = "ik" })
local cleo = swarm.client(w, { name = "cleo", room = "red", start = 82 * ms })
w:link(anna, { up = { delay = 58 * ms }, down = { delay = 58 * ms } })
w:link(anna, { up = { jitter = 35 * ms, distribution = "paretonormal" }, down = { jitter = 23 * ms } })
w:link(anna, { up = { corrupt = "5%" }, down = { corrupt = "2%" } })
w:link(ben, { up = { delay = 59 * ms }, down = { delay = 59 * ms } })
w:link(ben, { up = { jitter = 17 * ms, distribution = "uniform" }, down = { jitter = 35 * ms } })
w:link(ben, { up = { corrupt = "9%" }, down = { corrupt = "8%" } })
w:link(cleo, { up = { delay = 51 * ms }, down = { delay = 51 * ms } })
w:link(cleo, { up = { loss = "3%" }, down = { loss = "3%" } })
w:link(cleo, { up = { jitter = 17 * ms, distribution = "normal" }, down = { jitter = 49 * ms } })
w:link(cleo, { up = { rate = "3351kbit", queue = 388 * ms }, down = { rate = "172kbit", queue = 388 * ms } })
w:at(10243 * ms, function() w:flip(498) end)
swarm.outage(w, anna, 9977 * ms, 13250 * ms, "up")
swarm.outage(w, ben, 11173 * ms, 13863 * ms, "both")
swarm.crash(w, cleo, 8147 * ms, 11849 * ms)
swarm.judge(w)
