-- SPDX-License-Identifier: Apache-2.0
-- expect: :6: run: 1000000000 ns is over: it is 2000000000 ns
local w = world { horizon = "5s" }
w:relay {}
w:run("2s")
w:run("1s")
