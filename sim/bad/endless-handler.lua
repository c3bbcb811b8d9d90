-- SPDX-License-Identifier: Apache-2.0
-- expect: :4: the box knows no word "xpcall"; did you mean "pcall"?
local function turn() while true do end end
xpcall(turn, turn)
