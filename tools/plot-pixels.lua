-- SPDX-License-Identifier: Apache-2.0
-- plot-pixels.lua SHOT.ppm light|dark quiet|bad "X,Y,WIDTH,HEIGHT ...": counts coloured pixels in each plot of a
-- screenshot (tools/test-report). A plot without colour is not drawn; the first one, of what happened, must show red and
-- orange on a bad day and none on a quiet one.
local path, scheme, day, rects = table.unpack(arg)
local file = assert(io.open(path, "rb"))
local shot = file:read("a")
file:close()
local width, height, max, data = shot:match("^P6%s+(%d+)%s+(%d+)%s+(%d+)%s()")
width, height = tonumber(width), tonumber(height)
assert(max == "255", "not an 8 bit PPM")

-- Pixels with colour, and those of them that are red to orange.
local function count(x, y, w, h)
    local colored, warm = 0, 0
    for row = math.max(y, 0), math.min(y + h, height) - 1 do
        local at = data + 3 * (row * width + x)
        for _ = 1, w do
            local r, g, b = shot:byte(at, at + 2)
            at = at + 3
            if math.max(r, g, b) - math.min(r, g, b) > 60 then
                colored = colored + 1
                if r > 150 and r > g + 60 and b < g + 60 then warm = warm + 1 end
            end
        end
    end
    return colored, warm
end

local mean = shot:byte(data + 3 * (5 * width + 5)) -- the page's edge
if (scheme == "dark") ~= (mean < 128) then error("the page is not " .. scheme, 0) end
local shown = 0
for x, y, w, h in rects:gmatch("(-?%d+),(-?%d+),(%d+),(%d+)") do
    x, y, w, h = tonumber(x), tonumber(y), tonumber(w), tonumber(h)
    if h > 0 and y + h <= height then
        local colored, warm = count(x, y, w, h)
        shown = shown + 1
        if shown == 1 then
            if (day == "bad") ~= (warm > 1500) then error(("what happened has %d warm pixels"):format(warm), 0) end
        elseif colored < 300 then
            error(("plot %d at %d has %d coloured pixels"):format(shown, y, colored), 0)
        end
    end
end
if shown < 4 then error("only " .. shown .. " plots are on the screenshot", 0) end
print(("%s, %s: %d plots drawn"):format(day, scheme, shown))
