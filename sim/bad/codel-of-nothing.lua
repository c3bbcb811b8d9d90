-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: codel: "target" must be above 0
local w = world { horizon = "5s" }
w:relay {}
w:client { up = { codel = { target = 0 } } }
