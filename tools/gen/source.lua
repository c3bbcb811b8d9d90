-- SPDX-License-Identifier: Apache-2.0
-- wire/wire.c: the codecs behind wire.h.
local model = require "model"

local function emit_encode(add, field)
    local value = field.const and ("%d"):format(field.const) or "value->" .. field.name
    if field.max and field.kind ~= "list" then
        add("    if (%s%s > %d)", value, field.kind == "slice" and ".len" or "", field.max)
        add "        writer->failed = true;"
    end
    if field.kind == "int" then
        add("    wzp_write_u%d(writer, %s);", model.bits(field.width), value)
    elseif field.kind == "varint" then
        add("    wzp_write_varint(writer, %s);", value)
    elseif field.kind == "bytes" then
        add("    wzp_write_bytes(writer, %s, %d);", value, field.len)
    elseif field.kind == "slice" then
        add("    wzp_write_u%d(writer, (uint%d_t)%s.len);", model.bits(field.width), model.bits(field.width), value)
        add("    wzp_write_bytes(writer, %s.data, %s.len);", value, value)
    elseif field.kind == "rest" then
        add("    wzp_write_bytes(writer, %s.data, %s.len);", value, value)
    elseif field.kind == "list" then
        add("    if (%s_count > %d)", value, field.max)
        add "        writer->failed = true;"
        add("    wzp_write_u8(writer, %s_count);", value)
        add("    for (unsigned i = 0; i < %s_count && !writer->failed; i++)", value)
        add("        wzp_%s_encode(writer, &%s[i]);", field.of, value)
    else
        add("    wzp_%s_encode(writer, &%s);", field.of, value)
    end
end

local function emit_decode(add, field)
    local value = "value->" .. field.name
    if field.const then
        add("    if (wzp_read_u%d(reader) != %d)", model.bits(field.width), field.const)
        add "        return false;"
    elseif field.kind == "int" then
        add("    %s = wzp_read_u%d(reader);", value, model.bits(field.width))
    elseif field.kind == "varint" then
        add("    %s = wzp_read_varint(reader);", value)
    elseif field.kind == "bytes" then
        add("    wzp_read_copy(reader, %s, %d);", value, field.len)
    elseif field.kind == "slice" then
        add("    %s = wzp_read_bytes(reader, wzp_read_u%d(reader));", value, model.bits(field.width))
    elseif field.kind == "rest" then
        add("    %s = wzp_read_bytes(reader, wzp_reader_left(reader));", value)
    elseif field.kind == "list" then
        add("    %s_count = wzp_read_u8(reader);", value)
        add("    if (%s_count > %d)", value, field.max)
        add "        return false;"
        add("    for (unsigned i = 0; i < %s_count; i++)", value)
        add("        if (!wzp_%s_decode(reader, &%s[i]))", field.of, value)
        add "            return false;"
    else
        add("    if (!wzp_%s_decode(reader, &%s))", field.of, value)
        add "        return false;"
    end
    if field.max and field.kind ~= "list" then
        add("    if (%s%s > %d)", value, field.kind == "slice" and ".len" or "", field.max)
        add "        return false;"
    end
end

