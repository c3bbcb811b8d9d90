-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: stack overflow
local function deeper() return 1 + deeper() end
deeper()
