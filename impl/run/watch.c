// SPDX-License-Identifier: Apache-2.0
#include "run/watch.h"

#include <sodium.h>
#include <string.h>

#include "run/addr_text.h"

static bool is_link_local(const struct wzp_addr *addr)
{
    if (wzp_addr_is_ipv4(addr))
        return addr->ip[12] == 169 && addr->ip[13] == 254;
    return addr->ip[0] == 0xfe && (addr->ip[1] & 0xc0) == 0x80;
}

/* A sum of hashes: the order does not count. */
static uint64_t digest_of(const uv_interface_address_t *addresses, int count)
{
    uint64_t digest = 0;
    for (int i = 0; i < count; i++) {
        struct wzp_addr addr;
        uint64_t hash;
        if (addresses[i].is_internal ||
            !wzp_addr_from_sockaddr((const struct sockaddr *)&addresses[i].address, &addr) ||
            is_link_local(&addr))
            continue;
        crypto_generichash((uint8_t *)&hash, sizeof hash, addr.ip, sizeof addr.ip, NULL, 0);
        digest += hash;
    }
    return digest;
}

bool wzp_watch_see(struct wzp_watch *watch, const uv_interface_address_t *addresses, int count)
{
    uint64_t digest = digest_of(addresses, count);
    if (digest == 0 || digest == watch->digest)
        return false;
    watch->digest = digest;
    return true;
}

static bool look(struct wzp_watch *watch)
{
    uv_interface_address_t *addresses;
    int count;
    if (uv_interface_addresses(&addresses, &count) != 0)
        return false;
    bool has_changed = wzp_watch_see(watch, addresses, count);
    uv_free_interface_addresses(addresses, count);
    return has_changed;
}

static void on_timer(uv_timer_t *timer)
{
    struct wzp_watch *watch = timer->data;
    if (look(watch))
        watch->on_changed(watch->ctx);
}

void wzp_watch_open(struct wzp_watch *watch, uv_loop_t *loop)
{
    watch->digest = 0;
    look(watch);
    uv_timer_init(loop, &watch->timer);
    watch->timer.data = watch;
    uv_timer_start(&watch->timer, on_timer, WZP_WATCH_MS, WZP_WATCH_MS);
}

void wzp_watch_close(struct wzp_watch *watch)
{
    uv_close((uv_handle_t *)&watch->timer, NULL);
}
