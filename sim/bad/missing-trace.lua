-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: trace: no file lte.trace
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { trace = "lte.trace" } }
