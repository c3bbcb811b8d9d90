-- SPDX-License-Identifier: Apache-2.0
-- Flows that follow an estimated rate into one access downlink, and what they made of it: bwe.lua runs it once,
-- bwe-table.lua for every row of a table. docs/sim.md tells what the figures mean.
local bwe = {}

local ms, s = 1000000, 1000000000
local WINDOW = 5       -- bins of 100 ms that must be within the band for a step to have settled
local LATE = 2 * s     -- after a step the queue is to be short again
local never = 0 / 0

bwe.keys = {
    { "capacity", "1mbit", "rate", "of the sink's downlink, which all flows share" },
    { "rtt", "40ms", "time", "round trip without queues" },
    { "loss", "0", "share", "packets lost on the downlink, beside those its queue drops" },
    { "feedback-loss", "-", "text", "share of packets lost on the sink's uplink; - = as loss" },
    { "burst", "1", "number", "mean run of lost packets; 1 = independent" },
    { "jitter", "0ms", "time", "uniform, added on the downlink" },
    { "buffer", "300ms", "time", "longest wait in front of the downlink" },
    { "flows", "1", "count", "that follow an estimate" },
    { "stagger", "0ms", "time", "from one flow's start to the next one's" },
    { "cross", "none", "choice", "bulk data into the same sink", "none|cubic" },
    { "steps", "none", "text", "changes of the capacity, such as 20s:0.5mbit,40s:2mbit" },
    { "delay-steps", "none", "text", "changes of the round trip, such as 20s:90ms" },
    { "controller", "ours", "choice", "who estimates", "ours|delta|gcc|fixed" },
    { "rate", "0", "rate", "to begin with; 0 = 300 kbit/s, and fixed 90 % of the capacity for all flows" },
    { "packet", "1174", "count", "bytes of IP that a packet has at most" },
    { "fps", "30", "count", "frames a second; 0 = single packets, evenly spaced" },
    { "seconds", "60", "count", "of time" },
    { "settled", "10s", "time", "figures count from then on" },
    { "band", "15%", "share", "of capacity by which a settled flow may be off after a step" },
}

local times = { ns = 1, us = 1000, ms = ms, s = s, min = 60 * s }
local rates = { bit = 1, kbit = 1000, mbit = 1000000, gbit = 1000000000 }

local function number(text, units, what)
    local digits, unit = text:match("^([%d.]+)(%a+)$")
    if not (tonumber(digits) and units[unit]) then error(("%s is not a %s"):format(text, what), 0) end
    return math.tointeger(math.floor(tonumber(digits) * units[unit] + 0.5))
end

