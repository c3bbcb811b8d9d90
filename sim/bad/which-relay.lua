-- SPDX-License-Identifier: Apache-2.0
-- expect: :7: client: there is no relay "nort"; did you mean "north"?
local w = world { horizon = 5 }
w:relay { name = "north" }
w:relay { name = "south" }

w:client { relay = "nort" }
