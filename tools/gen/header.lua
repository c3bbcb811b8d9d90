-- SPDX-License-Identifier: Apache-2.0
-- wire/wire.h: limits, enums, structs and the codecs' declarations.
local model = require "model"

local function c_field(add, field)
    if field.const then
        return
    elseif field.kind == "int" or field.kind == "varint" then
        add("    %s %s; /* %s */", field.c_type, field.name, field.doc)
    elseif field.kind == "bytes" then
        add("    uint8_t %s[%d]; /* %s */", field.name, field.len, field.doc)
    elseif field.kind == "slice" or field.kind == "rest" then
        add("    struct wzp_slice %s; /* %s */", field.name, field.doc)
    elseif field.kind == "list" then
        add("    uint8_t %s_count;", field.name)
        add("    struct wzp_%s %s[%d]; /* %s */", field.of, field.name, field.max, field.doc)
    else
        add("    struct wzp_%s %s; /* %s */", field.of, field.name, field.doc)
    end
end

local function c_struct(add, name, struct)
    add("struct wzp_%s {", name)
    local fields = 0
    for _, field in ipairs(model.fields(struct)) do
        c_field(add, field)
        fields = fields + (field.const and 0 or 1)
    end
    if fields == 0 then
        add("    uint8_t nothing; /* C has no empty struct */")
    end
    add("};")
end

return function(wire)
    local add = model.text()
    add "// SPDX-License-Identifier: Apache-2.0"
    add "/* Made by tools/gen-wire.lua from proto/wire.lua: not to be edited. Slices borrow from what was decoded. */"
    add "#ifndef WZP_WIRE_WIRE_H"
    add "#define WZP_WIRE_WIRE_H"
    add ""
    add '#include "base/bytes.h"'
    add ""
    add("#define WZP_VERSION %d", wire.version)
    for _, limit in ipairs(wire.limits) do
        add("#define WZP_%s %d /* %s */", limit[1], limit[2], limit[3])
    end
    for _, name in ipairs(model.enum_names(wire)) do
        local enum, largest = wire.enums[name], 0
        add ""
        add("/* %s */", enum.doc)
        add("enum wzp_%s {", name)
        for _, row in ipairs(enum) do
            add("    WZP_%s_%s = %d, /* %s */", name:upper(), row[1], row[2], row[3])
            largest = math.max(largest, row[2])
        end
        add "};"
        add("#define WZP_%s_COUNT %d /* the largest value + 1 */", name:upper(), largest + 1)
        add('const char *wzp_%s_name(unsigned value); /* "unknown" for others; so does _text */', name)
        add("const char *wzp_%s_text(unsigned value);", name)
    end
    for _, struct in ipairs(wire.structs) do
        add ""
        add("/* %s */", struct.doc)
        c_struct(add, struct.name, struct)
        add("void wzp_%s_encode(struct wzp_writer *writer, const struct wzp_%s *value);", struct.name, struct.name)
        add("bool wzp_%s_decode(struct wzp_reader *reader, struct wzp_%s *value); /* false: malformed */", struct.name,
            struct.name)
    end
    add ""
    add "/* Frames: encode writes the type byte and the fields; size counts both. */"
    for _, frame in ipairs(wire.frames) do
        c_struct(add, "frame_" .. frame.name, frame)
        add("void wzp_frame_%s_encode(struct wzp_writer *writer, const struct wzp_frame_%s *value);", frame.name,
            frame.name)
        add("size_t wzp_frame_%s_size(const struct wzp_frame_%s *value);", frame.name, frame.name)
        add ""
    end
    add "struct wzp_frame {"
    add "    enum wzp_frame_type type;"
    add "    union {"
    for _, frame in ipairs(wire.frames) do
        add("        struct wzp_frame_%s %s;", frame.name, frame.name)
    end
    add "    };"
    add "};"
    add ""
    add "enum wzp_frame_result {"
    add "    WZP_FRAME_OK,"
    add "    WZP_FRAME_END, /* nothing is left */"
    add "    WZP_FRAME_UNKNOWN,"
    add "    WZP_FRAME_MALFORMED,"
    add "};"
    add ""
    add "/* The next frame; runs of PADDING are skipped. */"
    add "enum wzp_frame_result wzp_frame_decode(struct wzp_reader *reader, struct wzp_frame *frame);"
    add "bool wzp_frame_is_eliciting(enum wzp_frame_type type);"
    add "bool wzp_frame_is_media(enum wzp_frame_type type);"
    add ""
    add "#endif"
    return add()
end
