-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: reorder_correlation needs a share to reorder
local w = world { horizon = "5s" }
w:relay {}
w:client { up = { reorder_correlation = "50%" } }
