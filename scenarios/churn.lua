-- SPDX-License-Identifier: Apache-2.0
-- What it costs those who talk when somebody joins or leaves. Three people talk without a pause, the first of them
-- behind a bad link; dave joins, and leaves again.
--
-- Speech is lost with its packets anyway, and a single difference proves nothing: a fourth member's packets move
-- everybody's luck on the bad link. So there are three measures, each of the seconds after an event:
--   between two good links not one frame is lost, whatever the loss elsewhere;
--   of what arrives, everything is opened: no packet comes under a key that did not come in time;
--   across the bad link each world runs twice with one seed, once without dave, and the frames lost more are his cost,
--   as a mean of its four pairs. Of a join, which is to cost nothing, the mean over the worlds must not stand out of
--   its own noise (four standard errors); of a leave the median over the worlds has a limit.
local stats = include "lib/stats.lua"

local ms, s = 1000000, 1000000000

local p = params {
    { "loss", "0", "share", "packets lost on the first member's link, each direction" },
    { "rtt", "200ms", "time", "round trip between two members" },
    { "seeds", "20", "count", "worlds" },
    { "limit-leave", "0", "time", "of speech that a leave may cost, median" },
}

-- eva, there from early on in both worlds, makes everybody give up media from before they came themselves, which would
-- else be counted when dave's key comes.
local EVA, JOIN, LEAVE, HORIZON = 2 * s, 4 * s, 8 * s, 12 * s
local WINDOW = 2 * s -- after the event; longer than any key is repeated
local EVENTS = { join = JOIN, leave = LEAVE }
local NAMES = { "anna", "ben", "cleo" }

local function unopened(w, ids)
    local count = 0
    for _, id in ipairs(ids) do
        local drops = w:drops(id)
        count = count + (drops.media_epoch or 0) + (drops.media_seal or 0)
    end
    return count
end

-- Frames lost after each event: across the bad link, a mean of its pairs; and between good links, their sum.
local function losses(w, ids)
    local bad, good = {}, 0
    for event, at in pairs(EVENTS) do
        bad[event] = 0
        for i, listener in ipairs(ids) do
            for j, speaker in ipairs(ids) do
                local frames, lost = 0, 0
                if i ~= j then frames, lost = w:gaps(listener, speaker, at, at + WINDOW) end
                if i ~= j and frames < 90 then error("nobody talks", 0) end
                if i == 1 or j == 1 then bad[event] = bad[event] + lost / 4 else good = good + lost end
            end
        end
    end
    return bad, good
end

local function run(number, with_dave, is_reported)
    local w = world { seed = seed * 100000 + number, horizon = HORIZON }
    if is_reported then w:report() end
    w:relay {}
    local ids = {}
    for i, name in ipairs(NAMES) do
        local link = i == 1 and { delay = p.rtt // 2, loss = p.loss } or {}
        ids[i] = w:client { name = name, codec = "synthetic", stop = HORIZON, up = link, down = link }
    end
    w:client { name = "eva", codec = "synthetic", stop = HORIZON, start = EVA }
    if with_dave then
        local dave = w:client { name = "dave", codec = "synthetic", stop = HORIZON, start = JOIN }
        w:at(LEAVE, function() w:leave(dave) end)
    end
    w:run(JOIN)
    local before = unopened(w, ids)
    w:run(HORIZON)
    local bad, good = losses(w, ids)
    local left_closed = unopened(w, ids) - before
    if not is_reported then w:close() end
    return bad, good, left_closed
end

local cost, good, left_closed = { join = {}, leave = {} }, 0, 0
for number = 1, p.seeds do
    local without = run(number, false)
    local with, lost, closed = run(number, true, number == p.seeds)
    for event in pairs(EVENTS) do cost[event][number] = (with[event] - without[event]) * 20 end
    good, left_closed = good + lost, left_closed + closed
end

judge("quality", "between good links nothing is lost", good == 0, good .. " frames")
judge("quality", "all that arrives is opened", left_closed == 0, left_closed .. " frames were not")
local mean, deviation = stats.mean(cost.join)
local noise = 4 * deviation / math.sqrt(p.seeds)
judge("quality", "a join costs no speech", mean <= noise,
    ("mean %.1f ms, noise %.1f ms"):format(mean, noise))
local median = stats.quantile(cost.leave, 0.5)
judge("quality", "a leave costs little speech", median * ms <= p["limit-leave"],
    ("median %.0f ms of at most %.0f ms, mean %.1f ms"):format(median, p["limit-leave"] / ms,
        (stats.mean(cost.leave))))
