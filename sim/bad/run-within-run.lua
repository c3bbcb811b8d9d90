-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: run: this world is running: say it outside of w:at
local w = world { horizon = "5s" }
w:relay {}
w:at("1s", function() w:run("2s") end)
w:run("3s")
