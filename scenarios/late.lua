-- SPDX-License-Identifier: Apache-2.0
-- The meeting that began without them: three talk, and every three seconds one more comes, each over a worse link than
-- the one before. Who comes hears everybody within a second and a half of knocking, nobody hears a word from before they
-- came, and those who talk miss nothing of each other.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
story.params { { "late", "5", "count", "people who come late" } }
local w = story.world(8 + 3 * story.p.late, { sessions = 32 })
local there, late = {}, {}
for i, name in ipairs { "anna", "ben", "cleo" } do
    there[i] = story.person(w, name, { bitrate = 16000, link = { delay = 10 * ms + i * 5 * ms } })
end
for i = 1, story.p.late do
    late[i] = story.person(w, "late" .. i, { start = 3 * i * s, bitrate = 16000, link = { delay = 15 * i * ms, loss = 0.02 * (i - 1) } })
end
story.run(w)
story.all_in(w, "who is there in time gets in", there, 1 * s)
story.all_in(w, "who comes late hears somebody soon", late, 1500 * ms)
story.all_hear(w, "those who talk miss nothing", there, 2 * s, story.horizon - 3 * s, 0.5)
for i, id in ipairs(late) do
    local from = 3 * i * s
    story.hears(w, id, there[1], from + 1500 * ms, story.horizon - 3 * s, 3)
    local gone = w:concealed(id, there[1], 1 * s, from - 100 * ms)
    judge("safety", ("late%d hears nothing from before"):format(i), gone == nil or gone == 100,
        gone and ("%.2f %% of it was not heard"):format(gone) or "nothing")
end
