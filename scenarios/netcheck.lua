-- SPDX-License-Identifier: Apache-2.0
-- What `wzp-client netcheck` would say of a network, against what the network is: round trip, loss, rates, largest
-- datagram. The fixed controller's rate is the one that it was given.
local ms, s = 1000000, 1000000000

local p = params {
    { "loss-up", "0", "share", "packets lost on the way to the relay" },
    { "loss-down", "0", "share", "and on the way back" },
    { "burst", "1", "number", "mean run of lost packets; 1 = independent" },
    { "rtt", "60ms", "time", "round trip without queues" },
    { "jitter", "0ms", "time", "uniform, added each way" },
    { "up", "1mbit", "rate", "of the way to the relay" },
    { "down", "5mbit", "rate", "and of the way back" },
    { "buffer", "300ms", "time", "longest wait in front of either" },
    { "mtu", "1500", "count", "bytes of IP packet that both take" },
    { "controller", "ours", "choice", "who estimates", "ours|delta|gcc|fixed" },
    { "start-up", "300kbit", "rate", "that the controller begins with, and the fixed one stays at" },
    { "start-down", "300kbit", "rate", "the same of the relay's" },
    { "load-max", "20mbit", "rate", "that is tried" },
    { "seconds", "8", "count", "of load, each way" },
    { "limit-rtt", "5ms", "time", "that the least round trip may be off, beside the jitter" },
    { "limit-rate", "20%", "share", "that a rate may be off" },
    { "limit-loss", "5%", "share", "of all packets, that a loss may be off" },
    { "limit-queue", "60ms", "time", "that the load may add to the round trip" },
}

local fixed = p.controller == "fixed"
local horizon = (2 * p.seconds + 50) * s
local w = world { horizon = horizon }
local function link(rate, loss)
    return { rate = rate, loss = loss, burst = p.burst, delay = p.rtt // 2, jitter = p.jitter, queue = p.buffer, mtu = p.mtu }
end
local check = w:netcheck {
    controller = p.controller,
    rate_up = p["start-up"],
    rate_down = p["start-down"],
    load_max = p["load-max"],
    seconds = p.seconds,
    up = link(p.up, p["loss-up"]),
    down = link(p.down, p["loss-down"]),
}
w:run(horizon)
local r = w:netcheck_result(check)
result("netcheck", r)

print(("handshake %.0f ms, round trip %.1f / %.1f / %.1f ms (jitter %.1f), %d bytes"):format(r.handshake_ms, r.rtt_ms.min,
    r.rtt_ms.mean, r.rtt_ms.max, r.rtt_ms.jitter, r.mtu))
for _, name in ipairs { "up", "down" } do
    local way = r[name]
    print(("%-5s %8.0f kbit/s, arrived %8.0f, loss %.3f, burst %.1f, queue %.1f ms, jitter %s ms"):format(name, way.rate_kbps or -1,
        way.arrived_kbps, way.loss, way.burst, way.queue_ms or -1, way.jitter_ms or "?"))
end
print(("speech at %d bit/s, %.4f missing, %.0f ms%s"):format(r.speech.bitrate, r.speech.missing, r.speech.delay_ms,
    r.speech.fits and "" or ", does not fit"))

judge("liveness", "the check ends", r.over, r.reason)
judge("liveness", "the check is complete", r.complete, r.reason)

local function near(name, value, truth, off)
    judge("quality", name, value ~= nil and math.abs(value - truth) <= off, ("%s, in truth %g"):format(value, truth))
end

near("least round trip in ms", r.rtt_ms.min, p.rtt / ms, (p["limit-rtt"] + p.jitter) / ms)
local largest = 1200
for _, size in ipairs { 1232, 1252, 1352, 1372, 1452, 1472 } do
    if size + 28 <= p.mtu then largest = size end
end
near("bytes of the largest datagram", r.mtu, largest, 0)
for _, name in ipairs { "up", "down" } do
    local way, truth = r[name], math.min(fixed and p["start-" .. name] or p[name], p["load-max"]) / 1000
    near("rate " .. name .. " in kbit/s", way.rate_kbps, truth, truth * p["limit-rate"])
    near("share lost " .. name, way.loss, p["loss-" .. name], p["limit-loss"])
    near("of it arrived " .. name .. ", in kbit/s", way.arrived_kbps, (way.rate_kbps or 0) * (1 - way.loss),
        (way.rate_kbps or 0) * p["limit-rate"])
    near("ms in the queue " .. name, way.queue_ms, 0, p["limit-queue"] / ms)
end
judge("quality", "speech fits", r.speech.fits, ("%d bit/s"):format(r.speech.bitrate))
