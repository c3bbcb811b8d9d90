-- SPDX-License-Identifier: Apache-2.0
-- Two guests of one hotel, behind one symmetric NAT that forgets after 30 s, talk with cleo at home. At 8 s and again at
-- 16 s the box in the cellar starts again and maps everybody anew; nobody tells them. Nobody connects again, and within a
-- second and a half of each start all three hear each other.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
story.params { { "loss", "3%", "share", "packets lost on the hotel's line, each direction" } }
local w = story.world(26)
local line = { rate = 2000000, queue = 200 * ms, delay = 25 * ms, jitter = 10 * ms, loss = story.p.loss }
local anna = story.person(w, "anna", { link = line })
local ben = story.person(w, "ben", { link = line })
local cleo = story.person(w, "cleo", { link = { delay = 15 * ms } })
local all = { anna, ben, cleo }
w:nat { clients = { anna, ben }, mapping = "address-and-port-dependent", timeout = 30 * s }
for _, at in ipairs { 8 * s, 16 * s } do
    w:at(at, function() w:nat_forget(anna) end)
end
story.run(w)
story.all_in(w, "all get in", all, 1500 * ms)
story.handshakes(w, "nobody connects again", all, 1)
story.all_hear(w, "before the box starts again", all, 2 * s, 7800 * ms, 2)
story.all_hear(w, "after the first time", all, 9500 * ms, 15800 * ms, 2)
story.all_hear(w, "after the second time", all, 17500 * ms, 23 * s, 2)
judge("liveness", "the box gave other ports", w:natted(anna).mappings >= 6, w:natted(anna).mappings .. " mappings")
