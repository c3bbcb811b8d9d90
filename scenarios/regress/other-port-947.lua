-- SPDX-License-Identifier: Apache-2.0
-- Seed 947 of a swarm (wzp-sim swarm): 3 people, 37 s.
-- It broke: sent more than 3 times what came from an unproven address, to one that had answered the handshake from
-- another port; the address is proven by that.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 947, seconds = 37, calm = 16 * s }
w:relay { repair = "pass", estimate = "ours" }
local anna = swarm.client(w, { name = "anna", room = "red", start = 86 * ms, ppm = 156, max_rate = 117000 })
local ben = swarm.client(w, { name = "ben", room = "red", start = 209 * ms })
local cleo = swarm.client(w, { name = "cleo", room = "red" })
w:link(anna, { up = { delay = 72 * ms }, down = { delay = 72 * ms } })
w:link(anna, { up = { loss = "30%", burst = 6 }, down = { loss = "1%", burst = 6 } })
w:link(ben, { up = { delay = 34 * ms }, down = { delay = 34 * ms } })
w:link(ben, { up = { loss = "14%", burst = 2 }, down = { loss = "7%", burst = 2 } })
w:at(6051 * ms, function() w:kill_relay() end) w:at(15023 * ms, function() w:start_relay {} end)
w:at(15432 * ms, function() w:rebind(anna) end)
w:at(2335 * ms, function() w:link(ben, { up = { loss = "34%", rate = "380kbit" }, down = { delay = 92 * ms } }) end)
swarm.judge(w)
