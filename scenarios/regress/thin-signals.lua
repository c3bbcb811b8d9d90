-- SPDX-License-Identifier: Apache-2.0
-- Speech and its repair took all of a thin rate, and the list of members waited for room for ever: nobody was heard.
local call = include "lib/call.lua"

local p = params(call.with {
    { "loss", "30%", "share", "packets lost on the impaired links, each direction" },
    { "tier", "codec2-1200", "tier", "best quality of speech" },
    { "max-rate", "32kbit", "max-rate", "bound of what a client sends, and of what the relay sends it" },
    { "seconds", "20", "count", "of speech" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "limit-first", "3s", "time", "longest until each hears the other" },
})

local w, ids = call.make(p)
w:report()
call.run(w, p)
call.judge_liveness(w, ids)
for i, id in ipairs(ids) do
    local first = w:measure(id).first_media_ms or 1 / 0
    judge("liveness", call.names[i] .. " hears soon", first * 1e6 <= p["limit-first"],
        ("%.0f ms of at most %.0f"):format(first, p["limit-first"] / 1e6))
end
