// SPDX-License-Identifier: Apache-2.0
#include "sim/story.h"

#include "base/check.h"
#include "base/rng.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STREAM   7701
#define TAIL_S   21 /* of calm */
#define NOBODY   0
#define BIT(who) (UINT32_C(1) << (who))

static const char *const names[SIM_STORY_PEOPLE_MAX] = {"anna", "ben",  "cleo", "dave",
                                                        "eva",  "finn", "gina", "hugo"};
static const char *const rooms[] = {"red", "green", "blue"};

/* How many of a hundred seeds may use a kind at all, and how many of a hundred people or chances then do. */
static const struct {
    const char *name;
    unsigned seeds, chances;
} kinds[SIM_STORY_KINDS] = {
    [SIM_STORY_PERSON] = {"person", 100, 100},
    [SIM_STORY_RELAY] = {"relay's own settings", 100, 100},
    [SIM_STORY_FIELD] = {"person's own settings", 100, 100},
    [SIM_STORY_DELAY] = {"delay", 80, 90},
    [SIM_STORY_LOSS] = {"loss", 60, 60},
    [SIM_STORY_BURST] = {"loss in bursts", 40, 40},
    [SIM_STORY_JITTER] = {"jitter", 60, 60},
    [SIM_STORY_REORDER] = {"reordering", 40, 50},
    [SIM_STORY_DUPLICATE] = {"duplicates", 40, 40},
    [SIM_STORY_CORRUPT] = {"corruption", 40, 40},
    [SIM_STORY_RATE] = {"thin line", 40, 40},
    [SIM_STORY_CODEL] = {"managed queue", 20, 50},
    [SIM_STORY_MTU] = {"small MTU", 25, 30},
    [SIM_STORY_NAT] = {"NAT", 40, 60},
    [SIM_STORY_LATE] = {"late join", 50, 40},
    [SIM_STORY_DRIFT] = {"clock drift", 50, 50},
    [SIM_STORY_REKEY] = {"short rekey times", 50, 50},
    [SIM_STORY_MAX_RATE] = {"max-rate", 30, 40},
    [SIM_STORY_IK] = {"known relay key", 40, 50},
    [SIM_STORY_LEAVE] = {"leave", 40, 30},
    [SIM_STORY_MOVE] = {"move", 40, 40},
    [SIM_STORY_REBIND] = {"new port", 40, 40},
    [SIM_STORY_NAT_FORGETS] = {"NAT forgets", 40, 40},
    [SIM_STORY_OUTAGE] = {"outage", 40, 40},
    [SIM_STORY_PARTITION] = {"partition", 30, 60},
    [SIM_STORY_CHANGE] = {"link changes", 40, 40},
    [SIM_STORY_RELAY_RESTARTS] = {"relay restarts", 25, 70},
    [SIM_STORY_CRASH] = {"client crashes", 30, 30},
    [SIM_STORY_SLEEP] = {"machine sleeps", 20, 25},
    [SIM_STORY_SLOW_RELAY] = {"slow relay", 15, 80},
    [SIM_STORY_FLOOD] = {"flood", 20, 80},
    [SIM_STORY_FLIPS] = {"flipped bits", 25, 80},
    [SIM_STORY_FILE] = {"file", 30, 30},
    [SIM_STORY_ESTIMATE] = {"estimator", 60, 90},
    [SIM_STORY_LOPSIDED] = {"lopsided line", 40, 40},
    [SIM_STORY_BULK] = {"large file", 30, 30},
};

const char *sim_story_kind_name(enum sim_story_kind kind)
{
    return kinds[kind].name;
}

/* ---- drawing ---- */

struct draft {
    struct sim_story *story;
    struct wzp_rng rng;
    unsigned room[SIM_STORY_PEOPLE_MAX];
    int64_t start_ms[SIM_STORY_PEOPLE_MAX];
    bool has_nat[SIM_STORY_PEOPLE_MAX];
    int64_t calm_ms;
    unsigned until_ms; /* of the next line */
};

