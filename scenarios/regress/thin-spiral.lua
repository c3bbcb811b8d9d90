-- SPDX-License-Identifier: Apache-2.0
-- Two people talk, one over a line of 100 kbit/s that nobody told of, and for three seconds it carries a fifth of that:
-- what does not fit is lost. Who takes that for loss of the line sends repair on top of it, loses more by that, and
-- repairs more. With estimate=fixed, where nobody measures what a line carries, anna sends 700 kbit/s on it for as long
-- as she speaks, and is heard only because a seventh of that comes. Who measures sends no more than it carries.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "line", "100kbit", "rate", "of anna's line, each way" },
    { "dip", "20kbit", "rate", "of it, from 6 to 9 s" },
    { "estimate", "ours", "choice", "who tells what it carries", "fixed|ours|delta|gcc" },
}
local w = story.world(32, { estimate = p.estimate })
local function line(rate) return { rate = rate, queue = 400 * ms, delay = 25 * ms } end
local anna = story.person(w, "anna", { link = line(p.line) })
local ben = story.person(w, "ben", { link = { delay = 10 * ms } })
w:at(6 * s, function() w:link(anna, { up = line(p.dip), down = line(p.dip) }) end)
w:at(9 * s, function() w:link(anna, { up = line(p.line), down = line(p.line) }) end)
story.run(w)
story.all_hear(w, "behind the dip", { anna, ben }, 14 * s, 29 * s, 2)
local up, down = w:rate(anna, 14 * s, 29 * s)
judge("quality", "no more is sent than the line carries", math.max(up, down) <= p.line / 1000,
    ("%.0f kbit/s up, %.0f down"):format(up, down))
