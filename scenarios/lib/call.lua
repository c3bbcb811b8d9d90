-- SPDX-License-Identifier: Apache-2.0
-- The call that call.lua describes, for scenarios that vary it.
local call = {}

-- Every scenario of calls has these keys; later ones give meaning to those that have none yet.
call.keys = {
    { "loss", "0", "share", "packets lost on the impaired links, each direction" },
    { "burst", "1", "number", "mean run of lost packets; 1 = independent" },
    { "rtt", "100ms", "time", "round trip between two members" },
    { "rate", "500kbit", "rate", "of the impaired links; 0 = no limit" },
    { "queue", "300ms", "time", "longest wait in front of an impaired link" },
    { "jitter", "0ms", "time", "uniform, added to the impaired links" },
    { "reorder", "0", "choice", "may jitter change the order", "0|1" },
    { "impair", "first", "choice", "whose access links are impaired", "first|all" },
    { "members", "2", "count", "people in the room" },
    { "seconds", "40", "count", "of speech" },
    { "speech", "-", "text", "recording for everybody; - = a voice each from .deps/speech" },
    { "codec", "opus", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "tier", "auto", "tier", "best quality of speech, such as opus24k or codec2-1200" },
    { "max-rate", "0", "max-rate", "bound of what a client sends, and of what the relay sends it; 0 = none" },
    { "delay-budget", "0", "budget", "bound of mouth to ear, as far as the network lets it; 0 = none" },
    { "rekey", "0", "time", "between rekeys of every session; 0 = 10 minutes, as the programs do" },
    { "pattern", "xx", "choice", "handshake", "xx|ik" },
    { "estimate", "auto", "choice", "who tells what the links carry", "auto|fixed|ours|delta|gcc" },
    { "repair", "on", "choice", "does the relay repair each link, or only pass repair on", "on|pass" },
}

call.voices = { "male", "female", "female2", "male2" }
call.names = { "anna", "ben", "cleo", "dave", "eva", "finn", "gina", "hugo" }

function call.with(extra)
    local keys = {}
    for i, key in ipairs(call.keys) do keys[i] = key end
    for _, key in ipairs(extra) do
        local place = #keys + 1
        for i, known in ipairs(keys) do
            if known[1] == key[1] then place = i end
        end
        keys[place] = key
    end
    return keys
end

-- The two directions of the access link of member `i`.
function call.links(p, i)
    local impaired = i == 1 or p.impair == "all"
    local delay = p.impair == "all" and p.rtt // 4 or (i == 1 and p.rtt // 2 or 0)
    local link = { delay = delay }
    if impaired then
        link.loss, link.burst, link.jitter, link.rate, link.queue = p.loss, p.burst, p.jitter, p.rate, p.queue
        link.reorder = p.reorder == "1"
    end
    return link, link
end

function call.speech(p, i)
    if p.codec == "synthetic" then return nil end
    if p.speech ~= "-" then return p.speech end
    return ".deps/speech/" .. call.voices[(i - 1) % #call.voices + 1] .. ".wav"
end

-- Adds member `i`; `extra` overrides fields of w:client.
function call.member(w, p, i, extra)
    local up, down = call.links(p, i)
    local fields = {
        name = call.names[(i - 1) % #call.names + 1] .. (i > #call.names and tostring(i) or ""),
        codec = p.codec,
        speech = call.speech(p, i),
        pattern = p.pattern,
        rekey = p.rekey,
        bitrate = p.tier,
        max_rate = p["max-rate"],
        delay_budget = p["delay-budget"],
        stop = p.seconds * 1000000000,
        up = up,
        down = down,
    }
    for name, value in pairs(extra or {}) do fields[name] = value end
    return w:client(fields)
end

call.drain = 2000000000 -- ns after the last word

-- A world with everybody in it, not yet run.
function call.make(p, world_seed)
    if p.members < 1 or p.members > 16 then error("members must be 1 to 16", 0) end
    if p.seconds < 1 or p.seconds > 7200 then error("seconds must be 1 to 7200", 0) end
    local w = world { seed = world_seed or seed, horizon = p.seconds * 1000000000 + call.drain,
                      tracks = p.codec ~= "synthetic" }
    w:relay { rekey = p.rekey, repair = p.repair, estimate = p.estimate }
    local ids = {}
    for i = 1, p.members do ids[i] = call.member(w, p, i) end
    return w, ids
end

function call.run(w, p)
    w:run(p.seconds * 1000000000 + call.drain)
end

-- Everybody connects, joins and hears everybody.
function call.judge_liveness(w, ids)
    for i, id in ipairs(ids) do
        local m = w:measure(id)
        local name = call.names[(i - 1) % #call.names + 1]
        judge("liveness", name .. " connects", m.connect_ms ~= nil)
        judge("liveness", name .. " joins", m.joined)
        local heard = 0
        for _, hears in ipairs(m.hears) do
            if (hears.frames_played or 0) > 0 then heard = heard + 1 end
        end
        judge("liveness", name .. " hears all others", heard == #ids - 1, heard .. " of " .. #ids - 1)
    end
end

return call
