#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: Apache-2.0
-- gen-gf256.lua OUT: the constant tables of impl/fec/gf256.c, for the field of RFC 6330 section 5.7.2.

local POLYNOMIAL = 0x11d

local exp, log = {}, {[0] = 0}
local value = 1
for i = 0, 254 do
    exp[i], exp[i + 255] = value, value
    log[value] = i
    value = value << 1
    if value > 255 then
        value = value ~ POLYNOMIAL
    end
end

local function mul(a, b)
    return (a == 0 or b == 0) and 0 or exp[log[a] + log[b]]
end

-- What GF2P8AFFINEQB wants: bit i of the product is the parity of byte 7 - i of the matrix and the operand.
local function matrix(c)
    local bits = 0
    for i = 0, 7 do
        for j = 0, 7 do
            bits = bits | (mul(c, 1 << j) >> i & 1) << (8 * (7 - i) + j)
        end
    end
    return ("UINT64_C(0x%016x)"):format(bits)
end

local function list(from, to, make)
    local all = {}
    for i = from, to do
        all[#all + 1] = make(i)
    end
    return table.concat(all, ", ")
end

local function nibbles(c)
    return "    {" .. list(0, 15, function(n) return mul(c, n) end) .. ",\n     "
        .. list(0, 15, function(n) return mul(c, n << 4) end) .. "}"
end

local out = assert(io.open(arg[1], "w"))
out:write("// SPDX-License-Identifier: Apache-2.0\n/* Made by tools/gen-gf256.lua. */\n",
    "#include <stdint.h>\n\n",
    "static const uint8_t exp_of[510] = {", list(0, 509, function(i) return exp[i] end), "};\n\n",
    "static const uint8_t log_of[256] = {", list(0, 255, function(i) return log[i] end), "};\n\n",
    "/* c times 0..15, then c times 0, 16, .. 240. */\n",
    "static const uint8_t nibbles[256][32] __attribute__((aligned(32))) = {\n",
    list(0, 255, nibbles):gsub("}, ", "},\n"), "};\n\n",
    "#if defined(__x86_64__)\n/* Multiplication by c as the 8x8 bit matrix of GF2P8AFFINEQB. */\n",
    "static const uint64_t matrices[256] = {\n    ", (list(0, 255, matrix):gsub(", ", ",\n    ")), "};\n#endif\n")
assert(out:close())
