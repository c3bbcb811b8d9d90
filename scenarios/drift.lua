-- SPDX-License-Identifier: Apache-2.0
-- Sound cards whose clocks run apart, for minutes. What one card brings more than the other takes must go somewhere: in
-- the pauses of real speech, where nobody hears it; in speech without pauses 10 ms at a time, each of which spoils a
-- frame, and no more of them than the clocks ask for. The delay does not grow with the call.
local call = include "lib/call.lua"

local ms, s = 1000000, 1000000000

local p = params(call.with {
    { "ppm", "200", "number", "by which the first member's clocks are fast; who it hears are slow for it" },
    { "seconds", "120", "count", "of speech" },
    { "settled", "60", "count", "seconds until the delay is to grow no more" },
    { "limit-plc", "0", "number", "most percent of active speech that may be concealed" },
    { "limit-delay", "0", "time", "longest mouth to ear, 95th percentile; 0 = no limit" },
})
if p.seconds < 2 * p.settled then error("seconds must be at least twice settled", 0) end

local SLACK = 25 -- ms by which the delay moves while it follows: two pieces and what the links vary

local w = world { horizon = p.seconds * s + call.drain }
w:report()
w:relay { rekey = p.rekey }
local ids = {}
for i = 1, p.members do ids[i] = call.member(w, p, i, { ppm = i == 1 and p.ppm or 0 }) end
call.run(w, p)
call.judge_liveness(w, ids)

local function judge_pair(listener, speaker, hears)
    local pair = call.names[listener] .. " hears " .. call.names[speaker]
    judge("quality", pair .. " with little concealed", (hears.concealed_pct or 100) <= p["limit-plc"],
        ("%.3f %% of at most %g %%"):format(hears.concealed_pct or 100, p["limit-plc"]))
    if p["limit-delay"] > 0 then
        local delay = hears.mouth_to_ear_p95_ms or 1 / 0
        judge("quality", pair .. " in time", delay * ms <= p["limit-delay"],
            ("%.1f ms of at most %.1f ms"):format(delay, p["limit-delay"] / ms))
    end
    local settled = p.settled * s
    local _, _, early = w:gaps(ids[listener], ids[speaker], settled // 2, settled)
    local _, _, late = w:gaps(ids[listener], ids[speaker], settled, p.seconds * s)
    judge("quality", pair .. " with a delay that stays", early > 0 and late <= early + SLACK,
        ("longest %.1f ms, then %.1f ms"):format(early, late))
end

-- The programs can tell that the first one's clock is fast and the others' are not: closely once the way has shown itself
-- for some minutes, and about in one, as a plan that finds its rate moves the way too.
local function judge_drift(listener, speaker, hears)
    local told, truth = hears.drift_ppm, speaker == 1 and p.ppm or 0
    local within = p.seconds >= 300 and 10 or 50
    judge("quality", call.names[listener] .. " knows the clock of " .. call.names[speaker],
        told ~= nil and math.abs(told - truth) <= within, ("%.1f ppm, in truth %g"):format(told or 0 / 0, truth))
end

for listener, id in ipairs(ids) do
    for _, hears in ipairs(w:measure(id).hears) do
        for speaker in ipairs(ids) do
            if call.names[speaker] == hears.speaker then
                judge_pair(listener, speaker, hears)
                judge_drift(listener, speaker, hears)
            end
        end
    end
end
