-- SPDX-License-Identifier: Apache-2.0
-- Four people talk, each behind a line of 80 kbit/s that loses nothing, and their programs are told so. The line carries
-- three voices of Opus at 6 kbit/s with their headers nearly, and three of Codec2 easily; but each speaker once planned as
-- if the listener's whole line were for one voice, and half of what was said was not heard.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "line", "80kbit", "rate", "of each, each way" },
    { "members", "4", "count", "who talk" },
    { "told", "80kbit", "max-rate", "what the programs are told; 0 = nothing" },
    { "limit-plc", "5", "number", "most percent of a voice that may be missed once the plan stands" },
}
local w = story.world(30)
local ids = {}
for i = 1, p.members do
    ids[i] = story.person(w, "person" .. i, { max_rate = p.told, link = { rate = p.line, queue = 800 * ms, delay = 35 * ms } })
end
story.run(w)
story.all_in(w, "all get in", ids, 3 * s)
story.all_hear(w, "all hear all", ids, 15 * s, 27 * s, p["limit-plc"])
