-- SPDX-License-Identifier: Apache-2.0
-- A relay at home: it stands behind the router, which forwards a port to it, and everybody is told the outside address.
-- ben comes from elsewhere. anna sits on the sofa beside the relay, behind the same router, and gets in only if that sends
-- what is for its own outside address back inside (hairpinning, RFC 4787 REQ-9). The router forgets once; the port stays.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params { { "hairpin", "yes", "choice", "does the router hairpin", "yes|no" } }
story.horizon, story.people = 20 * s, {}
local w = world { horizon = story.horizon }
local home = w:nat { mapping = "address-and-port-dependent", hairpin = p.hairpin == "yes" }
w:report()
w:relay { behind = home }
local anna = story.person(w, "anna", { behind = home, link = { delay = 2 * ms } })
local ben = story.person(w, "ben", { link = { delay = 30 * ms } })
local cleo = story.person(w, "cleo", { link = { delay = 20 * ms } })
w:at(8 * s, function() w:nat_forget(anna) end)
story.run(w)
local outside = { ben, cleo }
story.all_in(w, "who is outside gets in", outside, 1 * s)
story.all_hear(w, "and hears who is outside, also after the router forgot", outside, 2 * s, 17 * s, 1)
if p.hairpin == "yes" then
    story.all_in(w, "who is at home gets in", { anna }, 1 * s)
    story.all_hear(w, "and is heard", { anna, ben, cleo }, 2 * s, 7 * s, 1)
    story.all_hear(w, "also after the router forgot", { anna, ben, cleo }, 12 * s, 17 * s, 1)
else
    local m = w:measure(anna)
    judge("liveness", "who is at home never gets in", not m.joined and #m.hears == 0)
end
