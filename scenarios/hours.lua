-- SPDX-License-Identifier: Apache-2.0
-- A long call over a bad network between sound cards that run apart: nothing grows with time. What is held, what the
-- jitter buffers delay and what is concealed is the same in the last minute as in the first.
local call = include "lib/call.lua"
local rekeys = include "lib/rekeys.lua"

local ms, s = 1000000, 1000000000

local p = params(call.with {
    { "seconds", "600", "count", "of speech" },
    { "loss", "15%", "share", "packets lost on the impaired links, each direction" },
    { "jitter", "60ms", "time", "uniform, added to the impaired links" },
    { "ppm", "200", "number", "by which clocks are fast: the first member's; the second's are slow by it" },
    { "rekey", "4min", "time", "between rekeys of every session" },
    { "rekeys", "2", "count", "that each client's session has to have done at least" },
    { "window", "60", "count", "seconds that are judged as one" },
    { "settled", "2", "count", "window from which on nothing changes; without pauses a buffer finds its depth late" },
    { "limit-drift", "10", "number", "ms between the means of a buffer's depth above its target in the settled windows" },
    { "limit-spread", "3", "number", "percent points between a window's concealment and that of all settled ones" },
})
local WINDOWS = p.seconds // p.window
if p.settled < 2 or WINDOWS <= p.settled then error("settled must be above 1 and below the number of windows", 0) end

local w = world { horizon = p.seconds * s + call.drain, tracks = p.codec ~= "synthetic" }
w:report()
w:relay { rekey = p.rekey }
local ids = {}
for i = 1, p.members do ids[i] = call.member(w, p, i, { ppm = ({ p.ppm, -p.ppm })[i] or 0 }) end

-- Who hears whom; the depth of the buffer is looked at every second, and how much of that is not what it aims at: the
-- target follows the repair of the links, what clocks do to a buffer shows above it.
local pairs_heard = {}
for listener, id in ipairs(ids) do
    for speaker, other in ipairs(ids) do
        if id ~= other then
            pairs_heard[#pairs_heard + 1] = {
                name = call.names[listener] .. " hears " .. call.names[speaker], listener = id, speaker = other,
                depth = {},
            }
        end
    end
end

local function look(now)
    for _, pair in ipairs(pairs_heard) do
        local window = now // (p.window * s) + 1
        local depth, target = w:buffer(pair.listener, pair.speaker)
        local sum = pair.depth[window] or { total = 0, above = 0, count = 0 }
        if depth then
            sum.total, sum.above, sum.count = sum.total + depth, sum.above + depth - target, sum.count + 1
        end
        pair.depth[window] = sum
    end
    if now + s < p.seconds * s then w:at(now + s, look) end
end
w:at(s, look)

local function held()
    local now = { (w:held()) }
    for i, id in ipairs(ids) do now[i + 1] = (w:held(id)) end
    return table.concat(now, ", ")
end

w:run(p.window * s)
local early = held()
w:run(WINDOWS * p.window * s)
local late = held()
call.run(w, p)
call.judge_liveness(w, ids)
rekeys.judge(w, p, ids)
judge("safety", "nobody holds more than before", early == late, "bytes, relay first: " .. late)

-- The least and the greatest value of the settled windows.
local function range(value)
    local least, greatest = 1 / 0, -1 / 0
    for i = p.settled, WINDOWS do
        least, greatest = math.min(least, value(i)), math.max(greatest, value(i))
    end
    return least, greatest
end

for _, pair in ipairs(pairs_heard) do
    local function mean(what)
        return range(function(i)
            return pair.depth[i].count > 0 and pair.depth[i][what] / pair.depth[i].count or 1 / 0
        end)
    end
    local least, greatest = mean("above")
    judge("quality", pair.name .. " with a buffer that stays",
        greatest < 1 / 0 and greatest - least <= p["limit-drift"],
        ("%.1f to %.1f ms above its target; %.1f to %.1f deep"):format(least, greatest, mean("total")))
    local function concealed(from, to)
        return w:concealed(pair.listener, pair.speaker, from * p.window * s, to * p.window * s) or 1 / 0
    end
    local all = concealed(p.settled - 1, WINDOWS)
    least, greatest = range(function(i) return concealed(i - 1, i) end)
    judge("quality", pair.name .. " as well in every window",
        math.max(all - least, greatest - all) <= p["limit-spread"],
        ("%.2f %% concealed, %.2f to %.2f in a window"):format(all, least, greatest))
end
