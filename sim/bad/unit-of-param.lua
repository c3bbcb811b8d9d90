-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: params: "rtt": a unit is time, rate
params { { "rtt", "40ms", "tiem", "round trip" } }
