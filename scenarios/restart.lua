-- SPDX-License-Identifier: Apache-2.0
-- A relay is killed under a call and comes back: from the moment it listens everybody talks with everybody again
-- within `limit`; a relay with another key at its address is refused.
local call = include "lib/call.lua"
local s, ms = 1000000000, 1000000

local p = params(call.with {
    { "seconds", "30", "count", "of speech" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "impair", "all", "choice", "whose access links are impaired", "first|all" },
    { "rate", "0", "rate", "of the impaired links; 0 = no limit" },
    { "rtt", "200ms", "time", "round trip between two members; to the relay it is half of that" },
    { "kill", "8s", "time", "when the relay dies" },
    { "outage", "2s", "time", "until one listens again" },
    { "again", "0", "choice", "dies a second time, right after everybody is back", "0|1" },
    { "key", "same", "choice", "of the relay that comes back", "same|other" },
    { "limit", "900ms", "time", "from listening to the first frame heard, spoken by anybody, heard by anybody" },
    { "limit-seen", "100%", "share", "of what is said 2 s later that is heard" },
})

local w, ids = call.make(p)
local listens = p.kill + p.outage
w:at(p.kill, function() w:kill_relay() end)
w:at(listens, function() w:start_relay { key = p.key == "other" and "another machine" or nil } end)
if p.again == "1" then
    w:at(listens + p.limit, function() w:kill_relay() end)
    listens = listens + p.limit + p.outage
    w:at(listens, function() w:start_relay {} end)
end
call.run(w, p)

local function name(id) return call.names[(id - 1) % #call.names + 1] end

-- The first of what `speaker` says after `from` that `listener` hears, ns later.
local function first_heard(listener, speaker, from)
    for at = from, p.seconds * s - 20 * ms, 20 * ms do
        if w:concealed(listener, speaker, at, at + 20 * ms) == 0 then return at - from end
    end
end

-- The worst that `listener` hears of the others: how late again, and how much of it not.
local function worst(listener)
    local latest, most_lost = 0, 0
    for _, speaker in ipairs(ids) do
        if speaker ~= listener then
            local later = first_heard(listener, speaker, listens)
            latest = later and latest and math.max(latest, later)
            most_lost = math.max(most_lost,
                w:concealed(listener, speaker, listens + p.limit + 2 * s, p.seconds * s - 100 * ms) or 100)
        end
    end
    return latest, most_lost
end

for i, listener in ipairs(ids) do
    local ended = w:ended(listener)
    if p.key == "other" then
        judge("safety", name(i) .. " speaks to no other relay", ended ~= nil and ended.reason == "relay_key",
            ended and ended.reason or "still there")
    else
        local latest, lost = worst(listener)
        judge("liveness", name(i) .. " is in the room and hears all others again", latest ~= nil and not ended,
            ended and ended.reason)
        judge("quality", ("%s hears all others within %d ms"):format(name(i), p.limit // ms),
            latest and latest <= p.limit, latest and latest // ms .. " ms")
        judge("quality", name(i) .. " hears what they say from then on", 100 - lost >= p["limit-seen"] * 100,
            ("%.1f %% lost"):format(lost))
    end
end
w:report()