static unsigned within(struct draft *draft, unsigned low, unsigned high)
{
    return low + (unsigned)wzp_rng_below(&draft->rng, high - low + 1);
}

static bool happens(struct draft *draft, enum sim_story_kind kind)
{
    bool is_drawn = wzp_rng_below(&draft->rng, 100) < kinds[kind].chances;
    return is_drawn && (draft->story->on >> kind & 1);
}

/* Some value of a list, as a text. */
static const char *one_of(struct draft *draft, const char *const *list)
{
    unsigned count = 0;
    while (list[count])
        count++;
    return list[wzp_rng_below(&draft->rng, count)];
}

__attribute__((format(printf, 4, 5))) static void add(struct draft *draft, enum sim_story_kind kind,
                                                      uint32_t needs, const char *format, ...)
{
    struct sim_story *story = draft->story;
    if (story->line_count == SIM_STORY_LINES_MAX)
        return;
    struct sim_story_line *line = &story->line[story->line_count++];
    *line = (struct sim_story_line){.kind = kind, .needs = needs, .until_ms = draft->until_ms};
    draft->until_ms = 0;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line->text, sizeof line->text, format, arguments);
    va_end(arguments);
    WZP_CHECK(len > 0 && len < (int)sizeof line->text);
}

/* A time of trouble, in ms: some seconds after the start of the story, before its calm. */
static unsigned some_time(struct draft *draft, unsigned longest_ms)
{
    unsigned at = within(draft, 2000, (unsigned)draft->calm_ms - longest_ms);
    draft->until_ms = at + longest_ms;
    return at;
}

/* ---- people and their networks ---- */

static void draw_links(struct draft *draft, unsigned who)
{
    const char *name = names[who];
    uint32_t needs = BIT(who);
    if (happens(draft, SIM_STORY_DELAY)) {
        unsigned far = within(draft, 0, 9) == 0 ? 300 : 80;
        unsigned up = within(draft, 1, far), down = within(draft, 0, 3) ? up : within(draft, 1, far);
        add(draft, SIM_STORY_DELAY, needs,
            "w:link(%s, { up = { delay = %u * ms }, down = { delay = %u * ms } })", name, up, down);
    }
    unsigned up = within(draft, 1, 30), down = within(draft, 1, 30);
    if (happens(draft, SIM_STORY_LOSS))
        add(draft, SIM_STORY_LOSS, needs,
            "w:link(%s, { up = { loss = \"%u%%\" }, down = { loss = \"%u%%\" } })", name, up, down);
    if (happens(draft, SIM_STORY_BURST)) {
        unsigned burst = within(draft, 2, 8);
        add(draft, SIM_STORY_BURST, needs,
            "w:link(%s, { up = { loss = \"%u%%\", burst = %u }, down = { loss = \"%u%%\", burst = %u } })",
            name, up, burst, down, burst);
    }
    if (happens(draft, SIM_STORY_JITTER)) {
        unsigned jitter = within(draft, 1, 60);
        const char *distribution = one_of(
            draft, (const char *const[]){"above", "uniform", "normal", "paretonormal", NULL});
        add(draft, SIM_STORY_JITTER, needs,
            "w:link(%s, { up = { jitter = %u * ms, distribution = \"%s\" }, down = { jitter = %u * ms } })",
            name, jitter, distribution, within(draft, 1, 60));
    }
    if (happens(draft, SIM_STORY_REORDER))
        add(draft, SIM_STORY_REORDER, needs,
            "w:link(%s, { up = { reorder = true }, down = { reorder = \"%u%%\" } })", name,
            within(draft, 1, 25));
    if (happens(draft, SIM_STORY_DUPLICATE))
        add(draft, SIM_STORY_DUPLICATE, needs,
            "w:link(%s, { up = { dup = \"%u%%\" }, down = { dup = \"%u%%\" } })", name, within(draft, 1, 30),
            within(draft, 1, 30));
    if (happens(draft, SIM_STORY_CORRUPT))
        add(draft, SIM_STORY_CORRUPT, needs,
            "w:link(%s, { up = { corrupt = \"%u%%\" }, down = { corrupt = \"%u%%\" } })", name,
            within(draft, 1, 10), within(draft, 1, 10));
    if (happens(draft, SIM_STORY_RATE))
        add(draft, SIM_STORY_RATE, needs,
            "w:link(%s, { up = { rate = \"%ukbit\", queue = %u * ms }, down = { rate = \"%ukbit\" } })", name,
            within(draft, 40, 600), within(draft, 20, 1000), within(draft, 100, 2000));
    if (happens(draft, SIM_STORY_LOPSIDED)) {
        unsigned thin = within(draft, 60, 300), wide = within(draft, 1000, 8000),
                 queue = within(draft, 20, 500);
        bool is_up = within(draft, 0, 1);
        add(draft, SIM_STORY_LOPSIDED, needs,
            "w:link(%s, { up = { rate = \"%ukbit\", queue = %u * ms }, "
            "down = { rate = \"%ukbit\", queue = %u * ms } })",
            name, is_up ? thin : wide, queue, is_up ? wide : thin, queue);
    }
    if (happens(draft, SIM_STORY_CODEL))
        add(draft, SIM_STORY_CODEL, needs, "w:link(%s, { up = { codel = true }, down = { codel = true } })",
            name);
    if (happens(draft, SIM_STORY_MTU)) {
        unsigned mtu = within(draft, 1280, 1500);
        add(draft, SIM_STORY_MTU, needs, "w:link(%s, { up = { mtu = %u }, down = { mtu = %u } })", name, mtu,
            mtu);
    }
    if (happens(draft, SIM_STORY_NAT)) {
        static const char *const rules[] = {"endpoint-independent", "address-dependent",
                                            "address-and-port-dependent", NULL};
        const char *mapping = one_of(draft, rules);
        add(draft, SIM_STORY_NAT, needs,
            "w:nat { clients = { %s }, mapping = \"%s\", filtering = \"%s\", timeout = %u * s }", name,
            mapping, one_of(draft, rules), within(draft, 10, 120));
        draft->has_nat[who] = true;
    }
}

