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

function stats.median(values)
    local sorted = {}
    for i, value in ipairs(values) do sorted[i] = value end
    table.sort(sorted)
    local middle = #sorted // 2
    return #sorted % 2 == 1 and sorted[middle + 1] or #sorted > 0 and (sorted[middle] + sorted[middle + 1]) / 2 or nil
end

function stats.max(values)
    return stats.quantile(values, 1)
end

-- The mean, and the standard deviation of the values; 0 of less than two.
function stats.mean(values)
    local sum, squares = 0, 0
    for _, value in ipairs(values) do sum = sum + value end
    local mean = sum / #values
    for _, value in ipairs(values) do squares = squares + (value - mean) ^ 2 end
    return mean, math.sqrt(squares / math.max(1, #values - 1))
end

return stats
