-- SPDX-License-Identifier: Apache-2.0
-- Flipping any bit of any packet changes nothing but a counter: the same call twice, and in the second a copy with one
-- random bit flipped comes just before each of many datagrams, in every direction. What everybody hears must be the
-- same to the last sample.
local call = include "lib/call.lua"

local p = params(call.with {
    { "flips", "10000", "count", "datagrams that a flipped copy precedes" },
    { "where", "any", "choice", "which bits: any of any packet, or of the version of a handshake's", "any|version" },
    { "rate", "0", "rate", "of the impaired links; 0, so that answers to forgeries delay nobody" },
    { "seconds", "60", "count", "of speech" },
    { "members", "3", "count", "people in the room" },
    { "limit-seen", "99%", "share", "least part of the flips that moves a counter" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
})

local function total(drops)
    local sum = 0
    for _, count in pairs(drops) do sum = sum + count end
    return sum
end

local function run(flips)
    local w, ids = call.make(p)
    w:flip(flips, p.where)
    if flips > 0 then w:report() end
    call.run(w, p)
    local result = { digest = {}, hears = {}, drops = total(w:drops()), answers = 0, rejections = 0, left = w:flips_left(),
        resets = w:drops().connection_unknown or 0 }
    for i, id in ipairs(ids) do
        result.digest[i] = w:digest(id)
        result.drops = result.drops + total(w:drops(id))
        result.answers = result.answers + (w:drops(id).handshake_seal or 0)
        result.rejections = result.rejections + (w:drops(id).version_reject_ignored or 0)
        for _, hears in ipairs(w:measure(id).hears) do
            result.hears[#result.hears + 1] = ("%d of %d"):format(hears.frames_played, hears.frames_sent)
        end
        judge("liveness", call.names[i] .. " stays", not w:ended(id))
    end
    if flips > 0 then
        call.judge_liveness(w, ids)
    else
        w:close()
    end
    return result
end

local clean, flipped = run(0), run(p.flips)
judge("liveness", "all flips were made", flipped.left == 0, flipped.left .. " left")
for i = 1, p.members do
    judge("safety", call.names[i] .. " hears the same", clean.digest[i] == flipped.digest[i])
end
for i, text in ipairs(clean.hears) do
    judge("safety", "pair " .. i .. " counts the same", text == flipped.hears[i], text .. ", " .. flipped.hears[i])
end
-- What is not sealed (padding and the copy count of a handshake packet) makes a copy like any other, which is dropped as
-- such or not at all; so a flip moves one counter at most. But for a first message: its sealed part is all its own, so a
-- flipped one is answered as any stranger's is, within three times its bytes, and each answer is dropped where it comes.
-- So is the typed rejection that a flipped version draws, and the reset that a flipped connection id draws.
local moved = flipped.drops - clean.drops
local told = ("%d drops by %d flips, %d of them messages that do not open, %d rejections, %d resets at most"):format(
    moved, p.flips, flipped.answers, flipped.rejections, flipped.resets)
judge("safety", "a flip moves one counter at most", moved - flipped.answers - flipped.rejections - flipped.resets <= p.flips,
    told)
judge("safety", "a flipped version draws one rejection at most", flipped.rejections <= p.flips, told)
if p.where == "version" then judge("liveness", "some draw one", flipped.rejections > 0, told) end
judge("safety", "nearly every flip is seen", moved >= p.flips * p["limit-seen"], told)
