-- SPDX-License-Identifier: Apache-2.0
-- How long it takes to get into a room and to hear somebody, over a link that loses most packets: many worlds, one
-- seed each. A second member, on a clean link, is there from the start and speaks without a pause.
local stats = include "lib/stats.lua"

local ms, s = 1000000, 1000000000

local p = params {
    { "loss", "70%", "share", "packets lost, each direction" },
    { "rtt", "800ms", "time", "round trip to the relay" },
    { "pattern", "xx", "choice", "handshake", "xx|ik" },
    { "seeds", "200", "count", "worlds" },
    { "limit-p50", "0", "time", "of connecting; 0 = no limit, as of all below" },
    { "limit-p95", "0", "time", "of connecting" },
    { "limit-max", "0", "time", "of connecting" },
    { "limit-media-p50", "0", "time", "of the first media" },
    { "limit-media-p95", "0", "time", "of the first media" },
    { "limit-rate", "64kbit", "rate", "of a handshake in each direction, over any 500 ms and one datagram" },
}

local HORIZON = 40 * s -- an attempt gives up after 30 s
local WINDOW, STEP = 500 * ms, 50 * ms
local DATAGRAM = 8 * 348 -- bits of the largest handshake datagram with its headers: it may stand at a window's edge

-- The most bits beyond one datagram in any window that began and ended before `until_ns`.
local function busiest(samples, until_ns)
    local most, width = 0, WINDOW // STEP
    for i = 1, #samples - width do
        if (i + width - 1) * STEP <= until_ns then
            for _, way in ipairs { "up", "down" } do
                most = math.max(most, 8 * (samples[i + width][way] - samples[i][way]) - DATAGRAM)
            end
        end
    end
    return most * s // WINDOW
end

local function attempt(number)
    local w = world { seed = seed * 100000 + number, horizon = HORIZON }
    if number == p.seeds then w:report() end
    w:relay {}
    w:client { name = "ben", codec = "synthetic", stop = HORIZON }
    local link = { delay = p.rtt // 2, loss = p.loss }
    local anna = w:client { name = "anna", codec = "synthetic", pattern = p.pattern, stop = HORIZON, up = link,
                            down = link, start = 100 * ms }
    local samples, at = {}, 100 * ms
    local measured
    repeat
        w:run(at)
        local up, down = w:offered(anna)
        samples[#samples + 1] = { up = up, down = down }
        at = at + STEP
        measured = w:measure(anna)
    until measured.first_media_ms or w:ended(anna) or at > HORIZON
    local rate = busiest(samples, math.floor((measured.connect_ms or 0) * ms))
    if number < p.seeds then w:close() end
    return measured.connect_ms, measured.first_media_ms, rate
end

local connect, media, rates = {}, {}, {}
for number = 1, p.seeds do
    connect[#connect + 1], media[#media + 1], rates[number] = attempt(number)
end

judge("liveness", "every attempt connects", #connect == p.seeds, #connect .. " of " .. p.seeds)
judge("liveness", "every attempt hears", #media == p.seeds, #media .. " of " .. p.seeds)

local function row(name, values, limits)
    local found = {}
    for _, limit in ipairs(limits) do
        local value = stats.quantile(values, limit[2]) or 1 / 0
        found[#found + 1] = ("%s %.0f ms"):format(limit[1], value)
        if limit[3] > 0 then
            judge("quality", limit[1] .. " of " .. name, value * ms <= limit[3],
                ("%.0f ms of at most %.0f ms"):format(value, limit[3] / ms))
        end
    end
    print(("%-16s %s"):format(name, table.concat(found, ", ")))
end
row("connecting", connect,
    { { "p50", 0.5, p["limit-p50"] }, { "p95", 0.95, p["limit-p95"] }, { "max", 1, p["limit-max"] } })
row("the first media", media,
    { { "p50", 0.5, p["limit-media-p50"] }, { "p95", 0.95, p["limit-media-p95"] }, { "max", 1, 0 } })
local rate = stats.max(rates)
judge("quality", "the handshake is modest", rate <= p["limit-rate"],
    ("%.1f kbit/s of at most %.1f"):format(rate / 1000, p["limit-rate"] / 1000))
