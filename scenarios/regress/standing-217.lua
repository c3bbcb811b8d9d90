-- SPDX-License-Identifier: Apache-2.0
-- Seed 217 of a swarm (wzp-sim swarm): 3 people, 60 s.
-- It broke: keeps a queue standing in front of its line, for long, when a path began at 250 kbit/s that carries 43.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 217, seconds = 60, calm = 39 * s }
w:relay { estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 21 * ms })
local ben = swarm.client(w, { name = "ben", room = "red", start = 3177 * ms })
local cleo = swarm.client(w, { name = "cleo", room = "red", start = 12320 * ms })
w:link(anna, { up = { delay = 53 * ms }, down = { delay = 53 * ms } })
w:link(anna, { up = { loss = "12%" }, down = { loss = "1%" } })
w:link(anna, { up = { jitter = 58 * ms, distribution = "above" }, down = { jitter = 53 * ms } })
w:link(anna, { up = { corrupt = "3%" }, down = { corrupt = "4%" } })
w:link(ben, { up = { loss = "11%" }, down = { loss = "14%" } })
w:link(ben, { up = { jitter = 53 * ms, distribution = "paretonormal" }, down = { jitter = 30 * ms } })
w:link(ben, { up = { corrupt = "9%" }, down = { corrupt = "10%" } })
w:link(cleo, { up = { delay = 23 * ms }, down = { delay = 49 * ms } })
w:at(18450 * ms, function() swarm.send(w, cleo, ben, 1200000) end)
w:at(12333 * ms, function() w:move(anna) end)
w:at(6354 * ms, function() w:link(anna, { up = { loss = "2%", rate = "70kbit" }, down = { delay = 132 * ms } }) end)
w:at(20908 * ms, function() w:move(ben) end)
w:at(10297 * ms, function() w:move(ben) end)
w:at(10838 * ms, function() w:link(ben, { up = { loss = "9%", rate = "43kbit" }, down = { delay = 123 * ms } }) end)
swarm.judge(w)
