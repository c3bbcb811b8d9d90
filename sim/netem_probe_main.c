// SPDX-License-Identifier: Apache-2.0
/*
 * Sends datagrams from one network namespace to another and says how many arrived, and after what time on the
 * average: what a kernel's netem does to them. For tools/test-netem alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sim/tc.h"

#define PROGRAM  "wzp-netem-probe"
#define PORT     5000
#define PATIENCE INT64_C(2000000000) /* ns after the last packet */
#define BUFFER   (1 << 20)

struct said {
    uint64_t number;
    int64_t sent_ns;
};

struct found {
    uint64_t arrived, overtaken, twice, last;
    double delay_ns, late_ns; /* sums; late: of the sender behind its own schedule */
    bool *seen;
};

/* The clock that the kernel stamps arrivals with. */
static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int die(const char *what)
{
    fprintf(stderr, PROGRAM ": %s: %s\n", what, strerror(errno));
    return -1;
}

/* A UDP socket inside a named namespace; -1 and said why. */
static int socket_in(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int space = open(path, O_RDONLY | O_CLOEXEC), buffer = BUFFER;
    if (space < 0 || setns(space, CLONE_NEWNET) != 0)
        return die(path);
    close(space);
    int on = 1, handle = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (handle < 0 || setsockopt(handle, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0 ||
        setsockopt(handle, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) != 0 ||
        setsockopt(handle, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0)
        return die("socket");
    return handle;
}

/* The next datagram of ours and when it arrived; false: none is there. */
static bool next(int handle, struct said *said, int64_t *came_ns)
{
    uint8_t bytes[SIM_TC_PAYLOAD];
    union {
        char room[CMSG_SPACE(sizeof(struct timespec))];
        struct cmsghdr aligned;
    } control;
    struct iovec vector = {bytes, sizeof bytes};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(handle, &message, 0) != (ssize_t)sizeof bytes)
        return false;
    const struct cmsghdr *stamp = CMSG_FIRSTHDR(&message);
    struct timespec at = {0};
    if (stamp)
        memcpy(&at, CMSG_DATA(stamp), sizeof at);
    *came_ns = at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
    memcpy(said, bytes, sizeof *said);
    return true;
}

static void take(int handle, struct found *found)
{
    struct said said;
    for (int64_t came_ns; next(handle, &said, &came_ns);) {
        if (said.number >= SIM_TC_PACKETS || found->seen[said.number]) {
            found->twice++;
            continue;
        }
        found->seen[said.number] = true;
        found->arrived++;
        found->delay_ns += (double)(came_ns - said.sent_ns);
        found->overtaken += said.number < found->last;
        found->last = said.number > found->last ? said.number : found->last;
    }
}

static void probe(int from, int to, const struct sockaddr_in *target, struct found *found)
{
    int64_t now_ns = clock_ns(), due_ns = now_ns, end_ns = INT64_MAX;
    uint64_t sent = 0;
    while (now_ns < end_ns) {
        if (sent < SIM_TC_PACKETS && now_ns >= due_ns) {
            uint8_t bytes[SIM_TC_PAYLOAD] = {0};
            struct said said = {sent++, now_ns};
            memcpy(bytes, &said, sizeof said);
            sendto(from, bytes, sizeof bytes, 0, (const struct sockaddr *)target, sizeof *target);
            found->late_ns += (double)(now_ns - due_ns);
            due_ns = now_ns + SIM_TC_EVERY_NS; /* never two at once to catch up: that would be another load */
            if (sent == SIM_TC_PACKETS)
                end_ns = now_ns + PATIENCE;
        } else {
            int64_t rest_ns = sent < SIM_TC_PACKETS ? due_ns - now_ns : 10000000;
            struct timespec rest = {.tv_nsec = rest_ns};
            nanosleep(&rest, NULL);
            take(to, found);
        }
        now_ns = clock_ns();
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    if (argc != 4 || inet_pton(AF_INET, argv[3], &target.sin_addr) != 1) {
        fprintf(stderr, "usage: " PROGRAM " FROM_NAMESPACE TO_NAMESPACE TO_IPV4\n");
        return 1;
    }
    int from = socket_in(argv[1]), to = from < 0 ? -1 : socket_in(argv[2]);
    if (to < 0)
        return 1;
    if (bind(to, (const struct sockaddr *)&target, sizeof target) != 0)
        return die("bind") ? 1 : 0;
    struct found found = {.seen = calloc(SIM_TC_PACKETS, sizeof *found.seen)};
    if (!found.seen)
        return 1;
    probe(from, to, &target, &found);
    printf("loss %.2f %% mean-delay %.3f ms late %.3f ms overtaken %" PRIu64 " twice %" PRIu64 "\n",
           100 * (1 - (double)found.arrived / SIM_TC_PACKETS),
           found.arrived ? found.delay_ns / (double)found.arrived / 1e6 : 0,
           found.late_ns / SIM_TC_PACKETS / 1e6, found.overtaken, found.twice);
    free(found.seen);
    return 0;
}
