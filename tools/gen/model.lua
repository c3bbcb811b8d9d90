-- SPDX-License-Identifier: Apache-2.0
-- What the makers share: field types of wire.lua resolved once, names in C's spelling.
local model = {}

local width = { u8 = 1, u16 = 2, u24 = 3, u32 = 4, u64 = 8 }
local c_type = { u8 = "uint8_t", u16 = "uint16_t", u24 = "uint32_t", u32 = "uint32_t", u64 = "uint64_t" }

-- { name, doc, kind = int|varint|bytes|slice|rest|list|struct, ... }
function model.field(row)
    local type = row[2]
    local field = { name = row[1], doc = row[3], const = row.const, max = row.max }
    if width[type] then
        field.kind, field.width, field.c_type = "int", width[type], c_type[type]
    elseif type == "varint" then
        field.kind, field.c_type = "varint", "uint64_t"
    elseif type == "rest" then
        field.kind = "rest"
    elseif type:match "^slice" then
        field.kind, field.width = "slice", tonumber(type:match "%d+") // 8
        field.max = field.max or (1 << 8 * field.width) - 1
    elseif type:match "^bytes" then
        field.kind, field.len = "bytes", tonumber(type:match "%d+")
    elseif type:match "^list8" then
        field.kind = "list"
        field.of, field.max = type:match "^list8 (%S+) (%d+)$"
        field.max = tonumber(field.max)
    elseif type:match "^struct" then
        field.kind, field.of = "struct", type:match "^struct (%S+)$"
    else
        error("wire.lua: field " .. row[1] .. " has unknown type " .. type)
    end
    local is_number = field.kind == "int" or field.kind == "varint"
    assert(not field.const or field.kind == "int", "wire.lua: field " .. row[1] .. ": only an integer is const")
    assert(not row.max or is_number or field.kind == "slice", "wire.lua: field " .. row[1] .. " takes no max")
    return field
end

function model.fields(struct)
    local fields = {}
    for i, row in ipairs(struct.fields) do
        fields[i] = model.field(row)
    end
    return fields
end

-- Enums in a fixed order.
function model.enum_names(wire)
    local names = {}
    for name in pairs(wire.enums) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

function model.bits(width_bytes)
    return 8 * width_bytes
end

-- An indenting collector of lines.
function model.text()
    local lines = {}
    return function(line, ...)
        if line == nil then
            return table.concat(lines, "\n") .. "\n"
        end
        lines[#lines + 1] = select("#", ...) > 0 and line:format(...) or line
    end
end

return model
