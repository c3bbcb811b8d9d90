-- SPDX-License-Identifier: Apache-2.0
-- Anna's program crashes in the middle of a word, and again twelve seconds later; each time she starts it again a second
-- and a half after. It is the same anna: the room takes her back at once, both hear each other within two seconds of the
-- start, and cleo, who talks with ben all the while, misses nothing.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params { { "loss", "5%", "share", "packets lost on anna's link, each direction" } }
local w = story.world(32)
local anna = story.person(w, "anna", { link = { delay = 40 * ms, loss = p.loss } })
local ben = story.person(w, "ben", { link = { delay = 10 * ms } })
local cleo = story.person(w, "cleo", { link = { delay = 20 * ms } })
for _, at in ipairs { 8 * s, 20 * s } do
    w:at(at, function() w:crash(anna) end)
    w:at(at + 1500 * ms, function() w:restart(anna) end)
end
story.run(w)
local all = { anna, ben, cleo }
story.all_in(w, "all get in", all, 2 * s)
story.all_hear(w, "before", all, 2 * s, 7800 * ms, 1.5)
story.all_hear(w, "after the first crash", all, 11500 * ms, 19800 * ms, 1.5)
story.all_hear(w, "after the second one", all, 23500 * ms, 29 * s, 1.5)
story.all_hear(w, "cleo and ben miss nothing", { ben, cleo }, 2 * s, 29 * s, 0.2)
