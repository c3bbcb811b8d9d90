-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: up: unknown field "los"; did you mean "loss"?
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { los = 0.1 } }
