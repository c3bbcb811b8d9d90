-- SPDX-License-Identifier: Apache-2.0
-- A watcher who wrote down every datagram and knows every static public key opens nothing: neither with those keys nor
-- with any hash of what travels in clear, one by one or in pairs, nor with the handshake's own hash. The keys themselves
-- open all in the same way, so the trial is a true one.
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
for _, what in ipairs { "datagrams", "media" } do
    local tried, opened = w["open_" .. what](w, "public")
    judge("safety", "what is public opens no " .. what, tried > 0 and opened == 0,
        ("%d of %d opened"):format(opened, tried))
    tried, opened = w["open_" .. what](w, "all")
    judge("liveness", "the keys themselves open all " .. what, tried > 0 and opened == tried,
        ("%d of %d"):format(opened, tried))
end
