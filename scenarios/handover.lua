-- SPDX-License-Identifier: Apache-2.0
-- Out of the door: anna talks on the wireless LAN of her kitchen, walks to the car and is on the mobile network with
-- another address, and comes into the office an hour's drive later in the story, ten seconds in the scenario, on the LAN
-- there. Two handovers, each to another network with other delays and rates; the call goes on through both.
local story = include "lib/story.lua"
local networks = include "lib/networks.lua"
local s, ms = story.s, story.ms
story.params()
local w = story.world(36)
local kitchen_up, kitchen_down = networks.wifi { air = 6 }
local anna = story.person(w, "anna", { up = kitchen_up, down = kitchen_down })
local ben = story.person(w, "ben", { link = { delay = 10 * ms } })
local car = { rate = 2000000, slot = false, codel = false, delay = 45 * ms, jitter = 20 * ms, loss = 0.02 }
local office = { rate = 50000000, delay = 3 * ms, jitter = 1 * ms, loss = 0 }
w:at(12 * s, function()
    w:link(anna, { up = car, down = car })
    w:move(anna)
end)
w:at(22 * s, function()
    w:link(anna, { up = office, down = office })
    w:move(anna)
end)
story.run(w)
story.all_in(w, "both get in", { anna, ben }, 1 * s)
story.handshakes(w, "nobody connects again", { anna, ben }, 1)
story.all_hear(w, "in the kitchen", { anna, ben }, 2 * s, 11500 * ms, 3)
story.all_hear(w, "from the kitchen into the car", { anna, ben }, 11500 * ms, 13500 * ms, 25)
story.all_hear(w, "in the car", { anna, ben }, 13500 * ms, 21500 * ms, 2)
story.all_hear(w, "from the car into the office", { anna, ben }, 21500 * ms, 23500 * ms, 20)
story.all_hear(w, "in the office", { anna, ben }, 24 * s, 33 * s, 1)
