-- SPDX-License-Identifier: Apache-2.0
-- How a controller does on the paths of docs/results.md, each the median of some seeds: prints its cell of one row.
-- tools/bwe-table makes the table. Keys of bwe.lua that a row does not set can be set here.
local bwe = include "lib/bwe.lua"
local stats = include "lib/stats.lua"

local ms, s, kbit, mbit = 1000000, 1000000000, 1000, 1000000

-- What a row sets, and what is asked: least share of what the link delivers, most ms in the queue (95 % of packets),
-- least of Jain's index, most that the queue drops; after a step, most ms until settled (one of each step), of the
-- longest wait, and of what 95 % wait from 2 s after it on.
local rows = {}
local function row(name, set, limit) rows[#rows + 1] = { name = name, set = set, limit = limit } end

for _, rate in ipairs { 1, 5, 20 } do
    for _, percent in ipairs { 0, 10, 30, 50 } do
        row(("%d Mbit/s, RTT 40 ms, %s"):format(rate, percent == 0 and "no loss" or percent .. " % loss"),
            { capacity = rate * mbit, loss = percent / 100 },
            { utilisation = percent == 0 and 0.92 or 0.88, queue = percent == 0 and 25 or 40 })
    end
end
for _, rtt in ipairs { 40, 300 } do
    for _, percent in ipairs { 0, 30 } do
        row(("100 kbit/s, RTT %d ms, %d %% loss, packets of 300 bytes"):format(rtt, percent),
            { capacity = 100 * kbit, rtt = rtt * ms, loss = percent / 100, packet = 300 },
            { utilisation = 0.85, queue = 70 })
    end
end
row("1 Mbit/s, RTT 40 ms, buffer 20 ms", { buffer = 20 * ms }, { utilisation = 0.8, queue = 20, congestive = 0.03 })
row("1 Mbit/s, RTT 40 ms, 30 % loss in bursts of 8", { loss = 0.3, burst = 8 }, { utilisation = 0.85, queue = 40 })
row("1 Mbit/s, RTT 40 ms, 50 % of feedback lost", { ["feedback-loss"] = "50%" }, { utilisation = 0.85, queue = 40 })
row("1 Mbit/s, RTT 40 -> 90 ms after 30 s", { ["delay-steps"] = "30s:90ms", band = 0.12 }, { settle = { 3000 } })
for _, rtt in ipairs { 300, 800 } do
    for _, percent in ipairs { 0, 30 } do
        row(("1 Mbit/s, RTT %d ms, %d %% loss"):format(rtt, percent), { rtt = rtt * ms, loss = percent / 100 },
            { utilisation = 0.85, queue = 60 })
    end
end
row("2 -> 0.5 -> 2 Mbit/s every 20 s, RTT 40 ms", { capacity = 2 * mbit, steps = "20s:0.5mbit,40s:2mbit" },
    { settle = { 1500, 6000 }, peak = 280, late = 40 })
row("two flows on 1 Mbit/s, RTT 40 ms, from 20 s on", { flows = 2, settled = 20 * s }, { jain = 0.95, queue = 50 })
row("1 Mbit/s, RTT 40 ms, buffer 250 ms, against a CUBIC flow", { buffer = 250 * ms, cross = "cubic" },
    { utilisation = 0.35 })
row("1 Mbit/s, RTT 40 ms, jitter 30 ms", { jitter = 30 * ms }, { utilisation = 0.88 })

local keys = {
    { "row", "1", "count", "which of them, 1 to " .. #rows .. "; 0 prints how many there are" },
    { "seeds", "10", "count", "from the run's own on" },
}
for _, key in ipairs(bwe.keys) do keys[#keys + 1] = key end
local p = params(keys)
if p.row == 0 then
    print(#rows)
    return
end
local asked = rows[p.row]
if not asked then error("row must be 1 to " .. #rows, 0) end
if p.seeds < 1 then error("seeds must be at least 1", 0) end
for name, value in pairs(asked.set) do p[name] = value end
local limit = asked.limit

local values = {}
local function add(name, value)
    values[name] = values[name] or {}
    table.insert(values[name], value == value and value or 1 / 0) -- what never was counts as the worst
end

for i = 0, p.seeds - 1 do
    local r = bwe.run(p, seed + i, i == p.seeds - 1)
    local queue, congestive = 0, 0
    for _, flow in ipairs(r.flows) do
        local p95 = flow.queue_ms.p95
        queue = math.max(queue, p95 == p95 and p95 or 1 / 0)
        congestive = math.max(congestive, flow.congestive_loss)
    end
    add("utilisation", r.utilisation)
    add("jain", r.jain)
    add("queue", queue)
    add("congestive", congestive)
    for k, step in ipairs(r.flows[1].steps) do
        add("settle" .. k, step.settle_ms)
        add("peak" .. k, step.queue_peak_ms)
        add("late" .. k, step.queue_late_ms)
    end
end

-- What a figure comes to, in bold where it misses its limit, and the limit as words.
local cells, limits = {}, {}
local function figure(name, value, format, bound, is_most)
    local text = value < 1 / 0 and format:format(value) or "never"
    if bound then
        local passed = is_most and value <= bound or not is_most and value >= bound
        judge("quality", name, passed, ("%.4g against %.4g"):format(value, bound))
        if not passed then text = "**" .. text .. "**" end
        limits[#limits + 1] = (is_most and "<= " or ">= ") .. format:format(bound)
    end
    cells[#cells + 1] = text
end

local function median(name) return stats.median(values[name]) end

figure("utilisation", median("utilisation"), "%.3f", limit.utilisation, false)
figure("ms in the queue, p95", median("queue"), "%.0f ms", limit.queue, true)
if limit.jain then figure("Jain's index", median("jain"), "Jain %.3f", limit.jain, false) end
if limit.congestive then
    figure("percent dropped by the queue", 100 * median("congestive"), "%.1f %% dropped", 100 * limit.congestive, true)
end
for k, most in ipairs(limit.settle or {}) do
    figure(("ms until settled after step %d"):format(k), median("settle" .. k), "settled in %.0f ms", most, true)
    if limit.peak and k == 1 then
        figure("longest wait after step 1", median("peak1"), "peak %.0f ms", limit.peak, true)
        figure("ms in the queue 2 s after step 1, p95", median("late1"), "then %.0f ms", limit.late, true)
    end
end
print(("| %d | %s | %s | %s |"):format(p.row, asked.name, table.concat(limits, ", "), table.concat(cells, ", ")))
