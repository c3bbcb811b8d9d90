-- SPDX-License-Identifier: Apache-2.0
-- Twenty people in one room, eight of them with open microphones, and three of those on bad links: a village behind a
-- hill that loses a fifth, a ship a quarter of a second away, a bus whose line is thin. The others do not notice the three,
-- and everybody hears even them.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "members", "20", "count", "in the room" },
    { "talkers", "8", "count", "of them with open microphones" },
    { "seconds", "10", "count", "of it" },
}
local w = story.world(p.seconds, { sessions = 64, members = 32 })
local bad = {
    { "village", { delay = 40 * ms, jitter = 20 * ms, loss = 0.2 } },
    { "ship", { delay = 250 * ms, loss = 0.05, burst = 3 } },
    { "bus", { delay = 50 * ms, jitter = 30 * ms, rate = 1000000, queue = 300 * ms, loss = 0.02 } },
}
local others, talkers, three = {}, {}, {}
for i = 1, p.members do
    local start = i * 20 * ms
    if i <= #bad then
        three[i] = story.person(w, bad[i][1], { bitrate = 6000, start = start, link = bad[i][2] })
    else
        local id = story.person(w, "guest" .. i, { bitrate = 6000, start = start, stop = i > p.talkers and start or nil,
                                                   link = { delay = (5 + i) * ms } })
        others[#others + 1] = id
        if i <= p.talkers then talkers[#talkers + 1] = id end
    end
end
story.run(w)
story.all_in(w, "everybody gets in", others, 1500 * ms)
story.all_in(w, "the three as well", three, 4 * s)
local from, to = 4 * s, (p.seconds - 3) * s
story.all_hear(w, "the others notice nothing", others, from, to, 0.3, talkers)
story.all_hear(w, "all hear even the three", others, from, to, 3, three)
story.all_hear(w, "and the three hear all", three, from, to, 10, talkers)
