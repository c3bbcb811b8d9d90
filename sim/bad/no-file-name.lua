-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: client: a name is 1 to 31 bytes that can be a file's name, not "../anna"
local w = world { horizon = 1000000000 }
w:relay {}
w:client { name = "../anna" }
