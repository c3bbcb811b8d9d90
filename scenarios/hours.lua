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
    { "limit-drift", "15", "number", "ms between the mean depths of a buffer in the settled windows" },
    { "limit-spread", "3", "number", "percent points between a window's concealment and that of all settled ones" },
})
local WINDOWS = p.seconds // p.window
if p.settled < 2 or WINDOWS <= p.settled then error("settled must be above 1 and below the number of windows", 0) end

local w = world { horizon = p.seconds * s + call.drain, tracks = p.codec ~= "synthetic" }
w:report()
w:relay { rekey = p.rekey }
local ids = {}
for i = 1, p.members do ids[i] = call.member(w, p, i, { ppm = ({ p.ppm, -p.ppm })[i] or 0 }) end

-- Who hears whom; the depth of the buffer is looked at every second.
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
        local depth = w:buffer(pair.listener, pair.speaker)
        local sum = pair.depth[window] or { total = 0, count = 0 }
        if depth then sum.total, sum.count = sum.total + depth, sum.count + 1 end
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
    local least, greatest = range(function(i)
        return pair.depth[i].count > 0 and pair.depth[i].total / pair.depth[i].count or 1 / 0
    end)
    judge("quality", pair.name .. " with a buffer that stays",
        greatest < 1 / 0 and greatest - least <= p["limit-drift"], ("%.1f to %.1f ms"):format(least, greatest))
    local function concealed(from, to)
        return w:concealed(pair.listener, pair.speaker, from * p.window * s, to * p.window * s) or 1 / 0
    end
    local all = concealed(p.settled - 1, WINDOWS)
    least, greatest = range(function(i) return concealed(i - 1, i) end)
    judge("quality", pair.name .. " as well in every window",
        math.max(all - least, greatest - all) <= p["limit-spread"],
        ("%.2f %% concealed, %.2f to %.2f in a window"):format(all, least, greatest))
end
