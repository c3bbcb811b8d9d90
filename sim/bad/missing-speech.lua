-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: speech: no file nobody.wav
local w = world { horizon = 1000000000 }
w:relay {}
w:client { speech = "nobody.wav" }
