-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: "horizon" must be whole nanoseconds, or a text such as "40ms", not 1e+300
world { horizon = 1e300 }
