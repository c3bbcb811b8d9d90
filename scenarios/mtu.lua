-- SPDX-License-Identifier: Apache-2.0
-- The largest datagram of a path is found while a call goes on over it, and found again on the next one, at no cost to
-- the call: a lost probe is no lost sound.
local call = include "lib/call.lua"

local s = 1000000000

local p = params(call.with {
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "seconds", "60", "count", "of speech" },
    { "mtu", "1500", "count", "bytes of IP packet that the first network takes" },
    { "next-mtu", "1280", "count", "and that the network takes into which the first person moves halfway" },
    { "limit-plc", "0.5", "number", "most percent of active speech that may be concealed" },
})

local sizes = { 1200, 1232, 1252, 1352, 1372, 1452, 1472 } -- UDP payload
local function expected(mtu)
    local best = sizes[1]
    for _, size in ipairs(sizes) do
        if size + 28 <= mtu then best = size end
    end
    return best
end

local w, ids = call.make(p)
w:report()
local anna, half = ids[1], p.seconds * s // 2

local function links(mtu) w:link(anna, { up = { mtu = mtu }, down = { mtu = mtu } }) end
links(p.mtu)
w:at(5 * s, function() w:find_mtu(anna) end)
local first
w:at(half, function()
    first = w:path(anna)
    links(p["next-mtu"])
    w:move(anna)
end)
local just_moved
w:at(half + s // 100, function() just_moved = w:path(anna) end)
call.run(w, p)
call.judge_liveness(w, ids)

local function judge_size(what, path, size)
    judge("quality", what, path ~= nil and path.mtu == size, ("%s of %d bytes"):format(path and path.mtu or "no path", size))
end
judge_size("the first path's size is found", first, expected(p.mtu))
judge_size("on a new path nothing is taken for granted", just_moved, sizes[1])
judge_size("the second path's size is found", w:path(anna), expected(p["next-mtu"]))
for _, id in ipairs(ids) do
    for _, hears in ipairs(w:measure(id).hears) do
        judge("quality", call.names[id] .. " hears " .. hears.speaker .. " with little concealed",
            (hears.concealed_pct or 100) <= p["limit-plc"], ("%.3f %%"):format(hears.concealed_pct or 100))
    end
end
