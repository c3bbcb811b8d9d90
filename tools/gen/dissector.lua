-- SPDX-License-Identifier: Apache-2.0
-- wzp.lua: a Wireshark dissector of what travels in clear. Wireshark's Lua is 5.2: no integer division, bit32 for bits.
local model = require "model"

local function add_enum(add, wire, name)
    add("local %s_names = {", name)
    for _, row in ipairs(wire.enums[name]) do
        add("    [%d] = %q,", row[2], row[1])
    end
    add "}"
end

-- Statements that show the fields of a struct of integers and slices, from `at` on.
local function add_struct(add, struct)
    add("local function show_%s(buffer, tree)", struct.name)
    add "    local at = 0"
    add "    local len"
    for _, field in ipairs(model.fields(struct)) do
        local id = struct.name .. "_" .. field.name
        if field.kind == "int" then
            add("    if at + %d > buffer:len() then return at end", field.width)
            add("    tree:add(fields.%s, buffer(at, %d))", id, field.width)
            add("    at = at + %d", field.width)
        else
            assert(field.kind == "slice", "wire.lua: clear headers hold integers and slices only")
            add("    if at + %d > buffer:len() then return at end", field.width)
            add("    len = buffer(at, %d):uint()", field.width)
            add("    at = at + %d", field.width)
            add "    if at + len > buffer:len() then return at end"
            add("    if len > 0 then tree:add(fields.%s, buffer(at, len)) end", id)
            add "    at = at + len"
        end
    end
    add "    return at"
    add "end"
end

local function add_fields(add, struct)
    for _, field in ipairs(model.fields(struct)) do
        local id = struct.name .. "_" .. field.name
        local kind = field.kind == "int" and ("uint%d"):format(model.bits(field.width)) or "bytes"
        local base = field.kind == "int" and ", base.HEX_DEC" or ""
        if field.name == "pattern" then
            base = ", base.DEC, pattern_names"
        end
        add("fields.%s = ProtoField.%s(%q, %q%s)", id, kind, "wzp." .. field.name, field.name, base)
    end
end

return function(wire)
    local clear = {}
    for _, struct in ipairs(wire.structs) do
        if struct.name == "long_header" or struct.name == "version_reject" then
            clear[struct.name] = struct
        end
    end
    local form = {}
    for _, row in ipairs(wire.enums.form) do
        form[row[1]] = row[2]
    end
    local reject = nil
    for _, row in ipairs(wire.enums.long_type) do
        if row[1] == "VERSION_REJECT" then
            reject = row[2]
        end
    end
    local add = model.text()
    add "-- SPDX-License-Identifier: Apache-2.0"
    add "-- Made by tools/gen-wire.lua from proto/wire.lua. Use: tshark -X lua_script:wzp.lua"
    add 'local wzp = Proto("wzp", "WZP secure real-time transport")'
    add_enum(add, wire, "long_type")
    add_enum(add, wire, "pattern")
    add "local fields = {}"
    add 'fields.kind = ProtoField.string("wzp.kind", "kind")'
    add 'fields.connection = ProtoField.uint32("wzp.connection", "receiver\'s connection id", base.HEX)'
    add 'fields.masked = ProtoField.bytes("wzp.masked", "masked packet number and sealed frames")'
    add 'fields.padding = ProtoField.bytes("wzp.padding", "padding")'
    add_fields(add, clear.long_header)
    add_fields(add, clear.version_reject)
    add "local list = {}"
    add "for _, field in pairs(fields) do list[#list + 1] = field end"
    add "wzp.fields = list"
    add ""
    add_struct(add, clear.long_header)
    add_struct(add, clear.version_reject)
    add ""
    add "local function long_kind(byte)"
    add "    return long_type_names[bit32.band(byte, 0x3f)]"
    add "end"
    add ""
    add "local function looks_right(buffer)"
    add "    if buffer:len() < 12 then return false end"
    add "    local first = buffer(0, 1):uint()"
    add("    if bit32.band(first, 0xc0) == %d then return long_kind(first) ~= nil end", form.LONG)
    add("    return bit32.band(first, 0xe0) == %d and buffer:len() >= 25", form.SHORT)
    add "end"
    add ""
    add "function wzp.dissector(buffer, info, tree)"
    add "    if not looks_right(buffer) then return 0 end"
    add '    info.cols.protocol = "WZP"'
    add "    local first = buffer(0, 1):uint()"
    add "    local top = tree:add(wzp, buffer())"
    add("    if bit32.band(first, 0xc0) ~= %d then", form.LONG)
    add '        info.cols.info = "SHORT"'
    add '        top:add(fields.kind, "SHORT")'
    add "        top:add(fields.connection, buffer(1, 4))"
    add "        top:add(fields.masked, buffer(5))"
    add "        return buffer:len()"
    add "    end"
    add "    info.cols.info = long_kind(first)"
    add "    top:add(fields.kind, long_kind(first))"
    add("    local show = bit32.band(first, 0x3f) == %d and show_version_reject or show_long_header", reject)
    add "    local at = show(buffer, top)"
    add "    if at < buffer:len() then top:add(fields.padding, buffer(at)) end"
    add "    return buffer:len()"
    add "end"
    add ""
    add 'DissectorTable.get("udp.port"):add(4433, wzp)'
    add 'wzp:register_heuristic("udp", function(buffer, info, tree)'
    add "    if not looks_right(buffer) then return false end"
    add "    return wzp.dissector(buffer, info, tree) > 0"
    add "end)"
    return add()
end
