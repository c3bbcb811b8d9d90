-- SPDX-License-Identifier: Apache-2.0
-- expect: :3: params: "rtt" is there twice
params { { "rtt", "40ms", "time", "round trip" },
         { "rtt", "50ms", "time", "round trip" } }
