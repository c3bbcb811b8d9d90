-- SPDX-License-Identifier: Apache-2.0
-- A call from a network as people meet it (scenarios/lib/networks.lua) to somebody on a clean line.
local networks = include "lib/networks.lua"
local p = params {
    { "network", "cellular", "choice", "where anna is", "cellular|wifi|leo|geo|dsl" },
    { "trace", "-", "text", "a file of Mahimahi's instead, for both directions; - = none" },
    { "nat", "none", "choice", "what stands before her", "none|cone|symmetric" },
    { "forgets", "0", "time", "when her NAT forgets all it knew; 0 = never" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
    { "seconds", "60", "count", "of the call" },
    { "limit-plc", "100", "number", "percent concealed, at most" },
    { "limit-delay", "10s", "time", "mouth to ear, p50, at most" },
}
local s = 1000000000
local stop = p.seconds * s
local w = world { horizon = stop + 2 * s }
w:report()
w:relay {}
local up, down = {}, {}
local is_leo = p.network == "leo" and p.trace == "-"
if p.trace ~= "-" then
    up = { trace = p.trace, queue_bytes = 60000, delay = "20ms" }
    down = up
elseif not is_leo then
    up, down = networks[p.network] { seconds = p.seconds }
end
local function speech(name) return p.codec == "opus" and ".deps/speech/" .. name .. ".wav" or nil end
local anna = w:client { name = "anna", codec = p.codec, speech = speech "female", stop = stop, up = up, down = down }
local ben = w:client { name = "ben", codec = p.codec, speech = speech "male", stop = stop, up = { delay = "10ms" },
                       down = { delay = "10ms" } }
if is_leo then networks.leo(w, anna, { to = stop }) end
if p.nat == "cone" then
    w:nat { clients = { anna }, mapping = "endpoint-independent", filtering = "address-dependent", timeout = "30s" }
elseif p.nat == "symmetric" then
    w:nat { clients = { anna }, mapping = "address-and-port-dependent", timeout = "30s" }
end
if p.nat ~= "none" and p.forgets > 0 then
    w:at(p.forgets, function() w:nat_forget(anna) end)
end
w:run(stop + 2 * s)
for _, c in ipairs { anna, ben } do
    local m = w:measure(c)
    local hears = m.hears[1]
    judge("liveness", "hears the other", hears ~= nil and (hears.frames_played or 0) > 0)
    if hears then
        judge("quality", "concealed", hears.concealed_pct ~= nil and hears.concealed_pct <= p["limit-plc"],
              string.format("%.2f %%", hears.concealed_pct or 100))
        judge("quality", "mouth to ear", (hears.mouth_to_ear_p50_ms or 1e9) * 1000000 <= p["limit-delay"],
              string.format("%.0f ms", hears.mouth_to_ear_p50_ms or -1))
    end
end
if p.forgets > 0 then
    judge("safety", "her NAT gave another port", w:natted(anna).mappings == 2, tostring(w:natted(anna).mappings))
end
