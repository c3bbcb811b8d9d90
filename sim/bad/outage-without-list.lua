-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: "outages" takes a list { ..., ... }, without names
local w = world { horizon = "5s" }
w:relay {}
w:client { up = { outages = { from = "1s", to = "2s" } } }
