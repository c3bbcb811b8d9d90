-- SPDX-License-Identifier: Apache-2.0
-- Fresh hop keys again and again in a call over bad links. Every session rekeys as often as it is told, no packet is lost
-- to it (none that arrives fails to open), and in the 2 s around each rekey no more of the speech is concealed than in
-- the rest, but for chance.
local call = include "lib/call.lua"
local rekeys = include "lib/rekeys.lua"

local p = params(call.with {
    { "loss", "15%", "share", "packets lost on the impaired links, each direction" },
    { "jitter", "60ms", "time", "uniform, added to the impaired links" },
    { "reorder", "1", "choice", "may jitter change the order", "0|1" },
    { "seconds", "300", "count", "of speech" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "rekey", "60s", "time", "between rekeys of every session" },
    { "rekeys", "3", "count", "that each client's session has to have done at least" },
})

local w, ids = call.make(p)
w:report()
call.run(w, p)
call.judge_liveness(w, ids)

rekeys.judge(w, p, ids)
