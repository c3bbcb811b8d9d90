-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: run: 9223372036854775807 ns is beyond the world's horizon, 1000000000 ns
local w = world { horizon = 1000000000 }
w:relay {}
w:run(math.maxinteger)
