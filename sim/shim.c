// SPDX-License-Identifier: Apache-2.0
#include "sim/shim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sim/delay_line.h"

struct door {
    struct sim_shim *shim;
    struct wzp_udp *udp;
    struct sim_link_params params[2];
    uint64_t stream[2];
};

struct client {
    struct sim_shim *shim;
    struct door *door;        /* NULL: the loop's own socket */
    struct wzp_udp *upstream; /* NULL: the place is free */
    struct wzp_addr addr;
    uint32_t number[2]; /* by direction: of what is under way */
    int64_t heard_ns;   /* when either side last sent */
    struct sim_link link[2];
};

struct sim_shim {
    struct wzp_loop *loop;
    struct sim_shim_config config;
    struct sim_delay_line *line;
    uint32_t clients_seen, numbers;
    struct sim_link_counts gone[2]; /* of clients that were forgotten */
    uint64_t no_place;              /* too many clients or datagrams */
    bool is_over;
    struct client clients[SIM_SHIM_CLIENTS_MAX];
    struct door doors[SIM_SHIM_DOORS_MAX];
    int door_count;
};

/* A waiting datagram's tag: the client's number, its place, the direction. */
static uint64_t make_tag(const struct client *client, enum sim_shim_direction direction)
{
    uint64_t place = (uint64_t)(client - client->shim->clients);
    return (uint64_t)client->number[direction] << 32 | place << 1 | (uint64_t)direction;
}

/* NULL when the client was forgotten meanwhile. */
static struct client *client_of(struct sim_shim *shim, uint64_t tag)
{
    struct client *client = &shim->clients[(uint32_t)tag >> 1];
    return client->upstream && client->number[tag & 1] == tag >> 32 ? client : NULL;
}

static void offer(struct client *client, enum sim_shim_direction direction, const uint8_t *datagram,
                  size_t len, int64_t now_ns)
{
    struct sim_shim *shim = client->shim;
    struct sim_link_verdict verdict;
    int door = client->door ? (int)(client->door - shim->doors) : -1;
    client->heard_ns = now_ns;
    if (door >= 0 && shim->config.is_shut && shim->config.is_shut(shim->config.ctx, door, now_ns))
        return;
    if (door >= 0 && shim->config.on_offer)
        shim->config.on_offer(shim->config.ctx, door, direction, now_ns, len);
    sim_link_send(&client->link[direction], now_ns, len, &verdict);
    for (unsigned i = 0; i < verdict.copies; i++) {
        struct sim_delayed *delayed = sim_delay_line_push(shim->line, verdict.copy[i].at_ns,
                                                          make_tag(client, direction), len);
        if (!delayed) {
            shim->no_place++;
            continue;
        }
        memcpy(delayed->bytes, datagram, len);
        sim_link_flip(delayed->bytes, verdict.copy[i].flip_bit);
    }
}

static void on_answer(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len)
{
    struct client *client = ctx;
    if (wzp_addr_equal(from, &client->shim->config.to))
        offer(client, SIM_SHIM_DOWN, datagram, len, wzp_loop_now_ns(client->shim->loop));
}

/* A socket before the server, at a port of its own. */
static int open_upstream(struct client *client, struct wzp_udp **upstream)
{
    struct wzp_udp_config config = {.loop = &client->shim->loop->uv,
                                    .local = wzp_udp_any(&client->shim->config.to),
                                    .on_datagram = on_answer,
                                    .ctx = client};
    return wzp_udp_open(&config, upstream);
}

static struct client *open_client(struct sim_shim *shim, struct door *door, const struct wzp_addr *addr)
{
    struct client *client = shim->clients;
    while (client < shim->clients + SIM_SHIM_CLIENTS_MAX && client->upstream)
        client++;
    if (client == shim->clients + SIM_SHIM_CLIENTS_MAX)
        return NULL;
    *client = (struct client){.shim = shim, .door = door, .addr = *addr};
    if (open_upstream(client, &client->upstream) != 0) {
        client->upstream = NULL;
        return NULL;
    }
    client->number[SIM_SHIM_UP] = client->number[SIM_SHIM_DOWN] = shim->numbers++;
    uint64_t seen = shim->clients_seen++;
    for (unsigned direction = 0; direction < 2; direction++)
        sim_link_init(&client->link[direction],
                      door ? &door->params[direction] : &shim->config.params[direction], shim->config.seed,
                      door ? door->stream[direction] : 2 * seen + direction);
    return client;
}

