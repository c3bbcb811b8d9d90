-- SPDX-License-Identifier: Apache-2.0
-- A good ear and a bad mouth: of what anna sends 60 percent is lost in runs of two, of what comes to her nothing. Ben
-- hears her well enough, she hears him as on a clean line, and no byte is spent on repairing the way that loses nothing.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params { { "loss", "60%", "share", "packets lost on anna's way up" } }
local w = story.world(30)
local anna = story.person(w, "anna", { up = { delay = 30 * ms, loss = p.loss, burst = 2 }, down = { delay = 30 * ms } })
local ben = story.person(w, "ben", { link = { delay = 10 * ms } })
story.run(w)
story.all_in(w, "both get in", { anna, ben }, 4 * s)
story.handshakes(w, "nobody connects again", { anna, ben }, 1)
story.hears(w, ben, anna, 5 * s, 27 * s, 4)
story.hears(w, anna, ben, 5 * s, 27 * s, 0.5)
local sent = w:measure(ben).sent_bytes
judge("quality", "nothing is spent where nothing is lost", sent.repair <= sent.media / 10,
    ("%.1f %% of ben's media"):format(100 * sent.repair / sent.media))
