-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: include: no "lib/cal.lua" in the scenario's folder or in scenarios/
include "lib/cal.lua"
