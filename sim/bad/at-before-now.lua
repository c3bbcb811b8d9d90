-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: at: -5 ns is over: it is 0 ns
local w = world { horizon = "5s" }
w:relay {}
w:at(-5, print)
