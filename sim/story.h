// SPDX-License-Identifier: Apache-2.0
/*
 * A scenario made up by a seed: who is there, what their networks are like, what happens to them and when.
 * It is kept as lines, each of which can be left out, and written as an ordinary scenario (Lua) that anybody
 * can read and replay with `wzp-sim run`.
 *
 * Law: a seed and a length give the same text everywhere, and any subset of lines that keeps what each of its
 * lines needs is a scenario without errors. Each seed leaves some kinds of trouble out entirely (swarm
 * testing: Groce, Zhang, Eide, Chen, Regehr, ISSTA 2012): what hides a fault is often another one. Faults end
 * at the story's calm; what must hold then is told by scenarios/lib/swarm.lua. docs/sim.md, "Swarms".
 */
#ifndef WZP_SIM_STORY_H
#define WZP_SIM_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_STORY_LINES_MAX  160
#define SIM_STORY_PEOPLE_MAX 8
#define SIM_STORY_TEXT_MAX   (64 * 1024)
#define SIM_STORY_S_MIN      30 /* seconds; the last 21 are calm */
#define SIM_STORY_S_MAX      3600

/* What a line tells. The first ones are of people and networks, the others happen. */
enum sim_story_kind {
    SIM_STORY_PERSON,
    SIM_STORY_RELAY, /* a field of w:relay */
    SIM_STORY_FIELD, /* of a person */
    SIM_STORY_DELAY,
    SIM_STORY_LOSS,
    SIM_STORY_BURST,
    SIM_STORY_JITTER,
    SIM_STORY_REORDER,
    SIM_STORY_DUPLICATE,
    SIM_STORY_CORRUPT,
    SIM_STORY_RATE,
    SIM_STORY_CODEL,
    SIM_STORY_MTU,
    SIM_STORY_NAT,
    SIM_STORY_LATE,
    SIM_STORY_DRIFT,
    SIM_STORY_REKEY,
    SIM_STORY_MAX_RATE,
    SIM_STORY_IK,
    SIM_STORY_LEAVE,
    SIM_STORY_MOVE,
    SIM_STORY_REBIND,
    SIM_STORY_NAT_FORGETS,
    SIM_STORY_OUTAGE,
    SIM_STORY_PARTITION,
    SIM_STORY_CHANGE, /* of a link */
    SIM_STORY_RELAY_RESTARTS,
    SIM_STORY_CRASH,
    SIM_STORY_SLEEP,
    SIM_STORY_SLOW_RELAY,
    SIM_STORY_FLOOD,
    SIM_STORY_FLIPS,
    SIM_STORY_FILE,
    SIM_STORY_ESTIMATE, /* who tells what a line carries */
    SIM_STORY_LOPSIDED, /* a line that is wide one way and thin the other */
    SIM_STORY_BULK,     /* a large file */
    SIM_STORY_KINDS
};

struct sim_story_line {
    enum sim_story_kind kind;
    uint32_t needs; /* people, by bit */
    bool is_left_out;
    unsigned until_ms; /* when its trouble is over; 0: it is of the world as it begins */
    char text[232];
};

struct sim_story {
    uint64_t seed;
    unsigned seconds, calm_s; /* its length, and when faults end */
    unsigned people, rooms;
    uint64_t on; /* kinds that this seed may use, by bit */
    struct sim_story_line line[SIM_STORY_LINES_MAX];
    unsigned line_count;
};

const char *sim_story_kind_name(enum sim_story_kind kind);
/* `seconds` within the bounds above. */
void sim_story_make(struct sim_story *story, uint64_t seed, unsigned seconds);
/* Does the line stand: it is not left out, and neither is anybody it needs? */
bool sim_story_stands(const struct sim_story *story, unsigned line);
/* The first second in which no line makes trouble any more, and at least 4. */
unsigned sim_story_trouble_s(const struct sim_story *story);
unsigned sim_story_people(const struct sim_story *story); /* who are not left out */
/* The scenario; `remark` follows its head as comments, line by line, or is NULL. False: `room` is too small.
 */
bool sim_story_write(const struct sim_story *story, const char *remark, char *out, size_t room);

#endif
