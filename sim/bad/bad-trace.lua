-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: trace: line 2: times are whole milliseconds that do not fall
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { trace = { 5, 3 } } }
