-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: a link has one loss model: gemodel, state or loss_trace
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { gemodel = { 0.1 }, state = { 0.1 } } }
