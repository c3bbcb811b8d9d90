-- SPDX-License-Identifier: Apache-2.0
-- A room of ten who speak one after the other, two seconds each. A client has eight decoders, and a member once kept the
-- first one it got until it left: the ninth and the tenth were never heard by those who had heard eight before them.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params { { "members", "11", "count", "in the room; the last one only listens" } }
local TURN = 2 * s
local w = story.world(2 * p.members + 2)
local ids = {}
for i = 1, p.members do
    local start = (i - 1) * TURN
    ids[i] = story.person(w, "person" .. i, { bitrate = 6000, link = { delay = 20 * ms }, start = start,
                                             stop = i < p.members and start + TURN - 200 * ms or start })
end
local listener = story.person(w, "listener", { link = { delay = 20 * ms }, stop = 0 })
story.run(w)
for i = 1, p.members - 1 do
    story.hears(w, listener, ids[i], (i - 1) * TURN + 600 * ms, i * TURN - 300 * ms, 5)
end
