#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: Apache-2.0
-- Makes from proto/wire.lua what the fuzzers begin with:
--   gen-fuzz.lua WIRE.lua OUTDIR  ->  OUTDIR/wzp.dict, OUTDIR/round_trip.h, OUTDIR/seeds/TARGET/NAME
local wire_file, out_dir = table.unpack(arg)
if not out_dir then
    io.stderr:write("usage: gen-fuzz.lua WIRE.lua OUTDIR\n")
    os.exit(1)
end
package.path = arg[0]:gsub("[^/]*$", "") .. "gen/?.lua;" .. package.path
local wire = dofile(wire_file)

local function write(name, text)
    local file = assert(io.open(out_dir .. "/" .. name, "wb"))
    file:write(text)
    file:close()
end

assert(os.execute("rm -rf '" .. out_dir .. "/seeds' && mkdir -p '" .. out_dir .. "/seeds'"))
for target, seeds in pairs(require "seeds"(wire)) do
    assert(os.execute("mkdir '" .. out_dir .. "/seeds/" .. target .. "'"))
    for name, bytes in pairs(seeds) do
        write("seeds/" .. target .. "/" .. name, bytes)
    end
end
write("round_trip.h", require "round_trip"(wire))
write("wzp.dict", require "dictionary"(wire))
