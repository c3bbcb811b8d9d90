// SPDX-License-Identifier: Apache-2.0
/* wzp-client receive: files from members of a room (proto/09-files.md, docs/running.md). */
#include "run/cmd.h"

#include <sodium.h>
#include <string.h>

#include "call/stream.h"
#include "file/receive.h"
#include "run/console.h"
#include "run/entropy.h"
#include "run/file_sink.h"
#include "run/progress.h"
#include "run/visit.h"

#define PROGRAM "wzp-client receive"
#define SLICE   (4 * 1024 * 1024) /* bytes of a part that are checked before others have their turn */
#define PIECE   (64 * 1024)

enum phase {
    IDLE,
    OPENING,  /* a stream is here, its key not yet */
    OFFER,    /* comes in */
    CHECKING, /* what is there of an earlier attempt */
    RECEIVING,
    CLOSING, /* our last word is on its way */
};

struct receiving {
    struct wzp_room_options room;
    const char *dir, *accept_from;
    bool once;
    struct wzp_room_client client;
    struct wzp_visit visit;
    struct wzp_file_sink sink;
    struct wzp_file_receive receive;
    struct wzp_progress progress;
    enum phase phase;
    int status;
    bool has_said_ready, is_stream_ended;
    uint64_t stream;
    uint16_t slot;
    uint64_t checked, held; /* of the part */
    char sender[WZP_FINGERPRINT_LEN];
    int64_t start_ns;
};

/* The transfer is over, our last word may still be on its way. */
static void close_transfer(struct receiving *receiving, int status)
{
    wzp_progress_end(&receiving->progress);
    receiving->phase = CLOSING;
    receiving->status = status;
}

static void become_idle(struct receiving *receiving, int64_t now_ns)
{
    wzp_file_receive_deinit(&receiving->receive);
    receiving->phase = IDLE;
    if (receiving->once)
        wzp_visit_leave(&receiving->visit, now_ns);
}

/* Tells the sender why, and wants no more of it. */
static void refuse(struct receiving *receiving, enum wzp_file_reason reason)
{
    wzp_file_receive_fail(&receiving->receive, reason);
    wzp_call_stream_stop(receiving->client.call, receiving->stream, WZP_STREAM_REASON_STOPPED);
    close_transfer(receiving, WZP_EXIT_TRANSFER);
}

/* ---- what happens to the file ---- */

static void on_offer(struct receiving *receiving)
{
    char why[WZP_FILE_WHY_MAX], size[WZP_SIZE_TEXT_MAX];
    const struct wzp_file_offer *offer = &receiving->receive.offer;
    if (!wzp_file_name_is_good(offer->name, offer->name_len)) {
        wzp_console_say("%s offers a file under a name that cannot be used: refused", receiving->sender);
        refuse(receiving, WZP_FILE_BAD_NAME);
        return;
    }
    wzp_size_format((double)offer->size, size);
    wzp_console_say("%s offers %s, %s", receiving->sender, offer->name, size);
    enum wzp_file_reason reason = wzp_file_sink_begin(&receiving->sink, offer, why);
    if (reason != WZP_FILE_NO_REASON) {
        wzp_console_say("%s", why);
        refuse(receiving, reason);
        return;
    }
    receiving->held = receiving->sink.held;
    receiving->checked = 0;
    receiving->phase = CHECKING;
}

/* Hashes what is there, a slice at a time, and then asks for the rest. */
static void check_part(struct receiving *receiving, int64_t now_ns)
{
    uint8_t piece[PIECE];
    char why[WZP_FILE_WHY_MAX];
    for (size_t done = 0; receiving->checked < receiving->held; done += PIECE) {
        uint64_t left = receiving->held - receiving->checked;
        size_t len = left < PIECE ? (size_t)left : PIECE;
        if (done >= SLICE)
            return;
        if (!wzp_file_sink_read(&receiving->sink, receiving->checked, piece, len, why)) {
            wzp_console_say("%s", why);
            refuse(receiving, WZP_FILE_UNREADABLE);
            return;
        }
        wzp_file_receive_held(&receiving->receive, piece, len);
        receiving->checked += len;
    }
    if (receiving->held > 0)
        wzp_console_say("%.0f %% of it is here from before",
                        100.0 * (double)receiving->held / (double)receiving->receive.offer.size);
    wzp_file_receive_accept(&receiving->receive);
    receiving->phase = RECEIVING;
    receiving->start_ns = now_ns;
    wzp_progress_begin(&receiving->progress, receiving->receive.offer.name, receiving->held,
                       receiving->receive.offer.size, now_ns);
}

