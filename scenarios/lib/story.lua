-- SPDX-License-Identifier: Apache-2.0
-- For scenarios that tell a story: people by name in one room, what they hear of each other between two moments, and
-- when they first do. Everybody speaks without a pause, in bytes without sound unless codec=opus.
local story = {}

local ms, s = 1000000, 1000000000
story.ms, story.s = ms, s

-- Keys that every story has, and those of its own.
function story.params(own)
    local keys = { { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" } }
    for _, key in ipairs(own or {}) do keys[#keys + 1] = key end
    story.p = params(keys)
    return story.p
end

local voices = { "female", "male", "female2", "male2" }

-- A world of so many seconds with a relay (its fields in `relay`); they speak until 2 s before its end.
function story.world(seconds, relay)
    story.horizon = seconds * s
    story.people = {}
    local w = world { horizon = story.horizon }
    w:report()
    w:relay(relay or {})
    return w
end

-- Somebody with a link (`up` and `down` in `fields`, or `link` for both); gives the client.
function story.person(w, name, fields)
    local all = { name = name, codec = story.p.codec, stop = story.horizon - 2 * s }
    if story.p.codec == "opus" then
        all.speech = ".deps/speech/" .. voices[#story.people % #voices + 1] .. ".wav"
    end
    for key, value in pairs(fields or {}) do all[key] = value end
    if all.link then all.up, all.down, all.link = all.link, all.link, nil end
    local id = w:client(all)
    story.people[#story.people + 1] = { id = id, name = name, start = all.start or 0 }
    return id
end

function story.run(w)
    w:run(story.horizon)
end

local function name_of(id)
    for _, person in ipairs(story.people) do
        if person.id == id then return person.name end
    end
end

-- At most `most` percent of what the speaker said between two times was not heard.
function story.hears(w, listener, speaker, from, to, most)
    local gone = w:concealed(listener, speaker, from, to)
    return judge("quality", ("%s hears %s %d..%d s"):format(name_of(listener), name_of(speaker), from // s, to // s),
        gone ~= nil and gone <= most, ("%.2f %% not heard, of at most %g"):format(gone or 100, most))
end

-- The same of all pairs of these people, or of these and those who speak, as one judge that names the worst.
function story.all_hear(w, what, ids, from, to, most, speakers)
    local worst, who = -1, "nobody"
    for _, listener in ipairs(ids) do
        for _, speaker in ipairs(speakers or ids) do
            local gone = listener ~= speaker and (w:concealed(listener, speaker, from, to) or 100) or -1
            if gone > worst then worst, who = gone, name_of(listener) .. " of " .. name_of(speaker) end
        end
    end
    return judge("quality", what, worst >= 0 and worst <= most,
        ("worst: %s, %.2f %% not heard, of at most %g"):format(who, worst, most))
end

-- Everybody of these gets in, and hears somebody within `limit` of their start.
function story.all_in(w, what, ids, limit)
    local worst, who = 0, "nobody"
    for _, id in ipairs(ids) do
        local m = w:measure(id)
        local first = m.joined and m.first_media_ms or 1 / 0
        if first > worst then worst, who = first, name_of(id) end
    end
    return judge("liveness", what, worst * ms <= limit,
        ("last: %s, after %.0f ms, of at most %.0f"):format(who, worst, limit / ms))
end

-- Nobody of these had to connect again: one handshake each, or `count`.
function story.handshakes(w, what, ids, count)
    for _, id in ipairs(ids) do
        local path = w:path(id)
        local done = path and path.handshakes or 0
        if done ~= count then
            return judge("liveness", what, false, ("%s: %d handshakes"):format(name_of(id), done))
        end
    end
    return judge("liveness", what, true, ("%d handshakes each"):format(count))
end

-- The longest mouth to ear of what these heard of each other between two times.
function story.in_time(w, what, ids, from, to, limit)
    local worst, who = 0, "nobody"
    for _, listener in ipairs(ids) do
        for _, speaker in ipairs(ids) do
            if listener ~= speaker then
                local _, _, late = w:gaps(listener, speaker, from, to)
                if late > worst then worst, who = late, name_of(listener) .. " of " .. name_of(speaker) end
            end
        end
    end
    return judge("quality", what, worst > 0 and worst * ms <= limit,
        ("longest: %s, %.0f ms, of at most %.0f"):format(who, worst, limit / ms))
end

return story
