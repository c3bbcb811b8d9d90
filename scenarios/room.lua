-- SPDX-License-Identifier: Apache-2.0
-- A room in which everybody talks at once, over good lines: what the simulator costs with many people (make bench), and
-- that each hears all the others, as far as clients decode so many.
local s, ms = 1000000000, 1000000

local p = params {
    { "people", "8", "count", "in the room, at most 64" },
    { "seconds", "20", "count", "of speech" },
    { "rtt", "60ms", "time", "round trip between two of them" },
    { "limit-plc", "1", "number", "most percent concealed of what anybody hears, from 5 s on" },
}
if p.people < 2 or p.people > 64 then error("people must be 2 to 64", 0) end
if p.seconds < 8 then error("seconds must be at least 8", 0) end

local w = world { horizon = (p.seconds + 2) * s }
w:report()
w:relay { sessions = 64, members = 64 }
local link, ids = { delay = p.rtt // 4 }, {}
for i = 1, p.people do
    ids[i] = w:client { name = "p" .. i, codec = "synthetic", start = i * 10 * ms, stop = p.seconds * s, up = link, down = link }
end
w:run((p.seconds + 2) * s)

-- A client decodes so many at once; of more, some stay unheard.
local DECODERS = 8
local few, worst = 0, 0
for _, listener in ipairs(ids) do
    local heard = 0
    for _, speaker in ipairs(ids) do
        if listener ~= speaker then
            local lost = w:concealed(listener, speaker, 5 * s, p.seconds * s) or 100
            if lost < 100 then
                heard = heard + 1
                worst = math.max(worst, lost)
            end
        end
    end
    if heard < math.min(p.people - 1, DECODERS) then few = few + 1 end
end
local relay, client = select(2, w:held()), select(2, w:held(ids[1]))
result("held", { relay = relay, client = client })
judge("liveness", "everybody hears as many as can be decoded", few == 0, few .. " of " .. p.people .. " do not")
judge("quality", "and well", worst <= p["limit-plc"], ("%.2f %% concealed, of at most %g"):format(worst, p["limit-plc"]))
