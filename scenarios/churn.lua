-- SPDX-License-Identifier: Apache-2.0
-- What it costs those who talk when somebody joins or leaves. Three people talk without a pause; a fourth joins, and
-- leaves again. Each world runs twice with one seed, once without the fourth; the difference in lost speech just after
-- the event is its cost. Without losses that is exact. With losses it is noisy, since the fourth's packets move
-- everybody's luck: so it is the mean over the pairs across the bad link, and the median of many worlds. What never is
-- noise is a packet that arrived and could not be opened.
local stats = include "lib/stats.lua"

local ms, s = 1000000, 1000000000

local p = params {
    { "loss", "0", "share", "packets lost on the first member's link, each direction" },
    { "rtt", "200ms", "time", "round trip between two members" },
    { "seeds", "20", "count", "worlds" },
    { "limit-join", "0", "time", "of speech that a join may cost, median" },
    { "limit-leave", "0", "time", "of speech that a leave may cost, median" },
}

local JOIN, LEAVE, HORIZON = 4 * s, 8 * s, 12 * s
local WINDOW = 2 * s -- after the event
local NAMES = { "anna", "ben", "cleo" }

local function run(number, with_fourth, is_reported)
    local w = world { seed = seed * 100000 + number, horizon = HORIZON }
    if is_reported then w:report() end
    w:relay {}
    local ids = {}
    for i, name in ipairs(NAMES) do
        local link = i == 1 and { delay = p.rtt // 2, loss = p.loss } or {}
        ids[i] = w:client { name = name, codec = "synthetic", stop = HORIZON - s, up = link, down = link }
    end
    if with_fourth then
        local dave = w:client { name = "dave", codec = "synthetic", stop = LEAVE, start = JOIN }
        w:at(LEAVE, function() w:leave(dave) end)
    end
    w:run(HORIZON)
    local lost, pairs_counted = { join = 0, leave = 0 }, 0
    for i, listener in ipairs(ids) do
        for j, speaker in ipairs(ids) do
            if i ~= j and (i == 1 or j == 1 or p.loss == 0) then
                local _, join = w:gaps(listener, speaker, JOIN, JOIN + WINDOW)
                local _, leave = w:gaps(listener, speaker, LEAVE, LEAVE + WINDOW)
                lost.join, lost.leave = lost.join + join, lost.leave + leave
                pairs_counted = pairs_counted + 1
            end
        end
    end
    lost.join, lost.leave = lost.join / pairs_counted, lost.leave / pairs_counted
    local unopened = 0
    for _, id in ipairs(ids) do
        for reason, count in pairs(w:drops(id)) do
            if reason == "media_epoch" or reason == "media_seal" then unopened = unopened + count end
        end
    end
    if not is_reported then w:close() end
    return lost, unopened
end

local cost, unopened = { join = {}, leave = {} }, 0
for number = 1, p.seeds do
    local without, before = run(number, false)
    local with, after = run(number, true, number == p.seeds)
    for _, event in ipairs { "join", "leave" } do
        cost[event][number] = (with[event] - without[event]) * 20
    end
    unopened = unopened + after - before
end
for _, event in ipairs { "join", "leave" } do
    local median = stats.quantile(cost[event], 0.5)
    judge("quality", "a " .. event .. " costs little speech", median * ms <= p["limit-" .. event],
        ("median %.0f ms of at most %.0f ms, longest %.0f ms"):format(median, p["limit-" .. event] / ms,
            stats.max(cost[event])))
end
judge("quality", "what arrives can be opened", unopened == 0, unopened .. " frames could not")
