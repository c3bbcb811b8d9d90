-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: "tracks" must be true or false, not 1
world { horizon = 1000000000, tracks = 1 }
