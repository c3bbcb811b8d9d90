-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: "max_rate" must be within 24000..10000000000 bit/s, or 0
local w = world { horizon = "5s" }
w:relay {}
w:client { max_rate = "1bit" }
