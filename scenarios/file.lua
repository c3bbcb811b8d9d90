-- SPDX-License-Identifier: Apache-2.0
-- A file from one member to another beside the speech of both: it arrives whole, and the speech does not suffer.
local call = include "lib/call.lua"

local p = params(call.with {
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "bytes", "200000", "count", "of the file" },
    { "at", "3s", "time", "when it begins" },
    { "from", "1", "count", "member that sends it: 1 sits behind the impaired link" },
    { "limit-plc", "100", "number", "most percent of active speech that may be concealed" },
    { "limit-time", "0", "time", "longest until the sender knows it arrived; 0 = until the speech ends" },
    { "limit-rate", "0", "number", "least kbit/s of the file" },
})

local w, ids = call.make(p)
local from, to = ids[p.from], ids[p.from == 1 and 2 or 1]
local opened = false
w:report()
w:at(p.at, function() opened = w:send(from, to, p.bytes) end)
call.run(w, p)
call.judge_liveness(w, ids)

judge("liveness", "a stream is opened", opened)
local whole, bytes, took = w:parcel(from)
judge("safety", "no byte is wrong", whole or bytes < p.bytes)
local limit = p["limit-time"] > 0 and p["limit-time"] / 1e9 or 1 / 0
judge("liveness", "the file arrives whole", whole and took <= limit,
    whole and ("%d bytes in %.3f s, %.0f kbit/s"):format(bytes, took, bytes * 8 / took / 1000) or bytes .. " bytes came")
judge("quality", "the file comes fast", not whole or bytes * 8 / took / 1000 >= p["limit-rate"])
for _, id in ipairs(ids) do
    for _, hears in ipairs(w:measure(id).hears) do
        judge("quality", call.names[id] .. " hears " .. hears.speaker .. " with little concealed",
            (hears.concealed_pct or 100) <= p["limit-plc"],
            ("%.3f %% of at most %g %%"):format(hears.concealed_pct or 100, p["limit-plc"]))
    end
end
