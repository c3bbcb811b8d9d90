-- SPDX-License-Identifier: Apache-2.0
-- wire-tables.md: the tables that the chapters of proto/ speak of.
local model = require "model"

local function size_of(field)
    if field.kind == "int" then
        return tostring(field.width)
    elseif field.kind == "varint" then
        return "1-8"
    elseif field.kind == "bytes" then
        return tostring(field.len)
    elseif field.kind == "slice" then
        return ("%d + up to %d"):format(field.width, field.max)
    elseif field.kind == "rest" then
        return "the rest"
    elseif field.kind == "list" then
        return ("1 + up to %d %s"):format(field.max, field.of)
    end
    return field.of
end

local function add_fields(add, struct)
    if #struct.fields == 0 then
        add "No fields."
        return
    end
    add "| field | bytes | meaning |"
    add "| --- | --- | --- |"
    for _, field in ipairs(model.fields(struct)) do
        local fixed = field.const and (" (always 0x%02x)"):format(field.const) or ""
        add("| %s | %s | %s%s |", field.name, size_of(field), field.doc, fixed)
    end
end

return function(wire)
    local add = model.text()
    add "# The wire in tables"
    add "Made by tools/gen-wire.lua from proto/wire.lua."
    add ""
    add("Version %d. All numbers are big-endian; varints are those of RFC 9000 section 16.", wire.version)
    add ""
    add "## Limits"
    add "| name | value | meaning |"
    add "| --- | --- | --- |"
    for _, limit in ipairs(wire.limits) do
        add("| %s | %d | %s |", limit[1], limit[2], limit[3])
    end
    for _, name in ipairs(model.enum_names(wire)) do
        add ""
        add("## %s", name)
        add(wire.enums[name].doc)
        add ""
        add "| value | name | meaning |"
        add "| --- | --- | --- |"
        for _, row in ipairs(wire.enums[name]) do
            add("| 0x%02x | %s | %s |", row[2], row[1], row[3])
        end
    end
    for _, struct in ipairs(wire.structs) do
        add ""
        add("## %s", struct.name)
        add(struct.doc)
        add ""
        add_fields(add, struct)
    end
    for _, frame in ipairs(wire.frames) do
        add ""
        add("## frame %s", frame.name)
        add(frame.eliciting and "Type byte, then the fields. Acknowledged." or "Type byte, then the fields.")
        add ""
        add_fields(add, frame)
    end
    return add()
end
