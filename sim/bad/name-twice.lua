-- SPDX-License-Identifier: Apache-2.0
-- expect: :6: client: this world has one that is called "anna": give each its own
local w = world { horizon = "5s" }
w:relay {}
w:client { name = "anna" }
w:client { name = "anna" }
