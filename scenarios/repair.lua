-- SPDX-License-Identifier: Apache-2.0
-- What speech over a bad access link has to be worth: the rows of docs/results.md, each the median of some seeds, against
-- the same call over a clean link. Prints its row for both directions of speech; tools/repair-table makes the table.
local call = include "lib/call.lua"
local stats = include "lib/stats.lua"

local ms, kbit = 1000000, 1000

-- Loss each way, round trip in ms and rate in kbit/s; then what is to be beaten: percent concealed, ESTOI as a part of
-- that of the clean call, ms from mouth to ear (95th percentile), kbit/s on the wire of the lossy direction.
local rows = {
    { loss = 0.05, rtt = 100, rate = 500, plc = 0.05, estoi = 0.995, delay = 50 + 80, wire = 160 },
    { loss = 0.2, rtt = 100, rate = 500, plc = 0.05, estoi = 0.99, delay = 50 + 110, wire = 200 },
    { loss = 0.3, burst = 4, rtt = 300, rate = 500, plc = 0.2, estoi = 0.985, delay = 150 + 180, wire = 380 },
    { loss = 0.5, rtt = 100, rate = 500, plc = 0.1, estoi = 0.985, delay = 50 + 150, wire = 350 },
    { loss = 0.7, rtt = 100, rate = 500, plc = 0.3, estoi = 0.98, delay = 50 + 220, wire = 460 },
    { loss = 0.7, rtt = 800, rate = 500, plc = 0.3, estoi = 0.98, delay = 400 + 220, wire = 460 },
    { loss = 0.5, rtt = 800, rate = 100, plc = 0.5, estoi = 0.96, delay = 400 + 420, wire = 100 },
    { loss = 0.7, rtt = 800, rate = 100, plc = 1.5, estoi = 0.88, delay = 400 + 700, wire = 100 },
    { loss = 0.6, impair = "all", rtt = 200, rate = 225, plc = 0.5, estoi = 0.96, delay = 100 + 450, wire = 225 },
    { loss = 0.3, budget = 200, rtt = 100, rate = 225, plc = 0.05, estoi = 0.99, delay = 200, wire = 225 },
    { loss = 0.5, budget = 200, rtt = 100, rate = 225, plc = 0.2, estoi = 0.975, delay = 200, wire = 225 },
    { loss = 0.7, budget = 200, rtt = 100, rate = 225, plc = 2, estoi = 0.91, delay = 200, wire = 225 },
}

