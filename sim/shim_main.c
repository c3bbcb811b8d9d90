// SPDX-License-Identifier: Apache-2.0
/* wzp-shim: a bad network for real processes, docs/running.md. */
#include <stddef.h>
#include <string.h>

#include "base/time.h"
#include "run/addr_text.h"
#include "run/options.h"
#include "sim/link_options.h"
#include "sim/shim.h"

#define PROGRAM "wzp-shim"
#define QUEUE   (300 * WZP_MS)

struct arguments {
    struct wzp_addr listen;
    struct sim_shim_config config;
};

/* What a link takes: each is an option for both directions, and with up- or down- in front one for that
 * direction. */
#define FIELDS 20
static const struct field {
    const char *names[3]; /* up, down, both */
    const char *value, *help;
    const char *(*parse)(const struct wzp_option *option, const char *text);
    size_t offset, size;
} FIELD[FIELDS] = {
#define FIELD_ROW(name, member, value, help, parse)                                                          \
    FIELD_SIZED(name, member, sizeof(((struct sim_link_params *)0)->member), value, help, parse)
#define FIELD_SIZED(name, member, size, value, help, parse)                                                  \
    {                                                                                                        \
        {"up-" name, "down-" name, name}, value, help, parse, offsetof(struct sim_link_params, member), size \
    }
    FIELD_ROW("loss", loss, "P", "share of packets lost, 0..1 or 30% (0)", wzp_option_share),
    FIELD_ROW("burst", burst, "B", "mean run of lost packets; 1: each alone (1)", wzp_option_number),
    FIELD_ROW("delay", delay_ns, "T", "one way, such as 40ms (0)", wzp_option_time),
    FIELD_ROW("jitter", jitter_ns, "T", "added delay, uniform in 0..T (0)", wzp_option_time),
    FIELD_ROW("reorder", reorder, "0|1", "may jitter change the order? (0)", wzp_option_switch),
    FIELD_ROW("rate", rate_bps, "R", "of the line, such as 500kbit; 0: no limit (0)", wzp_option_rate),
    FIELD_ROW("queue", queue_ns, "T", "longest wait for the line (300ms)", wzp_option_time),
    FIELD_ROW("dup", dup, "P", "share of packets that arrive twice (0)", wzp_option_share),
    FIELD_ROW("corrupt", corrupt, "P", "share of packets with one bit flipped (0)", wzp_option_share),
    FIELD_ROW("mtu", mtu, "N", "IP bytes; what is larger vanishes; 0: no limit", wzp_option_u32),
    /* tc netem's models and what goes beyond them (sim/link_loss.h, link_delay.h, link_queue.h) */
    FIELD_ROW("loss-model", loss_model, "NAME,P,...", "gemodel,P,R,1-H,1-K or state,P13,P31,P32,P23,P14",
              sim_option_loss_model),
    FIELD_ROW("distribution", delay_model.kind, "NAME",
              "of delay with --jitter: uniform, normal, pareto ... (above)", sim_option_distribution),
    FIELD_ROW("correlation", delay_model.correlation, "P", "of delays that follow each other (0)",
              wzp_option_share),
    FIELD_ROW("reorder-share", delay_model.reorder_share, "P", "of packets that skip all delay (0)",
              wzp_option_share),
    FIELD_ROW("queue-packets", line_model.queue_packets, "N",
              "that wait for the line at most; 0: no limit (0)", wzp_option_u64),
    FIELD_ROW("queue-bytes", line_model.queue_bytes, "N", "the same in bytes (0)", wzp_option_u64),
    FIELD_SIZED("codel", line_model.codel_target_ns, 2 * sizeof(int64_t), "TARGET,INTERVAL",
                "CoDel in front of the line, such as 5ms,100ms; 0: none (0)", sim_option_codel),
    FIELD_SIZED("slot", line_model.slot_min_ns, 2 * sizeof(int64_t), "MIN,MAX",
                "packets leave together, each MIN to MAX; 0: at once (0)", sim_option_slot),
    FIELD_ROW("slot-packets", line_model.slot_packets, "N", "that leave together at most; 0: no limit",
              wzp_option_u32),
    FIELD_ROW("trace", line_model.trace, "FILE", "of Mahimahi's, in place of --rate", sim_option_trace),
};

