// SPDX-License-Identifier: Apache-2.0
#include "sim/camera.h"

#include "call/video.h"
#include "sim/person.h"

#define FRAMES_A_SECOND 30

static void frame(void *self, int64_t now_ns);

static void wait(struct sim_person *person, int64_t now_ns)
{
    person->camera.has_timer = true;
    sim_net_at(sim_crowd_net(person->crowd), now_ns + WZP_S / FRAMES_A_SECOND, frame, person);
}

static void send(struct sim_person *person, uint64_t size, int64_t now_ns)
{
    static const uint8_t nothing[SIM_CAMERA_PACKET];
    struct sim_camera *camera = &person->camera;
    struct wzp_slice payload = {nothing, (size_t)size - WZP_CALL_VIDEO_OVERHEAD};
    uint32_t timestamp_ms = (uint32_t)(camera->frames * 1000 / FRAMES_A_SECOND);
    camera->packets++;
    camera->refused += wzp_call_video_send(person->call, payload, timestamp_ms, now_ns) != WZP_ERR_OK;
}

static void frame(void *self, int64_t now_ns)
{
    struct sim_person *person = self;
    struct sim_camera *camera = &person->camera;
    struct sim_net *net = sim_crowd_net(person->crowd);
    camera->has_timer = false;
    if (!camera->is_on || person->is_leaving || person->has_ended)
        return;
    wait(person, now_ns);
    if (person->is_down)
        return;
    sim_net_drive(net, person->node);
    uint64_t bytes_a_second = wzp_call_video_rate(person->call) / 8;
    uint64_t least = bytes_a_second / 10;
    least = least < 2 * WZP_CALL_VIDEO_OVERHEAD ? 2 * WZP_CALL_VIDEO_OVERHEAD : least;
    uint64_t size = least < SIM_CAMERA_PACKET ? least : SIM_CAMERA_PACKET;
    camera->frames++;
    camera->credit += bytes_a_second / FRAMES_A_SECOND;
    for (; camera->credit >= size; camera->credit -= size)
        send(person, size, sim_person_clock(person, now_ns));
    sim_net_poke(net, person->node);
}

void sim_camera_set(struct sim_person *person, uint64_t min_bps, uint64_t most_bps)
{
    struct sim_camera *camera = &person->camera;
    camera->is_on = most_bps > 0;
    camera->min_bps = min_bps;
    camera->most_bps = most_bps;
    wzp_call_video_wish(person->call, min_bps, most_bps);
    if (camera->is_on && !camera->has_timer)
        wait(person, sim_net_now(sim_crowd_net(person->crowd)));
}
