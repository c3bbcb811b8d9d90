-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: "loss" must be within 0..1 (0 % to 100 %), not 30.0
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { loss = 30 } }
