-- SPDX-License-Identifier: Apache-2.0
-- What the stories of a swarm are made of beside the ordinary words, and what must hold in each of them: the safety
-- watchers throughout; and once faults have ended (`calm`: links lose nothing more and are wide, only their delays stay),
-- everybody who is there hears everybody of the room again within `swarm.recovers`, and from then on well.
local swarm = {}

local ms, s = 1000000, 1000000000

swarm.recovers = 8 * s   -- after the calm begins
swarm.concealed = 3      -- percent of what is said after that, at most
swarm.late = 1500 * ms   -- mouth to ear, at most: links are up to 300 ms long, each, and buffers get shorter slowly
swarm.told = 2 * s       -- after somebody leaves in the calm, until all others of the room know

local calm_link = { loss = 0, burst = 1, jitter = 0, distribution = "above", reorder = false, dup = 0, corrupt = 0, rate = 0,
                    queue = s, mtu = 0, codel = false, outages = false }

local story -- of the world that runs: people, who left, when

function swarm.world(o)
    local w = world { seed = o.seed, horizon = o.seconds * s }
    w:report()
    story = { calm = o.calm, stop = o.seconds * s - 2 * s, finish = o.seconds * s, people = {} }
    return w
end

function swarm.client(w, fields)
    fields.codec, fields.stop = "synthetic", story.stop
    local c = w:client(fields)
    story.people[#story.people + 1] = { id = c, name = fields.name, room = fields.room, is_bound = fields.max_rate ~= nil }
    return c
end

local function person(c)
    for _, p in ipairs(story.people) do if p.id == c then return p end end
end

-- Nothing comes through within that time; other traits of the link stay.
function swarm.outage(w, c, from, to, way)
    local cut = { outages = { { from = from, to = to } } }
    w:link(c, { up = way ~= "down" and cut or {}, down = way ~= "up" and cut or {} })
end

function swarm.leave(w, c, at)
    w:at(at, function()
        person(c).has_left = true
        w:leave(c)
    end)
end

-- Who has left, or was thrown out, does not come back by a crash.
function swarm.crash(w, c, from, to)
    local is_down = false
    w:at(from, function()
        is_down = not person(c).has_left and not w:ended(c)
        if is_down then w:crash(c) end
    end)
    w:at(to, function()
        if is_down and not person(c).has_left then w:restart(c) end
    end)
end

function swarm.nat_forgets(w, c) w:nat_forget(c) end

-- To who is there.
function swarm.send(w, from, to, bytes)
    if person(from).has_left or person(to).has_left or w:ended(from) or w:ended(to) then return end
    w:send(from, to, bytes)
end

-- The worst pair of each judge.
local function worst(kind, name, failed, text)
    judge(kind, name, #failed == 0, #failed > 0 and table.concat(failed, "; ") or text)
end

local function judge_pairs(w, from)
    local silent, bad, late, pairs_judged = {}, {}, {}, 0
    for _, listener in ipairs(story.people) do
        for _, speaker in ipairs(story.people) do
            if listener ~= speaker and listener.room == speaker.room and not listener.has_left and not speaker.has_left then
                local frames, lost, longest = w:gaps(listener.id, speaker.id, from, story.stop - s)
                local name = listener.name .. " hears " .. speaker.name
                pairs_judged = pairs_judged + 1
                if lost == frames then
                    silent[#silent + 1] = name .. " nothing"
                else
                    local is_bound = listener.is_bound or speaker.is_bound -- perhaps to less than the room needs
                    if 100 * lost > swarm.concealed * frames and not is_bound then
                        bad[#bad + 1] = ("%s with %.2f %% lost"):format(name, 100 * lost / frames)
                    end
                    if longest * ms > swarm.late then late[#late + 1] = ("%s %.0f ms late"):format(name, longest) end
                end
            end
        end
    end
    local all = ("%d pairs from %d s on"):format(pairs_judged, from // s)
    worst("liveness", "everybody hears everybody again", silent, all)
    worst("quality", "and well", bad, ("%s, at most %g %% lost"):format(all, swarm.concealed))
    worst("quality", "and soon", late, ("%s, at most %d ms late"):format(all, swarm.late // ms))
end

-- The first of each room who is still there says goodbye when the talking is over. Those who should have been told.
local function let_leave(w)
    local leaver, unaware = {}, {}
    w:at(story.finish - swarm.told, function()
        for _, p in ipairs(story.people) do
            if not p.has_left and not leaver[p.room] then
                leaver[p.room] = p
                w:leave(p.id)
            end
        end
    end)
    w:run(story.finish)
    for _, p in ipairs(story.people) do
        local gone = leaver[p.room]
        if gone and gone ~= p and not p.has_left then
            local told = w:told_of_leave(p.id, gone.id)
            if not told or told < story.finish - swarm.told then
                unaware[#unaware + 1] = p.name .. " is not told that " .. gone.name .. " left"
            end
        end
    end
    return unaware
end

function swarm.judge(w)
    w:at(story.calm, function()
        for _, p in ipairs(story.people) do
            w:link(p.id, { up = calm_link, down = calm_link })
        end
        w:slow("relay", { cost = 0 })
    end)
    w:run(story.stop)
    local unaware = let_leave(w)
    judge_pairs(w, story.calm + swarm.recovers)
    worst("liveness", "who leaves is seen to leave", unaware, ("within %d s"):format(swarm.told // s))
end

return swarm
