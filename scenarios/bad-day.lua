-- SPDX-License-Identifier: Apache-2.0
-- A bad day, one thing after the other: anna's way loses more and more, is gone for a moment, she walks into another
-- network, the relay crashes and comes back, her line gets thin. What a report must show, and what must hold.
local call = include "lib/call.lua"
local s, ms = 1000000000, 1000000

local p = params(call.with {
    { "seconds", "60", "count", "of speech" },
    { "rtt", "120ms", "time", "round trip between two members" },
    { "jitter", "15ms", "time", "uniform, added to the impaired links" },
    { "loss", "2%", "share", "packets lost on the impaired links as the day begins, each direction" },
    { "worse", "30%", "share", "packets lost from 10 to 20 s" },
    { "thin", "40kbit", "rate", "of anna's links from 46 s on" },
    { "limit-plc", "5", "number", "most percent concealed of what anybody hears" },
})

local w, ids = call.make(p)
w:report()
local anna = ids[1]
local function both(link) return function() w:link(anna, { up = link, down = link }) end end
w:at(10 * s, both { loss = p.worse })
w:at(20 * s, both { loss = 1 })
w:at(21500 * ms, both { loss = p.loss })
w:at(28 * s, function() w:move(anna) end)
w:at(36 * s, function() w:kill_relay() end)
w:at(38 * s, function() w:start_relay {} end)
w:at(46 * s, both { rate = p.thin })
call.run(w, p)
call.judge_liveness(w, ids)
for i, id in ipairs(ids) do
    for _, hears in ipairs(w:measure(id).hears) do
        local lost = hears.concealed_pct or 100
        judge("quality", call.names[i] .. " hears " .. hears.speaker, lost <= p["limit-plc"],
            ("%.2f %% concealed, of at most %g"):format(lost, p["limit-plc"]))
    end
end
