-- SPDX-License-Identifier: Apache-2.0
-- expect: :6: bad argument #4 to 'concealed' (the time ends before it begins)
local w = world { horizon = "5s" }
w:relay {}
local anna, ben = w:client { codec = "synthetic" }, w:client { codec = "synthetic" }
w:concealed(anna, ben, "2s", "1s")
