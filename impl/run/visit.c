// SPDX-License-Identifier: Apache-2.0
#include "run/visit.h"

#include <ctype.h>
#include <string.h>

#include "run/console.h"
#include "run/watch.h"

#define GOODBYE_NS (2 * WZP_S)

struct wzp_visit wzp_visit_make(struct wzp_room_client *client, const struct wzp_visitor *visitor)
{
    return (struct wzp_visit){.client = client, .visitor = *visitor, .goodbye_until_ns = WZP_NEVER};
}

const char *wzp_option_fingerprint(const struct wzp_option *option, const char *text)
{
    static const char form[] = "xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx";
    size_t len = strlen(text);
    bool is_one = len == sizeof form - 1;
    for (size_t i = 0; is_one && i < len; i++)
        is_one = form[i] == ':' ? text[i] == ':'
                                : isxdigit((unsigned char)text[i]) && !isupper((unsigned char)text[i]);
    if (!is_one)
        return "a fingerprint is eight groups of four hexadecimal digits with colons between";
    *(const char **)option->target = text;
    return NULL;
}

/* ---- who is there ---- */

const struct wzp_visit_member *wzp_visit_member(const struct wzp_visit *visit, uint16_t slot)
{
    for (size_t i = 0; i < visit->member_count; i++)
        if (visit->members[i].slot == slot)
            return &visit->members[i];
    return NULL;
}

static void add_member(struct wzp_visit *visit, const struct wzp_call_event *event)
{
    struct wzp_visit_member *member = &visit->members[visit->member_count];
    if (visit->member_count == WZP_MEMBERS_MAX)
        return;
    visit->member_count++;
    member->slot = event->slot;
    memcpy(member->identity, event->identity, sizeof member->identity);
    wzp_identity_fingerprint(event->identity, member->fingerprint);
}

static void remove_member(struct wzp_visit *visit, uint16_t slot)
{
    for (size_t i = 0; i < visit->member_count; i++)
        if (visit->members[i].slot == slot) {
            visit->member_count--;
            memmove(&visit->members[i], &visit->members[i + 1],
                    (visit->member_count - i) * sizeof visit->members[0]);
            return;
        }
}

/* The same person in another slot. */
static void move_member(struct wzp_visit *visit, const struct wzp_call_event *event)
{
    for (size_t i = 0; i < visit->member_count; i++)
        if (memcmp(visit->members[i].identity, event->identity, sizeof event->identity) == 0)
            visit->members[i].slot = event->slot;
}

/* ---- events ---- */

static void on_connected(struct wzp_visit *visit, int64_t now_ns)
{
    if (wzp_room_say_connected(visit->client->call, &visit->client->contacts, visit->client->relay,
                               now_ns - visit->start_ns))
        return;
    visit->is_over = visit->is_other_relay = true;
}

static void on_ended(struct wzp_visit *visit, const struct wzp_call_event *event)
{
    visit->is_over = true;
    visit->is_other_relay = event->reason == WZP_CLOSE_REASON_RELAY_KEY;
    if (visit->goodbye_until_ns == WZP_NEVER)
        wzp_room_say_ended(visit->client->call, &visit->client->contacts, visit->client->relay, event);
    else if (!visit->was_in)
        wzp_console_say("%s: ended before the room was reached", visit->client->relay);
}

static void drain_events(struct wzp_visit *visit, int64_t now_ns)
{
    struct wzp_call_event event;
    while (wzp_call_poll(visit->client->call, &event)) {
        switch (event.kind) {
        case WZP_CALL_EVENT_KEYS:
        case WZP_CALL_EVENT_KEY_HELD:
        case WZP_CALL_EVENT_FIRST_MEDIA:
            break;
        case WZP_CALL_EVENT_CONNECTED:
            on_connected(visit, now_ns);
            break;
        case WZP_CALL_EVENT_MEMBER_MOVED:
            move_member(visit, &event);
            break;
        case WZP_CALL_EVENT_RECONNECTING:
            wzp_console_say("%s: %s; reconnecting", visit->client->relay,
                            wzp_close_reason_text(event.reason));
            break;
        case WZP_CALL_EVENT_RECONNECTED:
            wzp_console_say("%s: in the room again, slot %u", visit->client->relay, event.slot);
            break;
        case WZP_CALL_EVENT_JOINED:
            visit->was_in = true;
            wzp_console_say("in the room as %s, slot %u", visit->client->name, event.slot);
            break;
        case WZP_CALL_EVENT_MEMBER_JOINED:
            add_member(visit, &event);
            break;
        case WZP_CALL_EVENT_MEMBER_REFUSED:
            wzp_console_say("slot %u is listed without proof that it knows the room: it is given no key",
                            event.slot);
            break;
        case WZP_CALL_EVENT_MEMBER_LEFT:
            remove_member(visit, event.slot);
            break;
        case WZP_CALL_EVENT_STREAM:
            visit->visitor.on_event(visit->visitor.ctx, &event, now_ns);
            break;
        case WZP_CALL_EVENT_ENDED:
            on_ended(visit, &event);
            break;
        }
    }
}

