-- SPDX-License-Identifier: Apache-2.0
-- expect: :6: "groups" takes a list { ..., ... }, without names
local w = world { horizon = "5s" }
w:relay {}
local anna, ben = w:client { codec = "synthetic" }, w:client { codec = "synthetic" }
w:partition { groups = { { who = anna }, { "relay" } } }
