-- SPDX-License-Identifier: Apache-2.0
-- expect: "distribution" is "above", "uniform", "normal", "pareto" or "paretonormal", not "nomal"; did you mean "normal"?
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { jitter = "5ms", distribution = "nomal" } }
