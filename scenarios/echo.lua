-- SPDX-License-Identifier: Apache-2.0
-- A call to the echo: ben's program says back what it hears, a second later; anna's says a chirp every two seconds and
-- listens for it. What she takes for the round trip from her mouth to ben's ear and from his mouth to hers is what the
-- simulator, which sees both, says of the two ways. `wzp-client join --test echo` and `--test tone` do the same for real.
local call = include "lib/call.lua"

local s = 1000000000
local p = params {
    { "rtt", "120ms", "time", "round trip between the two" },
    { "jitter", "20ms", "time", "uniform, on anna's link" },
    { "loss", "5%", "share", "packets lost on it, each direction" },
    { "seconds", "30", "count", "of the call" },
    { "limit", "30ms", "time", "by which the two measures may differ" },
}

local w = world { horizon = p.seconds * s }
w:report()
w:relay {}
local link = { delay = p.rtt // 2, jitter = p.jitter, loss = p.loss }
local anna = w:client { name = "anna", test = "tone", up = link, down = link }
local ben = w:client { name = "ben", test = "echo" }
w:run(p.seconds * s)
local m = w:measure(anna)
local test, there, back = m.test, w:measure(ben).hears[1], m.hears[1]
judge("liveness", "nearly all chirps come back", test.returned >= test.said - 2,
    ("%d of %d"):format(test.returned, test.said))
local truth = (there.mouth_to_ear_p50_ms or 0) + (back.mouth_to_ear_p50_ms or 0)
judge("quality", "after what the two ways take", test.round_trip_p50_ms ~= nil and
    math.abs(test.round_trip_p50_ms - truth) * 1e6 <= p.limit,
    ("%.1f ms, in truth %.1f ms"):format(test.round_trip_p50_ms or 0 / 0, truth))
