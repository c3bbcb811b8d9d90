-- SPDX-License-Identifier: Apache-2.0
-- ITU-T G.722 decoder, 64 kbit/s mode: a string of octets in, a list of 16 bit samples at 16 kHz out.
-- Written from the Recommendation (11/88), clause 6; names and tables are the Recommendation's.

local WL = {[0] = -60, -30, 58, 172, 334, 538, 1198, 3042}
local RL42 = {[0] = 0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0}
local WH = {[0] = 798, -214, 798, -214}
local ILB = {[0] =
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008}
local QM2 = {[0] = -7408, -1616, 7408, 1616}
local QM4 = {[0] =
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
local QM6 = {[0] =
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
    -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688,
    -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856,
    7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136,
    -432, -136}
local QMF = {[0] = 3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}

local function clip(x, low, high)
    return x < low and low or x > high and high or x
end

local function saturate(x)
    return clip(x, -32768, 32767)
end

local function band_new(det)
    return {s = 0, sz = 0, nb = 0, det = det, a1 = 0, a2 = 0, r1 = 0, r2 = 0, p1 = 0, p2 = 0,
            b = {0, 0, 0, 0, 0, 0}, d = {0, 0, 0, 0, 0, 0}}
end

-- Block 3L/3H: the quantizer's scale factor follows the code word.
local function adapt_scale(band, w, nb_max, shift)
    band.nb = clip((band.nb * 127 // 128) + w, 0, nb_max)
    local down = shift - (band.nb >> 11)
    local mantissa = ILB[(band.nb >> 6) & 31]
    band.det = (down < 0 and mantissa << -down or mantissa >> down) << 2
end

-- Block 4L/4H: the two poles and six zeros of the predictor follow the quantized difference d0.
local function predict(band, d0)
    local r0, p0 = saturate(band.s + d0), saturate(band.sz + d0)
    local same1 = (p0 < 0) == (band.p1 < 0)
    local same2 = (p0 < 0) == (band.p2 < 0)
    local scaled = saturate(band.a1 * 4)
    local tilt = same1 and math.min(-scaled, 32767) or scaled
    local a2 = clip((tilt // 128) + (same2 and 128 or -128) + (band.a2 * 32512 // 32768), -12288, 12288)
    local limit = saturate(15360 - a2)
    local a1 = clip(saturate((same1 and 192 or -192) + (band.a1 * 32640 // 32768)), -limit, limit)

    local b, d = band.b, band.d
    local step = d0 == 0 and 0 or 128
    local sz = 0
    for i = 6, 1, -1 do
        b[i] = saturate(((d[i] < 0) == (d0 < 0) and step or -step) + (b[i] * 32640 // 32768))
        d[i] = i > 1 and d[i - 1] or d0
        sz = sz + (b[i] * saturate(d[i] * 2) // 32768)
    end
    band.sz = saturate(sz)
    band.p1, band.p2 = p0, band.p1
    band.r1, band.r2 = r0, band.r1
    band.a1, band.a2 = a1, a2
    local sp = saturate((a1 * saturate(band.r1 * 2) // 32768) + (a2 * saturate(band.r2 * 2) // 32768))
    band.s = saturate(sp + band.sz)
end

local function decode(octets)
    local low, high = band_new(32), band_new(8)
    local x = {}
    for i = 0, 23 do
        x[i] = 0
    end
    local out = {}
    for at = 1, #octets do
        local code = octets:byte(at)
        local il, ih = code & 63, code >> 6

        local rl = clip(low.s + (low.det * QM6[il] // 32768), -16384, 16383)
        local dl = low.det * QM4[il >> 2] // 32768
        adapt_scale(low, WL[RL42[il >> 2]], 18432, 8)
        predict(low, dl)

        local dh = high.det * QM2[ih] // 32768
        local rh = clip(dh + high.s, -16384, 16383)
        adapt_scale(high, WH[ih], 22528, 10)
        predict(high, dh)

        table.move(x, 2, 23, 0)
        x[22], x[23] = rl + rh, rl - rh
        local odd, even = 0, 0
        for i = 0, 11 do
            even = even + x[2 * i] * QMF[i]
            odd = odd + x[2 * i + 1] * QMF[11 - i]
        end
        out[#out + 1] = saturate(odd // 2048)
        out[#out + 1] = saturate(even // 2048)
    end
    return out
end

return {decode = decode}
