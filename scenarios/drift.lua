-- SPDX-License-Identifier: Apache-2.0
-- Sound cards whose clocks run apart, for minutes, with the pauses of real speech: the buffer follows in pauses, and
-- nobody hears it.
local call = include "lib/call.lua"

local ms, s = 1000000, 1000000000

local p = params(call.with {
    { "drift", "200", "number", "ppm by which the first member's clocks are fast and the second's slow" },
    { "seconds", "120", "count", "of speech" },
    { "limit-plc", "0.1", "number", "most percent of active speech that may be concealed" },
    { "limit-delay", "100ms", "time", "longest mouth to ear, 95th percentile" },
})

local w = world { horizon = p.seconds * s + call.drain, tracks = p.codec ~= "synthetic" }
w:report()
w:relay {}
local ids = { call.member(w, p, 1, { ppm = p.drift }), call.member(w, p, 2, { ppm = -p.drift }) }
call.run(w, p)
call.judge_liveness(w, ids)
for _, id in ipairs(ids) do
    for _, hears in ipairs(w:measure(id).hears) do
        local pair = call.names[id] .. " hears " .. hears.speaker
        judge("quality", pair .. " with little concealed", (hears.concealed_pct or 100) <= p["limit-plc"],
            ("%.3f %% of at most %g %%"):format(hears.concealed_pct or 100, p["limit-plc"]))
        local delay = hears.mouth_to_ear_p95_ms or 1 / 0
        judge("quality", pair .. " in time", delay * ms <= p["limit-delay"],
            ("%.1f ms of at most %.1f ms"):format(delay, p["limit-delay"] / ms))
    end
end