static void add_counts(struct sim_link_counts *sum, const struct sim_link_counts *counts)
{
    sum->packets += counts->packets;
    sum->bytes += counts->bytes;
    sum->queue_drops += counts->queue_drops;
    sum->lost += counts->lost;
    sum->too_large += counts->too_large;
    sum->delivered += counts->delivered;
    sum->duplicated += counts->duplicated;
    sum->corrupted += counts->corrupted;
}

static void forget(struct client *client)
{
    for (unsigned direction = 0; direction < 2; direction++)
        add_counts(&client->shim->gone[direction], &client->link[direction].counts);
    for (unsigned direction = 0; direction < 2; direction++)
        sim_link_close(&client->link[direction]);
    wzp_udp_close(client->upstream);
    client->upstream = NULL;
}

/* NULL: nobody yet. */
static struct client *behind(const struct door *door)
{
    struct client *all = door->shim->clients;
    for (struct client *client = all; client < all + SIM_SHIM_CLIENTS_MAX; client++)
        if (client->upstream && client->door == door)
            return client;
    return NULL;
}

/* Behind no door; NULL: nobody yet. */
static struct client *at_address(struct sim_shim *shim, const struct wzp_addr *addr)
{
    for (struct client *client = shim->clients; client < shim->clients + SIM_SHIM_CLIENTS_MAX; client++)
        if (client->upstream && !client->door && wzp_addr_equal(&client->addr, addr))
            return client;
    return NULL;
}

/* ---- the node ---- */

static void enter(struct sim_shim *shim, struct door *door, const struct wzp_addr *from,
                  const uint8_t *datagram, size_t len, int64_t now_ns)
{
    struct client *client = door ? behind(door) : at_address(shim, from);
    if (!client)
        client = open_client(shim, door, from);
    if (!client) {
        shim->no_place++;
        return;
    }
    client->addr = *from;
    offer(client, SIM_SHIM_UP, datagram, len, now_ns);
}

static void receive(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    enter(ctx, NULL, from, datagram, len, now_ns);
}

static void on_door(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len)
{
    struct door *door = ctx;
    enter(door->shim, door, from, datagram, len, wzp_loop_now_ns(door->shim->loop));
}

/* Sends upward on the client's own socket by itself, and down through doors; gives the loop the rest. */
static size_t transmit(void *ctx, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    struct sim_shim *shim = ctx;
    const struct sim_delayed *delayed;
    while ((delayed = sim_delay_line_pop(shim->line, now_ns)) != NULL) {
        struct client *client = client_of(shim, delayed->tag);
        if (!client || delayed->len > capacity)
            continue;
        if ((delayed->tag & 1) == SIM_SHIM_UP) {
            wzp_udp_send(client->upstream, &shim->config.to, 0, delayed->bytes, delayed->len);
            wzp_udp_flush(client->upstream);
            continue;
        }
        if (client->door) {
            wzp_udp_send(client->door->udp, &client->addr, 0, delayed->bytes, delayed->len);
            wzp_udp_flush(client->door->udp);
            continue;
        }
        *to = client->addr;
        memcpy(datagram, delayed->bytes, delayed->len);
        return delayed->len;
    }
    return 0;
}

static int64_t next_at(void *ctx)
{
    struct sim_shim *shim = ctx;
    int64_t at_ns = sim_delay_line_next_at(shim->line);
    for (size_t i = 0; i < SIM_SHIM_CLIENTS_MAX; i++)
        if (shim->clients[i].upstream && !shim->clients[i].door)
            at_ns = wzp_time_min(at_ns, shim->clients[i].heard_ns + SIM_SHIM_IDLE_NS);
    return at_ns;
}

static void advance(void *ctx, int64_t now_ns)
{
    struct sim_shim *shim = ctx;
    for (size_t i = 0; i < SIM_SHIM_CLIENTS_MAX; i++)
        if (shim->clients[i].upstream && !shim->clients[i].door &&
            now_ns - shim->clients[i].heard_ns >= SIM_SHIM_IDLE_NS)
            forget(&shim->clients[i]);
}

static void interrupt(void *ctx, int64_t now_ns)
{
    struct sim_shim *shim = ctx;
    (void)now_ns;
    shim->is_over = true;
}

