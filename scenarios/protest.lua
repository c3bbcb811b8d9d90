-- SPDX-License-Identifier: Apache-2.0
-- The square fills: four people talk over the same crowded cell. Within seconds each of their lines falls from 1 mbit/s
-- to 300 kbit/s with a deep queue, 60 ms of jitter and a tenth of the packets lost; half a minute later the square is empty
-- again. They go on talking through it, and are as before when it is over.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "crowded", "300kbit", "rate", "of each line while the square is full" },
    { "loss", "10%", "share", "packets lost meanwhile" },
}
local w = story.world(52)
local free = { rate = 1000000, queue = 800 * ms, delay = 35 * ms, jitter = 10 * ms }
local ids = {}
for i, name in ipairs { "anna", "ben", "cleo", "dave" } do ids[i] = story.person(w, name, { bitrate = 16000, link = free }) end
local function all(link) return function() for _, id in ipairs(ids) do w:link(id, { up = link, down = link }) end end end
w:at(10 * s, all { rate = p.crowded * 2, jitter = 60 * ms, loss = p.loss / 2 })
w:at(14 * s, all { rate = p.crowded, jitter = 60 * ms, loss = p.loss })
w:at(34 * s, all { rate = 1000000, jitter = 10 * ms, loss = 0 })
story.run(w)
story.all_in(w, "all get in", ids, 1500 * ms)
story.handshakes(w, "nobody connects again", ids, 1)
story.all_hear(w, "before", ids, 2 * s, 9 * s, 0.5)
story.all_hear(w, "once they know how full it is", ids, 20 * s, 33 * s, 8)
story.all_hear(w, "after it", ids, 42 * s, 49 * s, 2)
