// SPDX-License-Identifier: Apache-2.0
#include "call/reconnect.h"

#include "base/check.h"
#include "call/state.h"

#include <string.h>

#define DOUBT_NS   (1 * WZP_S)    /* unanswered words: a PING goes out */
#define PAUSE_NS   (500 * WZP_MS) /* so long after the last sound that was heard as well */
#define PING_NS    (250 * WZP_MS) /* and again */
#define SILENCE_NS (4 * WZP_S)    /* and the session is not believed in any more */
#define TELL_NS    (2 * WZP_S)    /* an attempt that lasts so long is told */
#define RETRY_NS   (1 * WZP_S)    /* between the beginnings of two attempts */
#define ASK_NS     (3 * WZP_S)    /* IK without an answer: who is there? */
#define NO_ROOM_NS (100 * WZP_MS) /* until sessions that ended are gone */

void reconnect_init(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    reconnect->spoke_at_ns = reconnect->ping_at_ns = reconnect->pause_at_ns = WZP_NEVER;
    reconnect->has_static = call->config.has_relay_static;
    memcpy(reconnect->relay_static, call->config.relay_static, sizeof reconnect->relay_static);
}

void reconnect_on_start(struct wzp_call *call)
{
    call->reconnect.since_ns = call->now_ns;
}

void reconnect_on_keys(struct wzp_call *call)
{
    struct wzp_session_facts facts;
    if (!wzp_endpoint_facts(call->endpoint, call->session, &facts))
        return;
    call->reconnect.has_static = true;
    memcpy(call->reconnect.relay_static, facts.peer_static, sizeof facts.peer_static);
    reconnect_on_sent(call); /* Join rides in the packets that follow */
}

/* When the call's session last opened a packet; INT64_MIN without one. */
static int64_t heard_at_ns(const struct wzp_call *call)
{
    return call->session ? wzp_endpoint_heard_at(call->endpoint, call->session) : INT64_MIN;
}

void reconnect_on_sent(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    if (reconnect->spoke_at_ns != WZP_NEVER && reconnect->spoke_at_ns >= heard_at_ns(call))
        return;
    reconnect->spoke_at_ns = call->now_ns;
    reconnect->ping_at_ns = call->now_ns + DOUBT_NS;
}

void reconnect_on_media(struct wzp_call *call)
{
    call->reconnect.pause_at_ns = call->now_ns + PAUSE_NS;
}

/* ---- attempts ---- */

/* Whoever never was in is joining still, whatever it takes. */
static bool is_untold(const struct wzp_call *call)
{
    return call->state == CALL_JOINED && !call->reconnect.is_told;
}

static void tell(struct wzp_call *call, enum wzp_close_reason why)
{
    if (!is_untold(call))
        return;
    call_push_reason(call, WZP_CALL_EVENT_RECONNECTING, why);
    call->reconnect.is_told = true;
}

static void rest(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    reconnect->state = RECONNECT_IDLE;
    reconnect->spoke_at_ns = reconnect->ping_at_ns = WZP_NEVER;
    if (reconnect->is_told)
        call_push(call, WZP_CALL_EVENT_RECONNECTED);
    reconnect->is_told = false;
}

static void drop_session(struct wzp_call *call, uint32_t *session)
{
    if (*session)
        wzp_endpoint_abandon(call->endpoint, *session, call->now_ns);
    *session = 0;
}

static void wait_until(struct wzp_call *call, int64_t at_ns)
{
    call->reconnect.state = RECONNECT_WAITING;
    call->reconnect.retry_at_ns = at_ns;
}

static void try(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    reconnect->since_ns = call->now_ns;
    enum wzp_err err = wzp_endpoint_connect(call->endpoint, &call->config.relay, reconnect->relay_static,
                                            call->now_ns, &reconnect->attempt);
    if (err != WZP_ERR_OK) {
        reconnect->attempt = 0;
        wait_until(call, call->now_ns + NO_ROOM_NS);
        return;
    }
    reconnect->state = RECONNECT_TRYING;
    reconnect->is_asked = false;
    if (call->session)
        wzp_endpoint_ping(call->endpoint, call->session); /* it may still prove that it lives */
    call_trace(call, WZP_TRACE_RECONNECTING, reconnect->attempt, call->session);
}

/* Now, or when the last beginning is long enough ago. */
static void try_soon(struct wzp_call *call)
{
    int64_t at_ns = call->reconnect.since_ns + RETRY_NS;
    if (call->now_ns >= at_ns) {
        try(call);
        return;
    }
    wait_until(call, at_ns);
    call->reconnect.since_ns = call->now_ns; /* a sign of life from now on tells that it was nothing */
    if (call->session)
        wzp_endpoint_ping(call->endpoint, call->session);
}

