// SPDX-License-Identifier: Apache-2.0
/* What is counted and not within its bounds must be said: the counters of a relay and of a client at rest are
 * overwritten, as broken ones would have them. The bugs of sim/mutations break the other bounds. */
#include "sim/bounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/watch.h"

struct counted {
    uint32_t sessions, half_open, rooms, members;
    uint32_t own_sessions; /* of a client */
    const char *rule;      /* NULL: all is well */
};

static const struct counted rows[] = {
    {0, 0, 0, 0, 0, NULL},
    {2, 4, 1, 2, 1, NULL},
    {2, 5, 1, 2, 1, "relay: has more sessions, handshakes or rooms than it was made for"},
    {13, 0, 1, 2, 1, "relay: has more sessions, handshakes or rooms than it was made for"},
    {2, 0, 300, 2, 1, "relay: has more sessions, handshakes or rooms than it was made for"},
    {3, 0, 1, 2, 1, "relay: keeps sessions that nobody is behind"},
    {2, 0, 1, 5, 1, "relay: keeps members who are nobody"},
    {2, 0, 1, 2, 9, "ben: has more sessions than it was made for"},
};

static void judge(const struct counted *row)
{
    struct wzp_relay_config config = wzp_relay_config_default();
    config.endpoint.limits.sessions_max = config.endpoint.limits.half_open_max = 4;
    struct sim_net *net = sim_net_create(1);
    struct sim_watch *watch = sim_watch_create(net);
    struct sim_crowd *crowd = sim_crowd_create(net, false, 10 * WZP_S);
    struct sim_relay *relay = sim_relay_create(net, "relay", &config);
    struct sim_bounds *bounds = sim_bounds_create(net, crowd);
    for (unsigned i = 0; i < 2; i++) { /* who come, and say nothing by themselves */
        struct sim_person_config person = {.relay = relay,
                                           .room = "test",
                                           .codec = &wzp_codec_synthetic,
                                           .token = "",
                                           .start_ns = 5 * WZP_S,
                                           .stop_ns = 5 * WZP_S};
        strcpy(person.name, i ? "ben" : "anna");
        sim_crowd_add(crowd, &person)->config.start_ns = 0;
    }
    assert_true(sim_net_run(net, WZP_S));
    struct wzp_endpoint_counters *endpoint = (struct wzp_endpoint_counters *)wzp_relay_endpoint_counters(
        relay->relay);
    struct wzp_relay_counters *counters = (struct wzp_relay_counters *)wzp_relay_counters(relay->relay);
    const struct wzp_endpoint_counters endpoint_before = *endpoint;
    endpoint->sessions = row->sessions;
    endpoint->half_open = row->half_open;
    counters->rooms = row->rooms;
    counters->members = row->members;
    const struct sim_person *ben = sim_crowd_person(crowd, 1);
    ((struct wzp_endpoint_counters *)wzp_call_counters(ben->call))->sessions = row->own_sessions;
    sim_bounds_audit(bounds);
    const char *violation = sim_net_violation(net);
    if (row->rule ? !violation || !strstr(violation, row->rule) : violation != NULL)
        fail_msg("%s instead of %s", violation ? violation : "nothing", row->rule ? row->rule : "nothing");
    *endpoint = endpoint_before;
    sim_bounds_destroy(bounds);
    sim_crowd_destroy(crowd);
    sim_relay_destroy(relay);
    sim_watch_destroy(watch);
    sim_net_destroy(net);
}

static void rows_hold(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        judge(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
