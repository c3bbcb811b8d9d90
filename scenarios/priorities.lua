-- SPDX-License-Identifier: Apache-2.0
-- What matters most, said in four ways: anna speaks, shows pictures and may send a file to ben over a narrow link. Told is
-- what the link carries, or it is estimated; printed is how her way is split, and what came of each.
local ms, s = 1000000, 1000000000

local p = params {
    { "rate", "300kbit", "rate", "of anna's link, each direction" },
    { "rtt", "60ms", "time", "round trip over it" },
    { "loss", "0%", "share", "of it" },
    { "priority", "all", "choice", "what matters most to her", "all|balanced|audio-first|video-first|screen-share" },
    { "min", "150kbit", "rate", "that a picture needs to be worth sending" },
    { "most", "1.5mbit", "rate", "that it can use" },
    { "file", "no", "choice", "does she send one as well", "no|yes" },
    { "estimate", "ours", "choice", "who tells what the link carries; fixed: she is told 90 % of it", "ours|fixed" },
    { "seconds", "40", "count", "of speech; looked at from the middle on" },
    { "limit-plc", "2", "number", "most percent of anna's speech that may be concealed" },
    { "limit-queue", "400ms", "time", "longest of 95 % from mouth to ear" },
    { "limit-used", "0.7", "share", "of what the link delivers, least that speech, pictures and file take together" },
}

local modes = p.priority == "all" and { "balanced", "audio-first", "video-first", "screen-share" } or { p.priority }
local found = {}

local function try(priority)
    local link = { delay = p.rtt // 2, loss = p.loss, rate = p.rate, queue = 300 * ms }
    local w = world { horizon = (p.seconds + 2) * s }
    w:relay { estimate = p.estimate }
    local told = p.estimate == "fixed" and p.rate * 9 // 10 or nil
    local anna = w:client { name = "anna", codec = "synthetic", stop = p.seconds * s, priority = priority,
        max_rate = told, up = link, down = link }
    local ben = w:client { name = "ben", codec = "synthetic", stop = p.seconds * s }
    local from, to, sums, looks = p.seconds * s // 2, p.seconds * s, { 0, 0, 0, 0 }, 0
    w:at(2 * s, function() w:camera(anna, { min = p.min, most = p.most }) end)
    if p.file == "yes" then w:at(4 * s, function() w:send(anna, ben, 20000000) end) end
    local before, file_before, wire_before
    w:at(from, function()
        before = select(2, w:picture(ben, anna))
        wire_before = w:wire(anna)
        file_before = p.file == "yes" and select(2, w:parcel(anna)) or 0
    end)
    for at = from, to - 1, 200 * ms do
        w:at(at, function()
            local audio, video, streams = w:shares(anna)
            if not audio then return end
            looks = looks + 1
            for i, share in ipairs { audio, video, streams, w:plan(anna).bitrate } do sums[i] = sums[i] + share / 1000 end
        end)
    end
    w:run(to)
    for i = 1, 4 do sums[i] = sums[i] / math.max(1, looks) end
    local kbps = function(bytes) return bytes * 8e6 / (to - from) end
    local file = p.file == "yes" and select(2, w:parcel(anna)) or 0
    local hears = w:measure(ben).hears[1]
    local r = {
        priority = priority, share_audio_kbps = sums[1], share_video_kbps = sums[2], share_streams_kbps = sums[3],
        codec_kbps = sums[4], video_kbps = kbps(select(2, w:picture(ben, anna)) - before),
        file_kbps = kbps(file - file_before), wire_kbps = kbps(w:wire(anna) - wire_before),
        concealed_pct = w:concealed(ben, anna, from, to - s) or 100,
        mouth_to_ear_p95_ms = hears and hears.mouth_to_ear_p95_ms or 1 / 0,
    }
    w:close()
    return r
end

print(("%-13s %27s %9s %9s %9s %9s %10s %9s"):format("", "share: speech picture  file", "codec", "picture", "file", "wire",
    "concealed", "m2e p95"))
for _, priority in ipairs(modes) do
    local r = try(priority)
    found[#found + 1] = r
    found[priority] = r
    print(("%-13s %13.0f %7.0f %5.0f %9.1f %9.0f %9.0f %9.0f %8.2f %% %6.0f ms"):format(priority, r.share_audio_kbps,
        r.share_video_kbps, r.share_streams_kbps, r.codec_kbps, r.video_kbps, r.file_kbps, r.wire_kbps, r.concealed_pct,
        r.mouth_to_ear_p95_ms))
end
local list = {}
for i, r in ipairs(found) do list[i] = r end
result("priorities", list)

for _, r in ipairs(list) do
    judge("quality", r.priority .. ": speech is heard", r.concealed_pct <= p["limit-plc"],
        ("%.2f %% concealed, of at most %g"):format(r.concealed_pct, p["limit-plc"]))
    judge("quality", r.priority .. ": and soon", r.mouth_to_ear_p95_ms * ms <= p["limit-queue"],
        ("%.0f ms"):format(r.mouth_to_ear_p95_ms))
    judge("quality", r.priority .. ": the link is used", r.wire_kbps * 1000 >= p["limit-used"] * p.rate * (1 - p.loss),
        ("%.0f of %.0f kbit/s"):format(r.wire_kbps, p.rate / 1000))
end
local b, a, v, sc = found["balanced"], found["audio-first"], found["video-first"], found["screen-share"]
if p.priority == "all" then
    judge("quality", "audio-first speaks best", a.codec_kbps >= b.codec_kbps and a.codec_kbps > v.codec_kbps and
        a.codec_kbps >= sc.codec_kbps)
    judge("quality", "video-first shows most", v.video_kbps > b.video_kbps and v.video_kbps > a.video_kbps and
        v.video_kbps >= sc.video_kbps)
    judge("quality", "and is still understood", v.codec_kbps >= 0.7, ("%.1f kbit/s"):format(v.codec_kbps))
    judge("quality", "screen-share gives speech no more than 16 kbit/s before the screen is legible",
        sc.codec_kbps <= 17 or sc.share_video_kbps * 1000 >= p.min,
        ("%.1f kbit/s of speech, %.0f of the screen"):format(sc.codec_kbps, sc.share_video_kbps))
end
