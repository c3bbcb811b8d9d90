// SPDX-License-Identifier: Apache-2.0
/*
 * What arrived while media comes, told 20 times a second; and what such a report tells its reader.
 *
 * Law of the receiver's side: a FEEDBACK frame is at most 100 bytes; two are at least 50 ms apart, but one on
 * the onset of delay 10 ms after the one before, and within t seconds there are at most 20 t + 2; their
 * bytes, whole packets when they leave alone, stay below 5 % of what arrived (28 bytes of headers each) or 2
 * kbit/s, whichever is more, and WZP_FEEDBACK_BURST bytes on top once. A report speaks of every number that
 * the last three spoke of first, as far as there is room; after a load of all, until 40 arrived or 160 left.
 * It rides in a packet that leaves anyway; alone it
 * leaves 75 ms after the last, or, below 40 kbit/s, 500 ms after it, so that a peer that nobody answers with
 * media is not blind. On the onset of delay it leaves at once, alone or not: when two packets of media one
 * after the other, told by the times in their headers, are later than usual by more than 20 ms and three
 * times the usual deviation, the first of them by half of that; the next onset is 100 ms later at the
 * earliest. When media ends one report tells of its last packets, then nothing is due.
 *
 * Law of the reader's side: receipts of what cannot be are refused whole; work for a frame is bounded by
 * WZP_FEEDBACK_SPAN_MAX numbers. The jitter is that of the way here, since both ends of it are known:
 * arrivals less departures, smoothed as in RFC 3550 section 6.4.1.
 *
 * Feed each packet once (link/replay.h sees to that). Owns its bytes. Not here: what was acknowledged
 * (link/sent.h), the share of loss that a sender counts with (link/loss.h). Chapter: proto/06-frames.md.
 */
#ifndef WZP_LINK_FEEDBACK_H
#define WZP_LINK_FEEDBACK_H

#include "base/time.h"
#include "link/sent.h"

#define WZP_FEEDBACK_NUMBERS     1024 /* that the receiver remembers: a power of two */
#define WZP_FEEDBACK_INTERVAL_NS (50 * WZP_MS)
#define WZP_FEEDBACK_ONSET_NS    (10 * WZP_MS)  /* between two when delay sets on */
#define WZP_FEEDBACK_TRAIN_NS    (300 * WZP_MS) /* that the first report waits for a train, at most ... */
#define WZP_FEEDBACK_CAR_NS      (60 * WZP_MS)  /* ... and for its next packet */
#define WZP_FEEDBACK_STREAMS     4              /* of media that are watched for it */
#define WZP_FEEDBACK_WAIT_NS     (25 * WZP_MS)  /* for a packet to ride in */
#define WZP_FEEDBACK_BLIND_NS    (500 * WZP_MS) /* alone on a thin link */
#define WZP_FEEDBACK_THIN_BPS    40000
#define WZP_FEEDBACK_FLOOR_BPS   2000
#define WZP_FEEDBACK_BURST       256 /* bytes that may be saved up */
#define WZP_FEEDBACK_REPEATS     3
#define WZP_FEEDBACK_RECEIPTS    64 /* bytes of a frame's receipts at most */
#define WZP_FEEDBACK_ARRIVALS    80
#define WZP_FEEDBACK_CLOCK_NS    (125 * WZP_US) /* of the clock that a report tells */

/* How late a stream of media is, by the times in its headers. */
struct wzp_feedback_stream {
    uint64_t key;
    int64_t heard_ns; /* INT64_MIN: none */
    uint32_t timestamp_ms;
    int64_t time_ns;                /* of the timestamp, since the first */
    int64_t usual_ns, deviation_ns; /* smoothed: how late it is; how far off that */
    bool was_late;
};

