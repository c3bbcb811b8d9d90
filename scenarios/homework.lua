-- SPDX-License-Identifier: Apache-2.0
-- One thin line, and homework to hand in: anna talks with her teacher over 150 kbit/s up and down while her computer sends
-- a file on the same line. The talk comes first: it misses hardly a word and is heard in time; the file takes what is left
-- and arrives whole.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "line", "150kbit", "rate", "of anna's line, each way" },
    { "bytes", "120000", "count", "of the homework" },
}
local w = story.world(32)
local line = { rate = p.line, queue = 400 * ms, delay = 25 * ms }
local anna = story.person(w, "anna", { link = line })
local teacher = story.person(w, "teacher", { link = { delay = 10 * ms } })
w:at(4 * s, function() w:send(anna, teacher, p.bytes) end)
story.run(w)
local both = { anna, teacher }
story.all_in(w, "both get in", both, 1 * s)
story.all_hear(w, "hardly a word is missed", both, 2 * s, 29 * s, 2)
story.in_time(w, "and it is heard in time", both, 6 * s, 29 * s, 600 * ms)
local whole, bytes, took = w:parcel(anna)
judge("liveness", "the homework arrives whole", whole and took ~= nil,
    whole and took and ("%.0f kbit/s"):format(bytes * 8 / took / 1000) or bytes .. " bytes came")
