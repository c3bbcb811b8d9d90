-- SPDX-License-Identifier: Apache-2.0
-- A digger cuts the cable between two towns for ten seconds: anna and ben in the one are cut off from the relay, where
-- cleo and dave go on talking. When it is mended the two are back within three seconds, without anybody's help.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params { { "cut", "10s", "time", "until it is mended" } }
local w = story.world(20 + p.cut // s)
local ids = {}
for i, name in ipairs { "anna", "ben", "cleo", "dave" } do
    ids[i] = story.person(w, name, { link = { delay = (i <= 2 and 40 or 10) * ms, loss = i <= 2 and 0.05 or 0 } })
end
w:partition { groups = { { ids[1], ids[2] }, { "relay" } }, from = 6 * s, to = 6 * s + p.cut }
story.run(w)
local mended = 6 * s + p.cut
story.all_in(w, "all get in", ids, 2 * s)
story.all_hear(w, "before", ids, 2 * s, 5800 * ms, 1.5)
story.all_hear(w, "cleo and dave notice nothing", { ids[3], ids[4] }, 2 * s, story.horizon - 3 * s, 0.2)
story.all_hear(w, "all together again", ids, mended + 3 * s, story.horizon - 3 * s, 1.5)
