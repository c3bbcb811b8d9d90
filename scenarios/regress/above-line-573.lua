-- SPDX-License-Identifier: Apache-2.0
-- Seed 573 of a swarm: told 209 kbit/s of a line of 60 whose queue is full before anything is known of it. The handshake had
-- lost three of five, so that 80 % passed for chance; and the drain that emptied the queue, and so found a shorter way, made
-- a rival of it. The line was given half as much again as it carries for ten seconds.
local swarm = include "lib/swarm.lua"
local ms, s = 1000000, 1000000000

local w = swarm.world { seed = 573, seconds = 58, calm = 37 * s }
w:relay { repair = "pass", estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 237 * ms, max_rate = 209000 })
local ben = swarm.client(w, { name = "ben", room = "red" })
local dave = swarm.client(w, { name = "dave", room = "red", start = 11510 * ms })
w:link(anna, { up = { loss = "22%" }, down = { loss = "30%" } })
w:link(anna, { up = { jitter = 59 * ms, distribution = "normal" }, down = { jitter = 52 * ms } })
w:link(anna, { up = { reorder = true }, down = { reorder = "3%" } })
w:link(anna, { up = { rate = "60kbit", queue = 129 * ms }, down = { rate = "546kbit" } })
w:link(dave, { up = { corrupt = "7%" }, down = { corrupt = "2%" } })
w:link(dave, { up = { rate = "199kbit", queue = 793 * ms }, down = { rate = "1796kbit" } })
swarm.crash(w, anna, 18220 * ms, 26229 * ms)
swarm.judge(w)
