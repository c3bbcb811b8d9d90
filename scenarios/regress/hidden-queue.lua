-- SPDX-License-Identifier: Apache-2.0
-- Found by a swarm: two people, one behind a line whose queue is shorter than its jitter, so that no delay tells of it, and
-- that loses some at random, so that loss does not either. Unless it is known what used the line, repair for what
-- overflows makes it one and a half times as much, for as long as it lasts.
local swarm = include "lib/swarm.lua"
local story = include "lib/story.lua"
local s, ms = story.s, story.ms
local p = story.params {
    { "rate", "129kbit", "rate", "of that line" },
    { "queue", "20ms", "time", "in front of it" },
    { "jitter", "29ms", "time", "behind it" },
    { "loss", "17%", "share", "of what left the queue" },
    { "burst", "1", "number", "mean run of it" },
}
local w = swarm.world { seconds = 40, calm = 21 * s }
w:relay { estimate = "ours" }
swarm.client(w, { name = "anna", room = "red" })
local ben = swarm.client(w, { name = "ben", room = "red" })
w:link(ben, {
    up = { rate = p.rate, queue = p.queue, jitter = p.jitter, distribution = "paretonormal", loss = p.loss, burst = p.burst },
    down = { rate = "6mbit", queue = 20 * ms, jitter = 34 * ms, loss = "7%" },
})
swarm.judge(w)
