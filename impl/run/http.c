// SPDX-License-Identifier: Apache-2.0
#include "run/http.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/addr_text.h"

#define HEAD_MAX 256
#define BACKLOG  16

struct connection {
    uv_tcp_t handle;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct wzp_http *http;
    bool is_used, is_closing;
    unsigned open_handles;
    size_t request_len;
    char request[WZP_HTTP_REQUEST_MAX];
    char answer[HEAD_MAX + WZP_HTTP_PAGE_MAX];
};

struct wzp_http {
    uv_tcp_t handle;
    struct wzp_http_page page;
    bool has_waiting, is_closing;
    unsigned open_handles;
    struct connection connections[WZP_HTTP_CONNECTIONS_MAX];
};

static const char *status_text(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    default:
        return "Request Header Fields Too Large";
    }
}

int wzp_http_status(const char *request, size_t len, const char *path)
{
    const char *end = memmem(request, len, "\r\n\r\n", 4);
    if (!end)
        return len < WZP_HTTP_REQUEST_MAX ? 0 : 431;
    const char *line_end = memmem(request, len, "\r\n", 2);
    const char *method_end = memchr(request, ' ', (size_t)(line_end - request));
    if (!method_end || method_end == request)
        return 400;
    const char *target = method_end + 1;
    const char *target_end = memchr(target, ' ', (size_t)(line_end - target));
    if (!target_end || target_end == target || (size_t)(line_end - target_end) != sizeof " HTTP/1.1" - 1 ||
        memcmp(target_end, " HTTP/1.", 8) != 0)
        return 400;
    const char *query = memchr(target, '?', (size_t)(target_end - target));
    size_t path_len = (size_t)((query ? query : target_end) - target);
    if (path_len != strlen(path) || memcmp(target, path, path_len) != 0)
        return 404;
    return method_end - request == 3 && memcmp(request, "GET", 3) == 0 ? 200 : 405;
}

static void on_connection(uv_stream_t *stream, int status);

static void free_when_closed(struct wzp_http *http)
{
    if (--http->open_handles == 0)
        free(http);
}

static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct wzp_http *http = connection->http;
    if (--connection->open_handles == 0) {
        connection->is_used = false;
        if (http->has_waiting && !http->is_closing)
            on_connection((uv_stream_t *)&http->handle, 0);
    }
    free_when_closed(http);
}

static void drop(struct connection *connection)
{
    if (connection->is_closing)
        return;
    connection->is_closing = true;
    uv_close((uv_handle_t *)&connection->handle, on_connection_closed);
    uv_close((uv_handle_t *)&connection->timer, on_connection_closed);
}

static void on_timeout(uv_timer_t *timer)
{
    drop(timer->data);
}

/* The answer is out. The peer closes: a hard close now could reset the connection before it has read
 * everything. */
static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    if (status != 0 || connection->is_closing ||
        uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->handle, NULL) != 0)
        drop(connection);
}

static void answer(struct connection *connection, int status)
{
    struct wzp_http_page *page = &connection->http->page;
    char *body = connection->answer + HEAD_MAX, head[HEAD_MAX];
    const char *type = "text/plain";
    size_t len;
    if (status == 200) {
        type = page->content_type;
        len = page->write(page->ctx, body, WZP_HTTP_PAGE_MAX);
    } else {
        len = (size_t)snprintf(body, WZP_HTTP_PAGE_MAX, "%d %s; the page is %s\n", status,
                               status_text(status), page->path);
    }
    int head_len = snprintf(
        head, sizeof head,
        "HTTP/1.0 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n", status,
        status_text(status), type, len, status == 405 ? "Allow: GET\r\n" : "");
    char *start = body - head_len;
    memcpy(start, head, (size_t)head_len);
    uv_buf_t buffer = uv_buf_init(start, (unsigned)((size_t)head_len + len));
    connection->write.data = connection;
    if (uv_write(&connection->write, (uv_stream_t *)&connection->handle, &buffer, 1, on_written) != 0)
        drop(connection);
}

