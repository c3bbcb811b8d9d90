-- SPDX-License-Identifier: Apache-2.0
-- expect: :4: params knows no word "lossy"; did you mean "loss"?
local p = params { { "loss", "20%", "share", "packets lost" } }
print(p.lossy)
