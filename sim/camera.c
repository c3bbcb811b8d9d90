// SPDX-License-Identifier: Apache-2.0
#include "sim/camera.h"

#include "sim/person.h"

static void frame(void *self, int64_t now_ns);

static void wait(struct sim_person *person)
{
    int64_t at_ns = wzp_test_picture_next_at(&person->camera.picture);
    person->camera.has_timer = at_ns != WZP_NEVER && !person->is_leaving && !person->has_ended;
    if (person->camera.has_timer)
        sim_net_at(sim_crowd_net(person->crowd), at_ns - person->clock_ahead_ns, frame, person);
}

static void frame(void *self, int64_t now_ns)
{
    struct sim_person *person = self;
    struct sim_net *net = sim_crowd_net(person->crowd);
    if (person->is_down) { /* looks again when another process may be there */
        sim_net_at(net, now_ns + WZP_S, frame, person);
        return;
    }
    sim_net_drive(net, person->node);
    wzp_test_picture_advance(&person->camera.picture, person->call, sim_person_clock(person, now_ns));
    sim_net_poke(net, person->node);
    wait(person);
}

void sim_camera_set(struct sim_person *person, uint64_t min_bps, uint64_t most_bps)
{
    struct sim_camera *camera = &person->camera;
    int64_t now_ns = sim_net_now(sim_crowd_net(person->crowd));
    camera->min_bps = min_bps;
    camera->most_bps = most_bps;
    wzp_test_picture_set(&camera->picture, person->call, min_bps, most_bps, sim_person_clock(person, now_ns));
    if (!camera->has_timer)
        wait(person);
}
