-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: "rate" must not be below 0
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { rate = -1 } }
