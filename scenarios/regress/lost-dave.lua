-- SPDX-License-Identifier: Apache-2.0
-- Seed 1664 of a swarm (wzp-sim swarm): 2 people, 58 s.
-- It broke: liveness: everybody hears everybody again.
local swarm = include "lib/swarm.lua"
local us, ms, s = 1000, 1000000, 1000000000

local w = swarm.world { seed = 1664, seconds = 58, calm = 37 * s }
w:relay {  }
local cleo = swarm.client(w, { name = "cleo", room = "red" })
local dave = swarm.client(w, { name = "dave", room = "red" })
w:link(dave, { up = { delay = 70 * ms }, down = { delay = 70 * ms } })
w:at(31821 * ms, function() w:kill_relay() end) w:at(36672 * ms, function() w:start_relay {} end)
swarm.crash(w, dave, 27321 * ms, 31710 * ms)
swarm.judge(w)
