-- SPDX-License-Identifier: Apache-2.0
-- expect: :5: relay: this world has one that is called "relay": give each a "name"
local w = world { horizon = 5 }
w:relay {}
w:relay {}
