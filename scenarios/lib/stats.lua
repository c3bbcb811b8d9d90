-- SPDX-License-Identifier: Apache-2.0
-- Numbers of many runs as one.
local stats = {}

-- The value at rank ceil(q * n), as measurements of one run are ranked. nil when there is none.
function stats.quantile(values, q)
    local sorted = {}
    for i, value in ipairs(values) do sorted[i] = value end
    table.sort(sorted)
    return sorted[math.max(1, math.ceil(q * #sorted))]
end

function stats.max(values)
    return stats.quantile(values, 1)
end

return stats
