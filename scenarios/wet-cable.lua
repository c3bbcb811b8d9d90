-- SPDX-License-Identifier: Apache-2.0
-- Water in the cable: on anna's way one packet in ten arrives with a bit flipped, in both directions. Whatever arrives
-- wrong is thrown away as if it had been lost; nothing wrong is ever heard, and nobody connects again.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params { { "corrupt", "10%", "share", "packets with one bit flipped, each direction" } }
local w = story.world(24)
local anna = story.person(w, "anna", { link = { delay = 30 * ms, corrupt = p.corrupt } })
local ben = story.person(w, "ben", { link = { delay = 10 * ms } })
story.run(w)
story.all_in(w, "both get in", { anna, ben }, 2 * s)
story.handshakes(w, "nobody connects again", { anna, ben }, 1)
story.all_hear(w, "what is thrown away is repaired", { anna, ben }, 2 * s, 21 * s, 1.5)
local _, down = w:links(anna)
local dropped = 0
for _, count in pairs(w:drops(anna)) do dropped = dropped + count end
judge("safety", "every wrong packet was seen to be wrong", dropped >= down.corrupted,
    ("%d wrong, %d thrown away"):format(down.corrupted, dropped))
