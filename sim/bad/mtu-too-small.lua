-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: up: mtu must be at least 576 bytes of IP (0 = no limit)
local w = world { horizon = 1000000000 }
w:relay {}
w:client { up = { mtu = 100 } }
