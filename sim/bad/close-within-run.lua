-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: close: this world is running
local w = world { horizon = "5s" }
w:relay {}
w:at("1s", function() w:close() end)
w:run("3s")
