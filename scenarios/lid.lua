-- SPDX-License-Identifier: Apache-2.0
-- Anna shuts her laptop in the middle of a word and opens it again: its clock is four minutes further, the room has given
-- her up long since. She is back by herself within three seconds, and ben hears her again; the second time she was away
-- for ten seconds only, and it is the same.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
story.params { { "asleep", "240s", "time", "that her clock jumps the first time" } }
local w = story.world(30)
local anna = story.person(w, "anna", { link = { delay = 30 * ms, loss = 0.02 } })
local ben = story.person(w, "ben", { link = { delay = 10 * ms } })
w:at(8 * s, function() w:clock_step(anna, story.p.asleep) end)
w:at(18 * s, function() w:clock_step(anna, 10 * s) end)
story.run(w)
local both = { anna, ben }
story.all_in(w, "both get in", both, 1500 * ms)
story.all_hear(w, "before", both, 2 * s, 7800 * ms, 1)
story.hears(w, ben, anna, 11 * s, 17800 * ms, 2)
story.hears(w, anna, ben, 11 * s, 17800 * ms, 2)
story.hears(w, ben, anna, 21 * s, 27 * s, 2)
story.hears(w, anna, ben, 21 * s, 27 * s, 2)
