// SPDX-License-Identifier: Apache-2.0
/* wzp-client send: a file to one member of a room (proto/09-files.md, docs/running.md). */
#include "run/cmd.h"

#include <sodium.h>
#include <string.h>

#include "call/stream.h"
#include "file/send.h"
#include "run/console.h"
#include "run/file_source.h"
#include "run/progress.h"
#include "run/visit.h"

#define PROGRAM "wzp-client send"
#define SLICE   (4 * 1024 * 1024) /* bytes of the file that are read before others have their turn */

enum phase {
    WAITING,  /* for somebody to send to */
    OFFERING, /* a stream is open */
    SENDING,
    CLOSING, /* why we gave up is on its way to the recipient */
    OVER,
};

struct sending {
    struct wzp_room_options room;
    const char *to; /* NULL: the only other member */
    struct wzp_room_client client;
    struct wzp_visit visit;
    struct wzp_file_source source;
    struct wzp_file_send send;
    struct wzp_progress progress;
    enum phase phase;
    int status;
    bool has_said_waiting, is_busy, is_stream_ended;
    uint64_t stream;
    uint16_t slot;
    char recipient[WZP_FINGERPRINT_LEN];
    enum wzp_stream_reason stream_reason; /* why it was reset or stopped */
    int64_t start_ns;
};

static void end(struct sending *sending, int status, int64_t now_ns)
{
    wzp_progress_end(&sending->progress);
    sending->phase = OVER;
    sending->status = status;
    wzp_visit_leave(&sending->visit, now_ns);
}

/* ---- whom to ---- */

static const struct wzp_visit_member *choose(struct sending *sending, int64_t now_ns)
{
    const struct wzp_visit *visit = &sending->visit;
    for (size_t i = 0; sending->to && i < visit->member_count; i++)
        if (strcmp(visit->members[i].fingerprint, sending->to) == 0)
            return &visit->members[i];
    if (!sending->to && visit->member_count == 1)
        return &visit->members[0];
    if (!sending->to && visit->member_count > 1) {
        wzp_console_say("more than one is in the room; say with --to who shall have the file:");
        for (size_t i = 0; i < visit->member_count; i++)
            wzp_console_say("  --to %s", visit->members[i].fingerprint);
        end(sending, WZP_EXIT_USAGE, now_ns);
        return NULL;
    }
    if (!sending->has_said_waiting)
        wzp_console_say("waiting for %s", sending->to ? sending->to : "somebody to come into the room");
    sending->has_said_waiting = true;
    return NULL;
}

static void offer(struct sending *sending, int64_t now_ns)
{
    uint8_t body[WZP_TRANSFER_BODY_LEN], key[32];
    struct wzp_call *call = sending->client.call;
    const struct wzp_visit_member *member = choose(sending, now_ns);
    if (!member)
        return;
    enum wzp_err err = wzp_call_stream_open(call, member->slot, &sending->stream);
    if (err != WZP_ERR_OK || !wzp_call_transfer_seal(call, member->slot, body, key)) {
        wzp_console_say("cannot open a stream to %s: %s", member->fingerprint, wzp_err_text(err));
        end(sending, WZP_EXIT_TRANSFER, now_ns);
        return;
    }
    wzp_call_find_mtu(call, now_ns);
    wzp_file_send_init(&sending->send, body, key, &sending->source.offer);
    sodium_memzero(key, sizeof key);
    sending->slot = member->slot;
    memcpy(sending->recipient, member->fingerprint, sizeof sending->recipient);
    sending->phase = OFFERING;
    wzp_console_say("offering %s to %s", sending->source.offer.name, sending->recipient);
}

/* ---- the file ---- */

static void say_done(const struct sending *sending, int64_t now_ns)
{
    char size[WZP_SIZE_TEXT_MAX], rate[WZP_SIZE_TEXT_MAX], hash[2 * WZP_FILE_HASH_LEN + 1];
    const struct wzp_file_offer *offered = &sending->source.offer;
    double seconds = (double)(now_ns - sending->start_ns) / (double)WZP_S;
    wzp_size_format((double)offered->size, size);
    wzp_size_format((double)(offered->size - sending->send.accepted) / (seconds > 0 ? seconds : 1), rate);
    sodium_bin2hex(hash, sizeof hash, offered->hash, sizeof offered->hash);
    printf("sent %s %s %s/s blake2b-256 %s\n", offered->name, size, rate, hash);
}

