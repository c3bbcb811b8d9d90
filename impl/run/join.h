// SPDX-License-Identifier: Apache-2.0
/*
 * A client in a room by day: a call (call/call.h) with a source and a sink of sound for mouth and ears, as a
 * node that run/loop.h carries, telling what happens on stderr and measuring what `--json` writes.
 *
 * Law: calls and devices see time in order: what a device was to do before `now` is done, at its own nominal
 * time, before anything else happens at `now`. The call is left, once, when the input is over and 2 s have
 * drained, when the time is up, or on the first signal; it is over when the goodbye is out, at most 2 s
 * later, or on the second signal. No secret is ever printed. Measured here is what a listener can know
 * without the original: see docs/running.md.
 */
#ifndef WZP_RUN_JOIN_H
#define WZP_RUN_JOIN_H

#include "call/call.h"
#include "call/sound.h"
#include "run/contacts.h"
#include "run/loop.h"
#include "run/member_json.h"
#include "run/telemetry.h"
#include "run/test_picture.h"
#include "run/voice.h"

struct wzp_join_config {
    struct wzp_call *call; /* created, not started; outlives the join */
    struct wzp_sound_source source;
    struct wzp_sound_sink sink;
    int64_t input_ns;       /* how long the source lasts; WZP_NEVER: without end */
    struct wzp_voice voice; /* as it begins */
    int64_t seconds_ns;     /* WZP_NEVER: no limit */
    uint64_t picture_bps;   /* of test pictures at most; 0: none */
    struct wzp_contacts *contacts;
    const char *relay; /* its address as text */
    const char *name;  /* our own fingerprint */
    FILE *telemetry;   /* where a line goes every WZP_TELEMETRY_NS; NULL: nowhere */
};

struct wzp_join;

/* NULL: out of memory. */
struct wzp_join *wzp_join_create(const struct wzp_join_config *config);
void wzp_join_destroy(struct wzp_join *join);

struct wzp_node wzp_join_node(struct wzp_join *join);
/* The call and the devices begin. */
enum wzp_err wzp_join_start(struct wzp_join *join, int64_t now_ns);
/* Its loop has ended: the last line of telemetry. */
void wzp_join_ended(struct wzp_join *join, int64_t now_ns);

/* A key was pressed: those of run/voice.h, q leaves. */
bool wzp_join_on_key(struct wzp_join *join, char key, int64_t now_ns);
/* The machine's addresses changed. */
void wzp_join_on_moved(struct wzp_join *join, int64_t now_ns);
/* One line: the microphone, who talks, loss of the last seconds, delay, what our voice is sent as. */
void wzp_join_status(const struct wzp_join *join, int64_t now_ns, char *line, size_t capacity);

/* Was ever in the room? */
bool wzp_join_was_in(const struct wzp_join *join);
/* Ended because another key than the known one answered. */
bool wzp_join_met_another_relay(const struct wzp_join *join);
/* `hears` has room for WZP_MEMBERS_MAX; `measured` borrows it and the join. */
void wzp_join_measured(const struct wzp_join *join, struct wzp_member_hears *hears,
                       struct wzp_member_measured *measured);

#endif
