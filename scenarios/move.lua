-- SPDX-License-Identifier: Apache-2.0
-- The first of a call changes her address again and again: into another network, which she knows, or by a NAT that
-- forgets her port, which nobody tells her. Nobody reconnects. Of what she says at most `limit-up` is lost a move, of
-- what she hears at most a round trip and `limit-down`, and away from the moves the call is what it was.
local call = include "lib/call.lua"

local s = 1000000000
local ms = s // 1000

local p = params(call.with {
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "seconds", "100", "count", "of speech" },
    { "kind", "move", "choice", "into another network, or a NAT that maps anew", "move|rebind" },
    { "every", "10s", "time", "between two moves; the first after 5 s" },
    { "moves", "8", "count", "of them" },
    { "limit-up", "40ms", "time", "most that is lost a move of what the mover says" },
    { "limit-down", "60ms", "time", "most that is lost a move of what the mover hears, beyond a round trip" },
    { "limit-rest", "0", "number", "most percent of active speech lost away from the moves" },
})

local w, ids = call.make(p)
w:report()
local mover, times = ids[1], {}
for i = 1, p.moves do
    times[i] = 5 * s + (i - 1) * p.every
    if times[i] > (p.seconds - 3) * s then error("moves: more than fit into seconds", 0) end
    w:at(times[i], function()
        if p.kind == "move" then w:move(mover) else w:rebind(mover) end
    end)
end
call.run(w, p)
call.judge_liveness(w, ids)

local frame = 20 * ms -- what one packet holds

-- Frames of speech that are lost around the moves, the most at one, and the rest.
local function lost(listener, speaker)
    local near_frames, near, most = 0, 0, 0
    for _, at in ipairs(times) do
        local frames, gone = w:gaps(listener, speaker, at - p.rtt - 200 * ms, at + p.rtt + s)
        near_frames, near, most = near_frames + frames, near + gone, math.max(most, gone)
    end
    local all_frames, all = w:gaps(listener, speaker, 2 * s, (p.seconds - 1) * s)
    return most, all - near, all_frames - near_frames
end

local function judge_pair(listener, speaker, limit, what)
    local most, rest, rest_frames = lost(listener, speaker)
    judge("quality", what, most * frame <= limit, ("%d ms at the worst of %d moves, of at most %d ms"):format(
        most * frame // ms, #times, limit // ms))
    judge("quality", what .. ", away from the moves", rest_frames > 0 and 100 * rest / rest_frames <= p["limit-rest"],
        ("%d of %d frames"):format(rest, rest_frames))
end

for i = 2, #ids do
    local name = call.names[i]
    judge_pair(ids[i], mover, p["limit-up"], name .. " hears the mover")
    judge_pair(mover, ids[i], p.rtt + p["limit-down"], "the mover hears " .. name)
end
for i, id in ipairs(ids) do
    local path = w:path(id)
    judge("liveness", call.names[i] .. " never connects anew", path ~= nil and path.handshakes == 1,
        (path and path.handshakes or 0) .. " handshakes")
end
local path = w:path(mover)
if p.loss == 0 and path then
    local rtt = p.impair == "all" and p.rtt // 2 or p.rtt -- to the relay
    judge("quality", "the mover knows the round trip of her way", math.abs(path.rtt - rtt) <= 40 * ms,
        ("%d ms of %d ms"):format(path.rtt // ms, rtt // ms))
end
