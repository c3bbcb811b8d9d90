-- SPDX-License-Identifier: Apache-2.0
-- BUILD/gen/fuzz/round_trip.h: every struct and frame of wire.lua behind one function each, for the fuzz targets
-- that decode, encode and compare.
local model = require "model"

return function(wire)
    local add = model.text()
    add "// SPDX-License-Identifier: Apache-2.0"
    add "/* Made by tools/gen-fuzz.lua from proto/wire.lua: not to be edited. */"
    add '#include "wire/wire.h"'
    add ""
    add("#define ROUND_TRIP_STRUCTS %d", #wire.structs)
    add ""
    add "/* Decodes struct `which` and encodes what came out; false: malformed. */"
    add "static bool round_trip_struct(unsigned which, struct wzp_reader *reader, struct wzp_writer *writer)"
    add "{"
    add "    switch (which) {"
    for i, struct in ipairs(wire.structs) do
        add("    case %d: {", i - 1)
        add("        struct wzp_%s value;", struct.name)
        add("        if (!wzp_%s_decode(reader, &value))", struct.name)
        add "            return false;"
        add("        wzp_%s_encode(writer, &value);", struct.name)
        add "        return true;"
        add "    }"
    end
    add "    default:"
    add "        return false;"
    add "    }"
    add "}"
    add ""
    add "/* Encodes a frame that was decoded; its size as the codec tells it before. */"
    add "static size_t round_trip_frame(const struct wzp_frame *frame, struct wzp_writer *writer)"
    add "{"
    add "    switch (frame->type) {"
    for _, frame in ipairs(wire.frames) do
        add("    case WZP_FRAME_TYPE_%s:", frame.name:upper())
        add("        wzp_frame_%s_encode(writer, &frame->%s);", frame.name, frame.name)
        add("        return wzp_frame_%s_size(&frame->%s);", frame.name, frame.name)
    end
    add "    default:"
    add "        return 0;"
    add "    }"
    add "}"
    return add()
end
