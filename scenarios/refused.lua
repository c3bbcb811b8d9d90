-- SPDX-License-Identifier: Apache-2.0
-- Who is refused hears why, in one sentence, and soon: a version that nobody speaks, a full relay, a full room, no
-- room left, a wrong token; and when nobody answers at all. Two people who talk to each other meanwhile notice nothing.
local ms, s = 1000000, 1000000000

local p = params {
    { "rtt", "100ms", "time", "round trip of the refused client to the relay" },
    { "loss", "0", "share", "packets lost on its link, each direction" },
}

local START, HORIZON = 2 * s, 40 * s
local TOKEN = "opensesame"

-- `relay` and `client` are fields of w:relay and of the refused client; the two who talk have the room's token.
-- `ours`: the verdict is the client's own, after `patience`; else the relay says it, sealed.
local cases = {
    { reason = "version", client = { version = 77 }, ours = true, patience = 3 * s },
    { reason = "relay_full", relay = { sessions = 2 } },
    { reason = "room_full", relay = { members = 2 } },
    { reason = "rooms_full", relay = { rooms = 1 }, client = { room = "another" } },
    { reason = "bad_token", relay = { token = TOKEN }, client = { token = "opensesami" } },
    { reason = "bad_token", name = "no token", relay = { token = TOKEN } },
    { reason = "handshake_timeout", loss = 1, ours = true, patience = 30 * s },
    { name = "the right token", relay = { token = TOKEN }, client = { token = TOKEN } }, -- is let in
}

local function client(w, fields, more)
    fields.codec, fields.stop = "synthetic", HORIZON
    for key, value in pairs(more or {}) do fields[key] = value end
    return w:client(fields)
end

-- What is to be said at once, and without proof, is said within one round trip.
local function judge_rejection(w, anna)
    if p.loss > 0 then return end
    w:run(START + p.rtt + 1 * ms) -- and the time of an event
    local _, _, _, answers = w:wire(anna)
    judge("quality", "a nonsense version is answered within a round trip", answers > 0, answers .. " datagrams")
end

local function judge_refusal(w, anna, case, name)
    local ended = w:ended(anna)
    judge("liveness", name .. " is heard", ended ~= nil and ended.reason == case.reason,
        ended and ("%s, after %.0f ms"):format(ended.text, (ended.at - START) / ms) or "nothing")
    judge("safety", name .. " is said by whom it should", ended ~= nil and ended.by_peer == not case.ours)
    judge("safety", name .. " lets nobody in", not w:measure(anna).joined)
    if case.reason == "version" then
        judge("liveness", name .. " comes with what is spoken", ended ~= nil and ended.versions[1] == 2)
    end
end

local function try(case, is_last)
    local w = world { horizon = HORIZON }
    if is_last then w:report() end
    w:relay(case.relay or {})
    local token = { token = case.relay and case.relay.token or "" }
    local ben, cleo = client(w, { name = "ben" }, token), client(w, { name = "cleo" }, token)
    local link = { delay = p.rtt // 2, loss = case.loss or p.loss }
    local anna = client(w, { name = "anna", up = link, down = link, start = START }, case.client)
    local name = case.name or case.reason

    if case.reason == "version" then judge_rejection(w, anna) end
    -- a refusal takes the handshake and one way back; with losses also their repeats
    local until_ns = START + (case.patience or 0) + (p.loss == 0 and 2 * p.rtt + 1 * ms or 5 * s)
    w:run(until_ns)
    if case.reason then
        judge_refusal(w, anna, case, name)
    else
        judge("liveness", name .. " is let in", not w:ended(anna) and w:measure(anna).joined)
    end
    w:run(until_ns + 1 * s)
    local frames, lost = w:gaps(ben, cleo, START, until_ns)
    local frames_back, lost_back = w:gaps(cleo, ben, START, until_ns)
    judge("liveness", name .. " harms nobody", frames > 0 and frames_back > 0 and lost + lost_back == 0
        and not w:ended(ben) and not w:ended(cleo), lost + lost_back .. " frames lost")
    if not is_last then w:close() end
end

for i, case in ipairs(cases) do try(case, i == #cases) end
