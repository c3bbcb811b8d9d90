-- SPDX-License-Identifier: Apache-2.0
-- Networks as people meet them: tables for `up` and `down` of w:client, made of the link's words (docs/sim.md), and
-- delivery traces in Mahimahi's form. Everything random comes from the run's seed, by + - * / alone.
local networks = {}

local ms, s = 1000000, 1000000000

-- A trace: milliseconds at which 1500 bytes may leave. The rate walks around `rate` (bit/s) by up to `step` each
-- `every` ms, within a `spread`-th part of it and `spread` times it; it is 0 for `gap` ms with chance `gaps` a step.
function networks.trace(o)
    local at, rate, credit, gap_until = {}, o.rate, 0.0, 0
    local every, spread, step = o.every or 100, o.spread or 4, o.step or 0.3
    for now = 1, o.seconds * 1000 do
        if now % every == 0 then
            rate = rate * (1 + step * (2 * math.random() - 1))
            rate = math.max(o.rate / spread, math.min(o.rate * spread, rate))
            if math.random() < (o.gaps or 0) then gap_until = now + (o.gap or 200) end
        end
        if now >= gap_until then credit = credit + rate / 8000 * (2 * math.random()) end
        while credit >= 1500 do
            at[#at + 1] = now
            credit = credit - 1500
        end
    end
    at[#at + 1] = math.max(o.seconds * 1000, 1)
    return at
end

-- A phone in a moving car: a deep queue behind a rate that walks and sometimes stops; few losses, for radio repeats.
function networks.cellular(o)
    o = o or {}
    local function way(rate)
        return { trace = networks.trace { rate = rate, seconds = o.seconds or 60, gaps = 0.01, gap = 300 },
                 queue_bytes = o.queue_bytes or 250000, delay = 25 * ms, jitter = 8 * ms, loss = 0.002 }
    end
    return way(o.up or 2000000), way(o.down or 6000000)
end

-- A crowded wireless LAN: packets wait for the air and leave together; what collides is lost in short runs.
function networks.wifi(o)
    o = o or {}
    local function way(rate)
        return { rate = rate, queue_packets = 200, codel = true, delay = 2 * ms,
                 slot = { min = 1 * ms, max = (o.air or 12) * ms, packets = 32 },
                 gemodel = { o.collide or 0.01, 0.5, 0.6, 0.001 } }
    end
    return way(o.up or 10000000), way(o.down or 20000000)
end

-- A low-orbit satellite: each 15 s another one stands elsewhere in the sky. Nothing passes for up to 80 ms, the delay
-- is another one (20 to 45 ms each way), and so is the rate. `networks.leo(w, c)` has to be called after w:client, before
-- w:run.
networks.leo_every = 15 * s

function networks.leo(w, c, o)
    o = o or {}
    local from, to = o.from or 0, o.to or 60 * s
    local function hop(now)
        local away = (30 + math.random(50)) * ms
        local delay = 20 * ms + math.random(25000000)
        local up, down = 4000000 + math.random(8000000), 30000000 + math.random(90000000)
        local out = { { from = now, to = now + away } }
        w:link(c, { up = { rate = up, delay = delay, outages = out, loss = 0.003, queue = 60 * ms },
                    down = { rate = down, delay = delay, outages = out, loss = 0.003, queue = 60 * ms } })
        if now + networks.leo_every < to then w:at(now + networks.leo_every, hop) end
    end
    w:at(from, hop)
end

-- A geostationary one: far away, and clean.
function networks.geo()
    local way = { rate = 2000000, queue = 300 * ms, delay = 270 * ms, jitter = 5 * ms, distribution = "normal",
                  gemodel = { 0.001, 0.3, 1, 0 } }
    return way, way
end

-- A thin and old copper line in ATM cells, asymmetric, with an unmanaged queue.
function networks.dsl(o)
    o = o or {}
    local function way(rate)
        return { rate = rate, overhead = 32, cell = 48, cell_overhead = 5, queue_bytes = 64000, delay = 12 * ms }
    end
    return way(o.up or 512000), way(o.down or 4000000)
end

return networks
