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

-- A function that walks a struct of integers and slices, shows its fields if there is a tree, and returns the place
-- behind it, or nil where it does not parse.
local function add_struct(add, struct)
    add("local function show_%s(buffer, tree)", struct.name)
    add "    local at = 0"
    for _, field in ipairs(model.fields(struct)) do
        assert(field.kind == "int" or field.kind == "slice" or field.kind == "bytes",
            "wire.lua: clear headers: integers, bytes and slices only")
        local bound = field.kind == "slice" and field.max or field.const
        add("    at = at and %s(buffer, tree, fields.%s_%s, at, %d%s)", field.kind, struct.name, field.name,
            field.width or field.len, bound and (", %d"):format(bound) or "")
    end
    add "    return at"
    add "end"
    add ""
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

local function value_of(rows, name)
    for _, row in ipairs(rows) do
        if row[1] == name then
            return row[2]
        end
    end
    error("wire.lua: no " .. name)
end

local readers = [[
-- A number of `width` bytes, which is `const` if that is given: the place behind it, or nil.
local function int(buffer, tree, field, at, width, const)
    if at + width > buffer:len() then return nil end
    if const and buffer(at, width):uint() ~= const then return nil end
    if tree then tree:add(field, buffer(at, width)) end
    return at + width
end

-- `width` bytes.
local bytes = int

-- A length of `width` bytes, then at most `max` bytes.
local function slice(buffer, tree, field, at, width, max)
    if at + width > buffer:len() then return nil end
    local len = buffer(at, width):uint()
    at = at + width
    if len > max or at + len > buffer:len() then return nil end
    if tree and len > 0 then tree:add(field, buffer(at, len)) end
    return at + len
end
]]

-- $NAMES are filled in.
local body = [[
local function is_long(buffer)
    return buffer:len() > 0 and bit32.band(buffer(0, 1):uint(), 0xc0) == $LONG
end

local function is_short(buffer)
    return buffer:len() >= $SHORT_LEN_MIN and bit32.band(buffer(0, 1):uint(), 0xe0) == $SHORT
end

local function long_kind(buffer)
    return long_type_names[bit32.band(buffer(0, 1):uint(), 0x3f)]
end

local function show_long(buffer, tree)
    local show = { VERSION_REJECT = show_version_reject, COOKIE = show_cookie, REFUSAL = show_refusal }
    return (show[long_kind(buffer)] or show_long_header)(buffer, tree)
end

function wzp.dissector(buffer, info, tree)
    if is_short(buffer) then
        info.cols.protocol = "WZP"
        info.cols.info = "SHORT"
        local top = tree:add(wzp, buffer())
        top:add(fields.kind, "SHORT")
        top:add(fields.masked_bits, buffer(0, 1))
        top:add(fields.connection, buffer(1, 4))
        top:add(fields.masked, buffer(5))
    elseif is_long(buffer) and long_kind(buffer) then
        info.cols.protocol = "WZP"
        info.cols.info = long_kind(buffer)
        local top = tree:add(wzp, buffer())
        top:add(fields.kind, long_kind(buffer))
        local at = show_long(buffer, top)
        if not at then
            top:add_proto_expert_info(malformed)
        elseif at < buffer:len() then
            top:add(fields.padding, buffer(at))
        end
    else
        return 0
    end
    return buffer:len()
end

-- Other protocols (QUIC) share our first bytes. So on a foreign port only a handshake packet that parses to its zero
-- padding is taken for ours, and short packets only where one was seen before.
local function is_surely_ours(buffer)
    local at = is_long(buffer) and long_kind(buffer) and show_long(buffer, nil)
    return at and (at == buffer:len() or not buffer:raw(at):find("[^%z]"))
end

DissectorTable.get("udp.port"):add(4433, wzp)
wzp:register_heuristic("udp", function(buffer, info, tree)
    if not is_surely_ours(buffer) then return false end
    info.conversation = wzp
    wzp.dissector(buffer, info, tree)
    return true
end)]]

return function(wire)
    local clear = {}
    for _, struct in ipairs(wire.structs) do
        clear[struct.name] = struct
    end
    local answers = { clear.version_reject, clear.cookie, clear.refusal } -- long packets of another layout
    local constants = {
        LONG = value_of(wire.enums.form, "LONG"),
        SHORT = value_of(wire.enums.form, "SHORT"),
        SHORT_LEN_MIN = 5 + value_of(wire.limits, "SAMPLE_OFFSET") + value_of(wire.limits, "SAMPLE_LEN"),
    }
    local add = model.text()
    add "-- SPDX-License-Identifier: Apache-2.0"
    add "-- Made by tools/gen-wire.lua from proto/wire.lua. Use: tshark -X lua_script:wzp.lua"
    add 'local wzp = Proto("wzp", "WZP secure real-time transport")'
    add_enum(add, wire, "long_type")
    add_enum(add, wire, "pattern")
    add "local fields = {}"
    add 'fields.kind = ProtoField.string("wzp.kind", "kind")'
    add 'fields.connection = ProtoField.uint32("wzp.connection", "receiver\'s connection id", base.HEX)'
    add 'fields.masked_bits = ProtoField.uint8("wzp.masked_bits", "masked number length and reserved bits", base.HEX,'
    add "    nil, 0x1f)"
    add 'fields.masked = ProtoField.bytes("wzp.masked", "masked packet number and sealed frames")'
    add 'fields.padding = ProtoField.bytes("wzp.padding", "padding")'
    add_fields(add, clear.long_header)
    for _, struct in ipairs(answers) do
        add_fields(add, struct)
    end
    add "local list = {}"
    add "for _, field in pairs(fields) do list[#list + 1] = field end"
    add "wzp.fields = list"
    add 'local malformed = ProtoExpert.new("wzp.malformed", "does not parse", expert.group.MALFORMED,'
    add "    expert.severity.ERROR)"
    add "wzp.experts = { malformed }"
    add ""
    add(readers)
    add_struct(add, clear.long_header)
    for _, struct in ipairs(answers) do
        add_struct(add, struct)
    end
    add((body:gsub("%$([%u_]+)", constants)))
    return add()
end
