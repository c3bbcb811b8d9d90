-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: params: rtt=40 is not valid: a time is a number
params { { "rtt", "40", "time", "round trip" } }
