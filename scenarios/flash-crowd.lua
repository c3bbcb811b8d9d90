-- SPDX-License-Identifier: Apache-2.0
-- Breaking news: anna speaks from the square, and twenty-four people come into her room within one second, from all kinds
-- of links, to listen. Everybody hears her within two seconds of knocking, and her friend ben, who was there before, misses
-- nothing of her, nor she of him.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "crowd", "24", "count", "people who come" },
    { "within", "1s", "time", "of which they come" },
    { "loss", "5%", "share", "packets lost on each of their links" },
}
local w = story.world(9, { sessions = 64, members = 32 })
local anna = story.person(w, "anna", { link = { delay = 20 * ms } })
local ben = story.person(w, "ben", { link = { delay = 20 * ms } })
local crowd = {}
for i = 1, p.crowd do
    local start = 3 * s + i * p.within // p.crowd
    crowd[i] = story.person(w, "guest" .. i, { start = start, stop = start,
                                              link = { delay = (5 + 7 * i % 60) * ms, loss = p.loss } })
end
story.run(w)
story.all_in(w, "the two who were there", { anna, ben }, 1 * s)
story.all_in(w, "everybody hears somebody soon", crowd, 2 * s)
story.all_hear(w, "the crowd hears anna", crowd, 5500 * ms, 7 * s, 5, { anna })
story.hears(w, ben, anna, 1 * s, 7 * s, 0.5)
story.hears(w, anna, ben, 1 * s, 7 * s, 0.5)
