// SPDX-License-Identifier: Apache-2.0
#include "run/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ADDRESSES_MAX 4

static const struct {
    const char *addresses; /* comma-separated; ! marks an internal one */
    bool changed;
} steps[] = {
    {"!127.0.0.1,192.0.2.1", true},
    {"192.0.2.1,!127.0.0.1", false},
    {"192.0.2.1,2001:db8::1", true},
    {"2001:db8::1,192.0.2.1", false},
    {"2001:db8::1,192.0.2.1,fe80::1,169.254.3.4", false},
    {"", false},
    {"!127.0.0.1,fe80::1", false},
    {"2001:db8::1,192.0.2.1", false}, /* the same again: nobody moved */
    {"192.0.2.2", true},
    {"192.0.2.1", true},
};

static void test_steps(void **state)
{
    (void)state;
    struct wzp_watch watch = {0};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        uv_interface_address_t list[ADDRESSES_MAX];
        char text[128];
        int count = 0;
        memset(list, 0, sizeof list);
        strcpy(text, steps[i].addresses);
        for (char *at = strtok(text, ","); at; at = strtok(NULL, ","), count++) {
            assert_true(count < ADDRESSES_MAX);
            list[count].is_internal = *at == '!';
            at += *at == '!';
            if (strchr(at, ':'))
                assert_int_equal(uv_ip6_addr(at, 0, &list[count].address.address6), 0);
            else
                assert_int_equal(uv_ip4_addr(at, 0, &list[count].address.address4), 0);
        }
        assert_int_equal(wzp_watch_see(&watch, list, count), steps[i].changed);
    }
}

static void on_changed(void *ctx)
{
    ++*(unsigned *)ctx;
}

static void stop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* On a loop: told once when the machine's addresses are not what was seen, and not again. */
static void test_on_a_loop(void **state)
{
    (void)state;
    uv_loop_t loop;
    uv_timer_t end;
    unsigned changes = 0;
    struct wzp_watch watch = {.on_changed = on_changed, .ctx = &changes};
    assert_int_equal(uv_loop_init(&loop), 0);
    wzp_watch_open(&watch, &loop);
    bool has_addresses = watch.digest != 0;
    watch.digest++;
    uv_timer_init(&loop, &end);
    uv_timer_start(&end, stop, 2 * WZP_WATCH_MS + WZP_WATCH_MS / 2, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(changes, has_addresses);
    wzp_watch_close(&watch);
    uv_close((uv_handle_t *)&end, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_on_a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
