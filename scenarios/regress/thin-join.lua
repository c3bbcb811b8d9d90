-- SPDX-License-Identifier: Apache-2.0
-- Three people, one of whom told a max-rate of 44 kbit and loses 15 % in runs as the others join. The relay never got the news
-- of the third one through to her: each packet to her was filled with the speech that waited, and left no room for the news.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 6, seconds = 25, calm = 4 * s }
w:relay {  }
local anna = swarm.client(w, { name = "anna", room = "red", max_rate = 44000 })
local ben = swarm.client(w, { name = "ben", room = "red" })
local cleo = swarm.client(w, { name = "cleo", room = "red", start = 417 * ms })
w:link(anna, { up = { loss = "19%", burst = 8 }, down = { loss = "15%", burst = 8 } })
swarm.judge(w)