void reconnect_on_hint(struct wzp_call *call)
{
    if (call->reconnect.state == RECONNECT_IDLE)
        try_soon(call);
}

/* True when the old session proved to be alive while the new one was on its way, which is ended then. */
static bool is_false_alarm(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    bool is_early = reconnect->state == RECONNECT_TRYING || reconnect->state == RECONNECT_WAITING;
    if (!is_early || heard_at_ns(call) <= reconnect->since_ns)
        return false;
    drop_session(call, &reconnect->attempt);
    drop_session(call, &reconnect->question);
    rest(call);
    return true;
}

/* What a relay may say today and not tomorrow, and what needs no relay to be said. */
static bool is_passing(enum wzp_close_reason reason)
{
    switch (reason) {
    case WZP_CLOSE_REASON_INTERNAL:
    case WZP_CLOSE_REASON_VERSION:
    case WZP_CLOSE_REASON_HANDSHAKE_TIMEOUT:
    case WZP_CLOSE_REASON_IDLE_TIMEOUT:
    case WZP_CLOSE_REASON_SHUTTING_DOWN:
    case WZP_CLOSE_REASON_RELAY_FULL:
    case WZP_CLOSE_REASON_ROOMS_FULL:
    case WZP_CLOSE_REASON_ROOM_FULL:
        return true;
    default:
        return false;
    }
}

bool reconnect_on_closed(struct wzp_call *call, enum wzp_close_reason reason)
{
    struct reconnect *reconnect = &call->reconnect;
    if (!is_passing(reason))
        return false;
    stream_forget_all(call);
    call->session = 0;
    tell(call, reason);
    if (reconnect->state == RECONNECT_IDLE)
        try_soon(call);
    else if (!reconnect->attempt)
        wait_until(call, reconnect->since_ns + RETRY_NS);
    return true;
}

static void on_attempt_closed(struct wzp_call *call, const struct wzp_event *event)
{
    struct reconnect *reconnect = &call->reconnect;
    reconnect->attempt = 0;
    drop_session(call, &reconnect->question);
    if (is_passing(event->closed.reason))
        wait_until(call, reconnect->since_ns + RETRY_NS);
    else
        call_over(call, event);
}

/* The new session is the call's from now on. */
static void change_over(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    drop_session(call, &call->session);
    stream_forget_all(call);
    call->session = reconnect->attempt;
    reconnect->attempt = 0;
}

static void on_attempt_keys(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    drop_session(call, &reconnect->question);
    /* A fresh stream has room for it. */
    WZP_CHECK(call_send_join(call, reconnect->attempt) == WZP_ERR_OK);
    if (call->state == CALL_JOINED) {
        reconnect->state = RECONNECT_JOINING;
        tell(call, WZP_CLOSE_REASON_IDLE_TIMEOUT);
    } else { /* the old session has nothing to be kept for */
        change_over(call);
        rest(call);
        reconnect_on_sent(call);
    }
}

static bool on_attempt_event(struct wzp_call *call, const struct wzp_event *event)
{
    struct reconnect *reconnect = &call->reconnect;
    if (event->kind == WZP_EVENT_CLOSED) {
        on_attempt_closed(call, event);
    } else if (event->kind == WZP_EVENT_KEYS && !is_false_alarm(call)) {
        on_attempt_keys(call);
    } else if (event->kind == WZP_EVENT_CONNECTED && reconnect->state == RECONNECT_JOINING) {
        change_over(call);
    }
    return true;
}

void reconnect_on_rejoined(struct wzp_call *call)
{
    WZP_CHECK(call->reconnect.state == RECONNECT_JOINING);
    rest(call);
}

/* ---- who is there? ---- */

/* From keys on it may be that only we believe in the session. */
static bool can_be_lost(const struct wzp_call *call)
{
    struct wzp_session_facts facts = {0};
    return call->state == CALL_JOINED ||
           (call->state == CALL_ENTERING && wzp_endpoint_facts(call->endpoint, call->session, &facts) &&
            facts.has_keys);
}

static bool is_unanswered(const struct wzp_call *call)
{
    const struct reconnect *reconnect = &call->reconnect;
    if (!reconnect->has_static || reconnect->is_asked)
        return false;
    return !can_be_lost(call) || reconnect->state == RECONNECT_TRYING;
}

static void ask(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    reconnect->is_asked = true;
    if (wzp_endpoint_ask(call->endpoint, &call->config.relay, call->now_ns, &reconnect->question) !=
        WZP_ERR_OK)
        reconnect->question = 0;
}

