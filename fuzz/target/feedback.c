// SPDX-License-Identifier: Apache-2.0
/*
 * Both ends of FEEDBACK, without seals. The input is entries of u8 what, and then
 *
 *     0: a packet leaves and arrives; u8 ms later
 *     1: a packet leaves and is lost; u8 ms later
 *     2: u8 time passes, in units of 8 ms, and a report may leave alone
 *     3: a report rides, and reaches the sender
 *     4: the peer claims: u8 len, bytes of a FEEDBACK frame without its type
 *     5: u16 packets are lost or never sent at once
 *     6: an older packet arrives late: u8 how many numbers below the newest
 *     7: another way
 *
 * (OPS_MAX entries, and LEFT_MAX packets in all.) Law: a report is at most 100 bytes, is read, holds what
 * arrived and nothing else, and leaves when it was said to; whatever a peer claims, nothing is acknowledged
 * that was not sent, and the estimates stay in their ranges.
 */
#include "fuzz/fuzz.h"

#include "link/feedback.h"
#include "link/loss.h"

#include <string.h>

#define OVERHEAD 53
#define OPS_MAX  200
#define LEFT_MAX (WZP_SENT_PACKETS + 512) /* so that their ring turns */

static struct ends {
    struct wzp_feedback feedback;
    struct wzp_sent sent;
    struct wzp_loss loss;
    struct wzp_feedback_seen seen;
    int64_t now_ns;
    uint8_t came[WZP_SENT_PACKETS];
} fresh, ends;

void fuzz_init(void)
{
    wzp_feedback_init(&fresh.feedback);
    wzp_sent_init(&fresh.sent);
    wzp_loss_init(&fresh.loss);
    wzp_feedback_seen_init(&fresh.seen, 0);
}

static void take(const struct wzp_frame_feedback *frame, bool is_own)
{
    static struct wzp_feedback_report report;
    struct wzp_ack_result result;
    bool is_read = wzp_feedback_read(frame, &report);
    WZP_CHECK(is_read || !is_own);
    if (!is_read)
        return;
    WZP_CHECK(report.receipts.count <= WZP_RECEIPTS_RANGES_MAX && report.receipts.delay_ns >= 0);
    WZP_CHECK(report.arrivals_count <= WZP_FEEDBACK_ARRIVALS + 1);
    for (unsigned i = 0; is_own && i < report.receipts.count; i++)
        for (uint64_t n = report.receipts.ranges[i].first; n <= report.receipts.ranges[i].last; n++)
            WZP_CHECK(ends.came[n % WZP_SENT_PACKETS] || !wzp_sent_find(&ends.sent, n));
    if (wzp_sent_on_receipts(&ends.sent, &report.receipts, ends.now_ns, &result) != WZP_ACK_OK) {
        WZP_CHECK(!is_own);
        return;
    }
    for (unsigned i = 0; i < result.newly_acked; i++)
        WZP_CHECK(result.acked[i]->acked && result.acked[i]->number < ends.sent.next_number);
    if (wzp_feedback_on_report(&ends.seen, &report, &ends.sent, ends.now_ns))
        wzp_loss_on_report(&ends.loss, report.receipts.largest, report.loss_permille, report.burst_16);
    wzp_loss_on_ack(&ends.loss, &ends.sent);
    WZP_CHECK(wzp_loss_permille(&ends.loss) <= 1000 && wzp_loss_burst_16(&ends.loss) >= 16);
    WZP_CHECK(ends.seen.jitter_ns >= 0);
}

static void report(size_t overhead)
{
    struct wzp_frame_feedback frame;
    uint8_t bytes[WZP_FEEDBACK_MAX];
    bool is_due = wzp_feedback_due_at(&ends.feedback, overhead) <= ends.now_ns;
    WZP_CHECK(wzp_feedback_make(&ends.feedback, 1200, overhead, ends.now_ns, &frame) == is_due);
    if (!is_due)
        return;
    WZP_CHECK(wzp_feedback_due_at(&ends.feedback, overhead) > ends.now_ns);
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_frame_feedback_encode(&writer, &frame);
    WZP_CHECK(!writer.failed);
    struct wzp_reader reader = wzp_reader_make(bytes, wzp_writer_len(&writer));
    struct wzp_frame again;
    WZP_CHECK(wzp_frame_decode(&reader, &again) == WZP_FRAME_OK);
    take(&again.feedback, true);
}

static void claim(struct wzp_slice given)
{
    uint8_t bytes[256] = {WZP_FRAME_TYPE_FEEDBACK};
    memcpy(bytes + 1, given.data, given.len);
    struct wzp_reader reader = wzp_reader_make(bytes, 1 + given.len);
    struct wzp_frame frame;
    if (wzp_frame_decode(&reader, &frame) == WZP_FRAME_OK)
        take(&frame.feedback, false);
}

static void leave(bool arrives, unsigned ms)
{
    if (ends.sent.next_number == LEFT_MAX)
        return;
    uint64_t number = wzp_sent_add(&ends.sent, ends.now_ns)->number;
    ends.came[number % WZP_SENT_PACKETS] = arrives;
    ends.now_ns += ms * WZP_MS;
    if (arrives)
        wzp_feedback_on_packet(&ends.feedback, number, 100, true, ends.now_ns);
}

static void arrive_late(unsigned below)
{
    uint64_t number = ends.sent.next_number - 1 - below;
    if (below >= ends.sent.next_number || ends.came[number % WZP_SENT_PACKETS])
        return;
    ends.came[number % WZP_SENT_PACKETS] = 1;
    wzp_feedback_on_packet(&ends.feedback, number, 100, false, ends.now_ns);
}

/* The records of packets that were not sent are zero. */
static void start_anew(void)
{
    const size_t packets = offsetof(struct ends, sent.packets), behind = packets + sizeof ends.sent.packets;
    uint64_t sent = ends.sent.next_number < WZP_SENT_PACKETS ? ends.sent.next_number : WZP_SENT_PACKETS;
    memset(ends.sent.packets, 0, sent * sizeof *ends.sent.packets);
    memcpy(&ends, &fresh, packets);
    memcpy((uint8_t *)&ends + behind, (const uint8_t *)&fresh + behind, sizeof ends - behind);
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    start_anew();
    for (unsigned ops = 0; input.len && ops < OPS_MAX; ops++) {
        switch (fuzz_u8(&input) % 8) {
        case 0:
            leave(true, fuzz_u8(&input));
            break;
        case 1:
            leave(false, fuzz_u8(&input));
            break;
        case 2:
            ends.now_ns += fuzz_u8(&input) * 8 * WZP_MS;
            report(OVERHEAD);
            break;
        case 3:
            report(0);
            break;
        case 4:
            claim(fuzz_take(&input, fuzz_u8(&input)));
            break;
        case 5:
            for (unsigned count = fuzz_u16(&input) % 2048; count; count--)
                leave(false, 0);
            break;
        case 6:
            arrive_late(fuzz_u8(&input));
            break;
        default:
            wzp_loss_restart(&ends.loss, ends.sent.next_number);
            wzp_feedback_seen_init(&ends.seen, ends.sent.next_number);
            wzp_feedback_restart(&ends.feedback);
        }
    }
    return 0;
}
