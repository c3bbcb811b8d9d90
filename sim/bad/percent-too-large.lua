-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: "loss": "130%" is not valid: 
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { loss = "130%" } }
