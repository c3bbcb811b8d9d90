-- SPDX-License-Identifier: Apache-2.0
-- expect: :7: send: at most 1073741824 bytes
local w = world { horizon = "5s" }
w:relay {}
local anna, ben = w:client { codec = "synthetic" }, w:client { codec = "synthetic" }
w:run("2s")
w:send(anna, ben, 1 << 50)
