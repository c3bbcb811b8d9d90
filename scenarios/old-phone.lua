-- SPDX-License-Identifier: Apache-2.0
-- Grandmother's telephone: each packet that arrives takes it 2 ms to look at, and no more than twenty may wait. Five
-- people talk to her at once, which keeps it busy half of the time. She still hears them all, and the others do not notice
-- her.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params { { "cost", "2ms", "time", "of each packet" } }
local w = story.world(14)
local granny = story.person(w, "granny", { link = { delay = 40 * ms, jitter = 10 * ms } })
local ids = {}
for i, name in ipairs { "anna", "ben", "cleo", "dave", "eva" } do
    ids[i] = story.person(w, name, { bitrate = 16000, link = { delay = 5 * i * ms } })
end
w:slow(granny, { cost = p.cost, queue = 20 })
story.run(w)
story.all_in(w, "the others get in", ids, 1 * s)
story.all_in(w, "she does", { granny }, 2 * s)
story.all_hear(w, "the others notice nothing", ids, 2 * s, 11 * s, 0.2)
for _, id in ipairs(ids) do story.hears(w, granny, id, 3 * s, 11 * s, 5) end
local served, dropped = w:served(granny)
result("granny", { served = served, dropped = dropped })
