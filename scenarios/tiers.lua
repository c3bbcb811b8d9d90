-- SPDX-License-Identifier: Apache-2.0
-- A call whose programs are told nothing of the network: how soon each speaks as well as its link allows, and how often
-- it changes its mind. Ben's access link is the narrow one; a second before the middle of the call he moves to another
-- network that is just like it, or a worse one.
local call = include "lib/call.lua"

local p = params {
    { "rate", "5mbit", "rate", "of ben's access link, each direction" },
    { "loss", "0%", "share", "of it" },
    { "rtt", "100ms", "time", "round trip over it" },
    { "tier", "auto", "tier", "best quality of speech" },
    { "force", "no", "choice", "that tier and no other", "no|yes" },
    { "codec", "opus", "choice", "speech codec", "opus|synthetic" },
    { "seconds", "60", "count", "of speech" },
    { "settled", "8s", "time", "when anna and ben speak as well as they can" },
    { "least", "0", "count", "bit/s of their codec at least, from then on" },
    { "most", "64000", "count", "and at most" },
    { "changes", "1", "count", "of the source a minute, from then on" },
    { "estimate", "ours", "choice", "who tells what the links carry", "ours|delta|gcc|fixed" },
    { "moves", "no", "choice", "does ben move", "no|yes" },
    { "worse", "0", "rate", "of the network that he moves to, if it is another; 0 = the same" },
    { "restarts", "no", "choice", "does the relay crash 3 s later, and come back after a second", "no|yes" },
}
local ms, s = 1000000, 1000000000
local link = { delay = p.rtt // 2, loss = p.loss, rate = p.rate, queue = 300 * ms }
local w = world { horizon = (p.seconds + 2) * s }
w:report()
w:relay { estimate = p.estimate }
local people = {}
for i, name in ipairs { "anna", "ben" } do
    people[i] = w:client {
        name = name, codec = p.codec, speech = call.speech({ speech = "-", codec = p.codec }, i), stop = p.seconds * s,
        bitrate = p.tier, force = p.force == "yes", up = i == 2 and link or nil, down = i == 2 and link or nil,
    }
end

-- What each spoke with, looked at five times a second.
local seen = { {}, {} }
for at = 0, p.seconds * s, 200 * ms do
    w:at(at, function(now)
        for i, id in ipairs(people) do
            local plan = w:plan(id)
            if plan then table.insert(seen[i], { at = now, bitrate = plan.bitrate, packet = plan.packet_frames }) end
        end
    end)
end
local moves = p.seconds * s // 2 - s
if p.moves == "yes" then
    w:at(moves, function()
        w:move(people[2])
        if p.worse > 0 then w:link(people[2], { up = { rate = p.worse }, down = { rate = p.worse } }) end
    end)
end
if p.restarts == "yes" then
    w:at(moves + 3 * s, function() w:kill_relay() end)
    w:at(moves + 4 * s, function() w:start_relay {} end)
end
w:run((p.seconds + 2) * s)

call.judge_liveness(w, people)
for i, name in ipairs { "anna", "ben" } do
    local least, most, changes, before = 1 / 0, 0, 0, nil
    for _, plan in ipairs(seen[i]) do
        if plan.at >= p.settled then
            least, most = math.min(least, plan.bitrate), math.max(most, plan.bitrate)
            if before and (before.bitrate ~= plan.bitrate or before.packet ~= plan.packet) then changes = changes + 1 end
            before = plan
        end
    end
    print(("%s: %d to %d bit/s from %g s on, %d changes"):format(name, least, most, p.settled / s, changes))
    judge("quality", name .. " speaks well enough", least >= p.least, ("%g of %d bit/s"):format(least, p.least))
    judge("quality", name .. " does not ask for too much", most <= p.most, ("%g of %d bit/s"):format(most, p.most))
    local allowed = p.changes * math.max(1, p.seconds - p.settled / s) / 60
    judge("quality", name .. " keeps to it", changes <= math.max(1, allowed), ("%d changes"):format(changes))
end