static bool is_over(void *ctx)
{
    const struct sim_shim *shim = ctx;
    return shim->is_over;
}

struct wzp_node sim_shim_node(struct sim_shim *shim)
{
    return (struct wzp_node){receive, transmit, NULL, next_at, advance, interrupt, is_over, shim};
}

struct sim_shim *sim_shim_create(struct wzp_loop *loop, const struct sim_shim_config *config)
{
    struct sim_shim *shim = calloc(1, sizeof *shim);
    if (!shim)
        return NULL;
    shim->loop = loop;
    shim->config = *config;
    shim->line = sim_delay_line_create(SIM_SHIM_PLACES);
    if (!shim->line) {
        free(shim);
        return NULL;
    }
    return shim;
}

/* ---- doors ---- */

int sim_shim_open_door(struct sim_shim *shim, const struct sim_link_params params[2],
                       const uint64_t stream[2])
{
    if (shim->door_count == SIM_SHIM_DOORS_MAX)
        return UV_ENOSPC;
    struct door *door = &shim->doors[shim->door_count];
    *door = (struct door){.shim = shim};
    memcpy(door->params, params, sizeof door->params);
    memcpy(door->stream, stream, sizeof door->stream);
    struct wzp_addr local = wzp_loop_local(shim->loop);
    local.port = 0;
    struct wzp_udp_config config = {
        .loop = &shim->loop->uv, .local = local, .on_datagram = on_door, .ctx = door};
    int err = wzp_udp_open(&config, &door->udp);
    return err ? err : shim->door_count++;
}

struct wzp_addr sim_shim_door_addr(const struct sim_shim *shim, int door)
{
    return wzp_udp_local(shim->doors[door].udp);
}

void sim_shim_set_door(struct sim_shim *shim, int door, const struct sim_link_params params[2])
{
    struct client *client = behind(&shim->doors[door]);
    memcpy(shim->doors[door].params, params, sizeof shim->doors[door].params);
    for (unsigned direction = 0; client && direction < 2; direction++)
        sim_link_set_params(&client->link[direction], &params[direction]);
}

int sim_shim_rebind_door(struct sim_shim *shim, int door)
{
    struct client *client = behind(&shim->doors[door]);
    struct wzp_udp *upstream;
    int err = client ? open_upstream(client, &upstream) : 0;
    if (!client || err)
        return err;
    wzp_udp_close(client->upstream);
    client->upstream = upstream;
    client->number[SIM_SHIM_DOWN] = shim->numbers++;
    return 0;
}

const struct sim_link_counts *sim_shim_door_counts(const struct sim_shim *shim, int door,
                                                   enum sim_shim_direction direction)
{
    const struct client *client = behind(&shim->doors[door]);
    return client ? &client->link[direction].counts : NULL;
}

void sim_shim_close(struct sim_shim *shim)
{
    for (size_t i = 0; i < SIM_SHIM_CLIENTS_MAX; i++)
        if (shim->clients[i].upstream)
            forget(&shim->clients[i]);
    for (int i = 0; i < shim->door_count; i++)
        wzp_udp_close(shim->doors[i].udp);
    shim->door_count = 0;
}

void sim_shim_destroy(struct sim_shim *shim)
{
    sim_delay_line_destroy(shim->line);
    free(shim);
}

void sim_shim_print(const struct sim_shim *shim, FILE *out)
{
    static const char *const NAMES[] = {"up", "down"};
    for (unsigned direction = 0; direction < 2; direction++) {
        struct sim_link_counts sum = shim->gone[direction];
        for (size_t i = 0; i < SIM_SHIM_CLIENTS_MAX; i++)
            if (shim->clients[i].upstream)
                add_counts(&sum, &shim->clients[i].link[direction].counts);
        fprintf(out,
                "wzp-shim: %s: packets %" PRIu64 " bytes %" PRIu64 " queue_drops %" PRIu64 " lost %" PRIu64
                " too_large %" PRIu64 " delivered %" PRIu64 " duplicated %" PRIu64 " corrupted %" PRIu64 "\n",
                NAMES[direction], sum.packets, sum.bytes, sum.queue_drops, sum.lost, sum.too_large,
                sum.delivered, sum.duplicated, sum.corrupted);
    }
    fprintf(out, "wzp-shim: clients %" PRIu32 " no_place %" PRIu64 "\n", shim->clients_seen, shim->no_place);
}
