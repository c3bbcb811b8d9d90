-- SPDX-License-Identifier: Apache-2.0
-- A Join that rides in message 3 to a full relay once reached the relay's rooms through a session that was only there
-- to be refused with, and ended the process.
params {}
local w = world { horizon = 6000000000 }
w:report()
w:relay { sessions = 1 }
local first = w:client { name = "first", codec = "synthetic", stop = 5000000000 }
local second = w:client { name = "second", codec = "synthetic", start = 1000000000, stop = 5000000000 }
w:run(6000000000)
judge("liveness", "the first is in the room", w:measure(first).joined and not w:ended(first))
local ended = w:ended(second)
judge("liveness", "the second is told why not", ended ~= nil and ended.reason == "relay_full", ended and ended.text)
