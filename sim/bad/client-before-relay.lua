-- SPDX-License-Identifier: Apache-2.0
-- expect: :4: client: the world needs a relay first
local w = world { horizon = 1000000000 }
w:client {}
