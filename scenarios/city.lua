-- SPDX-License-Identifier: Apache-2.0
-- A thousand people in ten towns. Each town has a relay of its own, and its people sit in rooms of a few, on lines as they
-- have them: fibre, cable, a busy Wi-Fi, a phone, a village's thin wire, a satellite. Rooms are called the same in every
-- town, and are others all the same: everybody hears their own room, and nobody anything of another.
local s, ms = 1000000000, 1000000

local p = params {
    { "relays", "10", "count", "towns, each with a relay; at most 64" },
    { "people", "100", "count", "in each town; at most 1000" },
    { "room", "4", "count", "people in a room; 2 to 9" },
    { "seconds", "10", "count", "until they stop speaking; at least 4" },
    { "limit-plc", "5", "number", "most percent concealed of what 99 of 100 ears hear of somebody, from 2 s on" },
    { "limit-worst", "25", "number", "the same of the worst" },
    { "limit-join", "3s", "time", "in which everybody gets in and hears somebody" },
}
if p.relays < 1 or p.relays > 64 then error("relays must be 1 to 64", 0) end
if p.people < 2 or p.people > 1000 then error("people must be 2 to 1000", 0) end
if p.room < 2 or p.room > 9 then error("room must be 2 to 9: a client decodes 8 voices", 0) end
if p.people % p.room == 1 then error("somebody would sit alone: people must not be a multiple of room and one", 0) end
if p.seconds < 4 then error("seconds must be at least 4", 0) end

local lines = {
    { up = { delay = 6 * ms }, down = { delay = 6 * ms } }, -- fibre
    { up = { delay = 12 * ms, jitter = 3 * ms, rate = "5mbit" }, down = { delay = 12 * ms, jitter = 3 * ms, rate = "50mbit" } }, -- cable
    { up = { delay = 15 * ms, jitter = 15 * ms, loss = 0.02 }, down = { delay = 15 * ms, jitter = 15 * ms, loss = 0.02 } }, -- Wi-Fi
    { up = { delay = 35 * ms, jitter = 20 * ms, loss = 0.01, burst = 3, rate = "2mbit" },
      down = { delay = 35 * ms, jitter = 20 * ms, loss = 0.03, burst = 3, rate = "8mbit" } }, -- phone
    { up = { delay = 25 * ms, rate = "300kbit" }, down = { delay = 25 * ms, rate = "1mbit" } }, -- village
    { up = { delay = 45 * ms, jitter = 8 * ms, loss = 0.05 }, down = { delay = 45 * ms, jitter = 8 * ms, loss = 0.05 } }, -- satellite
}

local horizon = (p.seconds + 1) * s
local w = world { horizon = horizon }
w:report()

-- Who sits with whom: rooms[i] are the numbers of a room's people.
local people, rooms = {}, {}
for town = 1, p.relays do
    local relay = "town" .. town
    w:relay { name = relay, sessions = p.people, rooms = (p.people + p.room - 1) // p.room, members = p.room }
    for i = 0, p.people - 1 do
        local line = lines[math.random(1, #lines)]
        local id = w:client {
            name = ("t%dp%d"):format(town, i + 1), relay = relay, room = "room" .. i // p.room, codec = "synthetic",
            start = math.random(0, 999) * ms, stop = p.seconds * s, up = line.up, down = line.down,
        }
        people[id] = { id = id, town = town, name = ("t%dp%d"):format(town, i + 1) }
        if i % p.room == 0 then rooms[#rooms + 1] = {} end
        local room = rooms[#rooms]
        room[#room + 1] = id
    end
end
w:run(horizon)

-- Who is late, who hears the wrong ones, who hears badly.
local names, last, late = {}, 0, "nobody"
for _, room in ipairs(rooms) do
    for _, id in ipairs(room) do names[people[id].name] = room end
end
local strangers, missing, worst, who, sum, ears = 0, 0, 0, "nobody", 0, {}
for _, room in ipairs(rooms) do
    for _, id in ipairs(room) do
        local m = w:measure(id)
        local first = m.joined and m.first_media_ms or 1 / 0
        if first > last then last, late = first, people[id].name end
        for _, heard in ipairs(m.hears) do
            if names[heard.speaker] ~= room then strangers = strangers + 1 end
        end
        for _, speaker in ipairs(room) do
            if speaker ~= id then
                local gone = w:concealed(id, speaker, 2 * s, p.seconds * s) or 100
                if gone == 100 then missing = missing + 1 end
                sum, ears[#ears + 1] = sum + gone, gone
                if gone > worst then worst, who = gone, people[id].name .. " of " .. people[speaker].name end
            end
        end
    end
end

-- What a relay and a person hold, and that no town was left empty.
local relay_most, person_most = 0, 0
for town = 1, p.relays do relay_most = math.max(relay_most, (select(2, w:held("town" .. town)))) end
for _, person in ipairs(people) do person_most = math.max(person_most, (select(2, w:held(person.id)))) end
result("held", { relay = relay_most, client = person_most })
result("nodes", #people + p.relays)
result("relays", p.relays)
result("concealed_mean", sum / #ears)

judge("liveness", "everybody gets in", last * ms <= p["limit-join"],
    ("last: %s hears somebody after %.0f ms, of at most %.0f"):format(late, last, p["limit-join"] / ms))
judge("liveness", "everybody hears their room", missing == 0,
    ("%d of %d ears miss somebody"):format(missing, #ears))
judge("safety", "nobody hears another room, or another town's of the same name", strangers == 0,
    ("%d strangers heard by %d people in %d rooms of %d towns"):format(strangers, #people, #rooms, p.relays))
table.sort(ears)
local most = ears[math.ceil(#ears * 0.99)]
judge("quality", "and well", most <= p["limit-plc"] and worst <= p["limit-worst"],
    ("%.2f %% concealed or less in 99 of 100 ears, of at most %g; worst: %s, %.2f %%, of at most %g; mean %.2f %%"):format(
        most, p["limit-plc"], who, worst, p["limit-worst"], sum / #ears))
