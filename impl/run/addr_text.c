// SPDX-License-Identifier: Apache-2.0
#include "run/addr_text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <uv.h>

#define HOST_MAX 255 /* of a domain name, RFC 1035 section 3.1 */

static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

bool wzp_addr_is_ipv4(const struct wzp_addr *addr)
{
    return memcmp(addr->ip, MAPPED, sizeof MAPPED) == 0;
}

void wzp_addr_format(const struct wzp_addr *addr, char out[static WZP_ADDR_TEXT_MAX])
{
    char ip[INET6_ADDRSTRLEN];
    if (wzp_addr_is_ipv4(addr)) {
        inet_ntop(AF_INET, addr->ip + sizeof MAPPED, ip, sizeof ip);
        snprintf(out, WZP_ADDR_TEXT_MAX, "%s:%u", ip, addr->port);
    } else {
        inet_ntop(AF_INET6, addr->ip, ip, sizeof ip);
        snprintf(out, WZP_ADDR_TEXT_MAX, "[%s]:%u", ip, addr->port);
    }
}

static const char *parse_port(const char *text, uint16_t *port)
{
    unsigned value = 0;
    size_t digits = strspn(text, "0123456789");
    for (size_t i = 0; i < digits && value <= UINT16_MAX; i++)
        value = value * 10 + (unsigned)(text[i] - '0');
    if (digits == 0 || text[digits] != '\0' || value > UINT16_MAX)
        return "the port must be a number from 0 to 65535";
    *port = (uint16_t)value;
    return NULL;
}

/* Takes "host:port" apart. `host` gets what stands before the port, without brackets. */
static const char *split(const char *text, char host[static HOST_MAX + 1], bool *bracketed, uint16_t *port)
{
    const char *end;
    *bracketed = *text == '[';
    if (*bracketed) {
        end = strchr(++text, ']');
        if (!end || end[1] != ':')
            return "an IPv6 address is written [ADDRESS]:PORT";
    } else {
        end = strchr(text, ':');
        if (!end)
            return "a port is missing; write HOST:PORT";
        if (strchr(end + 1, ':'))
            return "an IPv6 address is written [ADDRESS]:PORT";
    }
    size_t len = (size_t)(end - text);
    if (len == 0 || len > HOST_MAX)
        return "the host before the port is missing or too long";
    memcpy(host, text, len);
    host[len] = '\0';
    return parse_port(end + (*bracketed ? 2 : 1), port);
}

static const char *parse(const char *text, struct wzp_addr *addr, char host[static HOST_MAX + 1],
                         bool *is_name)
{
    struct wzp_addr parsed = {0};
    bool bracketed;
    const char *why = split(text, host, &bracketed, &parsed.port);
    *is_name = false;
    if (why)
        return why;
    if (bracketed && inet_pton(AF_INET6, host, parsed.ip) != 1)
        return "what stands in the brackets is not an IPv6 address";
    if (!bracketed) {
        memcpy(parsed.ip, MAPPED, sizeof MAPPED);
        *is_name = inet_pton(AF_INET, host, parsed.ip + sizeof MAPPED) != 1;
    }
    *addr = parsed;
    return NULL;
}

const char *wzp_addr_parse(const char *text, struct wzp_addr *addr)
{
    char host[HOST_MAX + 1];
    bool is_name;
    struct wzp_addr parsed;
    const char *why = parse(text, &parsed, host, &is_name);
    if (!why && is_name)
        why = "the host is not a numeric address";
    if (!why)
        *addr = parsed;
    return why;
}

const char *wzp_addr_resolve(const char *text, struct wzp_addr *addr)
{
    char host[HOST_MAX + 1];
    bool is_name;
    struct wzp_addr parsed;
    const char *why = parse(text, &parsed, host, &is_name);
    if (why || !is_name) {
        if (!why)
            *addr = parsed;
        return why;
    }
    uv_loop_t loop; /* libuv wants one even to wait */
    uv_getaddrinfo_t request;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
    int err = uv_loop_init(&loop);
    if (err)
        return uv_strerror(err);
    err = uv_getaddrinfo(&loop, &request, NULL, host, NULL, &hints);
    if (err == 0) {
        uint16_t port = parsed.port;
        if (!wzp_addr_from_sockaddr(request.addrinfo->ai_addr, &parsed))
            why = "the host has no IP address";
        parsed.port = port;
        uv_freeaddrinfo(request.addrinfo);
    } else {
        why = uv_strerror(err);
    }
    uv_loop_close(&loop);
    if (!why)
        *addr = parsed;
    return why;
}

bool wzp_addr_to_sockaddr(const struct wzp_addr *addr, int family, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(addr->port)};
        memcpy(&in.sin_addr, addr->ip + sizeof MAPPED, sizeof in.sin_addr);
        memcpy(out, &in, sizeof in);
        return wzp_addr_is_ipv4(addr);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(addr->port)};
    memcpy(&in6.sin6_addr, addr->ip, sizeof in6.sin6_addr);
    memcpy(out, &in6, sizeof in6);
    return true;
}

bool wzp_addr_from_sockaddr(const struct sockaddr *from, struct wzp_addr *addr)
{
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        memcpy(addr->ip, MAPPED, sizeof MAPPED);
        memcpy(addr->ip + sizeof MAPPED, &in.sin_addr, sizeof in.sin_addr);
        addr->port = ntohs(in.sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof in6);
        memcpy(addr->ip, &in6.sin6_addr, sizeof addr->ip);
        addr->port = ntohs(in6.sin6_port);
        return true;
    }
    return false;
}
