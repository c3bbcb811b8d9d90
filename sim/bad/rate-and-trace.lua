-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: up: a link has a rate or a trace, not both
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { rate = "1mbit", trace = { 5, 10 } } }
