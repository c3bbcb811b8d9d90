-- SPDX-License-Identifier: Apache-2.0
-- Bytes of a struct or frame of wire.lua at one of three places of its range: "least" (zeros, nothing in slices),
-- "some" (small values, short slices), "most" (every field as large as it may be). What fuzz seeds are made of.
local model = require "model"

local samples = {}

function samples.varint(value)
    if value < 1 << 6 then
        return string.pack("B", value)
    elseif value < 1 << 14 then
        return string.pack(">I2", value | 1 << 14)
    elseif value < 1 << 30 then
        return string.pack(">I4", value | 2 << 30)
    end
    return string.pack(">I8", value | 3 << 62)
end

-- Protobuf's varint: seven bits a byte, the lowest first.
function samples.base128(value)
    local bytes = {}
    repeat
        bytes[#bytes + 1] = string.char(value & 0x7f | (value > 0x7f and 0x80 or 0))
        value = value >> 7
    until value == 0
    return table.concat(bytes)
end

local function length(field, place)
    return place == "least" and 0 or place == "some" and math.min(field.max or 20, 20) or math.min(field.max or 600, 600)
end

local make = {}

function make.int(field, place)
    local most = field.max or (1 << 8 * field.width) - 1
    local value = field.const or (place == "least" and 0 or place == "some" and math.min(3, most) or most)
    return string.pack(">I" .. field.width, value)
end

function make.varint(field, place)
    return samples.varint(place == "least" and 0 or place == "some" and math.min(3, field.max or 3) or
                          field.max or (1 << 62) - 1)
end

function make.bytes(field, place)
    return string.rep(place == "least" and "\0" or place == "some" and "\x55" or "\xff", field.len)
end

function make.slice(field, place)
    local len = length(field, place)
    return string.pack(">I" .. field.width, len) .. string.rep("s", len)
end

function make.rest(field, place)
    return string.rep("r", length(field, place))
end

function make.list(field, place, wire)
    local count = place == "least" and 0 or place == "some" and 2 or field.max
    return string.pack("B", count) .. string.rep(samples.struct(wire, field.of, place), count)
end

function make.struct(field, place, wire)
    return samples.struct(wire, field.of, place)
end

local function fields_of(wire, struct, place)
    local bytes = {}
    for i, field in ipairs(model.fields(struct)) do
        bytes[i] = assert(make[field.kind], "samples: " .. field.kind)(field, place, wire)
    end
    return table.concat(bytes)
end

function samples.struct(wire, name, place)
    for _, struct in ipairs(wire.structs) do
        if struct.name == name then
            return fields_of(wire, struct, place)
        end
    end
    error("samples: no struct " .. name)
end

function samples.frame(wire, frame, place)
    for _, row in ipairs(wire.enums.frame_type) do
        if row[1]:lower() == frame.name then
            return string.pack("B", row[2]) .. fields_of(wire, frame, place)
        end
    end
    error("samples: no frame type of " .. frame.name)
end

samples.places = { "least", "some", "most" }

return samples