static void say_failed(const struct sending *sending)
{
    const struct wzp_file_send *send = &sending->send;
    const char *path = sending->source.path;
    if (send->is_peers_reason)
        wzp_console_say("%s: %s: %s", path, sending->recipient, wzp_file_reason_text(send->reason));
    else if (send->reason == WZP_FILE_TRUNCATED && sending->stream_reason != WZP_STREAM_REASON_NONE)
        wzp_console_say("%s: not sent whole: %s", path, wzp_stream_reason_text(sending->stream_reason));
    else
        wzp_console_say("%s: %s", path, wzp_file_reason_text(send->reason));
}

static void take_answers(struct sending *sending)
{
    struct wzp_call *call = sending->client.call;
    const uint8_t *data;
    size_t len;
    while ((len = wzp_call_stream_peek(call, sending->stream, &data)) > 0) {
        wzp_file_send_push(&sending->send, (struct wzp_slice){data, len});
        wzp_call_stream_consume(call, sending->stream, len);
    }
    if (wzp_call_stream_at_end(call, sending->stream))
        wzp_file_send_on_end(&sending->send);
}

/* Until the stream is full, the file is read, or a slice is done. */
static void speak(struct sending *sending)
{
    uint8_t piece[WZP_FILE_PLAIN_MAX];
    const uint8_t *data;
    size_t len, wants = 1;
    struct wzp_file_send *send = &sending->send;
    sending->is_busy = false;
    for (size_t done = 0; wants > 0; done += wants) {
        len = wzp_file_send_peek(send, &data);
        size_t taken = len ? wzp_call_stream_write(sending->client.call, sending->stream, data, len) : 0;
        wzp_file_send_consume(send, taken);
        wants = wzp_file_send_wants(send);
        sending->is_busy = wants > 0 && done >= SLICE;
        if (wants == 0 || sending->is_busy)
            break;
        enum wzp_file_reason reason = wzp_file_source_read(&sending->source, send->read, piece, wants);
        if (reason == WZP_FILE_NO_REASON)
            wzp_file_send_data(send, piece, wants);
        else
            wzp_file_send_fail(send, reason);
    }
    if (wzp_file_send_is_ended(send) && !sending->is_stream_ended) {
        sending->is_stream_ended = true;
        (void)wzp_call_stream_end(sending->client.call, sending->stream);
    }
}

static void pump(struct sending *sending, int64_t now_ns)
{
    struct wzp_file_send *send = &sending->send;
    take_answers(sending);
    speak(sending);
    if (sending->phase == OFFERING && send->state >= WZP_FILE_SEND_SENDING &&
        send->state != WZP_FILE_SEND_FAILED) {
        sending->phase = SENDING;
        sending->start_ns = now_ns;
        if (send->accepted > 0)
            wzp_console_say("%s has %.0f %% of it already", sending->recipient,
                            100.0 * (double)send->accepted / (double)send->offer.size);
        wzp_progress_begin(&sending->progress, send->offer.name, send->accepted, send->offer.size, now_ns);
    }
    uint64_t done = send->read > send->accepted ? send->read : send->accepted;
    wzp_progress_show(&sending->progress, done, now_ns);
    if (send->state == WZP_FILE_SEND_DONE) {
        end(sending, WZP_EXIT_OK, now_ns);
        say_done(sending, now_ns);
    } else if (send->state == WZP_FILE_SEND_FAILED && (sending->is_stream_ended || send->is_peers_reason)) {
        wzp_progress_end(&sending->progress);
        say_failed(sending);
        sending->phase = CLOSING;
        if (send->is_peers_reason)
            end(sending, WZP_EXIT_TRANSFER, now_ns);
    }
}

/* ---- the visitor ---- */

