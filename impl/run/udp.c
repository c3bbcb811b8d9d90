// SPDX-License-Identifier: Apache-2.0
#include "run/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"
#include "run/addr_text.h"

/* libuv cuts the buffer into pieces of 64 KiB, one a datagram. Pages that no datagram touches cost nothing.
 */
#define BATCH_MAX     16
#define BATCH_BYTES   (BATCH_MAX * 65536)
#define SOCKET_BUFFER (4 << 20) /* asked for; a burst for many members arrives faster than it is opened */

#define TRAIN_MAX       48 /* datagrams that leave in one call: below 64 KiB with all headers */
#define TRAIN_BYTES_MAX 61440

/* Datagrams in a row of one length, but for the last, and one class, to one address: the kernel cuts them
 * apart (UDP_SEGMENT). */
struct train {
    struct wzp_addr to;
    unsigned dscp;
    unsigned count;
    size_t datagram_len, len;
    bool is_closed; /* its last one is shorter */
    uint8_t bytes[TRAIN_BYTES_MAX];
};

struct waiting {
    uv_udp_send_t request; /* request.data is the socket */
    struct waiting *next_free;
    uint8_t bytes[WZP_UDP_DATAGRAM_MAX];
};

struct wzp_udp {
    uv_udp_t handle;
    struct wzp_udp_config config;
    struct wzp_udp_counters counters;
    int family;
    unsigned dscp; /* as the socket marks now */
    bool is_closing, has_no_trains;
    char *batch;
    struct train train;
    struct waiting queue[WZP_UDP_QUEUE_MAX];
    struct waiting *free;
};

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct wzp_udp *udp = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(udp->batch, BATCH_BYTES);
}

/* An error (ICMP and the like) says nothing that a silent network would not: the core finds out by itself. */
static void on_receive(uv_udp_t *handle, ssize_t len, const uv_buf_t *buffer, const struct sockaddr *from,
                       unsigned flags)
{
    struct wzp_udp *udp = handle->data;
    struct wzp_addr addr;
    if (udp->is_closing || len <= 0 || !from || !wzp_addr_from_sockaddr(from, &addr))
        return;
    if (flags & UV_UDP_PARTIAL || len > WZP_UDP_DATAGRAM_MAX) {
        udp->counters.dropped_in++;
        return;
    }
    udp->config.on_datagram(udp->config.ctx, &addr, (uint8_t *)buffer->base, (size_t)len);
}

static void on_sent(uv_udp_send_t *request, int status)
{
    struct waiting *waiting = (struct waiting *)request;
    struct wzp_udp *udp = request->data;
    if (status < 0)
        udp->counters.dropped_out++;
    waiting->next_free = udp->free;
    udp->free = waiting;
}

static void on_closed(uv_handle_t *handle)
{
    struct wzp_udp *udp = handle->data;
    free(udp->batch);
    free(udp);
}

/* No router may cut a datagram, and no guess of the kernel's may stop one: link/mtu.h finds out what passes,
 * and what does not is lost like any other (EMSGSIZE where it is the machine's own link). */
static void forbid_fragments(struct wzp_udp *udp)
{
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&udp->handle, &fd) != 0)
        return;
    int probe = IP_PMTUDISC_PROBE, probe6 = IPV6_PMTUDISC_PROBE;
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe); /* of IPv4 in an IPv6 socket, too */
    if (udp->family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe6, sizeof probe6);
}

static int bind_and_start(struct wzp_udp *udp)
{
    struct sockaddr_storage local;
    int size = SOCKET_BUFFER;
    wzp_addr_to_sockaddr(&udp->config.local, udp->family, &local);
    int err = uv_udp_bind(&udp->handle, (struct sockaddr *)&local, 0);
    if (err)
        return err;
    forbid_fragments(udp);
    uv_recv_buffer_size((uv_handle_t *)&udp->handle, &size); /* the kernel's own limit rules; less is fine */
    size = SOCKET_BUFFER;
    uv_send_buffer_size((uv_handle_t *)&udp->handle, &size);
    return uv_udp_recv_start(&udp->handle, on_alloc, on_receive);
}

int wzp_udp_open(const struct wzp_udp_config *config, struct wzp_udp **out)
{
    struct wzp_udp *udp = calloc(1, sizeof *udp);
    char *batch = malloc(BATCH_BYTES);
    if (!udp || !batch) {
        free(udp);
        free(batch);
        return UV_ENOMEM;
    }
    udp->config = *config;
    udp->batch = batch;
    udp->family = wzp_addr_is_ipv4(&config->local) ? AF_INET : AF_INET6;
    for (size_t i = 0; i < WZP_UDP_QUEUE_MAX; i++) {
        udp->queue[i].request.data = udp;
        udp->queue[i].next_free = udp->free;
        udp->free = &udp->queue[i];
    }
    int err = uv_udp_init_ex(config->loop, &udp->handle, (unsigned)udp->family | UV_UDP_RECVMMSG);
    if (err) {
        free(batch);
        free(udp);
        return err;
    }
    udp->handle.data = udp;
    err = bind_and_start(udp);
    if (err) {
        wzp_udp_close(udp);
        return err;
    }
    *out = udp;
    return 0;
}

