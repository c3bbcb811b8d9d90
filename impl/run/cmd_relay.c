// SPDX-License-Identifier: Apache-2.0
/* wzp-relay: a relay on one UDP address, its counters over HTTP on another. */
#include "run/cmd.h"

#include <sodium.h>
#include <string.h>

#include "base/time.h"
#include "relay/relay.h"
#include "run/access_file.h"
#include "run/addr_text.h"
#include "run/http.h"
#include "run/identity_open.h"
#include "run/loop.h"
#include "run/metrics.h"
#include "run/units.h"

#define PROGRAM      "wzp-relay"
#define SESSIONS_MAX 65536
#define ROOMS_MAX    65536
#define DRAIN_NS     (2 * WZP_S) /* how long sessions get to hear that the relay shuts down */

struct arguments {
    struct wzp_addr listen, metrics;
    const char *id, *passphrase_file, *allow, *invites;
    struct wzp_token token;
    uint32_t sessions_max, rooms_max, members_max, rekey_packets;
    int64_t rekey_ns;
    struct wzp_estimate_choice estimate;
    bool has_metrics, quiet, core, passes_repair;
};

struct relay_node {
    struct wzp_relay *relay;
    struct wzp_access_files *access;
    const char *allow, *invites;
    int64_t drain_until_ns; /* WZP_NEVER while it serves */
    bool is_over, quiet;
};

static void receive(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    struct relay_node *node = ctx;
    wzp_relay_receive(node->relay, from, datagram, len, now_ns);
}

static size_t transmit(void *ctx, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    struct relay_node *node = ctx;
    return wzp_relay_transmit(node->relay, now_ns, to, datagram, capacity);
}

static unsigned dscp(void *ctx)
{
    struct relay_node *node = ctx;
    return wzp_relay_dscp(node->relay);
}

static int64_t next_at(void *ctx)
{
    struct relay_node *node = ctx;
    return wzp_time_min(wzp_relay_next_at(node->relay), node->drain_until_ns);
}

static bool is_drained(const struct relay_node *node)
{
    return wzp_relay_endpoint_counters(node->relay)->sessions == 0;
}

static void advance(void *ctx, int64_t now_ns)
{
    struct relay_node *node = ctx;
    wzp_relay_advance(node->relay, now_ns);
    if (now_ns >= node->drain_until_ns)
        node->is_over = true;
}

static void interrupt(void *ctx, int64_t now_ns)
{
    struct relay_node *node = ctx;
    if (node->drain_until_ns != WZP_NEVER) {
        node->is_over = true; /* asked twice */
        return;
    }
    if (!node->quiet)
        fprintf(stderr, PROGRAM ": shutting down\n");
    node->drain_until_ns = now_ns + DRAIN_NS;
    wzp_relay_shutdown(node->relay, now_ns);
}

static bool is_over(void *ctx)
{
    struct relay_node *node = ctx;
    return node->is_over || (node->drain_until_ns != WZP_NEVER && is_drained(node));
}

/* A file that is wrong leaves everything as it was. */
static void reload(void *ctx, int64_t now_ns)
{
    struct relay_node *node = ctx;
    struct wzp_access_files before = *node->access, loaded = {0};
    char why[WZP_ACCESS_WHY_MAX];
    if (!wzp_access_files_load(&loaded, node->allow, node->invites, why)) {
        fprintf(stderr, PROGRAM ": %s; nothing is changed\n", why);
        return;
    }
    *node->access = loaded;
    wzp_relay_set_access(node->relay, &node->access->access, now_ns);
    wzp_access_files_deinit(&before);
    sodium_memzero(&loaded, sizeof loaded);
    if (!node->quiet)
        fprintf(stderr, PROGRAM ": %zu keys and %u invitations are let in\n", node->access->access.key_count,
                node->access->access.invitations.count);
}

static size_t write_metrics(void *ctx, char *out, size_t capacity)
{
    struct relay_node *node = ctx;
    return wzp_metrics_relay(out, capacity, wzp_relay_counters(node->relay),
                             wzp_relay_endpoint_counters(node->relay));
}

static const char *parse_repair(const struct wzp_option *option, const char *text)
{
    bool passes = strcmp(text, "pass") == 0;
    if (!passes && strcmp(text, "on") != 0)
        return "it is neither on nor pass";
    *(bool *)option->target = passes;
    return NULL;
}

