-- SPDX-License-Identifier: Apache-2.0
-- expect: :4: unexpected symbol near <eof>
local w = world { horizon = 