static void on_whole(struct receiving *receiving, int64_t now_ns)
{
    char size[WZP_SIZE_TEXT_MAX], rate[WZP_SIZE_TEXT_MAX], hash[2 * WZP_FILE_HASH_LEN + 1];
    char why[WZP_FILE_WHY_MAX];
    const struct wzp_file_offer *offer = &receiving->receive.offer;
    double seconds = (double)(now_ns - receiving->start_ns) / (double)WZP_S;
    enum wzp_file_reason reason = wzp_file_sink_finish(&receiving->sink, why);
    if (reason != WZP_FILE_NO_REASON) {
        refuse(receiving, reason);
        wzp_console_say("%s", why);
        return;
    }
    wzp_file_receive_confirm(&receiving->receive);
    close_transfer(receiving, WZP_EXIT_OK);
    wzp_size_format((double)offer->size, size);
    wzp_size_format((double)(offer->size - receiving->held) / (seconds > 0 ? seconds : 1), rate);
    sodium_bin2hex(hash, sizeof hash, offer->hash, sizeof offer->hash);
    printf("received %s %s %s/s blake2b-256 %s\n", receiving->sink.name, size, rate, hash);
    fflush(stdout);
}

static void on_failed(struct receiving *receiving)
{
    const struct wzp_file_receive *receive = &receiving->receive;
    char held[WZP_SIZE_TEXT_MAX];
    bool is_useless = receive->reason == WZP_FILE_CHECKSUM || receive->reason == WZP_FILE_CHANGED;
    bool had_offer = receiving->phase >= CHECKING;
    close_transfer(receiving, WZP_EXIT_TRANSFER);
    wzp_console_say("%s: %s", had_offer ? receive->offer.name : receiving->sender,
                    wzp_file_reason_text(receive->reason));
    if (!had_offer)
        return;
    wzp_size_format((double)receiving->sink.held, held);
    if (is_useless) {
        wzp_file_sink_discard(&receiving->sink);
        wzp_console_say("what was here of it is thrown away; the next attempt begins anew");
    } else if (receiving->sink.held == 0) {
        wzp_file_sink_discard(&receiving->sink);
    } else {
        wzp_console_say("%s of it are kept in %s/%s; the next attempt goes on from there", held,
                        receiving->dir, receiving->sink.part);
        wzp_file_sink_keep(&receiving->sink);
    }
    wzp_call_stream_stop(receiving->client.call, receiving->stream, WZP_STREAM_REASON_STOPPED);
}

/* ---- the stream ---- */

/* False: the rest of what is here waits. */
static bool take_body(struct receiving *receiving)
{
    uint8_t key[32], salt[WZP_FILE_SALT_LEN];
    const uint8_t *body;
    struct wzp_call *call = receiving->client.call;
    /* A stream's first bytes lie in a row: the body is far smaller than a window. */
    if (wzp_call_stream_peek(call, receiving->stream, &body) < WZP_TRANSFER_BODY_LEN)
        return false;
    bool is_theirs = wzp_call_transfer_open(call, receiving->slot, body, key);
    if (!is_theirs) {
        wzp_console_say("a stream from slot %u does not open: it is not what %s sealed for us",
                        receiving->slot, receiving->sender);
        wzp_call_stream_give_up(call, receiving->stream, WZP_STREAM_REASON_BROKEN);
        receiving->phase = IDLE;
        return false;
    }
    wzp_call_stream_consume(call, receiving->stream, WZP_TRANSFER_BODY_LEN);
    wzp_entropy_fill(salt, sizeof salt);
    wzp_file_receive_init(&receiving->receive, key, salt);
    sodium_memzero(key, sizeof key);
    receiving->phase = OFFER;
    return true;
}

static bool takes_bytes(const struct receiving *receiving)
{
    return receiving->phase == OFFER || receiving->phase == RECEIVING;
}

