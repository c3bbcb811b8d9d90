-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: a world knows no word "clent"; did you mean "client"?
local w = world { horizon = 1000000000 }
w:relay {}
w:clent { name = "anna" }
