-- SPDX-License-Identifier: Apache-2.0
-- expect: :4: bad argument #1 to 'for iterator' (table expected, got nil)
local names
for name in pairs(names) do print(name) end
