// SPDX-License-Identifier: Apache-2.0
/* wzp-client netcheck: measures the network to a relay and says what it is good for (call/netcheck.h). */
#include "run/cmd.h"

#include <sodium.h>
#include <string.h>

#include "call/netcheck.h"
#include "run/console.h"
#include "run/loop.h"
#include "run/netcheck_text.h"
#include "run/room.h"

#define PROGRAM "wzp-client netcheck"
#define CTRL_C  3 /* as a key: a raw terminal sends no signal */

struct checking {
    struct wzp_room_options room;
    uint32_t seconds;
    uint64_t load_max_bps;
    bool prints_json, is_quiet;
    struct wzp_room_client client;
    uint8_t known_key[32];
    struct wzp_netcheck *check;
    struct wzp_loop loop;
    bool was_connected, is_other_relay, is_over;
};

static bool parse(struct checking *checking, int argc, char **argv, int *status)
{
    struct wzp_room_options *room = &checking->room;
    struct wzp_option table[] = {
        {.name = "RELAY", .parse = wzp_option_relay, .target = room, .is_required = true, .is_word = true},
        {.name = "seconds",
         .value = "N",
         .help = "fill each way for so long",
         .parse = wzp_option_u32,
         .target = &checking->seconds,
         .min = 1,
         .max = WZP_NETCHECK_LOAD_NS_MAX / WZP_S},
        {.name = "max-rate",
         .value = "RATE",
         .help = "try no more than so much: 5mbit (20mbit)",
         .parse = wzp_option_max_rate,
         .target = &checking->load_max_bps},
        {.name = "json", .help = "print one JSON object and no table", .target = &checking->prints_json},
        {.name = "quiet",
         .help = "say nothing on the way, only the result and errors",
         .target = &checking->is_quiet},
        {.name = "relay-key",
         .value = "KEY",
         .help = "the key that the relay printed: speak to no other",
         .parse = wzp_option_relay_key,
         .target = room},
        {.name = "invite",
         .value = "CODE",
         .help = "the invitation code that the relay's operator gave out",
         .parse = wzp_option_invite,
         .target = room},
        WZP_IDENTITY_OPTIONS(room->id, room->passphrase_file, room->core, WZP_CLIENT_IDENTITY),
    };
    struct wzp_options options = {
        .program = PROGRAM,
        .about = "Measures the network between here and a relay, and says in words what it is good for.",
        .notes =
            "It joins no room. Each way is filled for a while: up to 20 MB are sent and received by "
            "default.\n"
            "\n"
            "  wzp-client netcheck relay.example:4433\n"
            "  wzp-client netcheck --seconds 3 --max-rate 2mbit relay.example:4433\n"
            "  wzp-client netcheck --json --quiet relay.example:4433 > network.json\n"
            "\n"
            "Exit status: 0 measured, 1 usage, 3 not everything was measured: nobody answered, the relay\n"
            "refused, it was stopped, or another relay than the known one answers.",
        .table = table,
        .count = sizeof table / sizeof *table,
    };
    const struct wzp_netcheck_config defaults = wzp_netcheck_config_default();
    *room = wzp_room_options_default();
    checking->seconds = (uint32_t)(defaults.load_ns / WZP_S);
    checking->load_max_bps = defaults.load_max_bps;
    if (!wzp_options_take(&options, argc, argv, status))
        return false;
    if (checking->load_max_bps == 0)
        checking->load_max_bps = defaults.load_max_bps;
    return true;
}

static bool open_all(struct checking *checking)
{
    struct wzp_netcheck_config config = wzp_netcheck_config_default();
    const uint8_t *key;
    if (!wzp_room_open_endpoint(PROGRAM, &checking->room, &checking->client, &config.endpoint))
        return false;
    config.relay = checking->room.relay;
    config.load_ns = checking->seconds * WZP_S;
    config.load_max_bps = checking->load_max_bps;
    if (config.endpoint.start_rate_bps > config.load_max_bps)
        config.endpoint.start_rate_bps = config.load_max_bps;
    if ((key = wzp_room_relay_key(&checking->room, &checking->client))) {
        config.has_relay_static = true;
        memcpy(config.relay_static, key, sizeof config.relay_static);
        memcpy(checking->known_key, key, sizeof checking->known_key);
    }
    checking->check = wzp_netcheck_create(&config);
    if (!checking->check)
        fprintf(stderr, PROGRAM ": out of memory\n");
    return checking->check != NULL;
}