static bool parse(struct arguments *arguments, const struct wzp_relay_config *defaults, int argc, char **argv,
                  int *status)
{
    *arguments = (struct arguments){
        .sessions_max = defaults->endpoint.limits.sessions_max,
        .rooms_max = defaults->rooms_max,
        .members_max = defaults->members_max,
        .rekey_packets = defaults->endpoint.rekey_packets,
        .rekey_ns = defaults->endpoint.rekey_ns,
        .estimate = {defaults->endpoint.estimate, defaults->endpoint.start_rate_bps}};
    struct wzp_option table[] = {
        {.name = "listen",
         .value = "ADDR",
         .help = "UDP address, such as 0.0.0.0:4433 or [::]:4433; port 0: any free",
         .parse = wzp_option_addr,
         .target = &arguments->listen,
         .is_required = true},
        WZP_IDENTITY_OPTIONS(arguments->id, arguments->passphrase_file, arguments->core, WZP_RELAY_IDENTITY),
        {.name = "token",
         .value = "TEXT",
         .help = "who joins must bring this token (none asked)",
         .parse = wzp_option_token,
         .target = &arguments->token},
        {.name = "allow",
         .value = "FILE",
         .help = "let in the static keys of this file, one a line (everybody)",
         .parse = wzp_option_text,
         .target = &arguments->allow},
        {.name = "invites",
         .value = "FILE",
         .help = "let in who brings an invitation code of this file, one a line",
         .parse = wzp_option_text,
         .target = &arguments->invites},
        {.name = "max-sessions",
         .value = "N",
         .help = "clients at once",
         .parse = wzp_option_u32,
         .target = &arguments->sessions_max,
         .min = 1,
         .max = SESSIONS_MAX},
        {.name = "max-rooms",
         .value = "N",
         .help = "rooms at once",
         .parse = wzp_option_u32,
         .target = &arguments->rooms_max,
         .min = 1,
         .max = ROOMS_MAX},
        {.name = "max-members",
         .value = "N",
         .help = "members of one room",
         .parse = wzp_option_u32,
         .target = &arguments->members_max,
         .min = 1,
         .max = WZP_MEMBERS_MAX},
        WZP_REKEY_OPTIONS(arguments->rekey_ns, arguments->rekey_packets),
        {.name = "repair",
         .value = "on|pass",
         .help = "repair media on each link by itself, or only hand on what clients send to repair it: less "
                 "work, "
                 "more bytes (on)",
         .parse = parse_repair,
         .target = &arguments->passes_repair},
        {.name = "estimate",
         .value = "KIND[:RATE]",
         .help = "who tells what the way to a client carries: fixed (nobody), ours, delta, gcc, or "
                 "auto: the client's --max-rate, else ours (auto)",
         .parse = wzp_option_estimate,
         .target = &arguments->estimate},
        {.name = "metrics",
         .value = "ADDR",
         .help = "TCP address that serves /metrics to Prometheus (none)",
         .parse = wzp_option_addr,
         .target = &arguments->metrics},
        {.name = "quiet",
         .help = "say nothing but the line with address and key, and errors",
         .target = &arguments->quiet},
    };
    struct wzp_options options = {
        PROGRAM, "Forwards sealed media between the members of rooms.",
        "It prints its address and its key, which clients may pin with --relay-key, and runs\n"
        "until SIGINT or SIGTERM. With --allow or --invites nobody else is let in; SIGHUP reads\n"
        "both files again. wzp-relay invite prints a fresh code, wzp-relay id makes, shows and\n"
        "seals its identity. Exit status: 0 ended, 1 usage, a file that cannot be used, or\n"
        "address in use.",
        table, sizeof table / sizeof *table};
    if (!wzp_options_take(&options, argc, argv, status))
        return false;
    for (size_t i = 0; i < options.count; i++)
        if (strcmp(table[i].name, "metrics") == 0)
            arguments->has_metrics = table[i].is_given;
    return true;
}

