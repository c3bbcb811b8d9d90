-- SPDX-License-Identifier: Apache-2.0
-- Seed 824 of a swarm: one of seven bound to 60 kbit/s, so that the six others come to her in packets of 240 ms. What
-- the buffer may hold was counted from a packet's last frame, and after a relay's restart she heard them 1.6 s late for long.
local swarm = include "lib/swarm.lua"
local ms, s = 1000000, 1000000000

local w = swarm.world { seed = 824, seconds = 54, calm = 33 * s }
w:relay {}
local anna = swarm.client(w, { name = "anna", room = "red" })
local cleo = swarm.client(w, { name = "cleo", room = "red" })
local dave = swarm.client(w, { name = "dave", room = "red" })
local eva = swarm.client(w, { name = "eva", room = "red" })
local finn = swarm.client(w, { name = "finn", room = "red" })
local gina = swarm.client(w, { name = "gina", room = "red", max_rate = 60000 })
local hugo = swarm.client(w, { name = "hugo", room = "red" })
w:link(cleo, { up = { delay = 179 * ms }, down = { delay = 179 * ms } })
w:link(eva, { up = { rate = "238kbit", queue = 474 * ms }, down = { rate = "1965kbit" } })
w:link(finn, { up = { rate = "5988kbit", queue = 148 * ms }, down = { rate = "160kbit", queue = 148 * ms } })
w:at(21948 * ms, function() w:kill_relay() end) w:at(30530 * ms, function() w:start_relay {} end)
w:at(32699 * ms, function() swarm.send(w, cleo, gina, 20000) end)
swarm.judge(w)
