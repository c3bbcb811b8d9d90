-- SPDX-License-Identifier: Apache-2.0
-- How high can one hear? Anna's program says a sweep over seven octaves, and so does ben's; each measures octave by octave
-- how loud the other's came through. With Opus all octaves come through as they were said; a tier that cuts its band, a
-- broken codec or path shows at once. `wzp-client join --test sweep` does the same for real.
local s = 1000000000
local p = params {
    { "tier", "opus48k", "tier", "best quality of speech" },
    { "loss", "0", "share", "packets lost on anna's link, each direction" },
    { "seconds", "20", "count", "of the call" },
    { "from", "125", "count", "lowest octave that must come through" },
    { "to", "8000", "count", "highest one; those above must not" },
    { "limit", "6", "number", "dB that an octave may be softer or louder than it was said" },
}

local w = world { horizon = p.seconds * s }
w:report()
w:relay {}
local link = { delay = 30000000, loss = p.loss }
local anna = w:client { name = "anna", test = "sweep", bitrate = p.tier, up = link, down = link }
local ben = w:client { name = "ben", test = "sweep", bitrate = p.tier }
w:run(p.seconds * s)
for _, who in ipairs { { "anna", anna }, { "ben", ben } } do
    for _, band in ipairs(w:measure(who[2]).test.bands) do
        local is_in = band.hz >= p.from and band.hz <= p.to
        local off = band.heard_db - band.said_db
        judge("quality", ("%s hears %.0f Hz"):format(who[1], band.hz),
            not is_in and (band.hz < p.from or off <= -12) or is_in and math.abs(off) <= p.limit,
            ("said at %.1f dB, heard at %.1f dB"):format(band.said_db, band.heard_db))
    end
end
