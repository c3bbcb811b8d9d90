// SPDX-License-Identifier: Apache-2.0
#include "sim/laws.h"

#include "base/check.h"
#include "crypt/sender.h"
#include "session/endpoint.h"
#include "sim/hash.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

#define GENERATION_NS (60 * WZP_S)
#define ROTATE_NS     (100 * WZP_MS) /* a frame that was captured before is sealed within that */
#define RATE_NS       (500 * WZP_MS) /* in which max-rate is kept */
#define FAREWELL_NS   WZP_S          /* after which the relay is done with who left, but for ... */
#define FAREWELLS     20             /* ... so many datagrams: answers to a goodbye that is repeated */
#define NOT_ROTATING  UINT8_MAX

/* Media of a speaker, known by a hash of its sealed payload. */
struct media {
    uint64_t hash; /* 0: free */
    int64_t sealed_ns;
    uint64_t opened;  /* by whom, a bit a place in the room: another process of one comes too late for it */
    unsigned speaker; /* person */
    bool is_relayed;
};

struct table {
    struct media *media;
    size_t count, capacity;
};

/* What is remembered of a person. */
struct account {
    unsigned starts;                    /* of its processes, as far as it was seen */
    int64_t ahead_ns;                   /* its clock, as far as it was seen ... */
    int64_t stepped_ns;                 /* ... and when it jumped */
    size_t meter;                       /* its first packet within the last RATE_NS */
    uint8_t epoch;                      /* of what it sealed last */
    uint8_t old_epoch;                  /* that it has to give up; NOT_ROTATING */
    int64_t told_ns;                    /* when it learnt so */
    int64_t seen_left_ns[SIM_ROOM_MAX]; /* by place */
    unsigned farewells;
};

struct sim_laws {
    struct sim_net *net;
    struct sim_crowd *crowd;
    struct table table[2]; /* newest first */
    int64_t generation_ns;
    struct account *account; /* by person, as they come */
    unsigned account_count;
    uint64_t sent, ended; /* datagrams between nodes */
};

static struct sim_laws *current;

static void violate(const struct sim_laws *laws, unsigned node, const char *what)
{
    sim_net_violate(laws->net, node, what);
}

/* The person at work; NULL: the relay, or a node of another kind. */
static struct sim_person *at_work(const struct sim_laws *laws)
{
    int node = sim_net_current(laws->net);
    return node >= 0 ? sim_crowd_at(laws->crowd, (unsigned)node) : NULL;
}

/* It stays in its place until the next person comes. */
static struct account *account_of(struct sim_laws *laws, const struct sim_person *person)
{
    if (person->index >= laws->account_count) {
        unsigned count = 2 * person->index + 16;
        laws->account = realloc(laws->account, count * sizeof *laws->account);
        WZP_CHECK(laws->account);
        for (unsigned i = laws->account_count; i < count; i++) {
            laws->account[i] = (struct account){.epoch = NOT_ROTATING, .old_epoch = NOT_ROTATING};
            for (unsigned k = 0; k < SIM_ROOM_MAX; k++)
                laws->account[i].seen_left_ns[k] = WZP_NEVER;
        }
        laws->account_count = count;
    }
    return &laws->account[person->index];
}

/* ---- media that are known ---- */

static uint64_t hash_of(const uint8_t *payload, size_t len)
{
    return sim_hash_bytes(0, payload, len) | 1;
}

static struct media *place_of(const struct table *table, uint64_t hash)
{
    size_t place = hash >> 1 & (table->capacity - 1);
    while (table->media[place].hash && table->media[place].hash != hash)
        place = (place + 1) & (table->capacity - 1);
    return &table->media[place];
}

static void grow(struct table *table)
{
    struct table old = *table;
    table->capacity = old.capacity ? 2 * old.capacity : 1024;
    table->media = calloc(table->capacity, sizeof *table->media);
    WZP_CHECK(table->media);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.media[i].hash)
            *place_of(table, old.media[i].hash) = old.media[i];
    free(old.media);
}

static void remember(struct sim_laws *laws, const struct media *media)
{
    if (media->sealed_ns >= laws->generation_ns + GENERATION_NS) {
        free(laws->table[1].media);
        laws->table[1] = laws->table[0];
        laws->table[0] = (struct table){0};
        laws->generation_ns = media->sealed_ns;
    }
    struct table *table = &laws->table[0];
    if (2 * table->count >= table->capacity)
        grow(table);
    *place_of(table, media->hash) = *media;
    table->count++;
}

/* NULL: nobody sealed it within the last one to two generations. */
static struct media *find(const struct sim_laws *laws, struct wzp_slice payload)
{
    uint64_t hash = hash_of(payload.data, payload.len);
    for (unsigned i = 0; i < 2; i++) {
        struct media *media = laws->table[i].count ? place_of(&laws->table[i], hash) : NULL;
        if (media && media->hash)
            return media;
    }
    return NULL;
}

/* ---- keys that must be given up ---- */

