-- SPDX-License-Identifier: Apache-2.0
-- Seeds of the fuzz targets from proto/wire.lua: { TARGET = { NAME = bytes } }. How a target reads its input is
-- told at the head of fuzz/target/TARGET.c.
local samples = require "samples"

-- Protobuf by hand (https://protobuf.dev/programming-guides/encoding/): a field of bytes, a field of a number.
local function bytes_field(number, bytes)
    return string.pack("B", number << 3 | 2) .. samples.base128(#bytes) .. bytes
end

local function number_field(number, value)
    return string.pack("B", number << 3) .. samples.base128(value)
end

-- The messages of proto/signal.proto; in front, a byte that says Hello (1) or Signal (0).
local function signals()
    local record = ("r"):rep(192)
    local member = number_field(1, 3) .. bytes_field(2, record)
    local function signal(number, body)
        return "\0" .. number_field(1, 2) .. bytes_field(number, body)
    end
    return {
        hello = "\1" .. number_field(1, 2) .. number_field(2, 1200) .. number_field(3, 24576),
        join = signal(2, bytes_field(1, record) .. bytes_field(2, "token")),
        joined = signal(3, number_field(1, 3) .. bytes_field(2, member):rep(2)),
        joined_full = signal(3, number_field(1, 65535) .. bytes_field(2, member):rep(64)),
        member_joined = signal(4, bytes_field(1, member)),
        member_left = signal(5, number_field(1, 3)),
    }
end

return function(wire)
    local seeds = { frames = {}, packet_after = {}, headers = {}, canary = {}, packet_before = {}, handshake = {},
                    session = {} }
    local all = {}
    for _, frame in ipairs(wire.frames) do
        for _, place in ipairs(samples.places) do
            local bytes, name = samples.frame(wire, frame, place), frame.name .. "-" .. place
            seeds.frames[name] = bytes
            for choices = 0, 7 do
                seeds.packet_after[name .. "-" .. choices] = string.pack(">BI2", choices, 0xffff) .. bytes
            end
seeds.session["sealed-" .. name] = string.pack(">BBI2", 1, 0x0a, #bytes) .. bytes .. "\x4e"
        end
        all[#all + 1] = samples.frame(wire, frame, "some")
    end
    seeds.frames.all = table.concat(all)
    seeds.packet_after.all = string.pack(">BI2", 0, 0xffff) .. seeds.frames.all
    for i, struct in ipairs(wire.structs) do
        for _, place in ipairs(samples.places) do
            local bytes, name = samples.struct(wire, struct.name, place), struct.name .. "-" .. place
            seeds.headers[name] = string.pack("B", i) .. bytes
            seeds.packet_before[name] = "\0" .. bytes
        end
    end
    for _, kind in ipairs(wire.enums.long_type) do
        for _, pattern in ipairs(wire.enums.pattern) do
            local bytes = string.pack(">BBI4I4BBs1s1s2", 0xc0 | kind[2], wire.version, 0, 1, 0, pattern[2],
                                      string.char(wire.version), "", string.rep("m", 96))
            seeds.packet_before["long-" .. kind[1] .. "-" .. pattern[1]] = "\0" .. bytes .. string.rep("\0", 220)
        end
    end
    -- A handshake datagram by datagram, a rekey, a call with loss, streams (the op-codes: fuzz/target/session.c).
    seeds.session.connect = "\0\x0d" .. ("\x01\x02\x21\x02\x00\x0a"):rep(8)
    seeds.session.rekey = "\3" .. ("\x80\xff\x0e\x2e"):rep(6)
    seeds.session.call = "\1" .. ("\x08\x01\x00\x50\x28\x02\x00\x50\x41\x61\x02\x04\x03\x02\x00\x20"):rep(4)
    seeds.session.streams = "\1\x10\x30" .. ("\x11\0\x0f\xff\x11\4\1\0\x31\1\2\0\x0e\x32\0\x12\1"):rep(3) ..
        "\x13\0\x34\1\x15\1\xce"
    seeds.session.moves = "\1\x16\x17\x0e\x41\x0f\x07\x36\x37\x2e\xce"
    seeds.signals = signals()
    seeds.relay = { join = "\1\xff", rejoin = "\0\xff\xff" }
    for name, bytes in pairs(seeds.signals) do
        seeds.relay["signal-" .. name] = string.pack(">BBs2", 1, 1, bytes:sub(2, 1100)) .. "\xff"
    end
    for name, bytes in pairs(seeds.frames) do
        seeds.relay["frame-" .. name] = string.pack(">BBs2", 0, 0, bytes:sub(1, 1100))
    end
    seeds.canary.ping = "\1"
    local hello = seeds.signals.hello:sub(2)
    for choices = 0, 31 do -- a good Hello, then a frame that may stand there
        local place = choices & 16 ~= 0 and "\5" or ""
        seeds.handshake["hello-" .. choices] = string.pack("B", choices) .. place .. string.pack("s1", hello) ..
            samples.frame(wire, wire.frames[3], "some")
        seeds.handshake["frames-" .. choices] = string.pack("B", choices) .. place .. all[1] .. all[#all]
    end
    return seeds
end
