-- SPDX-License-Identifier: Apache-2.0
-- The warzone ladder: anna speaks from a cellar over a link that hardly lives, ben sits at a desk. The rungs are 5, 10,
-- 20, 30, 50 and 70 % loss each way, at 300 and 800 ms, on 100 and 500 kbit/s; her client is told what the link takes.
-- On each of them both get in, each hears the other, her rate is kept, and what is concealed and how late it is heard
-- stay within what the rung allows. All rungs at once:
--   wzp-sim matrix scenarios/warzone.lua --set loss=5%,10%,20%,30%,50%,70% rtt=300ms,800ms rate=100kbit,500kbit
local call = include "lib/call.lua"

local p = params(call.with {
    { "loss", "30%", "share", "packets lost on anna's link, each direction" },
    { "rtt", "300ms", "time", "round trip between the two" },
    { "rate", "100kbit", "rate", "of her link, and what her client is told" },
    { "seconds", "20", "count", "of speech" },
    { "limit-plc", "-", "text", "most percent concealed; - = what the rung allows" },
})

-- Of the 20 s that the scenario has: at 70 % loss and 100 kbit/s what is concealed are up to 2 s at the beginning, until the
-- first keys, reports and repair are through, and nearly nothing after that. A shorter call is all beginning.
-- Up to a loss: percent that may be concealed, and round trips from mouth to ear beside 250 ms; it takes more of them to
-- repair much loss on a thin link.
local RUNGS = { { 0.10, 2, 1 }, { 0.20, 2.5, 1.25 }, { 0.30, 3, 1.5 }, { 0.50, 5, 2 }, { 1.00, 10, 3 } }
local function rung()
    for _, row in ipairs(RUNGS) do
        if p.loss <= row[1] then return row[2], row[3] end
    end
end

local ms = 1000000
local most, trips = rung()
if p["limit-plc"] ~= "-" then most = tonumber(p["limit-plc"]) or error("limit-plc is no number", 0) end
p["max-rate"] = p["max-rate"] > 0 and p["max-rate"] or p.rate
local w, ids = call.make(p)
w:report()
call.run(w, p)
call.judge_liveness(w, ids)
for i, id in ipairs(ids) do
    local m = w:measure(id)
    local name = call.names[i]
    for _, hears in ipairs(m.hears) do
        judge("quality", name .. " hears " .. hears.speaker, (hears.concealed_pct or 100) <= most,
            ("%.2f %% concealed, of at most %g"):format(hears.concealed_pct or 100, most))
        local late, limit = hears.mouth_to_ear_p95_ms or 1 / 0, trips * p.rtt / ms + 250
        judge("quality", name .. " hears " .. hears.speaker .. " in time", late <= limit,
            ("%.0f ms, of at most %.0f ms"):format(late, limit))
    end
end
local peak = w:measure(ids[1]).max_500ms_up_kbps
judge("quality", "anna keeps to her rate", peak * 1000 <= 1.05 * p["max-rate"],
    ("%.1f kbit/s of %.1f in the worst half second"):format(peak, p["max-rate"] / 1000))
