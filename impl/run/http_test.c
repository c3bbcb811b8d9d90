// SPDX-License-Identifier: Apache-2.0
#include "run/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/addr_text.h"

#define CLIENTS (WZP_HTTP_CONNECTIONS_MAX + 5)

static void judges_requests(void **state)
{
    static const struct {
        const char *request;
        int status;
    } ROWS[] = {
        {"", 0},
        {"GET /metrics HTTP/1.1\r\nHost: a\r\n", 0},
        {"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"GET /metrics HTTP/1.0\r\n\r\n", 200},
        {"GET /metrics?name=x HTTP/1.1\r\n\r\n", 200},
        {"GET / HTTP/1.1\r\n\r\n", 404},
        {"GET /metrics/ HTTP/1.1\r\n\r\n", 404},
        {"GET /metric HTTP/1.1\r\n\r\n", 404},
        {"POST /metrics HTTP/1.1\r\n\r\n", 405},
        {"HEAD /metrics HTTP/1.1\r\n\r\n", 405},
        {"get /metrics HTTP/1.1\r\n\r\n", 405},
        {"GET /metrics\r\n\r\n", 400},
        {"GET /metrics HTTP/2.0\r\n\r\n", 400},
        {"GET  HTTP/1.1\r\n\r\n", 400},
        {" /metrics HTTP/1.1\r\n\r\n", 400},
        {"\r\n\r\n", 400},
        {"nonsense\r\n\r\n", 400},
    };
    char long_request[WZP_HTTP_REQUEST_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        if (wzp_http_status(ROWS[i].request, strlen(ROWS[i].request), "/metrics") != ROWS[i].status)
            fail_msg("row %zu", i);
    memset(long_request, 'x', sizeof long_request);
    assert_int_equal(wzp_http_status(long_request, sizeof long_request - 1, "/metrics"), 0);
    assert_int_equal(wzp_http_status(long_request, sizeof long_request, "/metrics"), 431);
}

/* ---- over loopback: more clients at once than there are places, all served ---- */

struct client {
    uv_tcp_t handle;
    uv_connect_t connect;
    uv_write_t write;
    const char *request;
    char answer[4096];
    size_t len;
    unsigned *open;
};

static size_t write_page(void *ctx, char *out, size_t capacity)
{
    assert_true(capacity >= 6);
    memcpy(out, "value ", 6);
    ++*(unsigned *)ctx;
    return 6;
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    if (--*client->open == 0)
        uv_stop(handle->loop);
}

static void on_client_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct client *client = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(client->answer + client->len, (unsigned)(sizeof client->answer - 1 - client->len));
}

static void on_client_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    struct client *client = stream->data;
    (void)buffer;
    if (len < 0)
        uv_close((uv_handle_t *)stream, on_client_closed);
    else
        client->len += (size_t)len;
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct client *client = connect->data;
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)client->request, (unsigned)strlen(client->request));
    assert_int_equal(status, 0);
    uv_write(&client->write, (uv_stream_t *)&client->handle, &buffer, 1, NULL);
    uv_read_start((uv_stream_t *)&client->handle, on_client_alloc, on_client_read);
}

static void serves_more_than_it_has_places(void **state)
{
    uv_loop_t loop;
    struct wzp_http *http;
    struct wzp_addr addr;
    struct sockaddr_storage to;
    unsigned written = 0, open = CLIENTS;
    struct wzp_http_page page = {"/metrics", "text/x-test", write_page, &written};
    struct client *clients = calloc(CLIENTS, sizeof *clients);
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_null(wzp_addr_parse("127.0.0.1:0", &addr));
    assert_int_equal(wzp_http_open(&loop, &addr, &page, &http, &addr), 0);
    assert_int_not_equal(addr.port, 0);
    assert_true(wzp_addr_to_sockaddr(&addr, AF_INET, &to));
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &clients[i];
        client->request = i == 0 ? "GET /other HTTP/1.1\r\n\r\n" : "GET /metrics HTTP/1.1\r\n\r\n";
        client->open = &open;
        client->handle.data = client->connect.data = client;
        uv_tcp_init(&loop, &client->handle);
        assert_int_equal(
            uv_tcp_connect(&client->connect, &client->handle, (struct sockaddr *)&to, on_connected), 0);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(written, CLIENTS - 1);
    assert_memory_equal(clients[0].answer, "HTTP/1.0 404 Not Found\r\n", 24);
    for (size_t i = 1; i < CLIENTS; i++)
        assert_string_equal(clients[i].answer,
                            "HTTP/1.0 200 OK\r\nContent-Type: text/x-test\r\nContent-Length: 6\r\n"
                            "Connection: close\r\n\r\nvalue ");
    wzp_http_close(http);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    free(clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_requests),
        cmocka_unit_test(serves_more_than_it_has_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
