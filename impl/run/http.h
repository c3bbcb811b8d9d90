// SPDX-License-Identifier: Apache-2.0
/*
 * The smallest HTTP/1.0 server that a Prometheus scraper or curl is content with: one page, GET only, every
 * connection closed after its answer.
 *
 * Law: a client can cost at most one of WZP_HTTP_CONNECTIONS_MAX places, WZP_HTTP_REQUEST_MAX bytes and
 * WZP_HTTP_TIMEOUT_MS; what is not a GET of the page is answered 400, 404, 405 or 431. It knows no names, no
 * TLS, no body: bind it to an address that only your own machines reach.
 */
#ifndef WZP_RUN_HTTP_H
#define WZP_RUN_HTTP_H

#include <stddef.h>
#include <uv.h>

#include "base/addr.h"

#define WZP_HTTP_CONNECTIONS_MAX 8
#define WZP_HTTP_REQUEST_MAX     4096
#define WZP_HTTP_PAGE_MAX        16384
#define WZP_HTTP_TIMEOUT_MS      5000

struct wzp_http_page {
    const char *path; /* "/metrics" */
    const char *content_type;
    size_t (*write)(void *ctx, char *out, size_t capacity); /* the page's bytes */
    void *ctx;
};

/* Looks at the first `len` bytes of a request: 0 = not whole yet, else the status to answer with. */
int wzp_http_status(const char *request, size_t len, const char *path);

struct wzp_http;

/* 0, or a libuv error and nothing is held. *bound is where it listens. */
int wzp_http_open(uv_loop_t *loop, const struct wzp_addr *addr, const struct wzp_http_page *page,
                  struct wzp_http **http, struct wzp_addr *bound);
/* The memory goes when the loop has run once more. */
void wzp_http_close(struct wzp_http *http);

#endif
