-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: run: "10kbit" is not valid: a time is a number and ns, us, ms, s or min, such as 40ms
local w = world { horizon = "20s" }
w:relay {}
w:run("10kbit")
