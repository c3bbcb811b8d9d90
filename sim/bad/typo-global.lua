-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: the box knows no word "wrold"; did you mean "world"?
local w = wrold { horizon = 1000000000 }
