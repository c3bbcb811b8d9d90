// SPDX-License-Identifier: Apache-2.0
#include "run/udp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <unistd.h>

#include "run/addr_text.h"

/* The descriptor behind it: the only one that is bound to its port. */
static int find(const struct wzp_udp *udp)
{
    for (int fd = 3; fd < 64; fd++) {
        struct sockaddr_storage storage;
        struct wzp_addr addr;
        socklen_t len = sizeof storage;
        if (getsockname(fd, (struct sockaddr *)&storage, &len) == 0 &&
            wzp_addr_from_sockaddr((struct sockaddr *)&storage, &addr) &&
            addr.port == wzp_udp_local(udp).port)
            return fd;
    }
    return -1;
}

static void on_datagram(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len)
{
    (void)from, (void)datagram;
    *(size_t *)ctx = len;
}

/* Nothing is cut into pieces on its way, and the kernel keeps no opinion of its own about the path. */
static void test_no_fragments(void **state)
{
    (void)state;
    static const char *const rows[] = {"127.0.0.1:0", "[::]:0"};
    for (size_t i = 0; i < 2; i++) {
        uv_loop_t loop;
        struct wzp_udp *udp;
        size_t received = 0;
        struct wzp_udp_config config = {.loop = &loop, .on_datagram = on_datagram, .ctx = &received};
        assert_null(wzp_addr_parse(rows[i], &config.local));
        assert_int_equal(uv_loop_init(&loop), 0);
        int err = wzp_udp_open(&config, &udp);
        if (err == 0) {
            int fd = find(udp), mode = -1;
            socklen_t len = sizeof mode;
            assert_true(fd >= 0);
            assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &mode, &len), 0);
            assert_int_equal(mode, IP_PMTUDISC_PROBE);
            if (i == 1) {
                assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &mode, &len), 0);
                assert_int_equal(mode, IPV6_PMTUDISC_PROBE);
            }
            /* The largest datagram that a path is probed with goes through. */
            uint8_t bytes[1472] = {1};
            struct wzp_addr to;
            assert_null(wzp_addr_parse("127.0.0.1:1", &to));
            to.port = wzp_udp_local(udp).port;
            wzp_udp_send(udp, &to, 0, bytes, sizeof bytes);
            wzp_udp_flush(udp);
            uv_run(&loop, UV_RUN_ONCE);
            assert_int_equal(received, sizeof bytes);
            wzp_udp_close(udp);
        } else {
            assert_int_equal(i, 1); /* a machine without IPv6 */
        }
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

/* A socket that is told of each datagram's class, on the loopback of a family; -1: a machine without it. */
static int listen_for_classes(int family, struct wzp_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    int fd = socket(family, SOCK_DGRAM, 0), on = 1;
    assert_null(wzp_addr_parse(family == AF_INET ? "127.0.0.1:0" : "[::1]:0", addr));
    assert_true(wzp_addr_to_sockaddr(addr, family, &storage));
    if (fd < 0 || bind(fd, (struct sockaddr *)&storage, sizeof storage) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &len), 0);
    assert_true(wzp_addr_from_sockaddr((struct sockaddr *)&storage, addr));
    if (family == AF_INET)
        assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on), 0);
    else
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on), 0);
    return fd;
}

/* The octet with the class that the next datagram came with. */
static int class_of_next(int fd, size_t len)
{
    uint8_t received[200], control[64];
    struct iovec iovec = {received, sizeof received};
    struct msghdr message = {
        .msg_iov = &iovec, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    assert_int_equal(recvmsg(fd, &message, MSG_DONTWAIT), len);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    assert_non_null(header);
    if (header->cmsg_level == IPPROTO_IP) {
        assert_int_equal(header->cmsg_type, IP_TOS);
        return *CMSG_DATA(header);
    }
    int octet;
    assert_int_equal(header->cmsg_type, IPV6_TCLASS);
    memcpy(&octet, CMSG_DATA(header), sizeof octet);
    return octet;
}

/* Each datagram carries its class in the IP header, trains too. */
static void test_classes(void **state)
{
    (void)state;
    static const unsigned rows[] = {46, 34, 0, 46, 46, 8};
    static const struct {
        int family;
        const char *local;
    } sockets[] = {{AF_INET, "127.0.0.1:0"}, {AF_INET6, "[::1]:0"}, {AF_INET, "[::]:0"}};
    for (size_t n = 0; n < sizeof sockets / sizeof *sockets; n++) {
        uv_loop_t loop;
        struct wzp_udp *udp;
        struct wzp_addr to;
        struct wzp_udp_config config = {.loop = &loop, .on_datagram = on_datagram};
        int fd = listen_for_classes(sockets[n].family, &to);
        assert_null(wzp_addr_parse(sockets[n].local, &config.local));
        assert_int_equal(uv_loop_init(&loop), 0);
        if (fd >= 0 && wzp_udp_open(&config, &udp) == 0) {
            const uint8_t bytes[100] = {0};
            for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                wzp_udp_send(udp, &to, rows[i], bytes, sizeof bytes);
            wzp_udp_flush(udp);
            for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                assert_int_equal(class_of_next(fd, sizeof bytes), rows[i] << 2);
            wzp_udp_close(udp);
        } else {
            assert_int_not_equal(n, 0); /* a machine without IPv6 */
        }
        close(fd);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_fragments), cmocka_unit_test(test_classes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
