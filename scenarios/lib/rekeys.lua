-- SPDX-License-Identifier: Apache-2.0
-- What has to hold of rekeying in any call: `rekeys.judge(w, p, ids)` with p.rekeys, the least that each client's session
-- did, and p.seconds.
local call = include "lib/call.lua"

local s = 1000000000
local rekeys = {}

local function name(id) return call.names[(id - 1) % #call.names + 1] end

local function judge_drops(who, drops)
    for _, reason in ipairs { "seal", "key_phase", "rekey" } do
        judge("safety", who .. " drops nothing for " .. reason, drops[reason] == 0, tostring(drops[reason]))
    end
end

-- Frames and lost ones of a pair within a second of any rekey on its way.
local function around(w, listener, speaker)
    local times, frames, lost, seen = {}, 0, 0, 0
    for _, id in ipairs { listener, speaker } do
        for _, at in ipairs(w:rekeyed(id)) do times[#times + 1] = at end
    end
    table.sort(times)
    for _, at in ipairs(times) do
        local from, to = math.max(at - s, seen), at + s
        local f, l = w:gaps(listener, speaker, from, to)
        frames, lost, seen = frames + f, lost + l, to
    end
    return frames, lost
end

local function judge_pair(w, p, listener, speaker)
    local near, near_lost = around(w, listener, speaker)
    local all, all_lost = w:gaps(listener, speaker, 2 * s, (p.seconds - 2) * s)
    local rest = (all_lost - near_lost) / (all - near)
    -- Lost frames come in small groups, which doubles the variance of single ones; 3 standard deviations.
    local share = all_lost / all
    local chance = 3 * math.sqrt(2 * share * (1 - share) * (1 / near + 1 / (all - near)))
    judge("quality", name(listener) .. " hears " .. name(speaker) .. " while they rekey",
        near > 0 and (near_lost <= 1 or near_lost / near <= rest + chance), -- one frame is no share
        ("%.2f %% of %d frames, %.2f %% of the rest"):format(100 * near_lost / near, near, 100 * rest))
end

function rekeys.judge(w, p, ids)
    for _, id in ipairs(ids) do
        local done = w:measure(id).rekeys
        judge("liveness", name(id) .. " rekeys", done >= p.rekeys, ("%d of at least %d"):format(done, p.rekeys))
        judge_drops(name(id), w:drops(id))
    end
    judge_drops("the relay", w:drops())
    for _, listener in ipairs(ids) do
        for _, speaker in ipairs(ids) do
            if listener ~= speaker then judge_pair(w, p, listener, speaker) end
        end
    end
end

return rekeys
