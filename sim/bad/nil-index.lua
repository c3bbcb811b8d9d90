-- SPDX-License-Identifier: Apache-2.0
-- expect: :4: attempt to index a nil value (local 'links')
local links
print(links.up)
