-- SPDX-License-Identifier: Apache-2.0
-- A file beside speech on a line of 150 kbit/s whose program is told 135 kbit/s. Streams left a quarter of that free, which
-- speech at 98 never did: the file got 5 kbit/s, and with 100 kbit/s nothing at all.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "told", "135kbit", "max-rate", "what the program is told; 0 = nothing" },
    { "bytes", "60000", "count", "of the file: 30 kbit/s" },
}
local w = story.world(24)
local line = { rate = 150000, queue = 400 * ms, delay = 25 * ms }
local anna = story.person(w, "anna", { max_rate = p.told, link = line })
local ben = story.person(w, "ben", { link = { delay = 10 * ms } })
w:at(4 * s, function() w:send(anna, ben, p.bytes) end)
story.run(w)
story.all_in(w, "both get in", { anna, ben }, 1 * s)
local whole, bytes = w:parcel(anna)
judge("liveness", "the file arrives whole", whole, bytes .. " bytes came")
