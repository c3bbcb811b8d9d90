-- SPDX-License-Identifier: Apache-2.0
-- An hour on the telephone between two cheap sound cards, one 100 ppm fast, one 80 ppm slow: over the hour the one brings
-- 648 ms more than the other takes. The delay of the last minutes is that of the first ones, and hardly a frame is spent
-- on it.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "minutes", "60", "count", "of the call" },
    { "ppm", "100", "number", "by which anna's clocks are fast; ben's are slow by four fifths of it" },
}
local w = story.world(p.minutes * 60)
local link = { delay = 30 * ms, jitter = 10 * ms }
local anna = story.person(w, "anna", { ppm = p.ppm, bitrate = 1200, link = link })
local ben = story.person(w, "ben", { ppm = -0.8 * p.ppm, bitrate = 1200, link = link })
story.run(w)
local both, third = { anna, ben }, story.horizon // 3
story.all_in(w, "both get in", both, 1 * s)
story.handshakes(w, "nobody connects again", both, 1)
story.all_hear(w, "hardly a frame is missed", both, 10 * s, story.horizon - 10 * s, 0.2)
for _, pair in ipairs { { anna, ben }, { ben, anna } } do
    local _, _, early = w:gaps(pair[1], pair[2], 60 * s, third)
    local _, _, late = w:gaps(pair[1], pair[2], 2 * third, story.horizon - 10 * s)
    local told, truth = w:measure(pair[1]).hears[1].drift_ppm, pair[2] == anna and p.ppm or -0.8 * p.ppm
    judge("quality", (pair[1] == anna and "anna" or "ben") .. " knows the other's clock", math.abs(told - truth) <= 2,
        ("%.2f ppm, in truth %g"):format(told, truth))
    judge("quality", (pair[1] == anna and "anna" or "ben") .. " hears no later", late <= early + 40,
        ("longest %.0f ms in the first third, %.0f ms in the last"):format(early, late))
end
