-- SPDX-License-Identifier: Apache-2.0
-- make-speech.lua DIR: writes DIR/VOICE.wav and DIR/sentences/VOICE-N.wav (16 kHz mono 16 bit) from recordings that
-- Debian packages install; docs/speech.md names them and their licences. Integers only: the same bytes everywhere.
local dir = assert(arg[1], "usage: make-speech.lua DIR")
package.path = arg[0]:match("^(.*)/[^/]*$") .. "/?.lua;" .. package.path
local g722 = require("g722")

local RATE = 16000
local PEAK = 16422          -- -6 dBFS
local PAUSE = RATE * 6 // 10
local SPHINX = "/usr/share/pocketsphinx/test/data/"
local ASTERISK = "/usr/share/asterisk/sounds/en_US_f_Allison/"
local CODEC2 = "/usr/share/codec2/raw/"

-- A piece is {file, from_s, to_s}; without times the whole file. `times`: how often the pieces follow one another.
local AUSTEN = SPHINX .. "librivox/sense_and_sensibility_01_austen_64kb-"
local VOICES = {
    {name = "female", times = 1, {ASTERISK .. "demo-congrats.g722"}, {ASTERISK .. "demo-abouttotry.g722"}},
    {name = "male", times = 2, {AUSTEN .. "0870.wav"}, {AUSTEN .. "0880.wav"}, {AUSTEN .. "0890.wav"},
     {AUSTEN .. "0920.wav"}, {AUSTEN .. "0930.wav"}},
    {name = "female2", times = 3, {CODEC2 .. "speech_orig_16k.wav", 2.66, 5.62},
     {CODEC2 .. "speech_orig_16k.wav", 7.80, 10.79}},
    {name = "male2", times = 4, {CODEC2 .. "speech_orig_16k.wav", 0, 2.45},
     {CODEC2 .. "speech_orig_16k.wav", 5.62, 7.80}},
}

local function read_file(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read("a")
    file:close()
    return bytes
end

-- The data chunk of a 16 kHz mono 16 bit WAV as a list of samples.
local function read_wav(path)
    local bytes = read_file(path)
    assert(bytes:sub(1, 4) == "RIFF" and bytes:sub(9, 12) == "WAVE", path .. ": not a WAV file")
    local at = 13
    while at + 8 <= #bytes do
        local id, size = string.unpack("<c4I4", bytes, at)
        local body = at + 8
        if id == "fmt " then
            local format, channels, rate, _, _, bits = string.unpack("<I2I2I4I4I2I2", bytes, body)
            assert(format == 1 and channels == 1 and rate == RATE and bits == 16, path .. ": not 16 kHz mono 16 bit")
        elseif id == "data" then
            local samples = {}
            for i = body, math.min(body + size, #bytes + 1) - 2, 2 do
                samples[#samples + 1] = string.unpack("<i2", bytes, i)
            end
            return samples
        end
        at = body + size + size % 2
    end
    error(path .. ": no data chunk")
end

local function write_wav(path, samples)
    local file = assert(io.open(path, "wb"))
    file:write(string.pack("<c4I4c4c4I4I2I2I4I4I2I2c4I4", "RIFF", 36 + 2 * #samples, "WAVE", "fmt ", 16, 1, 1, RATE,
                           2 * RATE, 2, 16, "data", 2 * #samples))
    local parts = {}
    for i, sample in ipairs(samples) do
        parts[i] = string.pack("<i2", sample)
    end
    file:write(table.concat(parts))
    assert(file:close())
end

-- Cuts what is quieter than -35 dB of the loudest 10 ms off both ends, but for 40 ms before and 150 ms behind.
local function trim(samples)
    local frame = RATE // 100
    local energy, loudest = {}, 0
    for k = 1, #samples // frame do
        local sum = 0
        for i = (k - 1) * frame + 1, k * frame do
            sum = sum + samples[i] * samples[i]
        end
        energy[k] = sum
        loudest = math.max(loudest, sum)
    end
    local first, last
    for k, sum in ipairs(energy) do
        if sum * 3162 >= loudest then
            first = first or k
            last = k
        end
    end
    return table.move(samples, math.max(1, (first - 5) * frame + 1), math.min(#samples, (last + 15) * frame), 1, {})
end

local function load_piece(piece)
    local path, from_s, to_s = table.unpack(piece)
    local samples = path:find("%.g722$") and g722.decode(read_file(path)) or read_wav(path)
    if from_s then
        samples = table.move(samples, math.floor(from_s * RATE) + 1, math.floor(to_s * RATE), 1, {})
    end
    return trim(samples)
end

-- One gain for all pieces of a voice, and 5 ms ramps so that a cut does not click.
local function level(pieces)
    local peak = 0
    for _, samples in ipairs(pieces) do
        for _, sample in ipairs(samples) do
            peak = math.max(peak, math.abs(sample))
        end
    end
    local ramp = RATE // 200
    for _, samples in ipairs(pieces) do
        local count = #samples
        for i, sample in ipairs(samples) do
            local edge = math.min(i, count + 1 - i, ramp)
            samples[i] = (2 * sample * PEAK * edge + peak * ramp) // (2 * peak * ramp)
        end
    end
end

-- A pause is faint noise, as a room has, not digital silence: uniform in -16..15 from Numerical Recipes' generator.
local noise = 1
local function append_pause(out)
    for _ = 1, PAUSE do
        noise = (1664525 * noise + 1013904223) & 0xffffffff
        out[#out + 1] = (noise >> 27) - 16
    end
end

for _, voice in ipairs(VOICES) do
    local pieces = {}
    for i, piece in ipairs(voice) do
        pieces[i] = load_piece(piece)
    end
    level(pieces)
    local whole = {}
    for _ = 1, voice.times do
        for _, samples in ipairs(pieces) do
            table.move(samples, 1, #samples, #whole + 1, whole)
            append_pause(whole)
        end
    end
    write_wav(dir .. "/" .. voice.name .. ".wav", whole)
    for i, samples in ipairs(pieces) do
        write_wav(("%s/sentences/%s-%d.wav"):format(dir, voice.name, i), samples)
    end
end
