-- SPDX-License-Identifier: Apache-2.0
-- Two routers that both think they are the way: half of anna's packets arrive twice, a few ms apart or out of order. Each
-- is taken once; what comes again is no replay that anybody hears, and costs nobody a word.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params { { "dup", "50%", "share", "packets that arrive twice, each direction" } }
local w = story.world(24)
local anna = story.person(w, "anna", { link = { delay = 30 * ms, jitter = 20 * ms, reorder = true, dup = p.dup } })
local ben = story.person(w, "ben", { link = { delay = 10 * ms } })
story.run(w)
story.all_in(w, "both get in", { anna, ben }, 1 * s)
story.handshakes(w, "nobody connects again", { anna, ben }, 1)
story.all_hear(w, "nothing is missed", { anna, ben }, 2 * s, 21 * s, 0.3)
story.in_time(w, "and nothing is late", { anna, ben }, 2 * s, 21 * s, 250 * ms)
local _, down = w:links(anna)
judge("safety", "every copy was refused", w:drops(anna).replayed >= down.duplicated * 9 // 10,
    ("%d copies, %d refused as replayed"):format(down.duplicated, w:drops(anna).replayed))