struct wzp_feedback {
    int64_t arrived_ns[WZP_FEEDBACK_NUMBERS]; /* of number n: n mod their count; WZP_NEVER: not (yet) */
    uint64_t came[WZP_FEEDBACK_NUMBERS / 64]; /* did it: a bit each */
    uint64_t next;                            /* largest + 1, 0: none came */
    uint64_t first;                           /* numbers below say nothing of loss: another way */
    uint64_t told[WZP_FEEDBACK_REPEATS + 1];  /* `next` at the newest reports, newest first */
    int64_t media_ns;                         /* first media after the last report; WZP_NEVER: none */
    int64_t reported_ns;
    int64_t load_ns;  /* the latest load; WZP_NEVER: none */
    int64_t full_ns;  /* as many reports as ever may leave from then on */
    int64_t onset_ns; /* when delay set on and was not told of; WZP_NEVER: it did not */
    int64_t onset_told_ns;
    struct wzp_feedback_stream streams[WZP_FEEDBACK_STREAMS];
    uint32_t slots[8];                /* bytes that came, in eighths of 1.024 s */
    int64_t slot;                     /* the newest of them, counted from time 0 */
    uint64_t rate;                    /* bytes a second, as of the last packet */
    int64_t budget;                   /* billionths of a byte */
    int64_t budget_ns;                /* when it was that much */
    unsigned loss_permille, burst_16; /* as the newest report says ... */
    unsigned judged;                  /* ... of so many packets */
    uint8_t receipts[WZP_FEEDBACK_RECEIPTS], arrivals[WZP_FEEDBACK_ARRIVALS];
};

void wzp_feedback_init(struct wzp_feedback *feedback);

/* Another way: what came before says nothing of its loss. */
void wzp_feedback_restart(struct wzp_feedback *feedback);

/* A packet of `size` bytes came, 28 of headers counted. */
void wzp_feedback_on_packet(struct wzp_feedback *feedback, uint64_t number, size_t size, bool has_media,
                            int64_t now_ns);

/* A packet of load came: the first report waits for the last of the train that it may belong to. */
void wzp_feedback_on_load(struct wzp_feedback *feedback, int64_t now_ns);
/* Media of the stream `stream_key` came whose header says `timestamp_ms` (modulo 2^32). */
void wzp_feedback_on_media(struct wzp_feedback *feedback, uint64_t stream_key, uint32_t timestamp_ms,
                           int64_t now_ns);

/* When a report has to leave in a packet of its own with `overhead` bytes around the frame; WZP_NEVER: there
 * is nothing to tell. */
int64_t wzp_feedback_due_at(const struct wzp_feedback *feedback, size_t overhead);

/* A report was made lately and the next follows soon: no other acknowledgement of media is needed. */
bool wzp_feedback_is_flowing(const struct wzp_feedback *feedback, int64_t now_ns);

/* The frame, if one may leave now in a packet that leaves anyway (`overhead` 0) or for it alone; its slices
 * hold until the next call. False, and nothing changes: not yet, nothing to tell, or less than
 * WZP_FEEDBACK_MAX bytes of `room`. */
bool wzp_feedback_make(struct wzp_feedback *feedback, size_t room, size_t overhead, int64_t now_ns,
                       struct wzp_frame_feedback *frame);

/* ---- the reader's side ---- */

struct wzp_feedback_arrival {
    uint64_t number;
    int64_t before_ns; /* the largest arrived */
    bool is_rough;     /* it may have been by 32 ms more; those before it are told exactly again */
};

struct wzp_feedback_report {
    struct wzp_receipts receipts;
    uint16_t clock_125us; /* when the largest arrived, on the receiver's clock, modulo 2^16 */
    unsigned loss_permille, burst_16;
    unsigned arrivals_count; /* newest first */
    struct wzp_feedback_arrival arrivals[WZP_FEEDBACK_ARRIVALS + 1];
};

/* What the sender remembers of reports. */
struct wzp_feedback_seen {
    uint64_t largest; /* of the newest, and less is not heeded */
    int64_t at_ns;    /* when it came; INT64_MIN: none did */
    int64_t jitter_ns;
};

/* Numbers from `first_number` on take the path that is asked about. */
void wzp_feedback_seen_init(struct wzp_feedback_seen *seen, uint64_t first_number);

/* A report came within the last 2 s. */
bool wzp_feedback_is_fresh(const struct wzp_feedback_seen *seen, int64_t now_ns);

/* False: the frame breaks the law of proto/06-frames.md. */
bool wzp_feedback_read(const struct wzp_frame_feedback *frame, struct wzp_feedback_report *report);

/* After the receipts were taken. Reports that a newer one overtook change nothing: false. */
bool wzp_feedback_on_report(struct wzp_feedback_seen *seen, const struct wzp_feedback_report *report,
                            const struct wzp_sent *sent, int64_t now_ns);

#endif
