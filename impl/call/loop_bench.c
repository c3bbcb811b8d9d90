// SPDX-License-Identifier: Apache-2.0
/*
 * What a second of speech costs beside the codec, as a table of Markdown: 50 frames of 60 bytes a second over
 * two endpoints and a road that loses both ways. Sender: seal of the frame, session, repair, packets, and the
 * reports that come back. Receiver: packets, repair, opening of frames, and the reports. Plan: the choice of
 * codec and repair, ten times a second. Time is the best of five runs of 60 s, with warm caches and without
 * the system's calls; instructions are counted by the CPU where the kernel allows it, else by
 *
 *     valgrind --tool=callgrind --toggle-collect=sender_works build/release/bin/bench-call-loop once 50
 *
 * (or receiver_works; 50: percent lost), which tells of the handshake and 70 s. callgrind has no AVX-512:
 * these are the kernels for AVX2.
 */
#include "base/rng.h"
#include "call/keys.h"
#include "link/number.h"
#include "link/replay.h"
#include "media/plan.h"
#include "session/pipe_test.h"

#include <linux/perf_event.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FRAME_NS    (20 * WZP_MS)
#define PLAIN_LEN   60
#define WAY_NS      (30 * WZP_MS)
#define WARM_NS     (10 * WZP_S) /* handshake, and the loss is known */
#define RUN_NS      (60 * WZP_S)
#define HORIZON_NS  (60 * WZP_MS) /* that repair may take: 2 and 5 packets a frame at 20 and 50 % of loss */
#define PIPE        1024
#define PLAN_FRAMES 5 /* between two looks at the plan */

enum { SENDER, RECEIVER, PLAN, PARTS };

/* What one side did since the warm-up, and the plan. */
struct cost {
    uint64_t spent; /* nanoseconds or instructions, as now() says */
    uint64_t packets;
};

static struct {
    struct wzp_endpoint *endpoint[2];
    struct wzp_addr addr[2];
    uint32_t session[2];
    struct datagram pipe[2][PIPE]; /* to that side, in order */
    unsigned first[2], count[2];
    struct wzp_rng rng;
    int64_t now_ns;

    struct call_keys keys; /* the sender's */
    uint32_t sequence;
    struct wzp_sender_keys theirs; /* the receiver's copy */
    struct wzp_replay replay;
    unsigned opened;

    struct wzp_plan_state plan; /* the sender's choice of codec */

    struct cost cost[PARTS];
    int counter; /* of instructions; -1: time is measured */
} loop;

/* ---- the two sides ---- */

static void begin(uint64_t seed)
{
    static struct wzp_drbg drbg;
    static struct self self;
    static struct members members;
    const uint8_t drbg_seed[32] = {(uint8_t)seed};
    memset(&loop, 0, sizeof loop);
    loop.rng = wzp_rng_make(seed, 1);
    for (unsigned i = 0; i < 2; i++) {
        struct wzp_endpoint_config config = side_config(i, seed);
        config.limits.sessions_max = 1;
        loop.endpoint[i] = wzp_endpoint_create(&config);
        loop.addr[i] = side_addr(i);
        if (!loop.endpoint[i])
            abort();
    }
    wzp_drbg_init(&drbg, drbg_seed, 0);
    call_keys_init(&loop.keys, &self, &members, &drbg, 600 * WZP_S);
    call_keys_renew(&loop.keys, 0);
    wzp_sender_keys_add(&loop.theirs, &loop.keys.own);
    wzp_plan_init(&loop.plan);
    uint32_t session;
    if (wzp_endpoint_connect(loop.endpoint[SENDER], &loop.addr[RECEIVER], NULL, 0, &session) != WZP_ERR_OK)
        abort();
}

static void end(void)
{
    for (unsigned i = 0; i < 2; i++)
        wzp_endpoint_destroy(loop.endpoint[i]);
}

static void speak(void)
{
    static const uint8_t plain[PLAIN_LEN];
    uint8_t header_bytes[WZP_MEDIA_HEADER_LEN], sealed[PLAIN_LEN + WZP_SENDER_OVERHEAD];
    struct wzp_writer writer = wzp_writer_make(header_bytes, sizeof header_bytes);
    struct wzp_media_header header = {
        .codec = WZP_CODEC_OPUS_24K,
        .sequence = loop.sequence,
        .timestamp_ms = 20 * loop.sequence,
    };
    wzp_media_header_encode(&writer, &header);
    call_keys_seal(&loop.keys, loop.sequence++, header_bytes, (struct wzp_slice){plain, sizeof plain},
                   sealed);
    if (wzp_endpoint_send_media(loop.endpoint[SENDER], loop.session[SENDER], 0, header_bytes,
                                (struct wzp_slice){sealed, sizeof sealed}, false, loop.now_ns) != WZP_ERR_OK)
        abort();
}

