-- SPDX-License-Identifier: Apache-2.0
-- A relay that lies: it lists somebody who is not there. Members refuse the record, seal no key for it, and go on.
local call = include "lib/call.lua"

local p = params(call.with {
    { "seconds", "6", "count", "of speech" },
    { "codec", "synthetic", "choice", "opus, or bytes without sound", "opus|synthetic" },
})

local s = 1000000000

-- A relay that was told the room's name cannot be told from a member, so all of what follows can fail.
do
    local w = call.make(p)
    w:record()
    w:at(3 * s, function() w:ghost("invited") end)
    call.run(w, p)
    local _, opened = w:open_for_ghost()
    judge("liveness", "who knows the room is given keys", opened >= p.members, opened .. " keys")
    w:close()
end

for _, kind in ipairs { "invented", "elsewhere", "copied" } do
    local w, ids = call.make(p)
    if kind == "copied" then w:report() end
    w:record()
    local before
    w:at(3 * s, function()
        before = w:keys_sealed()
        w:ghost(kind)
    end)
    call.run(w, p)
    for i, id in ipairs(ids) do
        -- Whose own record was copied sees it at once as well: nobody is listed twice.
        judge("safety", call.names[i] .. " refuses the " .. kind .. " one", w:measure(id).refused == 1)
        judge("liveness", call.names[i] .. " stays through the " .. kind .. " one", not w:ended(id))
    end
    judge("safety", "no key is sealed for the " .. kind .. " one", w:keys_sealed() == before,
        ("%d before, %d after"):format(before, w:keys_sealed()))
    local tried, opened = w:open_for_ghost()
    judge("safety", "no key opens for the " .. kind .. " one", tried > 0 and opened == 0)
    local frames, lost = w:gaps(2, 1, 3 * s, 5 * s)
    judge("safety", "nobody loses speech to the " .. kind .. " one", frames > 0 and lost == 0, lost .. " frames")
    if kind ~= "copied" then w:close() end
end
