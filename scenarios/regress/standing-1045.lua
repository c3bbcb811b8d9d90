-- SPDX-License-Identifier: Apache-2.0
-- Seed 1045 of a swarm (wzp-sim swarm): 2 people, 50 s.
-- It broke: keeps a queue standing in front of its line, for long.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1045, seconds = 50, calm = 29 * s }
w:relay { estimate = "auto" }
local anna = swarm.client(w, { name = "anna", room = "red" })
local dave = swarm.client(w, { name = "dave", room = "red" })
w:at(15724 * ms, function() swarm.send(w, dave, anna, 1600000) end)
w:at(7347 * ms, function() w:link(anna, { up = { loss = "2%", rate = "41kbit" }, down = { delay = 114 * ms } }) end)
swarm.judge(w)
