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

-- Once all sessions rekeyed and the old phase is through, the keys they began with open nothing more.
if p.rekey > 0 then
    local settled = 0
    for _, id in ipairs(ids) do settled = math.max(settled, w:rekeyed(id)[1] or p.seconds * 1000000000) end
    local early, early_opened = w:open_later(0)
    local tried, opened = w:open_later(settled + 1000000000)
    judge("safety", "the first keys open nothing after a rekey", tried > 0 and opened == 0,
        ("%d of %d opened"):format(opened, tried))
    judge("liveness", "the first keys open what came before", early_opened > 0,
        ("%d of %d"):format(early_opened, early))
end
