-- SPDX-License-Identifier: Apache-2.0
-- expect: :6: from: "soon" is not valid: a time is a number and ns, us, ms, s or min, such as 40ms
local w = world { horizon = "20s" }
w:relay {}
local c = w:client { name = "anna", codec = "synthetic" }
w:measure(c, false, "soon")