static struct wzp_relay *create(const struct arguments *arguments, struct wzp_relay_config *config,
                                const struct wzp_identity *identity)
{
    config->endpoint.limits.sessions_max = arguments->sessions_max;
    config->endpoint.rekey_packets = arguments->rekey_packets;
    config->endpoint.rekey_ns = arguments->rekey_ns;
    config->endpoint.estimate = arguments->estimate.kind;
    config->endpoint.start_rate_bps = arguments->estimate.start_bps;
    config->endpoint.passes_repair = arguments->passes_repair;
    config->rooms_max = arguments->rooms_max;
    config->members_max = arguments->members_max;
    memcpy(config->token, arguments->token.bytes, sizeof config->token);
    config->token_len = arguments->token.len;
    wzp_cmd_endpoint(&config->endpoint, identity);
    return wzp_relay_create(config);
}

static void print_ready(const struct wzp_loop *loop, const struct wzp_identity *identity)
{
    char address[WZP_ADDR_TEXT_MAX], key[WZP_KEY_TEXT_MAX];
    struct wzp_addr local = wzp_loop_local(loop);
    wzp_addr_format(&local, address);
    wzp_key_format(identity->noise_public, key);
    printf(PROGRAM ": listening on %s key %s\n", address, key);
    fflush(stdout);
}

static int run(const struct arguments *arguments, struct wzp_relay *relay, struct wzp_access_files *access,
               const struct wzp_identity *identity)
{
    struct wzp_loop loop;
    struct wzp_http *http = NULL;
    struct wzp_addr bound;
    char text[WZP_ADDR_TEXT_MAX];
    struct relay_node node = {.relay = relay,
                              .access = access,
                              .allow = arguments->allow,
                              .invites = arguments->invites,
                              .drain_until_ns = WZP_NEVER,
                              .quiet = arguments->quiet};
    const struct wzp_node table = {receive, transmit, dscp, next_at, advance, interrupt, is_over, &node};
    const struct wzp_http_page page = {"/metrics", "text/plain; version=0.0.4", write_metrics, &node};
    int err = wzp_loop_open(&loop, &arguments->listen);
    if (err) {
        wzp_addr_format(&arguments->listen, text);
        fprintf(stderr, PROGRAM ": cannot listen on %s: %s\n", text, uv_strerror(err));
        return WZP_EXIT_USAGE;
    }
    if (arguments->has_metrics) {
        err = wzp_http_open(&loop.uv, &arguments->metrics, &page, &http, &bound);
        wzp_addr_format(err ? &arguments->metrics : &bound, text);
        if (err)
            fprintf(stderr, PROGRAM ": cannot serve metrics on %s: %s\n", text, uv_strerror(err));
        else if (!arguments->quiet)
            fprintf(stderr, PROGRAM ": metrics on http://%s/metrics\n", text);
    }
    if (!err) {
        wzp_loop_on_hang_up(&loop, reload);
        print_ready(&loop, identity);
        wzp_loop_run(&loop, &table);
    }
    if (http)
        wzp_http_close(http);
    wzp_loop_close(&loop);
    return err ? WZP_EXIT_USAGE : WZP_EXIT_OK;
}

int wzp_cmd_relay(int argc, char **argv)
{
    struct wzp_relay_config config = wzp_relay_config_default();
    struct wzp_identity identity;
    struct arguments arguments;
    struct wzp_access_files access = {0};
    char why[WZP_ACCESS_WHY_MAX];
    int status;
    if (argc > 0 && strcmp(argv[0], "id") == 0)
        return wzp_cmd_relay_id(argc - 1, argv + 1);
    if (!parse(&arguments, &config, argc, argv, &status))
        return status;
    if (!wzp_access_files_load(&access, arguments.allow, arguments.invites, why)) {
        fprintf(stderr, PROGRAM ": %s\n", why);
        return WZP_EXIT_USAGE;
    }
    const struct wzp_identity_choice choice = {PROGRAM, arguments.id, WZP_RELAY_IDENTITY,
                                               arguments.passphrase_file};
    if (!arguments.core)
        wzp_cmd_no_core();
    if (!wzp_identity_use(&choice, &identity))
        return WZP_EXIT_USAGE;
    struct wzp_relay *relay = create(&arguments, &config, &identity);
    if (relay) {
        wzp_relay_set_access(relay, &access.access, 0);
        status = run(&arguments, relay, &access, &identity);
    } else {
        fprintf(stderr, PROGRAM ": out of memory; lower --max-sessions, --max-rooms or --max-members\n");
        status = WZP_EXIT_USAGE;
    }
    wzp_identity_deinit(&identity);
    wzp_relay_destroy(relay);
    wzp_access_files_deinit(&access);
    return status;
}
