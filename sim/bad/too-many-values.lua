-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: "gemodel" takes 1 to 4 probabilities, not 5
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { gemodel = { 0.1, 0.2, 0.3, 0.4, 0.5 } } }
