-- SPDX-License-Identifier: Apache-2.0
-- People in a room over bad networks. Judges safety and liveness, and quality where a limit is set.
local call = include "lib/call.lua"

local p = params(call.with {
    { "limit-plc", "100", "number", "most percent of active speech that may be concealed" },
    { "limit-delay", "0", "time", "longest mouth to ear, 95th percentile; 0 = no limit" },
    { "limit-estoi", "0", "number", "least ESTOI of any pair" },
})

local w, ids = call.make(p)
w:report()
call.run(w, p)
call.judge_liveness(w, ids)

for _, id in ipairs(ids) do
    for _, hears in ipairs(w:measure(id, p["limit-estoi"] > 0).hears) do
        local pair = call.names[id] .. " hears " .. hears.speaker
        if p["limit-plc"] < 100 then
            judge("quality", pair .. " with little concealed", (hears.concealed_pct or 100) <= p["limit-plc"],
                ("%.3f %% of at most %g %%"):format(hears.concealed_pct or 100, p["limit-plc"]))
        end
        if p["limit-delay"] > 0 then
            local delay = hears.mouth_to_ear_p95_ms or 1 / 0
            judge("quality", pair .. " in time", delay * 1e6 <= p["limit-delay"],
                ("%.1f ms of at most %.1f ms"):format(delay, p["limit-delay"] / 1e6))
        end
        if p["limit-estoi"] > 0 then
            judge("quality", pair .. " intelligibly", (hears.estoi or 0) >= p["limit-estoi"],
                ("%.4f of at least %g"):format(hears.estoi or 0, p["limit-estoi"]))
        end
    end
end