bool wzp_visit_is_in(const struct wzp_visit *visit)
{
    return visit->was_in && !visit->is_over && visit->goodbye_until_ns == WZP_NEVER;
}

void wzp_visit_leave(struct wzp_visit *visit, int64_t now_ns)
{
    if (visit->is_over || visit->goodbye_until_ns != WZP_NEVER)
        return;
    visit->goodbye_until_ns = now_ns + GOODBYE_NS;
    wzp_call_leave(visit->client->call, now_ns);
}

/* ---- the node ---- */

static void run(struct wzp_visit *visit, int64_t now_ns)
{
    drain_events(visit, now_ns);
    visit->visitor.run(visit->visitor.ctx, now_ns);
    drain_events(visit, now_ns);
}

static void receive(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    struct wzp_visit *visit = ctx;
    wzp_call_receive(visit->client->call, from, datagram, len, now_ns);
    run(visit, now_ns);
}

static size_t transmit(void *ctx, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    struct wzp_visit *visit = ctx;
    return wzp_call_transmit(visit->client->call, now_ns, to, datagram, capacity);
}

static unsigned dscp(void *ctx)
{
    struct wzp_visit *visit = ctx;
    return wzp_call_dscp(visit->client->call);
}

static int64_t next_at(void *ctx)
{
    struct wzp_visit *visit = ctx;
    int64_t at_ns = wzp_time_min(wzp_call_next_at(visit->client->call), visit->goodbye_until_ns);
    return wzp_time_min(at_ns, visit->visitor.next_at(visit->visitor.ctx));
}

static void advance(void *ctx, int64_t now_ns)
{
    struct wzp_visit *visit = ctx;
    if (wzp_call_next_at(visit->client->call) <= now_ns)
        wzp_call_advance(visit->client->call, now_ns);
    run(visit, now_ns);
    if (now_ns >= visit->goodbye_until_ns)
        visit->is_over = true;
}

static void interrupt(void *ctx, int64_t now_ns)
{
    struct wzp_visit *visit = ctx;
    if (visit->goodbye_until_ns != WZP_NEVER) {
        visit->is_over = true;
        return;
    }
    visit->visitor.on_interrupt(visit->visitor.ctx, now_ns);
    wzp_visit_leave(visit, now_ns);
    drain_events(visit, now_ns);
}

static bool is_over(void *ctx)
{
    const struct wzp_visit *visit = ctx;
    return visit->is_over;
}

/* Where addresses may change. */
struct place {
    struct wzp_visit *visit;
    const struct wzp_loop *loop;
};

static void on_addresses(void *ctx)
{
    const struct place *place = ctx;
    wzp_call_on_moved(place->visit->client->call, wzp_loop_now_ns(place->loop));
}

int wzp_visit_run(struct wzp_visit *visit, const char *program, const struct wzp_addr *relay)
{
    struct wzp_loop loop;
    struct wzp_addr local = wzp_udp_any(relay);
    struct wzp_node node = {receive, transmit, dscp, next_at, advance, interrupt, is_over, visit};
    int err = wzp_loop_open(&loop, &local);
    if (err) {
        fprintf(stderr, "%s: cannot open a UDP socket: %s\n", program, uv_strerror(err));
        return WZP_EXIT_USAGE;
    }
    visit->start_ns = wzp_loop_now_ns(&loop);
    enum wzp_err start_err = wzp_call_start(visit->client->call, visit->start_ns);
    if (start_err == WZP_ERR_OK) {
        struct place place = {visit, &loop};
        struct wzp_watch watch = {.ctx = &place, .on_changed = on_addresses};
        wzp_watch_open(&watch, &loop.uv);
        wzp_loop_run(&loop, &node);
        wzp_watch_close(&watch);
    } else {
        fprintf(stderr, "%s: %s: %s\n", program, visit->client->relay, wzp_err_text(start_err));
    }
    wzp_loop_close(&loop);
    if (start_err != WZP_ERR_OK)
        return WZP_EXIT_USAGE;
    return visit->was_in && !visit->is_other_relay ? WZP_EXIT_OK : WZP_EXIT_NEVER_CONNECTED;
}
