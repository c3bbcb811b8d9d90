-- SPDX-License-Identifier: Apache-2.0
-- A watcher who wrote down every datagram and knows every static public key opens nothing: neither with those keys nor
-- with any hash of what travels in clear, one by one or in pairs. The traffic keys open all, so the trial is a true one.
local call = include "lib/call.lua"

local p = params(call.with {
    { "seconds", "4", "count", "of speech" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
})

local w, ids = call.make(p)
w:report()
w:record()
call.run(w, p)
call.judge_liveness(w, ids)
local tried, opened = w:open_datagrams("public")
judge("safety", "public keys open nothing", tried > 0 and opened == 0, ("%d of %d opened"):format(opened, tried))
tried, opened = w:open_datagrams("keys")
judge("liveness", "the traffic keys open all", tried > 0 and opened == tried, ("%d of %d"):format(opened, tried))
