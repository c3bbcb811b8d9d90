-- SPDX-License-Identifier: Apache-2.0
-- expect: :4: the script runs for ever
local long = ("x"):rep(1000000)
while true do local louder = long:upper() end
