-- SPDX-License-Identifier: Apache-2.0
-- Three people talk; the line of one of them has no bound of its rate and loses half. What was lost there was taken for a
-- queue that overflows, all the more the less was sent, until those who speak to her came down to Codec2 for ever.
local ms, s = 1000000, 1000000000
local p = params {
    { "loss", "50%", "share", "packets lost on her line, each direction" },
    { "limit", "400kbit", "rate", "least that she is known to take, in the mean of the last seconds" },
}
local HORIZON = 12 * s

local w = world { horizon = HORIZON }
w:report()
w:relay { estimate = "auto" }
local ids = {}
for i, name in ipairs { "anna", "ben", "cleo" } do
    local link = i == 1 and { delay = 100 * ms, loss = p.loss } or {}
    ids[i] = w:client { name = name, codec = "synthetic", stop = HORIZON, up = link, down = link }
end
w:client { name = "eva", codec = "synthetic", stop = HORIZON, start = 2 * s }
local dave = w:client { name = "dave", codec = "synthetic", stop = HORIZON, start = 4 * s }
w:at(8 * s, function() w:leave(dave) end)
local sum, count = 0, 0
for at = 6 * s, HORIZON - s, 250 * ms do
    w:at(at, function()
        local path = w:path(ids[1])
        if path then sum, count = sum + math.min(path.rate_in, 1000000), count + 1 end
    end)
end
w:run(HORIZON)
judge("quality", "her line is known to take what is said", count > 0 and sum / count >= p.limit,
    ("%.0f kbit/s"):format(count > 0 and sum / count / 1000 or 0))