static void draw_person(struct draft *draft, unsigned who)
{
    draft->room[who] = (unsigned)wzp_rng_below(&draft->rng, draft->story->rooms);
    add(draft, SIM_STORY_PERSON, BIT(who), "name = \"%s\", room = \"%s\"", names[who],
        rooms[draft->room[who]]);
    bool is_late = happens(draft, SIM_STORY_LATE);
    draft->start_ms[who] = within(draft, 0, is_late ? (unsigned)draft->calm_ms / 2 : 500);
    draft->until_ms = (unsigned)draft->start_ms[who];
    add(draft, is_late ? SIM_STORY_LATE : SIM_STORY_FIELD, BIT(who), "start = %d * ms",
        (int)draft->start_ms[who]);
    if (happens(draft, SIM_STORY_DRIFT))
        add(draft, SIM_STORY_DRIFT, BIT(who), "ppm = %d", (int)within(draft, 0, 600) - 300);
    if (happens(draft, SIM_STORY_REKEY))
        add(draft, SIM_STORY_REKEY, BIT(who), "rekey = %u * s", within(draft, 2, 15));
    if (happens(draft, SIM_STORY_MAX_RATE))
        add(draft, SIM_STORY_MAX_RATE, BIT(who), "max_rate = %u", within(draft, 40, 500) * 1000);
    if (happens(draft, SIM_STORY_IK))
        add(draft, SIM_STORY_IK, BIT(who), "pattern = \"ik\"");
    if (happens(draft, SIM_STORY_ESTIMATE) && within(draft, 0, 9) == 0)
        add(draft, SIM_STORY_ESTIMATE, BIT(who), "estimate = \"fixed\"");
    draw_links(draft, who);
}

/* ---- what happens ---- */

