-- SPDX-License-Identifier: Apache-2.0
-- expect: sim/bad/no-world.lua makes no world
judge("safety", "nothing ran", true)
