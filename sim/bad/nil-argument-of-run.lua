-- SPDX-License-Identifier: Apache-2.0
-- expect: :6: run takes whole nanoseconds, or a text such as "40ms", not nothing
local w = world { horizon = "20s" }
w:relay {}
local stop
w:run(stop)
