// SPDX-License-Identifier: Apache-2.0
/*
 * The other two forms of a wzp_addr (base/addr.h): text for people, sockaddr for the kernel.
 *
 * Law: formatting and then parsing gives the same address. Text is "192.0.2.1:4433", "[2001:db8::1]:4433" or,
 * for wzp_addr_resolve, "host:port". An IPv4 address and its IPv6-mapped form are one address. Zones
 * ("fe80::1%eth0") are not supported: a wzp_addr has no room for them.
 */
#ifndef WZP_RUN_ADDR_TEXT_H
#define WZP_RUN_ADDR_TEXT_H

#include <sys/socket.h>

#include "base/addr.h"

#define WZP_ADDR_TEXT_MAX 56 /* "[", 45 bytes, "]:65535", NUL */

bool wzp_addr_is_ipv4(const struct wzp_addr *addr);

void wzp_addr_format(const struct wzp_addr *addr, char out[static WZP_ADDR_TEXT_MAX]);

/* NULL, or the reason as words that follow "... is not valid: ". Numbers only: asks no server. */
const char *wzp_addr_parse(const char *text, struct wzp_addr *addr);
/* As parse; a host name is looked up, which waits for the answer: before a loop runs, not in it. */
const char *wzp_addr_resolve(const char *text, struct wzp_addr *addr);

/* For a socket of `family` (AF_INET or AF_INET6); an AF_INET socket reaches IPv4 addresses only: false. */
bool wzp_addr_to_sockaddr(const struct wzp_addr *addr, int family, struct sockaddr_storage *out);
/* False when it is of another family. */
bool wzp_addr_from_sockaddr(const struct sockaddr *from, struct wzp_addr *addr);

#endif