static void hear(const struct wzp_event *event)
{
    uint8_t plain[WZP_DATAGRAM_MAX];
    const struct wzp_media_header *header = &event->media.header;
    uint64_t sequence = wzp_unwrap_u32(loop.replay.next, header->sequence);
    uint32_t word;
    if (wzp_replay_check(&loop.replay, sequence) != WZP_REPLAY_FRESH ||
        wzp_sender_keys_open(&loop.theirs, header->media_type, header->stream, header->sequence,
                             event->media.header_bytes, event->media.payload, plain,
                             &word) != WZP_SENDER_OPENED)
        abort();
    wzp_replay_mark(&loop.replay, sequence);
    loop.opened++;
}

static inline void work(unsigned side, struct datagram *datagram, bool has_frame)
{
    struct wzp_endpoint *endpoint = loop.endpoint[side];
    struct wzp_event event;
    struct wzp_addr to;
    if (datagram)
        wzp_endpoint_receive(endpoint, &loop.addr[!side], datagram->bytes, datagram->len, loop.now_ns);
    else
        wzp_endpoint_advance(endpoint, loop.now_ns);
    while (wzp_endpoint_poll(endpoint, &event)) {
        if (event.kind == WZP_EVENT_CONNECTED)
            loop.session[side] = event.session;
        if (event.kind == WZP_EVENT_MEDIA)
            hear(&event);
    }
    if (has_frame)
        speak();
    for (;;) {
        struct datagram *next = &loop.pipe[!side][(loop.first[!side] + loop.count[!side]) % PIPE];
        next->len = wzp_endpoint_transmit(endpoint, loop.now_ns, &to, next->bytes, sizeof next->bytes);
        if (next->len == 0)
            return;
        next->at_ns = loop.now_ns + WAY_NS;
        loop.count[!side]++;
        loop.cost[side].packets++;
    }
}

/* Apart, so that callgrind can tell them. */
__attribute__((noinline)) static void sender_works(struct datagram *datagram, bool has_frame)
{
    work(SENDER, datagram, has_frame);
}

__attribute__((noinline)) static void receiver_works(struct datagram *datagram)
{
    work(RECEIVER, datagram, false);
}

/* ---- cost ---- */

