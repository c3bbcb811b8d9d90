-- SPDX-License-Identifier: Apache-2.0
-- expect: :6: before it came
local w = world { horizon = 1000000000 }
w:relay {}
w:at(1, function() end)
error("before it came")
