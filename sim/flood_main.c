// SPDX-License-Identifier: Apache-2.0
/* wzp-flood: first messages that lead nowhere, at a steady rate, from many ports: what tools/test-flood holds
 * against a relay. docs/testing.md. */
#include <errno.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/rng.h"
#include "base/time.h"
#include "run/addr_text.h"
#include "run/memory.h"
#include "run/options.h"
#include "session/endpoint.h"

#define PROGRAM     "wzp-flood"
#define SOURCES_MAX 512
#define SOURCE_AT   6 /* of a long packet: form, version, destination id, source id */
#define EPHEMERAL   32

struct arguments {
    struct wzp_addr to;
    uint32_t rate, sources;
    int64_t for_ns;
};

/* A message 1 of XX, and where its Noise message begins: ephemeral key, then the payload, which repeats the
 * id. */
struct first {
    uint8_t bytes[WZP_INITIAL_SIZE];
    size_t message_at;
};

static struct first make_first(const struct wzp_addr *to)
{
    struct wzp_endpoint_config config = wzp_endpoint_config_client();
    struct first first;
    struct wzp_addr ignored;
    uint8_t bytes[WZP_DATAGRAM_MAX];
    uint32_t session;
    config.alloc = wzp_memory_alloc();
    config.static_secret[0] = 8;
    struct wzp_endpoint *endpoint = wzp_endpoint_create(&config);
    WZP_CHECK(endpoint && wzp_endpoint_connect(endpoint, to, NULL, 0, &session) == WZP_ERR_OK);
    WZP_CHECK(wzp_endpoint_transmit(endpoint, 0, &ignored, bytes, sizeof bytes) == sizeof first.bytes);
    wzp_endpoint_destroy(endpoint);
    memcpy(first.bytes, bytes, sizeof first.bytes);
    struct wzp_reader reader = wzp_reader_make(first.bytes, sizeof first.bytes);
    struct wzp_long_header header;
    WZP_CHECK(wzp_long_header_decode(&reader, &header));
    first.message_at = (size_t)(header.message.data - first.bytes);
    return first;
}

static void change(struct first *first, struct wzp_rng *rng)
{
    for (size_t i = 0; i < EPHEMERAL; i += 8) {
        uint64_t word = wzp_rng_u64(rng);
        memcpy(first->bytes + first->message_at + i, &word, sizeof word);
    }
    uint32_t id = 1 + (uint32_t)wzp_rng_below(rng, UINT32_MAX);
    memcpy(first->bytes + SOURCE_AT, &id, sizeof id);
    memcpy(first->bytes + first->message_at + EPHEMERAL, &id, sizeof id);
}

static int open_source(const struct wzp_addr *to)
{
    int family = wzp_addr_is_ipv4(to) ? AF_INET : AF_INET6;
    struct sockaddr_storage address;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && wzp_addr_to_sockaddr(to, family, &address) &&
        connect(fd, (struct sockaddr *)&address,
                family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) == 0)
        return fd;
    fprintf(stderr, PROGRAM ": cannot open a socket: %s\n", strerror(errno));
    exit(1);
}

static int64_t clock_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * WZP_S + at.tv_nsec;
}

/* What lies in the socket: answers are counted and not heeded. */
static uint64_t drain(int fd)
{
    uint8_t bytes[WZP_DATAGRAM_MAX];
    uint64_t total = 0;
    ssize_t got;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        total += (uint64_t)got;
    return total;
}

static void flood(const struct arguments *arguments, const int *sources)
{
    WZP_CHECK(arguments->sources > 0);
    struct first first = make_first(&arguments->to);
    struct wzp_rng rng = wzp_rng_make(1, 1);
    uint64_t sent = 0, refused = 0, answered_bytes = 0;
    int64_t start_ns = clock_ns(), now_ns;
    printf(PROGRAM ": flooding\n");
    fflush(stdout);
    while ((now_ns = clock_ns()) < start_ns + arguments->for_ns) {
        uint64_t due = (uint64_t)((now_ns - start_ns) / 1000) * arguments->rate / 1000000;
        while (sent + refused < due) {
            int fd = sources[(sent + refused) % arguments->sources];
            change(&first, &rng);
            answered_bytes += drain(fd);
            if (send(fd, first.bytes, sizeof first.bytes, 0) == (ssize_t)sizeof first.bytes)
                sent++;
            else
                refused++;
        }
        nanosleep(&(struct timespec){.tv_nsec = WZP_MS / 2}, NULL);
    }
    for (uint32_t i = 0; i < arguments->sources; i++)
        answered_bytes += drain(sources[i]);
    printf(PROGRAM ": sent %llu in %.1f s, bytes %llu, answered with bytes %llu\n", (unsigned long long)sent,
           (double)arguments->for_ns / (double)WZP_S, (unsigned long long)sent * sizeof first.bytes,
           (unsigned long long)answered_bytes);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.rate = 20000, .sources = 256, .for_ns = 10 * WZP_S};
    int sources[SOURCES_MAX], status;
    struct wzp_option table[] = {
        {.name = "to",
         .value = "ADDR",
         .help = "the relay; flood only what is yours",
         .parse = wzp_option_addr,
         .target = &arguments.to,
         .is_required = true},
        {.name = "rate",
         .value = "N",
         .help = "first messages a second",
         .parse = wzp_option_u32,
         .target = &arguments.rate,
         .min = 1,
         .max = 1000000},
        {.name = "sources",
         .value = "N",
         .help = "ports they come from",
         .parse = wzp_option_u32,
         .target = &arguments.sources,
         .min = 1,
         .max = SOURCES_MAX},
        {.name = "for",
         .value = "T",
         .help = "how long (10s)",
         .parse = wzp_option_time,
         .target = &arguments.for_ns},
    };
    struct wzp_options options = {
        PROGRAM, "Sends a relay first messages that lead nowhere, and prints what came back.", NULL, table,
        sizeof table / sizeof *table};
    WZP_CHECK(sodium_init() >= 0);
    if (!wzp_options_take(&options, argc - 1, argv + 1, &status))
        return status;
    for (uint32_t i = 0; i < arguments.sources; i++)
        sources[i] = open_source(&arguments.to);
    flood(&arguments, sources);
    for (uint32_t i = 0; i < arguments.sources; i++)
        close(sources[i]);
    return 0;
}
