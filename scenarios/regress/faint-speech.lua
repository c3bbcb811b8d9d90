-- SPDX-License-Identifier: Apache-2.0
-- The jitter buffer once cut 10 ms out of faint speech on a perfect network (seed 3): the codec had taken the hum
-- under it away, and what was left passed for a pause.
local call = include "lib/call.lua"
local p = params(call.with {})
local w, ids = call.make(p)
w:report()
call.run(w, p)
for _, id in ipairs(ids) do
    for _, hears in ipairs(w:measure(id).hears) do
        judge("quality", call.names[id] .. " hears every frame", hears.concealed_pct == 0,
            ("%.3f %% concealed"):format(hears.concealed_pct or 100))
    end
end