static void note_leaves(struct account *account, const struct sim_person *speaker)
{
    for (unsigned i = 0; i < speaker->room->count; i++) {
        int64_t told_ns = speaker->told_left_ns[i];
        if (told_ns == WZP_NEVER || told_ns == account->seen_left_ns[i])
            continue;
        account->seen_left_ns[i] = told_ns;
        account->old_epoch = account->epoch;
        account->told_ns = told_ns;
    }
}

static void judge_epoch(struct sim_laws *laws, const struct sim_person *speaker, uint8_t epoch)
{
    struct account *account = account_of(laws, speaker);
    if (account->starts != speaker->starts)
        account->epoch = account->old_epoch = NOT_ROTATING;
    account->starts = speaker->starts;
    note_leaves(account, speaker);
    if (account->old_epoch != NOT_ROTATING && epoch != account->old_epoch)
        account->old_epoch = NOT_ROTATING;
    if (account->old_epoch != NOT_ROTATING && sim_net_now(laws->net) > account->told_ns + ROTATE_NS)
        violate(laws, speaker->node, "seals media with a key that somebody holds who left");
    account->epoch = epoch;
}

/* ---- the seams ---- */

static void on_sealed(struct sim_laws *laws, const uint8_t *payload, size_t len)
{
    const struct sim_person *speaker = at_work(laws);
    if (!speaker)
        return;
    struct media media = {
        .hash = hash_of(payload, len), .sealed_ns = sim_net_now(laws->net), .speaker = speaker->index};
    remember(laws, &media);
    judge_epoch(laws, speaker, payload[0] >> 4);
}

static void on_relayed(struct sim_laws *laws, struct media *media)
{
    unsigned node = (unsigned)sim_net_current(laws->net);
    if (sim_crowd_person(laws->crowd, media->speaker)->room->relay->node != node)
        violate(laws, node, "took media of another relay's room");
    if (media->is_relayed)
        violate(laws, node, "took the same media twice");
    media->is_relayed = true;
}

static void on_came(struct sim_laws *laws, const struct wzp_event *event)
{
    const struct sim_person *listener = at_work(laws);
    struct media *media = find(laws, event->media.payload);
    if (!media) {
        if (listener)
            violate(laws, listener->node, "got media that nobody sealed");
        return; /* with others they may be flows' */
    }
    const struct sim_person *speaker = sim_crowd_person(laws->crowd, media->speaker);
    if (!listener)
        on_relayed(laws, media);
    else if (listener == speaker)
        violate(laws, listener->node, "got its own media back");
    else if (listener->room != speaker->room)
        violate(laws, listener->node, "got media of another room");
}

static void on_opened(struct sim_laws *laws, struct wzp_slice payload)
{
    const struct sim_person *listener = at_work(laws);
    struct media *media = find(laws, payload);
    if (!listener || !media)
        return;
    uint64_t bit = UINT64_C(1) << listener->place;
    if (media->opened & bit)
        violate(laws, listener->node, "opened the same media twice");
    media->opened |= bit;
    if (media->sealed_ns < wzp_time_max(listener->process_ns, listener->config.start_ns))
        violate(laws, listener->node, "opened media that were sealed before it came");
    if (listener->left_ns < sim_net_now(laws->net))
        violate(laws, listener->node, "opened media after it left");
}

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap wants these names
void __real_wzp_media_seal(const struct wzp_media_key *media, uint32_t sequence, const uint8_t header[16],
                           const uint8_t *plain, size_t len, uint8_t *out);
void __wrap_wzp_media_seal(const struct wzp_media_key *media, uint32_t sequence, const uint8_t header[16],
                           const uint8_t *plain, size_t len, uint8_t *out);

void __wrap_wzp_media_seal(const struct wzp_media_key *media, uint32_t sequence, const uint8_t header[16],
                           const uint8_t *plain, size_t len, uint8_t *out)
{
    __real_wzp_media_seal(media, sequence, header, plain, len, out);
    if (current)
        on_sealed(current, out, len + WZP_SENDER_OVERHEAD);
}

bool __real_wzp_endpoint_poll(struct wzp_endpoint *endpoint, struct wzp_event *event);
bool __wrap_wzp_endpoint_poll(struct wzp_endpoint *endpoint, struct wzp_event *event);

bool __wrap_wzp_endpoint_poll(struct wzp_endpoint *endpoint, struct wzp_event *event)
{
    bool is_one = __real_wzp_endpoint_poll(endpoint, event);
    if (is_one && current && event->kind == WZP_EVENT_MEDIA)
        on_came(current, event);
    return is_one;
}

enum wzp_sender_result __real_wzp_sender_keys_open(struct wzp_sender_keys *keys, uint8_t media_type,
                                                   uint8_t stream, uint32_t sequence,
                                                   const uint8_t header[16], struct wzp_slice payload,
                                                   uint8_t *out, uint32_t *word);
enum wzp_sender_result __wrap_wzp_sender_keys_open(struct wzp_sender_keys *keys, uint8_t media_type,
                                                   uint8_t stream, uint32_t sequence,
                                                   const uint8_t header[16], struct wzp_slice payload,
                                                   uint8_t *out, uint32_t *word);

