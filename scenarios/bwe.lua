-- SPDX-License-Identifier: Apache-2.0
-- What a session makes of a path: flows of media at the rate that it estimates, into one access downlink, alone,
-- together, or against bulk data. The JSON has `flows`, `jain`, `utilisation` and `cross`; it judges only what a
-- limit was given for.
local bwe = include "lib/bwe.lua"

local ms = 1000000

local keys = {}
for i, key in ipairs(bwe.keys) do keys[i] = key end
for _, key in ipairs {
    { "limit-utilisation", "0", "share", "least of all flows together; 0 = not judged" },
    { "limit-queue", "0", "time", "most that 95 % of packets waited; 0 = not judged" },
    { "limit-jain", "0", "share", "least of Jain's index; 0 = not judged" },
    { "limit-settle", "0", "time", "most after a step; 0 = not judged" },
    { "limit-peak", "0", "time", "longest wait after a step; 0 = not judged" },
    { "limit-late", "0", "time", "most that 95 % waited later than 2 s after a step; 0 = not judged" },
    { "limit-congestive", "1", "share", "most of the packets that the queue dropped; 1 = not judged" },
} do keys[#keys + 1] = key end

local p = params(keys)
local r = bwe.run(p, seed, true)

result("flows", r.flows)
result("jain", r.jain)
result("utilisation", r.utilisation)
if r.cross then result("cross", r.cross) end

print(("%-5s %11s %13s %9s %9s %9s %8s %8s"):format("flow", "utilisation", "goodput kbps", "queue p50", "p95",
    "max", "changes", "dropped"))
for i, flow in ipairs(r.flows) do
    print(("%-5d %11.3f %13.1f %6.1f ms %6.1f ms %6.1f ms %8.1f %7.2f%%"):format(i, flow.utilisation,
        flow.goodput_kbps, flow.queue_ms.p50, flow.queue_ms.p95, flow.queue_ms.max, flow.rate_changes_per_min,
        100 * flow.congestive_loss))
    for _, step in ipairs(flow.steps) do
        local settled = step.settle_ms == step.settle_ms and ("settled after %g ms"):format(step.settle_ms)
            or "never settled"
        print(("      at %g s: %s, longest wait %.1f ms, p95 %.1f ms from 2 s after it on"):format(
            step.at_ms / 1000, settled, step.queue_peak_ms, step.queue_late_ms))
    end
end
print(("all   %11.3f, Jain %.3f"):format(r.utilisation, r.jain))
if r.cross then print(("cubic %11.3f"):format(r.cross.utilisation)) end

-- Judges one figure; `most`: the limit is one, else the least. What was not measured has failed.
local function against(name, value, limit, most)
    local passed = most and value <= limit or not most and value >= limit
    judge("quality", name, passed, ("%.4g against %.4g"):format(value, limit))
end

if p["limit-utilisation"] > 0 then against("utilisation", r.utilisation, p["limit-utilisation"], false) end
if p["limit-jain"] > 0 then against("Jain's index", r.jain, p["limit-jain"], false) end
for i, flow in ipairs(r.flows) do
    local function within(name, value, limit)
        if p[limit] > 0 then against(("flow %d: %s"):format(i, name), value, p[limit] / ms, true) end
    end
    within("ms in the queue, p95", flow.queue_ms.p95, "limit-queue")
    for _, step in ipairs(flow.steps) do
        within(("ms until settled after %g s"):format(step.at_ms / 1000), step.settle_ms, "limit-settle")
        within(("longest wait in ms after %g s"):format(step.at_ms / 1000), step.queue_peak_ms, "limit-peak")
        within(("ms in the queue 2 s after %g s, p95"):format(step.at_ms / 1000), step.queue_late_ms, "limit-late")
    end
    if p["limit-congestive"] < 1 then
        against(("flow %d: share dropped by the queue"):format(i), flow.congestive_loss, p["limit-congestive"], true)
    end
end