/* Once answered, what still comes is read into the same place and forgotten. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *connection = handle->data;
    (void)suggested;
    if (connection->request_len == WZP_HTTP_REQUEST_MAX)
        *buffer = uv_buf_init(connection->request, WZP_HTTP_REQUEST_MAX);
    else
        *buffer = uv_buf_init(connection->request + connection->request_len,
                              (unsigned)(WZP_HTTP_REQUEST_MAX - connection->request_len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;
    (void)buffer;
    if (len < 0) {
        drop(connection);
        return;
    }
    if (connection->request_len == WZP_HTTP_REQUEST_MAX)
        return;
    connection->request_len += (size_t)len;
    int status = wzp_http_status(connection->request, connection->request_len, connection->http->page.path);
    if (status) {
        connection->request_len = WZP_HTTP_REQUEST_MAX;
        answer(connection, status);
    }
}

static struct connection *take_place(struct wzp_http *http)
{
    for (size_t i = 0; i < WZP_HTTP_CONNECTIONS_MAX; i++)
        if (!http->connections[i].is_used)
            return &http->connections[i];
    return NULL;
}

/* With no place free the connection is left where it is, and libuv asks no more until it is accepted. */
static void on_connection(uv_stream_t *stream, int status)
{
    struct wzp_http *http = stream->data;
    struct connection *connection = status == 0 ? take_place(http) : NULL;
    http->has_waiting = status == 0 && !connection;
    if (!connection)
        return;
    memset(connection, 0, sizeof *connection);
    connection->http = http;
    connection->is_used = true;
    connection->open_handles = 2;
    connection->handle.data = connection->timer.data = connection;
    http->open_handles += 2;
    uv_tcp_init(stream->loop, &connection->handle);
    uv_timer_init(stream->loop, &connection->timer);
    if (uv_accept(stream, (uv_stream_t *)&connection->handle) != 0 ||
        uv_timer_start(&connection->timer, on_timeout, WZP_HTTP_TIMEOUT_MS, 0) != 0 ||
        uv_read_start((uv_stream_t *)&connection->handle, on_alloc, on_read) != 0)
        drop(connection);
}

static int listen_at(struct wzp_http *http, const struct wzp_addr *addr, struct wzp_addr *bound)
{
    struct sockaddr_storage storage;
    int len = sizeof storage;
    wzp_addr_to_sockaddr(addr, wzp_addr_is_ipv4(addr) ? AF_INET : AF_INET6, &storage);
    int err = uv_tcp_bind(&http->handle, (struct sockaddr *)&storage, 0);
    if (!err)
        err = uv_listen((uv_stream_t *)&http->handle, BACKLOG, on_connection);
    if (!err)
        err = uv_tcp_getsockname(&http->handle, (struct sockaddr *)&storage, &len);
    if (!err)
        wzp_addr_from_sockaddr((struct sockaddr *)&storage, bound);
    return err;
}

int wzp_http_open(uv_loop_t *loop, const struct wzp_addr *addr, const struct wzp_http_page *page,
                  struct wzp_http **out, struct wzp_addr *bound)
{
    struct wzp_http *http = calloc(1, sizeof *http);
    if (!http)
        return UV_ENOMEM;
    http->page = *page;
    int err = uv_tcp_init(loop, &http->handle);
    if (err) {
        free(http);
        return err;
    }
    http->handle.data = http;
    http->open_handles = 1;
    err = listen_at(http, addr, bound);
    if (err)
        wzp_http_close(http);
    else
        *out = http;
    return err;
}

static void on_closed(uv_handle_t *handle)
{
    free_when_closed(handle->data);
}

void wzp_http_close(struct wzp_http *http)
{
    http->is_closing = true;
    for (size_t i = 0; i < WZP_HTTP_CONNECTIONS_MAX; i++)
        if (http->connections[i].is_used)
            drop(&http->connections[i]);
    uv_close((uv_handle_t *)&http->handle, on_closed);
}
