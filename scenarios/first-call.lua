-- SPDX-License-Identifier: Apache-2.0
-- The first call: two people, real speech, one of them behind a network that hardly works.
local call = include "lib/call.lua"

local p = params(call.with {
    { "loss", "20%", "share", "packets lost on the impaired links, each direction" },
    { "rtt", "200ms", "time", "round trip between the two" },
    { "jitter", "40ms", "time", "uniform, added to the impaired links" },
})

local w, ids = call.make(p)
w:report()
call.run(w, p)
call.judge_liveness(w, ids)