-- The encoded size: a constant sum, then what depends on the value.
local function emit_size(add, fields, structs)
    local fixed, terms = 1, {}
    local function count(list)
        for _, field in ipairs(list) do
            local value = "value->" .. field.name
            if field.kind == "int" then
                fixed = fixed + field.width
            elseif field.kind == "bytes" then
                fixed = fixed + field.len
            elseif field.kind == "varint" then
                terms[#terms + 1] = ("wzp_varint_len(%s)"):format(value)
            elseif field.kind == "slice" then
                fixed = fixed + field.width
                terms[#terms + 1] = value .. ".len"
            elseif field.kind == "rest" then
                terms[#terms + 1] = value .. ".len"
            elseif field.kind == "struct" then
                count(model.fields(structs[field.of])) -- structs inside frames are of fixed size
            end
        end
    end
    count(fields)
    add("    size_t size = %s;", #terms > 0 and fixed .. " + " .. table.concat(terms, " + ") or fixed)
    for _, field in ipairs(fields) do
        if field.kind == "list" then
            local parts = {}
            for _, inner in ipairs(model.fields(structs[field.of])) do
                assert(inner.kind == "varint", "wire.lua: lists hold varints only")
                parts[#parts + 1] = ("wzp_varint_len(value->%s[i].%s)"):format(field.name, inner.name)
            end
            add "    size += 1;"
            add("    for (unsigned i = 0; i < value->%s_count; i++)", field.name)
            add("        size += %s;", table.concat(parts, " + "))
        end
    end
end

local function uses_value(fields)
    for _, field in ipairs(fields) do
        if not field.const then
            return true
        end
    end
    return false
end

local function emit_enum(add, name, enum)
    for _, what in ipairs { { "name", 1 }, { "text", 3 } } do
        add("const char *wzp_%s_%s(unsigned value)", name, what[1])
        add "{"
        add "    switch (value) {"
        for _, row in ipairs(enum) do
            local text = what[2] == 1 and row[1]:lower() or row[what[2]]
            add("    case WZP_%s_%s:", name:upper(), row[1])
            add("        return %q;", text)
        end
        add "    default:"
        add '        return "unknown";'
        add "    }"
        add "}"
        add ""
    end
end

return function(wire)
    local add = model.text()
    local structs = {}
    for _, struct in ipairs(wire.structs) do
        structs[struct.name] = struct
    end
    add "// SPDX-License-Identifier: Apache-2.0"
    add "/* Made by tools/gen-wire.lua from proto/wire.lua: not to be edited. */"
    add '#include "wire/wire.h"'
    add ""
    for _, name in ipairs(model.enum_names(wire)) do
        emit_enum(add, name, wire.enums[name])
    end
    for _, struct in ipairs(wire.structs) do
        add("void wzp_%s_encode(struct wzp_writer *writer, const struct wzp_%s *value)", struct.name, struct.name)
        add "{"
        for _, field in ipairs(model.fields(struct)) do
            emit_encode(add, field)
        end
        add "}"
        add ""
        add("bool wzp_%s_decode(struct wzp_reader *reader, struct wzp_%s *value)", struct.name, struct.name)
        add "{"
        for _, field in ipairs(model.fields(struct)) do
            emit_decode(add, field)
        end
        add "    return !reader->failed;"
        add "}"
        add ""
    end
    for _, frame in ipairs(wire.frames) do
        local fields = model.fields(frame)
        local used = uses_value(fields)
        add("void wzp_frame_%s_encode(struct wzp_writer *writer, const struct wzp_frame_%s *value)", frame.name,
            frame.name)
        add "{"
        if not used then
            add "    (void)value;"
        end
        add("    wzp_write_u8(writer, WZP_FRAME_TYPE_%s);", frame.name:upper())
        for _, field in ipairs(fields) do
            emit_encode(add, field)
        end
        add "}"
        add ""
        add("size_t wzp_frame_%s_size(const struct wzp_frame_%s *value)", frame.name, frame.name)
        add "{"
        add "    (void)value;"
        emit_size(add, fields, structs)
        add "    return size;"
        add "}"
        add ""
        if used then
            add("static bool frame_%s_decode(struct wzp_reader *reader, struct wzp_frame_%s *value)", frame.name,
                frame.name)
            add "{"
            for _, field in ipairs(fields) do
                emit_decode(add, field)
            end
            add "    return !reader->failed;"
            add "}"
            add ""
        end
    end
    add "enum wzp_frame_result wzp_frame_decode(struct wzp_reader *reader, struct wzp_frame *frame)"
    add "{"
    add "    if (reader->failed)"
    add "        return WZP_FRAME_MALFORMED;"
    add "    uint8_t type = WZP_FRAME_TYPE_PADDING;"
    add "    while (type == WZP_FRAME_TYPE_PADDING) {"
    add "        if (wzp_reader_left(reader) == 0)"
    add "            return WZP_FRAME_END;"
    add "        type = wzp_read_u8(reader);"
    add "    }"
    add "    frame->type = (enum wzp_frame_type)type;"
    add "    bool good;"
    add "    switch (type) {"
    for _, frame in ipairs(wire.frames) do
        add("    case WZP_FRAME_TYPE_%s:", frame.name:upper())
        add(uses_value(model.fields(frame)) and "        good = frame_%s_decode(reader, &frame->%s);"
                or "        good = true;", frame.name, frame.name)
        add "        break;"
    end
    add "    default:"
    add "        return WZP_FRAME_UNKNOWN;"
    add "    }"
    add "    return good ? WZP_FRAME_OK : WZP_FRAME_MALFORMED;"
    add "}"
    add ""
    for _, mark in ipairs { "eliciting", "media" } do
        add("bool wzp_frame_is_%s(enum wzp_frame_type type)", mark)
        add "{"
        add "    switch (type) {"
        for _, frame in ipairs(wire.frames) do
            if frame[mark] then
                add("    case WZP_FRAME_TYPE_%s:", frame.name:upper())
            end
        end
        add "        return true;"
        add "    default:"
        add "        return false;"
        add "    }"
        add "}"
        if mark == "eliciting" then add "" end
    end
    return add()
end