static void draw_of_person(struct draft *draft, unsigned who)
{
    const char *name = names[who];
    uint32_t needs = BIT(who);
    unsigned at, len;
    for (unsigned i = 0; i < 2; i++)
        if (happens(draft, SIM_STORY_MOVE))
            add(draft, SIM_STORY_MOVE, needs, "w:at(%u * ms, function() w:move(%s) end)", some_time(draft, 0),
                name);
    for (unsigned i = 0; i < 2; i++)
        if (happens(draft, SIM_STORY_REBIND))
            add(draft, SIM_STORY_REBIND, needs, "w:at(%u * ms, function() w:rebind(%s) end)",
                some_time(draft, 0), name);
    if (draft->has_nat[who] && happens(draft, SIM_STORY_NAT_FORGETS))
        add(draft, SIM_STORY_NAT_FORGETS, needs, "w:at(%u * ms, function() swarm.nat_forgets(w, %s) end)",
            some_time(draft, 0), name);
    if (happens(draft, SIM_STORY_OUTAGE)) {
        len = within(draft, 50, (unsigned)draft->calm_ms / 4);
        at = some_time(draft, len);
        add(draft, SIM_STORY_OUTAGE, needs, "swarm.outage(w, %s, %u * ms, %u * ms, \"%s\")", name, at,
            at + len, one_of(draft, (const char *const[]){"both", "up", "down", NULL}));
    }
    if (happens(draft, SIM_STORY_CHANGE))
        add(draft, SIM_STORY_CHANGE, needs,
            "w:at(%u * ms, function() w:link(%s, { up = { loss = \"%u%%\", rate = \"%ukbit\" }, "
            "down = { delay = %u * ms } }) end)",
            some_time(draft, 0), name, within(draft, 0, 50), within(draft, 40, 500), within(draft, 1, 200));
    if (happens(draft, SIM_STORY_SLEEP)) {
        len = within(draft, 100, 20000);
        add(draft, SIM_STORY_SLEEP, needs, "w:at(%u * ms, function() w:clock_step(%s, %u * ms) end)",
            some_time(draft, 0), name, len);
    }
    if (happens(draft, SIM_STORY_CRASH)) {
        len = within(draft, 10, (unsigned)draft->calm_ms / 4);
        at = some_time(draft, len);
        add(draft, SIM_STORY_CRASH, needs, "swarm.crash(w, %s, %u * ms, %u * ms)", name, at, at + len);
    }
    if (happens(draft, SIM_STORY_LEAVE))
        add(draft, SIM_STORY_LEAVE, needs, "swarm.leave(w, %s, %u * ms)", name, some_time(draft, 0));
}

static void draw_partition(struct draft *draft)
{
    unsigned len = within(draft, 200, (unsigned)draft->calm_ms / 3), at = some_time(draft, len);
    uint32_t cut = 0;
    char list[80] = "";
    for (unsigned who = 0; who < draft->story->people; who++) {
        if (within(draft, 0, 1))
            continue;
        cut |= BIT(who);
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", names[who]);
    }
    if (cut == 0)
        draft->until_ms = 0;
    else
        add(draft, SIM_STORY_PARTITION, cut,
            "w:partition { groups = { { %s }, { \"relay\" } }, from = %u * ms, to = %u * ms }", list, at,
            at + len);
}