#define OWN_ROWS 3
#define BOTH     2

static bool parse(struct arguments *arguments, int argc, char **argv, int *status)
{
    struct sim_link_params params[3]; /* up, down, both */
    struct wzp_option table[OWN_ROWS + 3 * FIELDS] = {
        {.name = "listen",
         .value = "ADDR",
         .help = "UDP address that clients speak to; port 0: any free",
         .parse = wzp_option_addr,
         .target = &arguments->listen,
         .is_required = true},
        {.name = "to",
         .value = "ADDR",
         .help = "the server behind it",
         .parse = wzp_option_addr,
         .target = &arguments->config.to,
         .is_required = true},
        {.name = "seed",
         .value = "N",
         .help = "of the network's luck",
         .parse = wzp_option_u64,
         .target = &arguments->config.seed,
         .is_required = true},
    };
    for (size_t way = 0; way < 3; way++) {
        params[way] = (struct sim_link_params){.burst = 1, .queue_ns = QUEUE};
        for (size_t i = 0; i < FIELDS; i++)
            table[OWN_ROWS + way * FIELDS + i] = (struct wzp_option){
                .name = FIELD[i].names[way],
                .value = FIELD[i].value,
                .help = way == BOTH ? FIELD[i].help : NULL,
                .parse = FIELD[i].parse,
                .max = UINT32_MAX,
                .target = (char *)&params[way] + FIELD[i].offset};
    }
    struct wzp_options options = {
        PROGRAM, "A bad network between clients and one server, the simulator's link in real time.",
        "An option with up- (from the clients) or down- in front is for that direction only:\n"
        "--up-loss 20%. It runs until SIGINT or SIGTERM and prints what became of the packets.",
        table, sizeof table / sizeof *table};
    if (!wzp_options_take(&options, argc, argv, status))
        return false;
    for (size_t way = 0; way < BOTH; way++) {
        for (size_t i = 0; i < FIELDS; i++)
            if (!table[OWN_ROWS + way * FIELDS + i].is_given)
                memcpy((char *)&params[way] + FIELD[i].offset, (char *)&params[BOTH] + FIELD[i].offset,
                       FIELD[i].size);
        const char *why = sim_link_params_check(&params[way]);
        if (why) {
            fprintf(stderr, PROGRAM ": %s: %s\n", way == SIM_SHIM_UP ? "up" : "down", why);
            *status = 1;
            return false;
        }
        arguments->config.params[way] = params[way];
    }
    return true;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct wzp_loop loop;
    char listen[WZP_ADDR_TEXT_MAX], to[WZP_ADDR_TEXT_MAX];
    int status;
    if (!parse(&arguments, argc - 1, argv + 1, &status))
        return status;
    int err = wzp_loop_open(&loop, &arguments.listen);
    if (err) {
        wzp_addr_format(&arguments.listen, listen);
        fprintf(stderr, PROGRAM ": cannot listen on %s: %s\n", listen, uv_strerror(err));
        return 1;
    }
    struct sim_shim *shim = sim_shim_create(&loop, &arguments.config);
    if (shim) {
        struct wzp_addr local = wzp_loop_local(&loop);
        struct wzp_node node = sim_shim_node(shim);
        wzp_addr_format(&local, listen);
        wzp_addr_format(&arguments.config.to, to);
        printf(PROGRAM ": listening on %s to %s\n", listen, to);
        fflush(stdout);
        wzp_loop_run(&loop, &node);
        sim_shim_print(shim, stdout);
        sim_shim_close(shim);
    } else {
        fprintf(stderr, PROGRAM ": out of memory\n");
    }
    wzp_loop_close(&loop);
    if (shim)
        sim_shim_destroy(shim);
    return shim ? 0 : 1;
}
