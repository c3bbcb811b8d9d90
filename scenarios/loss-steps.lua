-- SPDX-License-Identifier: Apache-2.0
-- A link whose loss steps up and down again under a call: what is sent follows within two seconds each way and then stays
-- as it is; little is concealed once it has; and where nothing is lost, hardly a byte goes into repair.
local call = include "lib/call.lua"

local s, piece = 1000000000, 500000000

local p = params(call.with {
    { "codec", "synthetic", "choice", "synthetic has no pauses, so that rates can be compared", "opus|synthetic" },
    { "tier", "opus24k", "tier", "best quality of speech" },
    { "max-rate", "500kbit", "max-rate", "bound of what a client sends, and of what the relay sends it" },
    { "seconds", "600", "count", "of speech, four phases of equal length" },
    { "low", "30%", "share", "packets lost in the second phase" },
    { "high", "70%", "share", "packets lost in the third; in the first and the last it is 0" },
    { "settle", "25", "count", "seconds of a phase that are not its steady state: without pauses delay falls by 10 ms in 2 s" },
    { "limit-plc", "0.05", "number", "most percent concealed where nothing is lost" },
    { "limit-plc-low", "0.1", "number", "in the second phase" },
    { "limit-plc-high", "0.5", "number", "and in the third" },
    { "limit-changes", "10", "number", "below it stay the changes of plan a minute in a steady state" },
    { "limit-idle", "3", "number", "most percent of the bytes that repair may take in the first phase, from second 5 on" },
})
if p.loss ~= 0 then error("loss is that of the phases: low and high", 0) end
local long = p.seconds * s // 4
if long <= (p.settle + 5) * s then error("seconds must leave each phase 5 s more than settle", 0) end

local phases = {
    { loss = 0, plc = p["limit-plc"] },
    { loss = p.low, plc = p["limit-plc-low"] },
    { loss = p.high, plc = p["limit-plc-high"] },
    { loss = 0, plc = p["limit-plc"] },
}

local w, ids = call.make(p)
local ways = { { name = "up", listener = 2, speaker = 1 }, { name = "down", listener = 1, speaker = 2 } }

local function changes()
    local count = {}
    for i, id in ipairs(ids) do count[i] = w:measure(id).plan_changes end
    return count
end

for i, phase in ipairs(phases) do
    phase.from, phase.to = (i - 1) * long, i * long
    phase.steady = phase.from + p.settle * s
    w:at(phase.from, function() w:link(ids[1], { up = { loss = phase.loss }, down = { loss = phase.loss } }) end)
    w:at(phase.steady, function() phase.changes = changes() end)
    w:at(phase.to - 1, function() phase.changes_after = changes() end)
end

-- Bytes of repair, and of media with it: the client's up, the relay's down.
local function repair()
    local sums = {}
    for i, way in ipairs(ways) do
        local media, repaired = w:sent(way.name == "up" and ids[1] or nil)
        sums[i] = { repair = repaired, all = media + repaired }
    end
    return sums
end
local idle, idle_after
w:at(5 * s, function() idle = repair() end)
w:at(long - 1, function() idle_after = repair() end)

w:report()
call.run(w, p)
call.judge_liveness(w, ids)

local function rate(way, from, to)
    local up, down = w:rate(ids[1], from, to)
    return way.name == "up" and up or down
end

-- Least and greatest rate of 500 ms of the steady state.
local function spread(way, phase)
    local least, greatest = 1 / 0, 0
    for at = phase.steady, phase.to - piece, piece do
        local now = rate(way, at, at + piece)
        least, greatest = math.min(least, now), math.max(greatest, now)
    end
    return least, greatest
end

local function judge_steady(way, phase, words)
    local concealed = w:concealed(ids[way.listener], ids[way.speaker], phase.steady, phase.to - s) or 100
    judge("quality", words .. ": little concealed", concealed <= phase.plc,
        ("%.3f %% of at most %g %%; %.0f kbit/s, %.0f to %.0f in 500 ms"):format(concealed, phase.plc, phase.rate,
            spread(way, phase)))
end

-- From its second 2 to its second 4 a phase has come three quarters of the way from the last phase's rate to its own.
local function judge_follows(way, last, phase, words)
    local gap, early = phase.rate - last.rate, rate(way, phase.from + 2 * s, phase.from + 4 * s)
    local is_right = gap > 0.05 * last.rate and phase.loss > last.loss
        or gap < -0.05 * last.rate and phase.loss < last.loss
    local left = math.abs(phase.rate - early) / math.abs(gap)
    judge("quality", words .. ": the rate follows", is_right and left <= 0.3,
        ("%.0f kbit/s, after 2 s %.0f, then %.0f"):format(last.rate, early, phase.rate))
end

for i, way in ipairs(ways) do
    for n, phase in ipairs(phases) do
        local words = ("%s, phase %d at %g %%"):format(way.name, n, 100 * phase.loss)
        phase.rate = rate(way, phase.steady, phase.to)
        judge_steady(way, phase, words)
        if n > 1 then judge_follows(way, phases[n - 1], phase, words) end
        local before, after = phase.changes[way.speaker], phase.changes_after[way.speaker]
        local a_minute = before and after and (after - before) * 60 * s / (phase.to - phase.steady) or 1 / 0
        judge("quality", words .. ": the plan stays", a_minute < p["limit-changes"],
            ("%.1f changes a minute, below %g"):format(a_minute, p["limit-changes"]))
    end
    local share = 100 * (idle_after[i].repair - idle[i].repair) / math.max(1, idle_after[i].all - idle[i].all)
    judge("quality", way.name .. ": hardly any repair where nothing is lost", share <= p["limit-idle"],
        ("%.2f %% of at most %g %%"):format(share, p["limit-idle"]))
end