static void draw_of_world(struct draft *draft)
{
    unsigned at, len, people = draft->story->people;
    if (happens(draft, SIM_STORY_PARTITION))
        draw_partition(draft);
    if (happens(draft, SIM_STORY_RELAY_RESTARTS)) {
        len = within(draft, 100, (unsigned)draft->calm_ms / 4);
        at = some_time(draft, len);
        add(draft, SIM_STORY_RELAY_RESTARTS, NOBODY,
            "w:at(%u * ms, function() w:kill_relay() end) w:at(%u * ms, function() w:start_relay {} end)", at,
            at + len);
    }
    if (happens(draft, SIM_STORY_SLOW_RELAY)) {
        unsigned cost = within(draft, 10, 400);
        at = some_time(draft, 0);
        add(draft, SIM_STORY_SLOW_RELAY, NOBODY,
            "w:at(%u * ms, function() w:slow(\"relay\", { cost = %u * us, queue = %u }) end)", at, cost,
            within(draft, 20, 500));
    }
    if (happens(draft, SIM_STORY_FLOOD)) {
        const char *kind = one_of(draft, (const char *const[]){"initial", "short", "random", NULL});
        at = some_time(draft, 3000);
        add(draft, SIM_STORY_FLOOD, NOBODY,
            "w:flood { kind = \"%s\", rate = %u, from = %u * ms, seconds = %u }", kind,
            within(draft, 100, 1500), at, within(draft, 1, 3));
    }
    if (happens(draft, SIM_STORY_FLIPS))
        add(draft, SIM_STORY_FLIPS, NOBODY, "w:at(%u * ms, function() w:flip(%u) end)", some_time(draft, 0),
            within(draft, 10, 500));
    for (unsigned who = 0; who < people; who++) {
        unsigned other = (unsigned)wzp_rng_below(&draft->rng, people);
        if (happens(draft, SIM_STORY_FILE) && other != who && draft->room[who] == draft->room[other])
            add(draft, SIM_STORY_FILE, BIT(who) | BIT(other),
                "w:at(%u * ms, function() swarm.send(w, %s, %s, %u) end)", some_time(draft, 0), names[who],
                names[other], within(draft, 1, 40) * 2500);
        if (happens(draft, SIM_STORY_BULK) && other != who && draft->room[who] == draft->room[other])
            add(draft, SIM_STORY_BULK, BIT(who) | BIT(other),
                "w:at(%u * ms, function() swarm.send(w, %s, %s, %u) end)", some_time(draft, 0), names[who],
                names[other], within(draft, 1, 20) * 100000);
    }
}

static void draw_relay(struct draft *draft)
{
    if (happens(draft, SIM_STORY_REKEY))
        add(draft, SIM_STORY_RELAY, NOBODY, "rekey = %u * s", within(draft, 2, 20));
    if (within(draft, 0, 3) == 0)
        add(draft, SIM_STORY_RELAY, NOBODY, "repair = \"pass\"");
    if (happens(draft, SIM_STORY_ESTIMATE))
        add(draft, SIM_STORY_ESTIMATE, NOBODY, "estimate = \"ours\"");
}

void sim_story_make(struct sim_story *story, uint64_t seed, unsigned seconds)
{
    WZP_CHECK(seconds >= SIM_STORY_S_MIN && seconds <= SIM_STORY_S_MAX);
    struct draft draft = {.story = story, .rng = wzp_rng_make(seed, STREAM)};
    *story = (struct sim_story){.seed = seed, .seconds = seconds, .calm_s = seconds - TAIL_S};
    draft.calm_ms = (int64_t)story->calm_s * 1000;
    for (unsigned kind = 0; kind < SIM_STORY_KINDS; kind++)
        story->on |= (uint64_t)(wzp_rng_below(&draft.rng, 100) < kinds[kind].seeds) << kind;
    /* Mostly few people: what goes wrong, goes wrong among them, and costs less. */
    story->people = 2 + within(&draft, 0, 2) + (within(&draft, 0, 4) == 0 ? within(&draft, 0, 4) : 0);
    story->rooms = story->people < 4 ? 1 : within(&draft, 1, story->people / 2 < 3 ? story->people / 2 : 3);
    draw_relay(&draft);
    for (unsigned who = 0; who < story->people; who++)
        draw_person(&draft, who);
    draw_of_world(&draft);
    for (unsigned who = 0; who < story->people; who++)
        draw_of_person(&draft, who);
}

/* ---- lines that stand ---- */

static uint32_t present(const struct sim_story *story)
{
    uint32_t people = 0;
    for (unsigned i = 0; i < story->line_count; i++)
        if (story->line[i].kind == SIM_STORY_PERSON && !story->line[i].is_left_out)
            people |= story->line[i].needs;
    return people;
}

bool sim_story_stands(const struct sim_story *story, unsigned line)
{
    return !story->line[line].is_left_out && (story->line[line].needs & ~present(story)) == 0;
}

