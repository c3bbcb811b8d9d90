-- SPDX-License-Identifier: Apache-2.0
-- The night train: anna's telephone loses packets in runs all the way, and the train goes through three tunnels of two
-- seconds where nothing passes. Nobody connects again, in the open country little is missed, and a second and a half
-- behind each tunnel both hear each other as before.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "loss", "10%", "share", "packets lost in the open, each direction" },
    { "burst", "4", "number", "mean run of them" },
}
local w = story.world(40)
local tunnels = { { from = 8 * s, to = 10 * s }, { from = 18 * s, to = 20 * s }, { from = 28 * s, to = 30 * s } }
local anna = story.person(w, "anna", { link = { delay = 40 * ms, jitter = 15 * ms, loss = p.loss, burst = p.burst,
                                                outages = tunnels } })
local ben = story.person(w, "ben", { link = { delay = 10 * ms } })
story.run(w)
story.all_in(w, "both get in", { anna, ben }, 2 * s)
story.handshakes(w, "nobody connects again", { anna, ben }, 1)
for i, tunnel in ipairs(tunnels) do
    local open = i == 1 and 2 * s or tunnels[i - 1].to + 1500 * ms
    story.all_hear(w, "the open country before tunnel " .. i, { anna, ben }, open, tunnel.from - 200 * ms, 3)
end
story.all_hear(w, "and behind the last one", { anna, ben }, 31500 * ms, 37 * s, 3)
