-- SPDX-License-Identifier: Apache-2.0
-- The first of a call loses packets on her way up, in steps, while `back` of all that tells her of it is lost as well.
-- She still knows how much: within 2 s of a step, and on average to `limit` points. What telling costs is counted.
local call = include "lib/call.lua"

local s = 1000000000
local ms = s // 1000

local p = params(call.with {
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "steps", "30,70,0,50", "text", "percent lost on her way up, one after the other; 0 before" },
    { "every", "10s", "time", "between two steps" },
    { "back", "70%", "share", "packets lost on her way down" },
    { "limit", "5", "number", "points by which what she knows is off on average, from 2 s after a step on" },
    { "limit-worst", "25", "number", "points by which it is ever off" },
})

local steps = {}
for step in p.steps:gmatch("[^,]+") do steps[#steps + 1] = tonumber(step) or error("steps: numbers", 0) end
p.seconds = 5 + #steps * p.every // s
local w, ids = call.make(p)
w:report()
local anna = ids[1]
local off, count, worst, silent = 0, 0, 0, 0
local known = {}

w:at(5 * s, function() w:link(anna, { down = { loss = p.back } }) end)
for i, step in ipairs(steps) do
    local from = 5 * s + (i - 1) * p.every
    local sum, seen = 0, 0
    w:at(from, function() w:link(anna, { up = { loss = step / 100 } }) end)
    for at = from + 2 * s, from + p.every - 1, 250 * ms do
        w:at(at, function()
            local path = w:path(anna)
            if not path then return end
            local difference = math.abs(path.loss_permille / 10 - step)
            off, count, worst = off + difference, count + 1, math.max(worst, difference)
            sum, seen = sum + path.loss_permille / 10, seen + 1
            if not path.has_feedback then silent = silent + 1 end
            known[i] = sum / seen
        end)
    end
end
call.run(w, p)
call.judge_liveness(w, ids)

judge("liveness", "reports come", count > 0 and silent * 20 <= count,
    ("none within 2 s: %d of %d times"):format(silent, count))
local told = {}
for i, step in ipairs(steps) do told[i] = ("%.0f for %.0f"):format(known[i] or -1, step) end
judge("quality", "she knows her loss", count > 0 and off / count <= p.limit,
    ("%.1f points off, mean: %s"):format(off / count, table.concat(told, ", ")))
judge("quality", "at any time", worst <= p["limit-worst"], ("%.0f points at the worst"):format(worst))
for i, id in ipairs(ids) do
    local name = call.names[i]
    local reports, bytes = w:feedback(id)
    local _, _, down = w:wire(id)
    local allowed = math.max(down // 20, p.seconds * 250) + 256
    judge("quality", name .. " reports for 5 % of what comes", reports > 0 and bytes <= allowed,
        ("%d bytes in %d reports, of %d that came"):format(bytes, reports, down))
end
