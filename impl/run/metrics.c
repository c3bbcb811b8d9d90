// SPDX-License-Identifier: Apache-2.0
#include "run/metrics.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

struct text {
    char *out;
    size_t capacity, len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text->out + text->len, text->capacity - text->len, format, arguments);
    va_end(arguments);
    WZP_CHECK(len >= 0 && (size_t)len < text->capacity - text->len);
    text->len += (size_t)len;
}

static void head(struct text *text, const char *name, const char *type, const char *help)
{
    add(text, "# HELP wzp_relay_%s %s\n# TYPE wzp_relay_%s %s\n", name, help, name, type);
}

static void single(struct text *text, const char *name, const char *type, const char *help, uint64_t value)
{
    head(text, name, type, help);
    add(text, "wzp_relay_%s %" PRIu64 "\n", name, value);
}

static void labelled(struct text *text, const char *name, const char *label, const char *value,
                     uint64_t count)
{
    add(text, "wzp_relay_%s{%s=\"", name, label);
    for (; *value; value++)
        add(text, "%c", tolower((unsigned char)*value));
    add(text, "\"} %" PRIu64 "\n", count);
}

static void in_and_out(struct text *text, const char *name, const char *help, uint64_t in, uint64_t out)
{
    head(text, name, "counter", help);
    labelled(text, name, "direction", "in", in);
    labelled(text, name, "direction", "out", out);
}

size_t wzp_metrics_relay(char *out, size_t capacity, const struct wzp_relay_counters *relay,
                         const struct wzp_endpoint_counters *endpoint)
{
    struct text text = {.out = out, .capacity = capacity};
    single(&text, "sessions", "gauge", "Sessions that are up.", endpoint->sessions);
    single(&text, "handshakes_open", "gauge", "Handshakes under way.", endpoint->half_open);
    single(&text, "rooms", "gauge", "Rooms with at least one member.", relay->rooms);
    single(&text, "members", "gauge", "Members of all rooms.", relay->members);
    in_and_out(&text, "packets_total", "UDP datagrams.", endpoint->packets_in, endpoint->packets_out);
    in_and_out(&text, "bytes_total", "Bytes of UDP payload.", endpoint->bytes_in, endpoint->bytes_out);
    in_and_out(&text, "media_frames_total", "Media frames taken in and forwarded.", relay->media_in,
               relay->media_out);
    in_and_out(&text, "key_frames_total", "Sealed sender keys taken in and sent on, repeats included.",
               relay->keys_in, relay->keys_out);
    head(&text, "handshakes_total", "counter", "Handshakes that ended, by result.");
    labelled(&text, "handshakes_total", "result", "done", endpoint->handshakes_done);
    labelled(&text, "handshakes_total", "result", "failed", endpoint->handshakes_failed);
    labelled(&text, "handshakes_total", "result", "version_rejected", endpoint->handshakes_rejected_version);
    single(&text, "moves_total", "counter", "Peers that were heard from another address.", endpoint->moves);
    single(&text, "path_failures_total", "counter", "Addresses that a peer could not prove.",
           endpoint->path_failures);
    single(&text, "black_holes_total", "counter", "Paths that swallowed what they took before.",
           endpoint->black_holes);
    single(&text, "rekeys_total", "counter", "Fresh keys agreed within sessions.", endpoint->rekeys);
    head(&text, "joins_total", "counter", "Requests to join a room, by result.");
    labelled(&text, "joins_total", "result", "joined", relay->joins);
    labelled(&text, "joins_total", "result", "refused", relay->joins_refused);
    labelled(&text, "joins_total", "result", "back", relay->rejoins);
    single(&text, "streams", "gauge", "Streams between members.", relay->pipes);
    head(&text, "streams_total", "counter", "Streams that members opened to each other, by result.");
    labelled(&text, "streams_total", "result", "carried", relay->pipes_opened);
    labelled(&text, "streams_total", "result", "refused", relay->pipes_refused);
    single(&text, "stream_bytes_total", "counter", "Bytes moved from stream to stream.", relay->pipe_bytes);
    single(&text, "not_allowed_total", "counter", "Sessions closed because their key is not on the list.",
           relay->not_allowed);
    single(&text, "cookies_total", "counter", "Cookies sent to first messages under load.",
           endpoint->cookies_sent);
    single(&text, "leaves_total", "counter", "Members that left a room, whatever the reason.", relay->leaves);
    head(&text, "drops_total", "counter", "What was dropped of a peer's bytes, by reason.");
    for (unsigned reason = 0; reason < WZP_DROP_COUNT; reason++)
        labelled(&text, "drops_total", "reason", wzp_drop_name(reason), endpoint->drops[reason]);
    return text.len;
}
