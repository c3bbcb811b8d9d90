-- SPDX-License-Identifier: Apache-2.0
-- Fresh hop keys again and again in a call over bad links. Every session rekeys as often as it is told, no packet is lost
-- to it (none that arrives fails to open), and in the 2 s around each rekey no more of the speech is concealed than in
-- the rest, but for chance.
local call = include "lib/call.lua"

local s = 1000000000

local p = params(call.with {
    { "loss", "15%", "share", "packets lost on the impaired links, each direction" },
    { "jitter", "60ms", "time", "uniform, added to the impaired links" },
    { "reorder", "1", "choice", "may jitter change the order", "0|1" },
    { "seconds", "300", "count", "of speech" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "rekey", "60s", "time", "between rekeys of every session" },
    { "rekeys", "3", "count", "that each client's session has to have done at least" },
})

local w, ids = call.make(p)
w:report()
call.run(w, p)
call.judge_liveness(w, ids)

local function name(id) return call.names[(id - 1) % #call.names + 1] end

local function judge_drops(who, drops)
    for _, reason in ipairs { "SEAL", "KEY_PHASE", "REKEY" } do
        judge("safety", who .. " drops nothing for " .. reason, not drops[reason], tostring(drops[reason] or 0))
    end
end

for _, id in ipairs(ids) do
    local done = w:measure(id).rekeys
    judge("liveness", name(id) .. " rekeys", done >= p.rekeys, ("%d of at least %d"):format(done, p.rekeys))
    judge_drops(name(id), w:drops(id))
end
judge_drops("the relay", w:drops())

-- Frames and lost ones of a pair within a second of any rekey on its way.
local function around(listener, speaker)
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

for _, listener in ipairs(ids) do
    for _, speaker in ipairs(ids) do
        if listener ~= speaker then
            local near, near_lost = around(listener, speaker)
            local all, all_lost = w:gaps(listener, speaker, 2 * s, (p.seconds - 2) * s)
            local rest = (all_lost - near_lost) / (all - near)
            -- Lost frames come in small groups, which doubles the variance of single ones; 3 standard deviations.
            local share = all_lost / all
            local chance = 3 * math.sqrt(2 * share * (1 - share) * (1 / near + 1 / (all - near)))
            judge("quality", name(listener) .. " hears " .. name(speaker) .. " while they rekey",
                near > 0 and near_lost / near <= rest + chance,
                ("%.2f %% of %d frames, %.2f %% of the rest"):format(100 * near_lost / near, near, 100 * rest))
        end
    end
end
