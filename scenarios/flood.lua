-- SPDX-License-Identifier: Apache-2.0
-- A relay is flooded with first messages from addresses where nobody is, beside a call on clean links. The call loses
-- nothing, the relay holds no byte more than before, what goes back to the spoofed addresses is less than what came, and
-- somebody new is in within a second and a round trip.
local ms, s = 1000000, 1000000000

local p = params {
    { "rate", "100000", "count", "spoofed datagrams a second" },
    { "seconds", "5", "count", "of flood" },
    { "kind", "initial", "choice", "what they are", "initial|short|random" },
    { "sources", "0", "count", "addresses they come from; 0: each its own" },
    { "rtt", "100ms", "time", "round trip of everybody to the relay" },
    { "loss", "0", "share", "packets lost on the newcomer's link, each direction" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
}

local FROM = 5 * s
local UNTIL = FROM + p.seconds * s
local HORIZON = UNTIL + 3 * s

local w = world { horizon = HORIZON }
w:report()
w:relay {}
local function client(name, fields)
    local link = { delay = p.rtt // 2, loss = fields.loss }
    return w:client { name = name, codec = p.codec, up = link, down = link, start = fields.start, stop = HORIZON - s }
end
local anna, ben = client("anna", {}), client("ben", {})
local cleo = client("cleo", { start = FROM + 2 * s, loss = p.loss })
w:flood { kind = p.kind, rate = p.rate, from = FROM, seconds = p.seconds, sources = p.sources }

w:run(FROM)
local before = w:held()
w:run(HORIZON)
local after = w:held()
local flooded = w:flooded()

judge("safety", "the relay holds what it held", after == before, ("%d bytes, %d before"):format(after, before))
judge("safety", "less goes back than came", flooded.answer_bytes < flooded.sent_bytes,
    ("%d of %d bytes"):format(flooded.answer_bytes, flooded.sent_bytes))
judge("safety", "the flood came", flooded.sent >= p.rate * p.seconds, flooded.sent .. " datagrams")
for _, pair in ipairs { { anna, ben }, { ben, anna } } do
    local frames, lost = w:gaps(pair[1], pair[2], FROM, UNTIL)
    judge("quality", w:measure(pair[1]).hears[1].speaker .. " is heard through the flood", lost == 0,
        ("%d of %d frames lost"):format(lost, frames))
end
local connect_ms = w:measure(cleo).connect_ms
judge("liveness", "a newcomer is let in", connect_ms ~= nil and connect_ms * ms <= s + p.rtt,
    connect_ms and ("%.0f ms"):format(connect_ms) or "never")
