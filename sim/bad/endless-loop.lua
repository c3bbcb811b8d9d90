-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: the script runs for ever
while true do end
