// SPDX-License-Identifier: Apache-2.0
/*
 * Captures that Wireshark and tshark read: the classic pcap file (magic a1b23c4d, so nanoseconds), link type
 * RAW (101: the packet begins with its IP header), each datagram under an IPv4 and a UDP header made up for
 * it. draft-ietf-opsawg-pcap, RFC 791, RFC 768.
 *
 * The law: what goes in comes out, byte for byte, at its time; the IPv4 checksum is right, the UDP checksum 0
 * ("none"). An address shows as the last four bytes of its ip, which are the IPv4 address of a mapped one.
 *
 * Keeps nothing between calls: the FILE is the caller's, to open, buffer and close.
 */
#ifndef WZP_SIM_PCAP_H
#define WZP_SIM_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"

/* The file's header, once and first. False when it could not be written. */
bool sim_pcap_begin(FILE *file);

/* One datagram of at most 65507 bytes at `time_ns` >= 0 after the capture's zero. False when not written. */
bool sim_pcap_packet(FILE *file, int64_t time_ns, const struct wzp_addr *from, const struct wzp_addr *to,
                     const void *payload, size_t len);

#endif
