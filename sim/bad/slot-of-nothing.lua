-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: slot: "max", or else "min", must be above 0
local w = world { horizon = "5s" }
w:relay {}
w:client { up = { slot = { packets = 3 } } }