static uint64_t now(void)
{
    struct timespec now;
    uint64_t value = 0;
    if (loop.counter >= 0)
        return read(loop.counter, &value, sizeof value) == sizeof value ? value : 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int open_counter(void)
{
    struct perf_event_attr wanted = {.type = PERF_TYPE_HARDWARE,
                                     .size = sizeof(wanted),
                                     .config = PERF_COUNT_HW_INSTRUCTIONS,
                                     .exclude_kernel = 1,
                                     .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0);
}

/* As call/controller.c looks at it; the listener's way is clean. */
static void plan(void)
{
    struct wzp_session_facts facts;
    uint64_t start = now();
    if (!wzp_endpoint_facts(loop.endpoint[SENDER], loop.session[SENDER], &facts))
        abort();
    const struct wzp_plan_input input = {
        .up = facts.path,
        .down = {.burst_16 = 16},
        .up_packets = facts.path_packets,
        .has_feedback = facts.is_path_known,
        .rtt_up_ns = facts.rtt_min_ns,
    };
    wzp_plan_update(&loop.plan, &input, loop.now_ns);
    loop.cost[PLAN].spent += now() - start;
}

static void measured(unsigned side, struct datagram *datagram, bool has_frame)
{
    uint64_t start = now();
    if (side == SENDER)
        sender_works(datagram, has_frame);
    else
        receiver_works(datagram);
    loop.cost[side].spent += now() - start;
}

static void deliver(unsigned side, unsigned loss_percent)
{
    while (loop.count[side] && loop.pipe[side][loop.first[side]].at_ns <= loop.now_ns) {
        struct datagram *datagram = &loop.pipe[side][loop.first[side]];
        loop.first[side] = (loop.first[side] + 1) % PIPE;
        loop.count[side]--;
        if (wzp_rng_below(&loop.rng, 100) >= loss_percent)
            measured(side, datagram, false);
    }
}

static void run(int64_t until_ns, int64_t *frame_ns, unsigned loss_percent)
{
    while (loop.now_ns < until_ns) {
        bool has_frame = *frame_ns <= loop.now_ns;
        int64_t next_ns = until_ns;
        *frame_ns += has_frame ? FRAME_NS : 0;
        has_frame &= loop.session[SENDER] && loop.session[RECEIVER];
        if (has_frame && loop.sequence % PLAN_FRAMES == 0)
            plan();
        for (unsigned side = 0; side < 2; side++) {
            deliver(side, loss_percent);
            if ((side == SENDER && has_frame) || wzp_endpoint_next_at(loop.endpoint[side]) <= loop.now_ns)
                measured(side, NULL, side == SENDER && has_frame);
        }
        next_ns = wzp_time_min(next_ns, *frame_ns);
        for (unsigned side = 0; side < 2; side++) {
            next_ns = wzp_time_min(next_ns, wzp_endpoint_next_at(loop.endpoint[side]));
            if (loop.count[side])
                next_ns = wzp_time_min(next_ns, loop.pipe[side][loop.first[side]].at_ns);
        }
        loop.now_ns = wzp_time_max(next_ns, loop.now_ns);
    }
}

struct outcome {
    struct cost cost[PARTS];
    double repair, missing; /* repair packets a frame; of 1000 frames */
};

static struct outcome measure(unsigned loss_percent, uint64_t seed, int counter)
{
    int64_t frame_ns = 0;
    begin(seed);
    loop.counter = counter;
    run(WARM_NS / 2, &frame_ns, loss_percent);
    wzp_endpoint_set_repair_horizon(loop.endpoint[SENDER], loop.session[SENDER], HORIZON_NS);
    run(WARM_NS, &frame_ns, loss_percent);
    memset(loop.cost, 0, sizeof loop.cost);
    uint64_t repairs = wzp_endpoint_counters(loop.endpoint[SENDER])->repairs_out;
    uint32_t sequence = loop.sequence;
    loop.opened = 0;
    run(WARM_NS + RUN_NS, &frame_ns, loss_percent);
    double frames = loop.sequence - sequence;
    struct outcome outcome = {
        .repair = (double)(wzp_endpoint_counters(loop.endpoint[SENDER])->repairs_out - repairs) / frames,
        .missing = 1000 * (frames - loop.opened) / frames,
    };
    memcpy(outcome.cost, loop.cost, sizeof outcome.cost);
    end();
    return outcome;
}

static void print_row(unsigned loss_percent, int counter)
{
    const double seconds = (double)RUN_NS / WZP_S;
    uint64_t best_ns[PARTS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct outcome outcome;
    for (unsigned i = 0; i < 5; i++) {
        outcome = measure(loss_percent, 1, -1);
        for (unsigned part = 0; part < PARTS; part++)
            best_ns[part] = outcome.cost[part].spent < best_ns[part] ? outcome.cost[part].spent
                                                                     : best_ns[part];
    }
    printf("| %u | %.0f | %.0f | %.0f | %.1f |", loss_percent, 100 * outcome.repair,
           (double)outcome.cost[SENDER].packets / seconds, (double)outcome.cost[RECEIVER].packets / seconds,
           outcome.missing);
    for (unsigned part = 0; part < PARTS; part++)
        printf(" %.0f |", (double)best_ns[part] / 1000 / seconds);
    if (counter >= 0)
        outcome = measure(loss_percent, 1, counter);
    for (unsigned part = 0; part < PARTS; part++)
        if (counter >= 0)
            printf(" %.0f |", (double)outcome.cost[part].spent / 1000 / seconds);
        else
            printf(" not counted |");
    printf("\n");
}

int main(int argc, char **argv)
{
    static const unsigned losses_percent[] = {0, 20, 50, 70};
    if (sodium_init() < 0)
        return 1;
    if (argc > 2 && strcmp(argv[1], "once") == 0) {
        measure((unsigned)atoi(argv[2]), 1, -1);
        return 0;
    }
    int counter = open_counter();
    printf("| loss %% | repair %% | packets | back | missing, of 1000 | sender us | receiver us | plan us |"
           " sender thousand instructions | receiver | plan |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof losses_percent / sizeof *losses_percent; i++)
        print_row(losses_percent[i], counter);
    return 0;
}
