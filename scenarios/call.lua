-- SPDX-License-Identifier: Apache-2.0
-- People in a room over bad networks. Judges safety and liveness, and quality where a limit is set.
local call = include "lib/call.lua"

local p = params(call.with {
    { "limit-plc", "100", "number", "most percent of active speech that may be concealed" },
    { "limit-delay", "0", "time", "longest mouth to ear, 95th percentile; 0 = no limit" },
    { "limit-estoi", "0", "number", "least ESTOI of any pair" },
    { "limit-wire", "0", "rate", "most that a client sends while it speaks; 0 = no limit" },
})

local w, ids = call.make(p)
w:report()
call.run(w, p)
call.judge_liveness(w, ids)

-- What was sent, and that every 500 ms keep to the bound that the client was given, both ways.
local function judge_wire(name, m)
    if p["limit-wire"] > 0 then
        local rate = m.wire_up_kbps or 1 / 0
        judge("quality", name .. " sends little", rate * 1000 <= p["limit-wire"],
            ("%.1f kbit/s of at most %g"):format(rate, p["limit-wire"] / 1000))
    end
    if p["max-rate"] > 0 then
        local peak = math.max(m.max_500ms_up_kbps, m.max_500ms_down_kbps)
        judge("quality", name .. " keeps to its rate", peak * 1000 <= p["max-rate"],
            ("%.1f kbit/s up, %.1f down in the worst 500 ms, of at most %g"):format(m.max_500ms_up_kbps,
                m.max_500ms_down_kbps, p["max-rate"] / 1000))
    end
end

for _, id in ipairs(ids) do
    local m = w:measure(id, p["limit-estoi"] > 0)
    local name = call.names[(id - 1) % #call.names + 1]
    judge_wire(name, m)
    for _, hears in ipairs(m.hears) do
        local pair = name .. " hears " .. hears.speaker
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