static void take_records(struct receiving *receiving, int64_t now_ns)
{
    struct wzp_call *call = receiving->client.call;
    struct wzp_file_receive *receive = &receiving->receive;
    char why[WZP_FILE_WHY_MAX];
    const uint8_t *bytes;
    size_t len;
    while (takes_bytes(receiving) && (len = wzp_call_stream_peek(call, receiving->stream, &bytes)) > 0) {
        struct wzp_slice rest = {bytes, len}, data;
        enum wzp_file_reason reason = WZP_FILE_NO_REASON;
        while (reason == WZP_FILE_NO_REASON && wzp_file_receive_push(receive, &rest, &data))
            reason = wzp_file_sink_write(&receiving->sink, data.data, data.len, why);
        wzp_call_stream_consume(call, receiving->stream, len - rest.len);
        if (reason != WZP_FILE_NO_REASON) {
            refuse(receiving, reason);
            wzp_console_say("%s", why);
            wzp_file_sink_keep(&receiving->sink);
        } else if (receive->state == WZP_FILE_RECEIVE_OFFERED) {
            on_offer(receiving);
        } else if (receive->state == WZP_FILE_RECEIVE_WHOLE) {
            on_whole(receiving, now_ns);
        } else if (receive->state == WZP_FILE_RECEIVE_FAILED) {
            on_failed(receiving);
        }
    }
    if (takes_bytes(receiving) && wzp_call_stream_at_end(call, receiving->stream)) {
        wzp_file_receive_on_end(receive);
        on_failed(receiving);
    }
}

static void speak(struct receiving *receiving)
{
    const uint8_t *data;
    struct wzp_file_receive *receive = &receiving->receive;
    size_t len = wzp_file_receive_peek(receive, &data);
    if (len > 0)
        wzp_file_receive_consume(receive,
                                 wzp_call_stream_write(receiving->client.call, receiving->stream, data, len));
    if (wzp_file_receive_is_ended(receive) && !receiving->is_stream_ended) {
        receiving->is_stream_ended = true;
        (void)wzp_call_stream_end(receiving->client.call, receiving->stream);
    }
}

/* ---- the visitor ---- */

static void on_opened(struct receiving *receiving, const struct wzp_call_event *event)
{
    const struct wzp_visit_member *member = wzp_visit_member(&receiving->visit, event->slot);
    enum wzp_stream_reason reason = WZP_STREAM_REASON_NONE;
    if (!member || (receiving->accept_from && strcmp(receiving->accept_from, member->fingerprint) != 0))
        reason = WZP_STREAM_REASON_NOT_TAKEN;
    else if (receiving->phase != IDLE)
        reason = WZP_STREAM_REASON_LIMIT;
    if (reason != WZP_STREAM_REASON_NONE) {
        wzp_call_stream_give_up(receiving->client.call, event->stream, reason);
        wzp_console_say("refused a file from %s: %s", member ? member->fingerprint : "somebody",
                        reason == WZP_STREAM_REASON_LIMIT ? "another one is coming in"
                                                          : "not the one that --accept-from names");
        return;
    }
    receiving->phase = OPENING;
    receiving->stream = event->stream;
    receiving->slot = event->slot;
    receiving->is_stream_ended = false;
    memcpy(receiving->sender, member->fingerprint, sizeof receiving->sender);
}

static void on_event(void *ctx, const struct wzp_call_event *event, int64_t now_ns)
{
    struct receiving *receiving = ctx;
    if (event->kind != WZP_CALL_EVENT_STREAM)
        return;
    if (event->what == WZP_STREAM_OPENED) {
        on_opened(receiving, event);
        return;
    }
    if (receiving->phase == IDLE || event->stream != receiving->stream)
        return;
    bool is_short = event->what == WZP_STREAM_ENDED && receiving->phase == OPENING && !take_body(receiving);
    if (is_short || (event->what == WZP_STREAM_RESET && receiving->phase == OPENING)) {
        wzp_call_stream_give_up(receiving->client.call, receiving->stream, WZP_STREAM_REASON_BROKEN);
        receiving->phase = IDLE;
    } else if (event->what == WZP_STREAM_RESET && receiving->phase != CLOSING) {
        wzp_file_receive_on_end(&receiving->receive);
        on_failed(receiving);
        wzp_call_stream_give_up(receiving->client.call, receiving->stream, WZP_STREAM_REASON_BROKEN);
    }
    if (event->what == WZP_STREAM_GONE)
        become_idle(receiving, now_ns);
}