/* ---- what a person sees and presses ---- */

static void status_line(void *ctx, char *line, size_t capacity)
{
    const struct checking *checking = ctx;
    struct wzp_session_facts facts = {0};
    char rate[WZP_RATE_TEXT_MAX];
    wzp_netcheck_facts(checking->check, &facts);
    switch (wzp_netcheck_phase(checking->check)) {
    case WZP_NETCHECK_CONNECTING:
        snprintf(line, capacity, "connecting");
        break;
    case WZP_NETCHECK_QUIET:
        snprintf(line, capacity, "round trips: %.0f ms", (double)facts.rtt_latest_ns / (double)WZP_MS);
        break;
    case WZP_NETCHECK_UP:
        wzp_rate_format(facts.rate_bps, rate);
        snprintf(line, capacity, "filling the way up: %s, %.1f %% lost", rate, facts.loss_permille / 10.0);
        break;
    case WZP_NETCHECK_DOWN:
        wzp_rate_format(facts.rate_in_bps, rate);
        snprintf(line, capacity, "filling the way down: %s, %.1f %% lost", rate,
                 facts.loss_in_permille / 10.0);
        break;
    case WZP_NETCHECK_SIZE:
        snprintf(line, capacity, "largest datagram: %zu bytes so far", facts.mtu);
        break;
    case WZP_NETCHECK_LEAVING:
    case WZP_NETCHECK_OVER:
        snprintf(line, capacity, "leaving");
        break;
    }
}

static void on_key(void *ctx, char key)
{
    struct checking *checking = ctx;
    if (key == 'q' || key == CTRL_C)
        wzp_netcheck_stop(checking->check, wzp_loop_now_ns(&checking->loop));
}

/* ---- the node ---- */

static void look(struct checking *checking, int64_t now_ns)
{
    struct wzp_netcheck_result result = wzp_netcheck_result(checking->check);
    if (!checking->was_connected && result.handshake_ns) {
        struct wzp_room_client *client = &checking->client;
        char why[WZP_WHY_MAX];
        checking->was_connected = true;
        if (checking->is_quiet) {
            checking->is_other_relay = wzp_contacts_on_relay(&client->contacts, result.relay_static, why) ==
                                       WZP_CONTACT_CHANGED;
            if (checking->is_other_relay)
                wzp_console_say("%s: %s", client->relay, why);
        } else {
            checking->is_other_relay = !wzp_room_say_key(&client->contacts, client->relay,
                                                         result.relay_static, result.handshake_ns);
        }
        if (checking->is_other_relay)
            wzp_netcheck_stop(checking->check, now_ns);
    }
    checking->is_over |= wzp_netcheck_phase(checking->check) == WZP_NETCHECK_OVER;
}

static void receive(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    struct checking *checking = ctx;
    wzp_netcheck_receive(checking->check, from, datagram, len, now_ns);
    look(checking, now_ns);
}

static size_t transmit(void *ctx, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    return wzp_netcheck_transmit(((struct checking *)ctx)->check, now_ns, to, datagram, capacity);
}

static unsigned dscp(void *ctx)
{
    return wzp_netcheck_dscp(((struct checking *)ctx)->check);
}

static int64_t next_at(void *ctx)
{
    return wzp_netcheck_next_at(((struct checking *)ctx)->check);
}

static void advance(void *ctx, int64_t now_ns)
{
    struct checking *checking = ctx;
    if (wzp_netcheck_next_at(checking->check) <= now_ns)
        wzp_netcheck_advance(checking->check, now_ns);
    look(checking, now_ns);
}

