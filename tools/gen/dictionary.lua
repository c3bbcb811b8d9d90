-- SPDX-License-Identifier: Apache-2.0
-- The dictionary of the fuzzers (the format of AFL++ and libFuzzer): what stands in one or two bytes of the wire
-- and is hard to guess: frame types with what follows them, forms, versions, reasons, boundaries of varints.
local model = require "model"
local samples = require "samples"

local function quoted(bytes)
    return '"' .. bytes:gsub(".", function(c) return ("\\x%02x"):format(c:byte()) end) .. '"'
end

return function(wire)
    local add = model.text()
    local seen = {}
    local function word(name, bytes)
        if not seen[bytes] and #bytes > 0 and #bytes <= 64 then
            seen[bytes] = true
            add("%s=%s", name:lower():gsub("[^a-z0-9]", "_"), quoted(bytes))
        end
    end
    add "# SPDX-License-Identifier: Apache-2.0"
    add "# Made by tools/gen-fuzz.lua from proto/wire.lua: not to be edited."
    for _, frame in ipairs(wire.frames) do
        local least, most = samples.frame(wire, frame, "least"), samples.frame(wire, frame, "most")
        word(frame.name, least)
        word(frame.name .. "_most", most)
        word(frame.name .. "_head", least:sub(1, 3))
    end
    for _, row in ipairs(wire.enums.frame_type) do
        word("type_" .. row[1], string.pack("B", row[2]))
    end
    for _, row in ipairs(wire.enums.close_reason) do
        word("reason_" .. row[1], string.pack(">I2", row[2]))
    end
    for _, kind in ipairs(wire.enums.long_type) do
        word("long_" .. kind[1], string.pack("BB", 0xc0 | kind[2], wire.version))
    end
    for _, bits in ipairs { 6, 14, 30, 62 } do
        word("varint_max_" .. bits, samples.varint((1 << bits) - 1))
        word("varint_over_" .. bits, bits < 62 and samples.varint(1 << bits) or "")
    end
    for _, limit in ipairs(wire.limits) do
        if limit[2] > 255 and limit[2] < 65536 then
            word("limit_" .. limit[1], string.pack(">I2", limit[2]))
            word("limit_over_" .. limit[1], string.pack(">I2", (limit[2] + 1) & 0xffff))
        end
    end
    return add()
end
