-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: "delay": "40mbit" is not valid: a time is a number and ns, us, ms, s or min, such as 40ms
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { delay = "40mbit" } }
