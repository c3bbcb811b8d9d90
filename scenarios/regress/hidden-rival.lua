-- SPDX-License-Identifier: Apache-2.0
-- A flow that comes when CUBIC has filled the queue never sees it empty, and halved its way down for as long as CUBIC
-- took what it left: 0.03 to 0.6 of the line, by how the two fell into step. Many depths of the queue, so that no single
-- step decides.
local bwe = include "lib/bwe.lua"
local stats = include "lib/stats.lua"

local ms = 1000000

local keys = {}
for i, key in ipairs(bwe.keys) do keys[i] = key end
local p = params(keys)
p.cross = "cubic"

local shares = {}
for depth = 200, 300, 5 do
    p.buffer = depth * ms
    shares[#shares + 1] = bwe.run(p, seed, depth == 300).flows[1].utilisation
end
table.sort(shares)
result("shares", shares)
local poor = 0
for _, share in ipairs(shares) do
    if share < 0.35 then poor = poor + 1 end
end
judge("quality", "share of the line, median", stats.median(shares) >= 0.45, ("%.3f"):format(stats.median(shares)))
judge("quality", "worlds below 0.35", poor <= 5, ("%d of %d, the least %.3f"):format(poor, #shares, shares[1]))
