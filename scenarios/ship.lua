-- SPDX-License-Identifier: Apache-2.0
-- A ship calls an island: anna's low-orbit satellite is another one every 15 s, ben's geostationary one is always there
-- and always 270 ms away. A satellite change costs them a moment, the distance costs them patience, not words.
local story = include "lib/story.lua"
local networks = include "lib/networks.lua"
local s, ms = story.s, story.ms
story.params()
local w = story.world(50)
local anna = story.person(w, "anna")
local far_up, far_down = networks.geo()
local ben = story.person(w, "ben", { up = far_up, down = far_down })
networks.leo(w, anna, { to = 50 * s })
story.run(w)
story.all_in(w, "both get in", { anna, ben }, 3 * s)
story.handshakes(w, "nobody connects again", { anna, ben }, 1)
story.all_hear(w, "hardly a word is missed", { anna, ben }, 3 * s, 46 * s, 2)
story.in_time(w, "as late as space is wide", { anna, ben }, 5 * s, 46 * s, 1200 * ms)