static void run(void *ctx, int64_t now_ns)
{
    struct receiving *receiving = ctx;
    if (!receiving->has_said_ready && wzp_visit_is_in(&receiving->visit)) {
        receiving->has_said_ready = true;
        wzp_console_say("ready to receive into %s", receiving->dir);
    }
    if (receiving->phase == OPENING && !take_body(receiving))
        return;
    if (receiving->phase == IDLE)
        return;
    take_records(receiving, now_ns);
    if (receiving->phase == CHECKING)
        check_part(receiving, now_ns);
    speak(receiving);
    wzp_progress_show(&receiving->progress, receiving->receive.received, now_ns);
}

static int64_t next_at(void *ctx)
{
    const struct receiving *receiving = ctx;
    return receiving->phase == CHECKING ? INT64_MIN : wzp_progress_next_at(&receiving->progress);
}

static void on_interrupt(void *ctx, int64_t now_ns)
{
    struct receiving *receiving = ctx;
    (void)now_ns;
    wzp_progress_end(&receiving->progress);
    if (receiving->phase == IDLE || receiving->phase == CLOSING)
        return;
    wzp_call_stream_give_up(receiving->client.call, receiving->stream, WZP_STREAM_REASON_STOPPED);
    receiving->status = WZP_EXIT_TRANSFER;
    wzp_console_say("stopped; what is here of the file is kept for the next attempt");
}

static bool parse(struct receiving *receiving, int argc, char **argv, int *status)
{
    struct wzp_option table[] = {
        WZP_ROOM_ROWS(&receiving->room),
        {.name = "out",
         .value = "DIR",
         .help = "folder to write to (the one we are in)",
         .parse = wzp_option_text,
         .target = &receiving->dir},
        {.name = "accept-from",
         .value = "FINGERPRINT",
         .help = "take files from this member only (from anybody in the room)",
         .parse = wzp_option_fingerprint,
         .target = &receiving->accept_from},
        {.name = "once", .help = "leave after one file", .target = &receiving->once},
    };
    struct wzp_options options = {
        .program = PROGRAM,
        .about = "Receives files that members of a room send with wzp-client send.",
        .notes =
            "A file is written to .NAME.HASH.part and gets its name when it is whole and checked; one that\n"
            "broke off goes on from there. Nothing is overwritten. It stays until SIGINT or SIGTERM. Exit\n"
            "status: 0 the last file arrived whole, or none came; 1 usage or the folder cannot be\n"
            "written; 3 never got into the room; 4 the last file did not arrive whole.",
        .table = table,
        .count = sizeof table / sizeof *table,
    };
    receiving->room = wzp_room_options_default();
    receiving->dir = ".";
    return wzp_options_take(&options, argc, argv, status);
}

int wzp_cmd_receive(int argc, char **argv)
{
    struct receiving receiving = {
        .status = WZP_EXIT_OK, .sink = {.dir = -1, .fd = -1}, .client.contacts.known.lock = -1};
    char why[WZP_FILE_WHY_MAX];
    int status;
    if (!parse(&receiving, argc, argv, &status))
        return status;
    status = WZP_EXIT_USAGE;
    if (!wzp_file_sink_open_folder(&receiving.sink, receiving.dir, why)) {
        fprintf(stderr, PROGRAM ": %s\n", why);
    } else if (wzp_room_open(PROGRAM, &receiving.room, true, &receiving.client)) {
        struct wzp_visitor visitor = {on_event, run, next_at, on_interrupt, &receiving};
        receiving.visit = wzp_visit_make(&receiving.client, &visitor);
        status = wzp_visit_run(&receiving.visit, PROGRAM, &receiving.room.relay);
        wzp_progress_end(&receiving.progress);
        status = status == WZP_EXIT_OK ? receiving.status : status;
    }
    wzp_room_close(PROGRAM, &receiving.client);
    wzp_file_sink_close_folder(&receiving.sink);
    sodium_memzero(&receiving, sizeof receiving);
    return status;
}
