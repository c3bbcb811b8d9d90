-- SPDX-License-Identifier: Apache-2.0
-- Who can open what: three talk, a fourth joins late, the second leaves. Everything sealed is written down, and tried
-- with the keys that each of them had. What nobody may open is tried beside what somebody must, so that a trial that
-- could never succeed would show.
local call = include "lib/call.lua"

local p = params(call.with {
    { "members", "3", "count", "who talk from the start" },
    { "seconds", "12", "count", "of speech" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
})

local ms, s = 1000000, 1000000000
local join_at, leave_at, stop = 5 * s, 8 * s, p.seconds * s
local w, ids = call.make(p)
w:report()
w:record()
local late = call.member(w, p, p.members + 1, { start = join_at })
local leaver = ids[2]
local leaver_keys, late_keys
w:at(join_at + 2 * s, function() late_keys = w:snapshot(late) end)
w:at(leave_at, function()
    leaver_keys = w:snapshot(leaver)
    w:leave(leaver)
end)
w:run(stop + call.drain)
local end_keys = w:snapshot(late)

-- Everybody hears everybody else, mixed.
for i, id in ipairs(ids) do
    local heard = 0
    for _, hears in ipairs(w:measure(id).hears) do
        if hears.frames_played > 0 then heard = heard + 1 end
    end
    judge("liveness", call.names[i] .. " hears all others", heard >= p.members - 1, heard .. " others")
end

local function expect(kind, name, tried, opened, must_open)
    local good = tried > 0 and (must_open and opened > 0 or not must_open and opened == 0)
    judge(kind, name, good, ("%d of %d opened"):format(opened, tried))
end

local joined = w:joined_at(late)
judge("liveness", "the late one is told its place", joined ~= nil)
for i, id in ipairs(ids) do
    local name = call.names[i]
    -- The newcomer, with all it ever got: nothing from before it was there; what came after it had the key, yes.
    -- It is there for a speaker from the moment that it or the speaker is told, whoever is told first.
    if i ~= 2 then
        local there = math.min(joined, w:told_of_join(id, late))
        local tried, opened = w:open(end_keys, id, 0, there)
        expect("safety", "the late one opens nothing that " .. name .. " said before", tried, opened, false)
        tried, opened = w:open(late_keys, id, 0, there)
        expect("safety", "nor with what it had then of " .. name, tried, opened, false)
        tried, opened = w:open(late_keys, id, joined + 1 * s, leave_at)
        expect("liveness", "the late one opens what " .. name .. " said after", tried, opened, true)
        -- The leaver, with all it had: nothing that was sealed once the speaker knew.
        local told = w:told_of_leave(id, leaver)
        judge("liveness", name .. " is told of the leave", told ~= nil)
        tried, opened = w:open(leaver_keys, id, (told or leave_at) + 1, stop)
        expect("safety", "the leaver opens nothing that " .. name .. " said after", tried, opened, false)
        tried, opened = w:open(leaver_keys, id, 2 * s, leave_at)
        expect("liveness", "the leaver opens what " .. name .. " said before", tried, opened, true)
    end
end

-- All identity seeds and the whole recording, after the call.
for _, what in ipairs { "keys", "media", "datagrams" } do
    local tried, opened = w["open_" .. what](w, "seeds")
    expect("safety", "all seeds open no " .. what, tried, opened, false)
    tried, opened = w["open_" .. what](w, "all")
    judge("liveness", "what is wiped would open all " .. what, tried > 0 and opened == tried,
        ("%d of %d"):format(opened, tried))
end
