-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: include: "include-loop.lua" includes itself
include "include-loop.lua"
