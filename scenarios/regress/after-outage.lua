-- SPDX-License-Identifier: Apache-2.0
-- Two people, one on a link without a limit of rate that loses 10 % in runs of four and varies by 15 ms. For
-- two seconds nothing passes. Before that 330 kbit/s go each way and nothing is missed. An estimate must not take the
-- outage for a narrow line: with estimate=gcc the rate behind it stays at 10 to 40 kbit/s for half a minute, with no room
-- for the repair that such loss needs.
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "loss", "10%", "share", "packets lost, each direction" },
    { "burst", "4", "number", "mean run of them" },
    { "jitter", "15ms", "time", "of that link" },
    { "estimate", "auto", "choice", "who tells what the ways carry", "auto|fixed|ours|delta|gcc" },
    { "outages", "1", "count", "of two seconds, each ten seconds from 8 s on" },
}
local w = story.world(36, { estimate = p.estimate })
local outages = {}
for i = 1, p.outages do outages[i] = { from = (10 * i - 2) * s, to = 10 * i * s } end
local anna = story.person(w, "anna", { estimate = p.estimate, link = {
    delay = 40 * ms, jitter = p.jitter, loss = p.loss, burst = p.burst, outages = outages } })
local ben = story.person(w, "ben", { estimate = p.estimate, link = { delay = 10 * ms } })
for at = 2, 34, 2 do
    w:at(at * s, function()
        local up, down = w:rate(anna, (at - 2) * s, at * s)
        print(("%2d s: %4.0f kbit/s up, %4.0f down, ben misses %5.1f %%"):format(at, up, down,
            w:concealed(ben, anna, (at - 2) * s, (at - 1) * s) or -1))
    end)
end
story.run(w)
local _, down = w:rate(anna, 20 * s, 33 * s)
story.all_hear(w, "behind the outages", { anna, ben }, 22 * s, 33 * s, 3)
judge("quality", "and the rate is what it was", down >= 100, ("%.0f kbit/s"):format(down))