static void interrupt(void *ctx, int64_t now_ns)
{
    struct checking *checking = ctx;
    if (wzp_netcheck_phase(checking->check) >= WZP_NETCHECK_LEAVING)
        checking->is_over = true;
    wzp_netcheck_stop(checking->check, now_ns);
    look(checking, now_ns);
}

static bool is_over(void *ctx)
{
    return ((struct checking *)ctx)->is_over;
}

/* ---- the result ---- */

static bool print(const struct checking *checking, const struct wzp_netcheck_result *result)
{
    struct wzp_plan plan = wzp_netcheck_plan(checking->check);
    if (checking->prints_json) {
        struct wzp_json json = wzp_json_make(stdout);
        wzp_netcheck_json(&json, checking->client.relay, result, &plan);
        wzp_json_finish(&json);
    } else {
        wzp_netcheck_print(stdout, result, &plan);
    }
    if (fflush(stdout) == 0)
        return true;
    fprintf(stderr, PROGRAM ": the result could not be written\n");
    return false;
}

/* What there is is printed, once there was a session; why there is no more is said. */
static int conclude(const struct checking *checking)
{
    struct wzp_netcheck_result result = wzp_netcheck_result(checking->check);
    bool has_all = result.is_complete, was_there = checking->was_connected && !checking->is_other_relay;
    bool is_told = result.reason == WZP_CLOSE_REASON_LEFT;
    if (!has_all && !is_told) {
        struct wzp_room_end end = {
            .reason = result.reason, .versions = result.versions, .version_count = result.version_count};
        memcpy(end.expected, checking->known_key, sizeof end.expected);
        memcpy(end.found, result.relay_static, sizeof end.found);
        wzp_room_say_end(&checking->client.contacts, checking->client.relay, &end);
    } else if (!has_all && !checking->was_connected) {
        wzp_console_say("%s: ended before the relay was reached", checking->client.relay);
    }
    bool is_refused = !has_all && !is_told && result.round_trips == 0;
    if (was_there && !is_refused && !print(checking, &result))
        return WZP_EXIT_USAGE;
    return has_all ? WZP_EXIT_OK : WZP_EXIT_NEVER_CONNECTED;
}

static int run(struct checking *checking)
{
    struct wzp_addr local = wzp_udp_any(&checking->room.relay);
    struct wzp_node node = {receive, transmit, dscp, next_at, advance, interrupt, is_over, checking};
    struct wzp_console console = {.ctx = checking, .on_key = on_key, .status = status_line};
    int err = wzp_loop_open(&checking->loop, &local);
    if (err) {
        fprintf(stderr, PROGRAM ": cannot open a UDP socket: %s\n", uv_strerror(err));
        return WZP_EXIT_USAGE;
    }
    enum wzp_err start_err = wzp_netcheck_start(checking->check, wzp_loop_now_ns(&checking->loop));
    if (start_err == WZP_ERR_OK) {
        if (!checking->is_quiet)
            wzp_console_open(&console, &checking->loop.uv);
        wzp_loop_run(&checking->loop, &node);
        if (!checking->is_quiet)
            wzp_console_close(&console);
    } else {
        fprintf(stderr, PROGRAM ": %s: %s\n", checking->client.relay, wzp_err_text(start_err));
    }
    wzp_loop_close(&checking->loop);
    return start_err == WZP_ERR_OK ? conclude(checking) : WZP_EXIT_USAGE;
}

int wzp_cmd_netcheck(int argc, char **argv)
{
    struct checking checking = {.client.contacts.known.lock = -1};
    int status;
    if (!parse(&checking, argc, argv, &status))
        return status;
    status = open_all(&checking) ? run(&checking) : WZP_EXIT_USAGE;
    wzp_netcheck_destroy(checking.check);
    wzp_room_close(PROGRAM, &checking.client);
    sodium_memzero(&checking, sizeof checking);
    return status;
}