void wzp_udp_close(struct wzp_udp *udp)
{
    udp->is_closing = true;
    uv_close((uv_handle_t *)&udp->handle, on_closed);
}

static void send_one(struct wzp_udp *udp, const struct sockaddr_storage *addr, const uint8_t *datagram,
                     size_t len)
{
    const struct sockaddr *to = (const struct sockaddr *)addr;
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)datagram, (unsigned)len); /* only read by sending */
    int sent = uv_udp_try_send(&udp->handle, &buffer, 1, to);
    if (sent >= 0)
        return;
    struct waiting *waiting = udp->free;
    if (sent != UV_EAGAIN || !waiting) {
        udp->counters.dropped_out++;
        return;
    }
    memcpy(waiting->bytes, datagram, len);
    buffer = uv_buf_init((char *)waiting->bytes, (unsigned)len);
    if (uv_udp_send(&waiting->request, &udp->handle, &buffer, 1, to, on_sent) == 0)
        udp->free = waiting->next_free;
    else
        udp->counters.dropped_out++;
}

/* In one call. False: none of it left. */
static bool send_train(struct wzp_udp *udp, struct sockaddr_storage *addr)
{
    struct train *train = &udp->train;
    uint16_t size = (uint16_t)train->datagram_len;
    union {
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control = {0};
    struct iovec bytes = {train->bytes, train->len};
    struct msghdr message = {.msg_name = addr,
                             .msg_namelen = udp->family == AF_INET ? sizeof(struct sockaddr_in)
                                                                   : sizeof(struct sockaddr_in6),
                             .msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    uv_os_fd_t fd;
    if (udp->has_no_trains || uv_udp_get_send_queue_count(&udp->handle) > 0 ||
        uv_fileno((uv_handle_t *)&udp->handle, &fd) != 0)
        return false;
    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(header), &size, sizeof size);
    if (sendmsg(fd, &message, MSG_DONTWAIT) >= 0)
        return true;
    /* A kernel, a device or a path that cannot: from now on one by one. A full buffer passes. */
    udp->has_no_trains = errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS && errno != EINTR;
    return false;
}

/* A socket that cannot be marked sends all the same. */
static void mark(struct wzp_udp *udp, unsigned dscp)
{
    uv_os_fd_t fd;
    int octet = (int)(dscp << 2);
    if (dscp == udp->dscp || uv_fileno((uv_handle_t *)&udp->handle, &fd) != 0)
        return;
    udp->dscp = dscp;
    setsockopt(fd, IPPROTO_IP, IP_TOS, &octet, sizeof octet); /* of IPv4 in an IPv6 socket, too */
    if (udp->family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &octet, sizeof octet);
}

void wzp_udp_flush(struct wzp_udp *udp)
{
    struct train *train = &udp->train;
    struct sockaddr_storage addr;
    if (train->count == 0)
        return;
    mark(udp, train->dscp);
    if (!wzp_addr_to_sockaddr(&train->to, udp->family, &addr))
        udp->counters.dropped_out += train->count;
    else if (train->count == 1 || !send_train(udp, &addr))
        for (size_t at = 0; at < train->len; at += train->datagram_len) {
            size_t left = train->len - at;
            send_one(udp, &addr, train->bytes + at, left < train->datagram_len ? left : train->datagram_len);
        }
    train->count = 0;
    train->len = 0;
}

static bool joins(const struct train *train, const struct wzp_addr *to, unsigned dscp, size_t len)
{
    return train->count > 0 && train->count < TRAIN_MAX && !train->is_closed && len <= train->datagram_len &&
           train->len + len <= sizeof train->bytes && dscp == train->dscp && wzp_addr_equal(&train->to, to);
}

void wzp_udp_send(struct wzp_udp *udp, const struct wzp_addr *to, unsigned dscp, const uint8_t *datagram,
                  size_t len)
{
    struct train *train = &udp->train;
    WZP_CHECK(len <= WZP_UDP_DATAGRAM_MAX && dscp < 64);
    if (len == 0)
        return;
    if (!joins(train, to, dscp, len)) {
        wzp_udp_flush(udp);
        train->dscp = dscp;
        train->to = *to;
        train->datagram_len = len;
        train->is_closed = false;
    }
    memcpy(train->bytes + train->len, datagram, len);
    train->is_closed = len < train->datagram_len;
    train->len += len;
    train->count++;
}

struct wzp_addr wzp_udp_local(const struct wzp_udp *udp)
{
    struct sockaddr_storage storage;
    int len = sizeof storage;
    struct wzp_addr addr = udp->config.local;
    if (uv_udp_getsockname(&udp->handle, (struct sockaddr *)&storage, &len) == 0)
        wzp_addr_from_sockaddr((struct sockaddr *)&storage, &addr);
    return addr;
}

const struct wzp_udp_counters *wzp_udp_counters(const struct wzp_udp *udp)
{
    return &udp->counters;
}

struct wzp_addr wzp_udp_any(const struct wzp_addr *peer)
{
    struct wzp_addr any = *peer;
    any.port = 0;
    if (wzp_addr_is_ipv4(peer))
        memset(any.ip + 12, 0, 4);
    else
        memset(any.ip, 0, sizeof any.ip);
    return any;
}
