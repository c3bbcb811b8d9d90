-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: client takes a table { ... }, not nothing
local w = world { horizon = 1000000000 }
w:relay {}
w:client(nil)