static void on_event(void *ctx, const struct wzp_call_event *event, int64_t now_ns)
{
    struct sending *sending = ctx;
    bool is_open = sending->phase == OFFERING || sending->phase == SENDING;
    if (event->kind != WZP_CALL_EVENT_STREAM || event->stream != sending->stream)
        return;
    if (sending->phase == CLOSING && (event->what == WZP_STREAM_GONE || event->what == WZP_STREAM_RESET))
        end(sending, WZP_EXIT_TRANSFER, now_ns);
    if (!is_open || (event->what != WZP_STREAM_RESET && event->what != WZP_STREAM_STOPPED))
        return;
    if (sending->stream_reason == WZP_STREAM_REASON_NONE)
        sending->stream_reason = event->stream_reason;
    if (event->what == WZP_STREAM_RESET) { /* no answer will come any more */
        wzp_file_send_on_end(&sending->send);
        wzp_call_stream_give_up(sending->client.call, sending->stream, WZP_STREAM_REASON_BROKEN);
        end(sending, WZP_EXIT_TRANSFER, now_ns);
        say_failed(sending);
    }
}

static void run(void *ctx, int64_t now_ns)
{
    struct sending *sending = ctx;
    if (sending->phase == WAITING && wzp_visit_is_in(&sending->visit))
        offer(sending, now_ns);
    if (sending->phase == OFFERING || sending->phase == SENDING)
        pump(sending, now_ns);
}

static int64_t next_at(void *ctx)
{
    const struct sending *sending = ctx;
    return sending->is_busy ? INT64_MIN : wzp_progress_next_at(&sending->progress);
}

static void on_interrupt(void *ctx, int64_t now_ns)
{
    struct sending *sending = ctx;
    if (sending->phase == OFFERING || sending->phase == SENDING)
        wzp_call_stream_give_up(sending->client.call, sending->stream, WZP_STREAM_REASON_STOPPED);
    end(sending, WZP_EXIT_TRANSFER, now_ns);
    wzp_console_say("stopped; send it again to go on");
}

static bool parse(struct sending *sending, int argc, char **argv, int *status)
{
    struct wzp_option table[] = {
        WZP_ROOM_ROWS(&sending->room),
        {.name = "to",
         .value = "FINGERPRINT",
         .help = "who shall have it (the only other member of the room)",
         .parse = wzp_option_fingerprint,
         .target = &sending->to},
        {.name = "FILE",
         .parse = wzp_option_text,
         .target = &sending->source.path,
         .is_required = true,
         .is_word = true},
    };
    struct wzp_options options = {
        .program = PROGRAM,
        .about = "Sends a file to one member of a room who runs wzp-client receive. Nobody else can read it.",
        .notes =
            "It waits until the recipient is there, and goes on where an earlier attempt broke off. Exit\n"
            "status: 0 the recipient has the file and checked it, 1 usage or the file cannot be read,\n"
            "3 never got into the room, 4 the file did not arrive whole.",
        .table = table,
        .count = sizeof table / sizeof *table,
    };
    sending->room = wzp_room_options_default();
    return wzp_options_take(&options, argc, argv, status);
}

int wzp_cmd_send(int argc, char **argv)
{
    struct sending sending = {.status = WZP_EXIT_TRANSFER, .source.fd = -1, .client.contacts.known.lock = -1};
    char why[WZP_FILE_WHY_MAX];
    int status;
    if (!parse(&sending, argc, argv, &status))
        return status;
    status = WZP_EXIT_USAGE;
    if (!wzp_file_source_open(&sending.source, sending.source.path, why))
        fprintf(stderr, PROGRAM ": %s\n", why);
    else if (wzp_room_open(PROGRAM, &sending.room, false, &sending.client)) {
        struct wzp_visitor visitor = {on_event, run, next_at, on_interrupt, &sending};
        sending.visit = wzp_visit_make(&sending.client, &visitor);
        status = wzp_visit_run(&sending.visit, PROGRAM, &sending.room.relay);
        status = status == WZP_EXIT_OK ? sending.status : status;
        wzp_progress_end(&sending.progress);
    }
    wzp_room_close(PROGRAM, &sending.client);
    wzp_file_source_close(&sending.source);
    sodium_memzero(&sending, sizeof sending);
    return status;
}