static bool on_question_event(struct wzp_call *call, const struct wzp_event *event)
{
    struct reconnect *reconnect = &call->reconnect;
    struct wzp_session_facts facts;
    if (event->kind == WZP_EVENT_CLOSED)
        reconnect->question = 0;
    if (event->kind != WZP_EVENT_KEYS || !wzp_endpoint_facts(call->endpoint, reconnect->question, &facts))
        return true;
    drop_session(call, &reconnect->question);
    if (memcmp(facts.peer_static, reconnect->relay_static, sizeof facts.peer_static) == 0)
        return true; /* it is, and only its answers were lost */
    memcpy(reconnect->found_static, facts.peer_static, sizeof facts.peer_static);
    struct wzp_event end = {.kind = WZP_EVENT_CLOSED, .closed = {.reason = WZP_CLOSE_REASON_RELAY_KEY}};
    call_over(call, &end);
    return true;
}

/* ---- for call.c ---- */

bool reconnect_on_event(struct wzp_call *call, const struct wzp_event *event)
{
    if (call->reconnect.attempt && event->session == call->reconnect.attempt)
        return on_attempt_event(call, event);
    if (call->reconnect.question && event->session == call->reconnect.question)
        return on_question_event(call, event);
    return false;
}

/* When the session is not believed in any more. */
static int64_t silent_at_ns(const struct wzp_call *call, int64_t heard_ns)
{
    /* Without any words the session itself asks after half of its idle timeout. */
    int64_t at_ns = heard_ns + call->config.endpoint.idle_timeout_ns / 2 + SILENCE_NS;
    if (call->reconnect.spoke_at_ns != WZP_NEVER && call->reconnect.spoke_at_ns >= heard_ns)
        at_ns = wzp_time_min(at_ns, call->reconnect.spoke_at_ns + SILENCE_NS);
    return at_ns;
}

static void advance_idle(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    int64_t heard_ns = heard_at_ns(call);
    if (heard_ns == INT64_MIN)
        return;
    if (heard_ns > reconnect->spoke_at_ns)
        reconnect->spoke_at_ns = reconnect->ping_at_ns = WZP_NEVER;
    if (call->now_ns >= reconnect->pause_at_ns) {
        reconnect->pause_at_ns = WZP_NEVER;
        reconnect_on_sent(call);
        reconnect->ping_at_ns = call->now_ns;
    }
    if (call->now_ns >= silent_at_ns(call, heard_ns)) {
        try(call);
    } else if (call->now_ns >= reconnect->ping_at_ns) {
        reconnect->ping_at_ns = call->now_ns + PING_NS;
        wzp_endpoint_ping(call->endpoint, call->session);
    }
}

void reconnect_advance(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    if (call->state != CALL_ENTERING && call->state != CALL_JOINED)
        return;
    if (is_unanswered(call) && call->now_ns >= reconnect->since_ns + ASK_NS)
        ask(call);
    if (!can_be_lost(call) || is_false_alarm(call))
        return;
    switch (reconnect->state) {
    case RECONNECT_IDLE:
        advance_idle(call);
        break;
    case RECONNECT_TRYING:
        if (call->now_ns >= reconnect->since_ns + TELL_NS)
            tell(call, WZP_CLOSE_REASON_IDLE_TIMEOUT);
        break;
    case RECONNECT_JOINING:
        break;
    case RECONNECT_WAITING:
        if (call->now_ns >= reconnect->retry_at_ns)
            try(call);
        break;
    }
}

int64_t reconnect_next_at(const struct wzp_call *call)
{
    const struct reconnect *reconnect = &call->reconnect;
    int64_t at_ns = WZP_NEVER;
    if (call->state != CALL_ENTERING && call->state != CALL_JOINED)
        return at_ns;
    if (is_unanswered(call))
        at_ns = reconnect->since_ns + ASK_NS;
    if (!can_be_lost(call))
        return at_ns;
    if (reconnect->state == RECONNECT_TRYING && is_untold(call))
        at_ns = wzp_time_min(at_ns, reconnect->since_ns + TELL_NS);
    if (reconnect->state == RECONNECT_WAITING)
        at_ns = wzp_time_min(at_ns, reconnect->retry_at_ns);
    int64_t heard_ns = heard_at_ns(call);
    if (reconnect->state == RECONNECT_IDLE && heard_ns != INT64_MIN)
        at_ns = wzp_time_min(at_ns, wzp_time_min(wzp_time_min(reconnect->ping_at_ns, reconnect->pause_at_ns),
                                                 silent_at_ns(call, heard_ns)));
    return at_ns;
}

void reconnect_stop(struct wzp_call *call)
{
    struct reconnect *reconnect = &call->reconnect;
    drop_session(call, &reconnect->question);
    if (reconnect->state == RECONNECT_JOINING && reconnect->attempt)
        change_over(call);
    drop_session(call, &reconnect->attempt);
    reconnect->state = RECONNECT_IDLE;
}