local p = params {
    { "row", "1", "count", "which of them, 1 to " .. #rows },
    { "seeds", "1", "count", "from the run's own on" },
    { "seconds", "60", "count", "of speech that counts" },
    { "settle", "0", "time", "of speech before it, that does not count" },
    { "tier", "opus24k", "tier", "best quality of speech" },
    { "told", "yes", "choice", "do the people tell their programs the link's rate", "yes|no" },
    { "estimate", "fixed", "choice", "who tells what the links carry", "fixed|auto|ours|delta|gcc" },
    { "speech", "-", "text", "recording for everybody; - = a voice each from .deps/speech" },
}
local row = rows[p.row]
if not row then error("row must be 1 to " .. #rows, 0) end
if p.seeds < 1 then error("seeds must be at least 1", 0) end

local lossy = {
    loss = row.loss, burst = row.burst or 1, rtt = row.rtt * ms, rate = row.rate * kbit, queue = 300 * ms, jitter = 0,
    reorder = "0", impair = row.impair or "first", members = 2,
    seconds = p.seconds + math.ceil(p.settle / 1e9), speech = p.speech, codec = "opus",
    tier = p.tier, estimate = p.estimate, rekey = 0, pattern = "xx",
    ["max-rate"] = p.told == "yes" and row.rate * kbit or 0, ["delay-budget"] = (row.budget or 0) * ms,
}
local clean = {}
for key, value in pairs(lossy) do clean[key] = value end
clean.loss, clean.burst, clean.rate = 0, 1, 10000 * kbit

-- The first member's link is the lossy one: what the second hears went up over it, what the first hears came down.
local ways = { { name = "up", listener = 2, speaker = 1 }, { name = "down", listener = 1, speaker = 2 } }

local function add(way, name, value)
    way[name] = way[name] or {}
    way[name][#way[name] + 1] = value
end

local function run(parameters, world_seed, is_last)
    local w, ids = call.make(parameters, world_seed)
    if is_last then w:report() end
    call.run(w, parameters)
    return w, ids
end

local function run_clean(world_seed)
    local w, ids = run(clean, world_seed, false)
    for _, way in ipairs(ways) do
        add(way, "clean_estoi", (w:measure(ids[way.listener], true, p.settle).hears[1] or {}).estoi or 0)
    end
    w:close()
end

-- The most that the lossy links of a way carried, of a measure of them.
local function carried(w, ids, way, measure)
    local most = w:measure(ids[1], false, p.settle)[measure:format(way.name)] or 1 / 0
    if row.impair ~= "all" then return most end
    local other = way.name == "up" and "down" or "up"
    return math.max(most, w:measure(ids[2], false, p.settle)[measure:format(other)] or 1 / 0)
end

local function run_lossy(world_seed, is_last)
    local w, ids = run(lossy, world_seed, is_last)
    for _, way in ipairs(ways) do
        local hears = w:measure(ids[way.listener], true, p.settle).hears[1] or {}
        local function part(frames) return 100 * (frames or 0) / math.max(1, hears.frames_sent or 0) end
        add(way, "concealed", hears.concealed_pct or 100)
        add(way, "estoi", hears.estoi or 0)
        add(way, "delay", hears.mouth_to_ear_p95_ms or 1 / 0)
        add(way, "wire", carried(w, ids, way, "wire_%s_kbps"))
        add(way, "peak", carried(w, ids, way, "max_500ms_%s_kbps"))
        add(way, "repaired", part(hears.repaired))
        add(way, "lbrr", part(hears.lbrr))
        add(way, "dred", part(hears.dred))
    end
    if is_last then
        call.judge_liveness(w, ids)
    else
        w:close()
    end
end

for i = 0, p.seeds - 1 do
    run_clean(seed + i)
    run_lossy(seed + i, i == p.seeds - 1)
end

-- Judges one figure against its limit; gives its cell.
local function against(way, name, value, limit, format, passed)
    judge("quality", way.name .. ": " .. name, passed, (format .. " against %g"):format(value, limit))
    return (passed and format or "**" .. format .. "**"):format(value) .. (" (%g)"):format(limit)
end

local function network()
    local words = ("%g %%"):format(100 * row.loss)
    if row.burst then words = words .. " in bursts of " .. row.burst end
    if row.impair then words = words .. ", both links" end
    if row.budget then words = words .. (", %d ms budget"):format(row.budget) end
    return ("%s | %d ms | %d"):format(words, row.rtt, row.rate)
end

for _, way in ipairs(ways) do
    local median = {}
    for name, values in pairs(way) do
        if type(values) == "table" then median[name] = stats.median(values) end
    end
    local ratio = median.clean_estoi > 0 and median.estoi / median.clean_estoi or 0
    local cells = {
        against(way, "percent concealed", median.concealed, row.plc, "%.2f", median.concealed <= row.plc),
        against(way, "ESTOI to the clean one's", ratio, row.estoi, "%.3f", ratio >= row.estoi),
        against(way, "ms from mouth to ear", median.delay, row.delay, "%.0f", median.delay <= row.delay),
        against(way, "kbit/s on the wire", median.wire, row.wire, "%.0f", median.wire <= row.wire),
        against(way, "kbit/s in the worst 500 ms", stats.max(way.peak), row.rate, "%.0f",
            stats.max(way.peak) <= row.rate),
        ("%.1f / %.1f / %.1f"):format(median.repaired, median.lbrr, median.dred),
        ("%.3f"):format(median.estoi),
    }
    print(("| %d | %s | %s | %s |"):format(p.row, network(), way.name, table.concat(cells, " | ")))
end
