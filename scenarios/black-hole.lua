-- SPDX-License-Identifier: Apache-2.0
-- A path that took large datagrams swallows them from a moment on, without a word. A file that goes over it stands still
-- for a short while only, and the speech beside it notices little: once, when the file starts, and when it goes on.
local call = include "lib/call.lua"

local s, step = 1000000000, 100000000

local p = params(call.with {
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "rate", "4mbit", "rate", "of each access link" },
    { "seconds", "25", "count", "of speech" },
    { "bytes", "20000000", "count", "of the file, more than is through in that time" },
    { "at", "10s", "time", "when the hole opens" },
    { "mtu", "1500", "count", "bytes of IP packet that the path takes before" },
    { "hole", "1280", "count", "and after" },
    { "limit", "3s", "time", "longest that no byte of the file arrives" },
    { "limit-plc", "2", "number", "most percent of active speech that may be concealed" },
})

local w, ids = call.make(p)
local anna = ids[1]
w:report()
local function path(mtu) w:link(anna, { up = { mtu = mtu }, down = { mtu = mtu } }) end
path(p.mtu)
w:at(3 * s, function()
    w:find_mtu(anna)
    w:send(anna, ids[2], p.bytes)
end)

local before
w:at(p.at, function()
    before = w:path(anna).mtu
    path(p.hole)
end)

-- The longest time without a byte more, from the hole on.
local bytes_then, moved_at, longest = 0, 0, 0
local function look(now)
    local _, bytes = w:parcel(anna)
    if bytes > bytes_then then moved_at = now end
    bytes_then, longest = bytes, math.max(longest, now - moved_at)
    if now + step < p.seconds * s then w:at(now + step, look) end
end
w:at(p.at, function(now)
    moved_at = now
    look(now)
end)
call.run(w, p)
call.judge_liveness(w, ids)

judge("quality", "the path's size was found", before == 1472, before .. " bytes")
judge("liveness", "large datagrams vanish", w:too_large(anna) > 0, w:too_large(anna) .. " of them")
judge("quality", "the file goes on", longest <= p.limit, ("still for %.1f s at most"):format(longest / s))
judge("quality", "no more than the path takes is sent", w:path(anna).mtu <= p.hole - 28, w:path(anna).mtu .. " bytes")
for _, id in ipairs(ids) do
    for _, hears in ipairs(w:measure(id).hears) do
        judge("quality", call.names[id] .. " hears " .. hears.speaker .. " with little concealed",
            (hears.concealed_pct or 100) <= p["limit-plc"], ("%.3f %%"):format(hears.concealed_pct or 100))
    end
end
