#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: Apache-2.0
-- Makes from proto/wire.lua what the rest of the project reads of the wire:
--   gen-wire.lua WIRE.lua OUTDIR  ->  OUTDIR/wire/wire.h, OUTDIR/wire/wire.c, OUTDIR/wire-tables.md, OUTDIR/wzp.lua
local wire_file, out_dir = table.unpack(arg)
if not out_dir then
    io.stderr:write("usage: gen-wire.lua WIRE.lua OUTDIR\n")
    os.exit(1)
end
package.path = arg[0]:gsub("[^/]*$", "") .. "gen/?.lua;" .. package.path
local wire = dofile(wire_file)

local function write(name, text)
    local file = assert(io.open(out_dir .. "/" .. name, "w"))
    file:write(text)
    file:close()
end

for name, make in pairs { ["wire/wire.h"] = "header", ["wire/wire.c"] = "source", ["wire-tables.md"] = "tables",
                          ["wzp.lua"] = "dissector" } do
    write(name, require(make)(wire))
end