unsigned sim_story_trouble_s(const struct sim_story *story)
{
    unsigned until_s = 4;
    for (unsigned i = 0; i < story->line_count; i++)
        if (sim_story_stands(story, i) && story->line[i].until_ms / 1000 + 1 > until_s)
            until_s = story->line[i].until_ms / 1000 + 1;
    return until_s;
}

unsigned sim_story_people(const struct sim_story *story)
{
    unsigned count = 0;
    for (uint32_t people = present(story); people; people &= people - 1)
        count++;
    return count;
}

/* ---- writing ---- */

struct page {
    char *out;
    size_t len, room;
    bool is_full;
};

__attribute__((format(printf, 2, 3))) static void put(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(page->out + page->len, page->room - page->len, format, arguments);
    va_end(arguments);
    page->is_full = page->is_full || len < 0 || (size_t)len >= page->room - page->len;
    if (!page->is_full)
        page->len += (size_t)len;
}

static bool is_of(const struct sim_story_line *line, uint32_t needs)
{
    bool is_field = line->kind == SIM_STORY_FIELD || line->kind == SIM_STORY_LATE ||
                    line->kind == SIM_STORY_DRIFT || line->kind == SIM_STORY_REKEY ||
                    line->kind == SIM_STORY_MAX_RATE || line->kind == SIM_STORY_IK ||
                    line->kind == SIM_STORY_ESTIMATE;
    bool is_relays = line->kind == SIM_STORY_RELAY || line->kind == SIM_STORY_ESTIMATE;
    return needs ? is_field && line->needs == needs : is_relays && line->needs == NOBODY;
}

/* What stands within the braces of a person (`needs`) or of the relay (0). */
static void put_fields(struct page *page, const struct sim_story *story, uint32_t needs, const char *before)
{
    for (unsigned i = 0; i < story->line_count; i++)
        if (is_of(&story->line[i], needs) && sim_story_stands(story, i)) {
            put(page, "%s%s", before, story->line[i].text);
            before = ", ";
        }
}

static void put_people(struct page *page, const struct sim_story *story)
{
    for (unsigned i = 0; i < story->line_count; i++) {
        const struct sim_story_line *line = &story->line[i];
        if (line->kind != SIM_STORY_PERSON || line->is_left_out)
            continue;
        unsigned who = 0;
        while (!(line->needs >> who & 1))
            who++;
        put(page, "local %s = swarm.client(w, { %s", names[who], line->text);
        put_fields(page, story, line->needs, ", ");
        put(page, " })\n");
    }
}

static bool is_within_braces(const struct sim_story_line *line)
{
    return line->kind == SIM_STORY_PERSON || is_of(line, line->needs);
}

static void put_remark(struct page *page, const char *remark)
{
    while (remark && *remark) {
        int len = (int)strcspn(remark, "\n");
        put(page, "-- %.*s\n", len, remark);
        remark += len + (remark[len] == '\n');
    }
}

bool sim_story_write(const struct sim_story *story, const char *remark, char *out, size_t room)
{
    struct page page = {.out = out, .room = room};
    put(&page,
        "-- SPDX-License-Identifier: Apache-2.0\n-- Seed %llu of a swarm (wzp-sim swarm): %u people, %u s.\n",
        (unsigned long long)story->seed, sim_story_people(story), story->seconds);
    put_remark(&page, remark);
    put(&page, "local swarm = include \"lib/swarm.lua\"\nlocal us, ms, s = 1000, 1000000, 1000000000\n\n");
    put(&page, "local w = swarm.world { seed = %llu, seconds = %u, calm = %u * s }\nw:relay { ",
        (unsigned long long)(story->seed & INT64_MAX), story->seconds, story->calm_s);
    put_fields(&page, story, NOBODY, "");
    put(&page, " }\n");
    put_people(&page, story);
    for (unsigned i = 0; i < story->line_count; i++)
        if (!is_within_braces(&story->line[i]) && sim_story_stands(story, i))
            put(&page, "%s\n", story->line[i].text);
    put(&page, "swarm.judge(w)\n");
    return !page.is_full;
}