enum wzp_sender_result __wrap_wzp_sender_keys_open(struct wzp_sender_keys *keys, uint8_t media_type,
                                                   uint8_t stream, uint32_t sequence,
                                                   const uint8_t header[16], struct wzp_slice payload,
                                                   uint8_t *out, uint32_t *word)
{
    enum wzp_sender_result result = __real_wzp_sender_keys_open(keys, media_type, stream, sequence, header,
                                                                payload, out, word);
    if (result == WZP_SENDER_OPENED && current)
        on_opened(current, payload);
    return result;
}
// NOLINTEND(bugprone-reserved-identifier)

/* ---- datagrams ---- */

/* Exact over packets: what left within the last RATE_NS. The crowd has added this one already. */
static void judge_rate(struct sim_laws *laws, const struct sim_person *person)
{
    struct account *account = account_of(laws, person);
    size_t *first = &account->meter;
    int64_t from_ns = wzp_time_max(sim_net_now(laws->net) - RATE_NS + 1, person->process_ns);
    if (account->ahead_ns != person->clock_ahead_ns)
        account->stepped_ns = sim_net_now(laws->net); /* for the client 500 ms may be over at once */
    account->ahead_ns = person->clock_ahead_ns;
    from_ns = wzp_time_max(from_ns, account->stepped_ns);
    const struct sim_meter_packet *packet = person->up.packet;
    while (*first < person->up.count && packet[*first].at_ns < from_ns)
        ++*first;
    uint64_t before = *first ? packet[*first - 1].sum : 0;
    uint64_t bits = 8 * (packet[person->up.count - 1].sum - before);
    if (bits > person->config.max_rate_bps / (WZP_S / RATE_NS))
        violate(laws, person->node, "sent more in 500 ms than its max-rate allows");
}

/* When the relay told somebody that the person, who said goodbye, left; WZP_NEVER. */
static int64_t told_of_leave(const struct sim_person *person)
{
    int64_t told_ns = WZP_NEVER;
    for (unsigned i = 0; i < person->room->count && person->is_leaving; i++) {
        int64_t left_ns = person->room->member[i]->told_left_ns[person->place];
        if (left_ns != WZP_NEVER && left_ns >= person->left_ns)
            told_ns = wzp_time_min(told_ns, left_ns);
    }
    return told_ns;
}

static void judge_farewell(struct sim_laws *laws, const struct sim_person *person)
{
    int64_t told_ns = told_of_leave(person);
    if (told_ns != WZP_NEVER && sim_net_now(laws->net) > told_ns + FAREWELL_NS &&
        ++account_of(laws, person)->farewells > FAREWELLS)
        violate(laws, person->node, "is still sent to, after the relay told others that it left");
}

static void on_datagram(void *ctx, const struct sim_tap_event *event)
{
    struct sim_laws *laws = ctx;
    if (event->kind == SIM_TAP_STRUCK || event->to == SIM_NOBODY)
        return;
    laws->sent += event->kind == SIM_TAP_SENT;
    laws->ended += event->kind != SIM_TAP_SENT;
    if (event->kind != SIM_TAP_SENT)
        return;
    const struct sim_person *from = sim_crowd_at(laws->crowd, event->from),
                            *to = sim_crowd_at(laws->crowd, event->to);
    bool is_long = (event->bytes[0] & 0xc0) == WZP_FORM_LONG; /* an attempt to connect is still answered */
    if (from && from->config.max_rate_bps > 0)
        judge_rate(laws, from);
    if (to && to->is_leaving && !is_long)
        judge_farewell(laws, to);
}

static bool is_whole(const struct sim_link_counts *counts)
{
    return counts->packets == counts->queue_drops + counts->lost + counts->too_large + counts->delivered;
}

void sim_laws_audit(const struct sim_laws *laws)
{
    for (unsigned i = 0; i < sim_crowd_count(laws->crowd); i++) {
        const struct sim_person *person = sim_crowd_person(laws->crowd, i);
        unsigned relay = person->config.relay->node;
        if (!is_whole(sim_net_link_counts(laws->net, person->node, relay)) ||
            !is_whole(sim_net_link_counts(laws->net, relay, person->node)))
            violate(laws, person->node, "its link neither delivered nor lost a packet");
    }
    if ((int64_t)(laws->ended - laws->sent) != sim_net_surplus(laws->net))
        violate(laws, UINT32_MAX, "packets were made or lost by nobody");
}

/* ---- making ---- */

struct sim_laws *sim_laws_create(struct sim_net *net, struct sim_crowd *crowd)
{
    struct sim_laws *laws = calloc(1, sizeof *laws);
    WZP_CHECK(laws);
    laws->net = net;
    laws->crowd = crowd;
    sim_net_tap(net, on_datagram, laws);
    current = laws;
    return laws;
}

void sim_laws_destroy(struct sim_laws *laws)
{
    if (current == laws)
        current = NULL;
    free(laws->table[0].media);
    free(laws->table[1].media);
    free(laws->account);
    free(laws);
}
