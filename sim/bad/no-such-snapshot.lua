-- SPDX-License-Identifier: Apache-2.0
-- expect: :7: bad argument #1 to 'open' (no such snapshot)
local w = world { horizon = "5s" }
w:relay {}
local anna, ben = w:client { codec = "synthetic" }, w:client { codec = "synthetic" }
w:record()
w:open(99, anna, "0s", "1s")
