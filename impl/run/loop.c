// SPDX-License-Identifier: Apache-2.0
#include "run/loop.h"

#include <signal.h>

#include "base/check.h"
#include "base/time.h"

int64_t wzp_loop_now_ns(const struct wzp_loop *loop)
{
    return (int64_t)(uv_hrtime() - loop->start_ns);
}

struct wzp_addr wzp_loop_local(const struct wzp_loop *loop)
{
    return wzp_udp_local(loop->udp);
}

static void on_datagram(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len)
{
    struct wzp_loop *loop = ctx;
    if (loop->node.receive) /* nobody is listening yet, or any more */
        loop->node.receive(loop->node.ctx, from, datagram, len, wzp_loop_now_ns(loop));
}

/* Waking is all it is for: what is due is done before the next sleep, in one place. */
static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct wzp_loop *loop = handle->data;
    (void)number;
    if (loop->node.interrupt)
        loop->node.interrupt(loop->node.ctx, wzp_loop_now_ns(loop));
}

static void on_hang_up(uv_signal_t *handle, int number)
{
    struct wzp_loop *loop = handle->data;
    (void)number;
    if (loop->node.receive) /* as for datagrams */
        loop->reload(loop->node.ctx, wzp_loop_now_ns(loop));
}

static void arm(struct wzp_loop *loop, int64_t next_at_ns)
{
    if (next_at_ns == WZP_NEVER) {
        uv_timer_stop(&loop->timer);
        return;
    }
    /* libuv fires when its own clock, hrtime cut to milliseconds, has reached the due one: rounded up, it is
     * never early. */
    uint64_t due_ns = loop->start_ns + (uint64_t)wzp_time_max(next_at_ns, 0);
    uint64_t due_ms = (due_ns + 999999) / 1000000;
    uv_update_time(&loop->uv);
    uint64_t now_ms = uv_now(&loop->uv);
    uv_timer_start(&loop->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

/* Before each sleep. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct wzp_loop *loop = prepare->data;
    const struct wzp_node *node = &loop->node;
    uint8_t datagram[WZP_UDP_DATAGRAM_MAX];
    struct wzp_addr to;
    size_t len;
    int64_t now_ns = wzp_loop_now_ns(loop);
    if (node->next_at(node->ctx) <= now_ns)
        node->advance(node->ctx, now_ns);
    while ((len = node->transmit(node->ctx, now_ns, &to, datagram, sizeof datagram)) > 0)
        wzp_udp_send(loop->udp, &to, node->dscp ? node->dscp(node->ctx) : 0, datagram, len);
    wzp_udp_flush(loop->udp);
    if (node->is_over(node->ctx)) {
        uv_prepare_stop(prepare);
        uv_stop(&loop->uv);
        return;
    }
    arm(loop, node->next_at(node->ctx));
}

int wzp_loop_open(struct wzp_loop *loop, const struct wzp_addr *local)
{
    *loop = (struct wzp_loop){.start_ns = uv_hrtime()};
    int err = uv_loop_init(&loop->uv);
    if (err)
        return err;
    struct wzp_udp_config config = {
        .loop = &loop->uv, .local = *local, .on_datagram = on_datagram, .ctx = loop};
    err = wzp_udp_open(&config, &loop->udp);
    if (err) {
        uv_run(&loop->uv, UV_RUN_DEFAULT); /* lets what was opened halfway close */
        uv_loop_close(&loop->uv);
        return err;
    }
    static const int SIGNALS[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        WZP_CHECK(uv_signal_init(&loop->uv, &loop->interrupted[i]) == 0);
        loop->interrupted[i].data = loop;
        WZP_CHECK(uv_signal_start(&loop->interrupted[i], on_signal, SIGNALS[i]) == 0);
    }
    WZP_CHECK(uv_signal_init(&loop->uv, &loop->hung_up) == 0);
    loop->hung_up.data = loop;
    uv_timer_init(&loop->uv, &loop->timer);
    uv_prepare_init(&loop->uv, &loop->prepare);
    loop->prepare.data = loop;
    return 0;
}

void wzp_loop_on_hang_up(struct wzp_loop *loop, void (*reload)(void *ctx, int64_t now_ns))
{
    loop->reload = reload;
    WZP_CHECK(uv_signal_start(&loop->hung_up, on_hang_up, SIGHUP) == 0);
}

void wzp_loop_run(struct wzp_loop *loop, const struct wzp_node *node)
{
    loop->node = *node;
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    loop->node = (struct wzp_node){0};
}

/* A second signal on the heels of the first must not turn a clean end into a killed process. */
static void ignore_signals(struct wzp_loop *loop)
{
    sigset_t signals, before;
    sigemptyset(&signals);
    for (size_t i = 0; i < 2; i++)
        sigaddset(&signals, loop->interrupted[i].signum);
    sigprocmask(SIG_BLOCK, &signals, &before);
    for (size_t i = 0; i < 2; i++) {
        int number = loop->interrupted[i].signum;
        uv_close((uv_handle_t *)&loop->interrupted[i], NULL); /* back to the default, which kills */
        signal(number, SIG_IGN);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void wzp_loop_close(struct wzp_loop *loop)
{
    ignore_signals(loop);
    wzp_udp_close(loop->udp);
    uv_close((uv_handle_t *)&loop->hung_up, NULL);
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    WZP_CHECK(uv_loop_close(&loop->uv) == 0);
}
