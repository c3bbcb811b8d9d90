-- SPDX-License-Identifier: Apache-2.0
-- Homework for a teacher whose disk is nearly full. What is offered does not fit, and anna is told so before a byte of it
-- leaves; the next piece would fit, but something else fills the disk under way; there is room at last, and the third
-- attempt arrives whole. Nothing of it touches the talk.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "bytes", "120000", "count", "of the homework" },
    { "disk", "20000", "count", "bytes that the teacher's disk has room for, less than the homework" },
}
local w = story.world(32)
local anna = story.person(w, "anna", { link = { rate = 500000, queue = 400 * ms, delay = 25 * ms } })
local teacher = story.person(w, "teacher", { disk = p.disk, link = { delay = 10 * ms } })

local told = {}
local function attempt(at, seconds)
    w:at(at, function() judge("liveness", "a stream is opened", w:send(anna, teacher, p.bytes)) end)
    w:at(at + seconds * s, function()
        local whole, bytes, took, why = w:parcel(anna)
        told[#told + 1] = { whole = whole, bytes = bytes, took = took, why = why }
    end)
end
attempt(4 * s, 2)
w:at(7 * s, function() w:disk(teacher, p.bytes) end)
attempt(7 * s, 6)
w:at(7500 * ms, function() w:disk(teacher, 0) end)
w:at(15 * s, function() w:disk(teacher, p.bytes) end)
attempt(15 * s, 12)
story.run(w)

local full = "the disk is full"
judge("liveness", "anna is told that her homework does not fit", told[1].why == full, told[1].why)
judge("safety", "and nothing of it comes", told[1].bytes == 0, ("%d bytes"):format(told[1].bytes))
judge("liveness", "she is told of a disk that fills under way", told[2].why == full, told[2].why)
judge("safety", "part of it was there", not told[2].whole and told[2].bytes > 0 and told[2].bytes < p.bytes,
    ("%d bytes"):format(told[2].bytes))
judge("liveness", "with room for it the homework arrives whole", told[3].whole and not told[3].why,
    told[3].took and ("%.1f s"):format(told[3].took) or told[3].why)
local both = { anna, teacher }
story.all_in(w, "both get in", both, 1 * s)
story.all_hear(w, "hardly a word is missed", both, 2 * s, 29 * s, 2)
