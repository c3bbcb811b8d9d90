-- SPDX-License-Identifier: Apache-2.0
-- A large file beside a call over a link that nobody told of. The file takes what speech leaves; when a picture comes
-- beside it, it yields at once; when the link falls to a third, so does the file, before speech suffers much.
local ms, s = 1000000, 1000000000

local p = params {
    { "rate", "1.5mbit", "rate", "of anna's link, each direction" },
    { "drop", "500kbit", "rate", "and from 20 s on" },
    { "rtt", "60ms", "time", "round trip over it" },
    { "loss", "0%", "share", "of it" },
    { "estimate", "ours", "choice", "who tells what it carries", "ours|delta|gcc" },
    { "picture", "800kbit", "rate", "of a picture between 10 and 15 s" },
    { "limit-plc", "2", "number", "most percent of anna's speech that may be concealed but around the fall of the link" },
    { "limit-delay", "200ms", "time", "longest from mouth to ear of the same" },
    { "limit-narrow", "600ms", "time", "and on the narrow link, where each look for more makes a queue" },
    { "limit-fall", "1s", "time", "and in the second after the fall" },
    { "limit-file", "0.75", "share", "of what speech leaves, least that the file takes" },
    { "limit-yield", "200ms", "time", "from the first packet of the picture until it has four fifths of that" },
    { "limit-settle", "800ms", "time", "until no more is sent than the link takes, after the fall" },
}

local link = { delay = p.rtt // 2, loss = p.loss, rate = p.rate, queue = 300 * ms }
local w = world { horizon = 32 * s }
w:report()
w:relay { estimate = p.estimate }
local anna = w:client { name = "anna", codec = "synthetic", stop = 30 * s, up = link, down = link, priority = "video-first",
    bitrate = 24000 }
local ben = w:client { name = "ben", codec = "synthetic", stop = 30 * s }

w:at(3 * s, function() w:send(anna, ben, 20000000) end)
w:at(10 * s, function() w:camera(anna, { min = p.picture // 2, most = p.picture }) end)
w:at(15 * s, function() w:camera(anna, {}) end)
w:at(20 * s, function() w:link(anna, { up = { rate = p.drop } }) end)

-- Every 20 ms: bytes of the file and of the picture that had come.
local came = {}
for at = 3 * s, 30 * s, 20 * ms do
    w:at(at, function()
        local _, bytes = w:parcel(anna)
        local _, picture = w:picture(ben, anna)
        came[at] = { file = bytes, picture = picture }
    end)
end
w:run(31 * s)

local function kbps(what, from, to) return (came[to][what] - came[from][what]) * 8e6 / (to - from) end

local function heard(name, from, to, most)
    local frames, lost, longest = w:gaps(ben, anna, from, to)
    judge("quality", name .. ": anna is heard", lost * 100 <= p["limit-plc"] * frames or most == p["limit-fall"],
        ("%d of %d frames lost"):format(lost, frames))
    judge("quality", name .. ": and soon", longest * ms <= most, ("%.0f ms, of at most %.0f"):format(longest, most / ms))
end

-- Speech is 60 kbit/s on the wire, and 6 in 100 of a file's bytes are headers.
local function file_takes(name, from, to, rate)
    local least = p["limit-file"] * (rate * (1 - p.loss) - 60000) * 0.94 / 1000
    local got = kbps("file", from, to)
    judge("quality", name .. ": the file takes what is left", got >= least, ("%.0f kbit/s, at least %.0f"):format(got, least))
end

file_takes("alone", 6 * s, 10 * s, p.rate)
heard("alone", 6 * s, 10 * s, p["limit-delay"])

local yielded
for at = 10 * s + 20 * ms, 14 * s, 20 * ms do
    if came[at].picture > 0 and not yielded then yielded = at end
end
local full
for at = yielded or 14 * s, 14 * s, 20 * ms do
    if not full and kbps("picture", at, at + 200 * ms) >= 0.8 * p.picture / 1000 then full = at end
end
judge("quality", "the file yields to a picture", full ~= nil and full - yielded <= p["limit-yield"],
    full and ("%.0f ms after its first packet"):format((full - yielded) / ms) or "never")
print(("file %.0f kbit/s alone, %.0f beside a picture of %.0f, %.0f on the narrow link"):format(kbps("file", 6 * s, 10 * s),
    kbps("file", 11 * s, 15 * s), kbps("picture", 11 * s, 15 * s), kbps("file", 23 * s, 30 * s)))
heard("beside a picture", 10 * s, 15 * s, p["limit-delay"])

local settled
for at = 20 * s, 25 * s, 20 * ms do
    local up = w:rate(anna, at, at + 200 * ms)
    if not settled and up * 1000 <= p.drop then settled = at end
end
judge("quality", "the file yields to a narrow link", settled ~= nil and settled - 20 * s <= p["limit-settle"],
    settled and ("%.0f ms after the fall"):format((settled - 20 * s) / ms) or "never")
heard("at the fall", 20 * s, 21 * s, p["limit-fall"])
heard("on the narrow link", 23 * s, 30 * s, p["limit-narrow"])
file_takes("on the narrow link", 23 * s, 30 * s, p.drop)
