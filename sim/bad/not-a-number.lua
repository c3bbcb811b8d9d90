-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: "burst" must be a number with an end
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { loss = 0.1, burst = 0 / 0 } }
