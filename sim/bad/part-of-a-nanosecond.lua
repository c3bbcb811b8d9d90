-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: "delay" must be whole nanoseconds, or a text such as "40ms", not 0.5
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { delay = 0.5 } }