-- "20s:0.5mbit,40s:2mbit" as { { at =, value = }, ... }
local function steps_of(text, units, what)
    local steps = {}
    if text == "none" then return steps end
    for part in (text .. ","):gmatch("([^,]*),") do
        local at, value = part:match("^([^:]+):([^:]+)$")
        if not at then error(("%s is not TIME:%s"):format(part, what:upper()), 0) end
        steps[#steps + 1] = { at = number(at, times, "time"), value = number(value, units, what) }
        if #steps > 1 and steps[#steps].at <= steps[#steps - 1].at then error("steps must be in order", 0) end
    end
    return steps
end

local function share_of(text, otherwise)
    if text == "-" then return otherwise end
    local digits, percent = text:match("^([%d.]+)(%%?)$")
    local value = tonumber(digits)
    if percent == "%" then value = value and value / 100 end
    if not value or value > 1 then error(text .. " is not a share, such as 0.5 or 50%", 0) end
    return value
end

-- All steps of a run by time: { at =, capacity = } or { at =, rtt = }.
local function timeline(p)
    local all = {}
    for _, step in ipairs(steps_of(p.steps, rates, "rate")) do
        all[#all + 1] = { at = step.at, capacity = step.value }
    end
    for _, step in ipairs(steps_of(p["delay-steps"], times, "time")) do
        all[#all + 1] = { at = step.at, rtt = step.value }
    end
    table.sort(all, function(a, b) return a.at < b.at end)
    for _, step in ipairs(all) do
        if step.at >= p.seconds * s then error("a step comes after the end", 0) end
        if step.capacity == 0 then error("a step must leave some capacity", 0) end
    end
    return all
end

local function capacity_at(p, steps, at)
    local capacity = p.capacity
    for _, step in ipairs(steps) do
        if step.capacity and step.at <= at then capacity = step.capacity end
    end
    return capacity
end

-- Bits that the line carries between two times.
local function bits(p, steps, from, to)
    local sum, at = 0, from
    for _, step in ipairs(steps) do
        if step.capacity and step.at > at and step.at < to then
            sum = sum + capacity_at(p, steps, at) * (step.at - at) / s
            at = step.at
        end
    end
    return sum + capacity_at(p, steps, at) * (to - at) / s
end

-- ms from a step until for half a second media arrive at its share of the capacity and no more than that is sent, nor
-- twice as much in any 100 ms of it.
local function settle(m, due_bytes, band, loss)
    for first = 1, #m.arrived_bins - WINDOW + 1 do
        local arrived, offered, burst = 0, 0, 0
        for i = first, first + WINDOW - 1 do
            arrived, offered = arrived + m.arrived_bins[i], offered + m.offered_bins[i]
            burst = math.max(burst, m.offered_bins[i])
        end
        if arrived >= (1 - band) * (1 - loss) * due_bytes and offered <= (1 + band) * due_bytes
            and burst <= 2 * due_bytes / WINDOW then
            return (first - 1) * 100.0
        end
    end
    return never
end

local function step_results(w, flow, p, steps)
    local results = {}
    for i, step in ipairs(steps) do
        local to = i < #steps and steps[i + 1].at or p.seconds * s
        local m = w:measure_flow(flow, step.at, to)
        local due_bytes = capacity_at(p, steps, step.at) / 8 * WINDOW / 10 / p.flows
        local late = to > step.at + LATE and w:measure_flow(flow, step.at + LATE, to).queue_ms.p95 or never
        results[i] = {
            at_ms = step.at / ms,
            capacity_kbps = step.capacity and step.capacity / 1000,
            rtt_ms = step.rtt and step.rtt / ms,
            settle_ms = settle(m, due_bytes, p.band, p.loss),
            queue_peak_ms = m.queue_ms.max or never,
            queue_late_ms = late or never,
        }
    end
    return results
end

local function flow_result(w, flow, p, steps)
    local from, to = p.settled, p.seconds * s
    local m = w:measure_flow(flow, from, to)
    return {
        utilisation = m.bytes * 8 / (bits(p, steps, from, to) * (1 - p.loss)),
        goodput_kbps = m.goodput_kbps,
        queue_ms = { p50 = m.queue_ms.p50 or never, p95 = m.queue_ms.p95 or never, max = m.queue_ms.max or never },
        rate_changes_per_min = m.rate_changes_per_min,
        congestive_loss = m.offered > 0 and m.dropped / m.offered or 0.0,
        target_kbps = m.target / 1000,
        connect_ms = m.connect_ms or never,
        steps = step_results(w, flow, p, steps),
    }
end

local function jain(flows)
    local sum, squares = 0, 0
    for _, flow in ipairs(flows) do
        sum, squares = sum + flow.goodput_kbps, squares + flow.goodput_kbps ^ 2
    end
    return squares > 0 and sum ^ 2 / (#flows * squares) or 0.0
end

local function build(w, p, steps, feedback_loss)
    local sink = w:sink {
        down = { rate = p.capacity, queue = p.buffer, loss = p.loss, burst = p.burst, jitter = p.jitter, delay = p.rtt // 2 },
        up = { loss = feedback_loss, burst = p.burst, delay = p.rtt // 2 },
    }
    for _, step in ipairs(steps) do
        w:at(step.at, function()
            if step.capacity then w:sink_links(sink, { down = { rate = step.capacity } }) end
            if step.rtt then
                w:sink_links(sink, { down = { delay = step.rtt // 2 }, up = { delay = step.rtt // 2 } })
            end
        end)
    end
    local first = p.controller == "fixed" and p.capacity * 9 // 10 // p.flows or 300000
    local rate = p.rate > 0 and p.rate or first
    local flows = {}
    for i = 1, p.flows do
        flows[i] = w:flow { sink = sink, controller = p.controller, rate = rate, packet = p.packet, fps = p.fps,
                            start = (i - 1) * p.stagger, stop = p.seconds * s }
    end
    local cross = p.cross == "cubic" and w:cubic { sink = sink, stop = p.seconds * s } or nil
    return flows, cross
end

-- Runs it in a world of its own: { flows = { ... }, utilisation = of all flows, jain =, cross = nil or its part }.
-- `keeps`: the world is the reported one.
function bwe.run(p, world_seed, keeps)
    if p.flows < 1 or p.flows > 16 then error("flows must be 1 to 16", 0) end
    if p.seconds < 1 or p.seconds > 3600 or p.settled >= p.seconds * s then
        error("seconds must be 1 to 3600, and more than settled", 0)
    end
    if p.capacity == 0 then error("capacity must be more than 0: what is used of it is measured", 0) end
    if p.loss == 1 then error("loss must be less than 1: nothing would arrive", 0) end
    local steps = timeline(p)
    local w = world { seed = world_seed, horizon = p.seconds * s }
    if keeps then w:report() end
    local flows, cross = build(w, p, steps, share_of(p["feedback-loss"], p.loss))
    w:run(p.seconds * s)
    local results = { flows = {}, utilisation = 0.0 }
    for i, flow in ipairs(flows) do
        results.flows[i] = flow_result(w, flow, p, steps)
        results.utilisation = results.utilisation + results.flows[i].utilisation
    end
    results.jain = jain(results.flows)
    if cross then
        local from, to = p.settled, p.seconds * s
        local bytes = w:measure_cubic(cross, from, to).bytes
        results.cross = { utilisation = bytes * 8 / (bits(p, steps, from, to) * (1 - p.loss)),
                          arrived_kbps = bytes * 8e6 / (to - from) }
    end
    if not keeps then w:close() end
    return results
end

return bwe
