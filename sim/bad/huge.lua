-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: up: rate must be at most 1 Tbit/s (0 = no limit)
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { rate = math.maxinteger } }
