-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: at: more than 100000 calls at one moment: time does not go on
local w = world { horizon = 1000000000 }
w:relay {}
local function again(now) w:at(now, again) end
w:at(0, again)
w:run(1000000000)
