-- SPDX-License-Identifier: Apache-2.0
-- Seed 1506 of a swarm (wzp-sim swarm): 4 people, 58 s.
-- It broke: gives its line more than that carries, for long: a pause of 60 ms between packets was taken for an idle line,
-- which tells nothing of its capacity, so that what runs of losses told too high was never corrected.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1506, seconds = 58, calm = 37 * s }
w:relay { estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 186 * ms, rekey = 6 * s })
local ben = swarm.client(w, { name = "ben", room = "red", start = 358 * ms })
local cleo = swarm.client(w, { name = "cleo", room = "red", start = 36 * ms })
local dave = swarm.client(w, { name = "dave", room = "red", start = 237 * ms })
w:link(anna, { up = { delay = 55 * ms }, down = { delay = 55 * ms } })
w:link(anna, { up = { loss = "29%", burst = 8 }, down = { loss = "22%", burst = 8 } })
w:link(anna, { up = { reorder = true }, down = { reorder = "15%" } })
w:link(anna, { up = { corrupt = "5%" }, down = { corrupt = "6%" } })
w:link(ben, { up = { delay = 28 * ms }, down = { delay = 28 * ms } })
w:link(ben, { up = { reorder = true }, down = { reorder = "16%" } })
w:link(ben, { up = { rate = "3958kbit", queue = 364 * ms }, down = { rate = "176kbit", queue = 364 * ms } })
w:link(cleo, { up = { delay = 136 * ms }, down = { delay = 136 * ms } })
w:link(cleo, { up = { jitter = 55 * ms, distribution = "paretonormal" }, down = { jitter = 14 * ms } })
w:link(cleo, { up = { reorder = true }, down = { reorder = "22%" } })
w:link(cleo, { up = { rate = "133kbit", queue = 465 * ms }, down = { rate = "5178kbit", queue = 465 * ms } })
w:link(dave, { up = { delay = 63 * ms }, down = { delay = 63 * ms } })
w:link(dave, { up = { loss = "29%", burst = 7 }, down = { loss = "23%", burst = 7 } })
w:link(dave, { up = { reorder = true }, down = { reorder = "10%" } })
w:link(dave, { up = { rate = "7539kbit", queue = 54 * ms }, down = { rate = "78kbit", queue = 54 * ms } })
swarm.judge(w)
