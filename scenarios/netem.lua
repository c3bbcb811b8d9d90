-- SPDX-License-Identifier: Apache-2.0
-- One person behind each of netem's models, in one room. `wzp-sim tc scenarios/netem.lua` gives the same links to a
-- kernel; tools/test-netem compares what it does with them.
local p = params {
    { "seconds", "5", "count", "of the call" },
}
local s = 1000000000
local links = {
    { name = "loss", up = { loss = "10%", delay = "30ms" }, down = { loss = "5%", burst = 2, delay = "10ms" } },
    { name = "states", up = { gemodel = { "4%", "60%", "90%", "1%" }, delay = "10ms" },
      down = { state = { "3%", "60%", "20%", "70%", "1%" } } },
    { name = "jitter", up = { delay = "20ms", jitter = "20ms", reorder = true },
      down = { delay = "40ms", jitter = "8ms", distribution = "normal", reorder = true } },
    { name = "tails", up = { delay = "50ms", jitter = "10ms", distribution = "pareto", reorder = true },
      down = { delay = "40ms", jitter = "12ms", distribution = "paretonormal", reorder = true } },
    { name = "line", up = { rate = "2mbit", queue = "1s", delay = "10ms" }, down = { delay = "20ms", reorder = "25%", gap = 5 } },
    { name = "radio", up = { slot = { min = "8ms", max = "12ms" } }, down = { dup = "5%", delay = "8ms", loss = "2%" } },
}
local w = world { horizon = (p.seconds + 2) * s }
w:report()
w:relay { sessions = 64 }
local ids = {}
for i, link in ipairs(links) do
    ids[i] = w:client { name = link.name, codec = "synthetic", stop = p.seconds * s, up = link.up, down = link.down }
end
w:run((p.seconds + 2) * s)
for i, link in ipairs(links) do
    local m = w:measure(ids[i])
    judge("liveness", link.name .. " hears all", m.joined and #m.hears == #links - 1)
end
