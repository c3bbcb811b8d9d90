// SPDX-License-Identifier: Apache-2.0
#include "sim/pcap.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/time.h"

#define MAGIC_NANOSECONDS 0xa1b23c4d
#define LINKTYPE_RAW      101
#define IPV4_LEN          20
#define UDP_LEN           8
#define PAYLOAD_MAX       (65535 - IPV4_LEN - UDP_LEN)

static bool put(FILE *file, const struct wzp_writer *writer)
{
    WZP_CHECK(!writer->failed);
    return fwrite(writer->start, 1, wzp_writer_len(writer), file) == wzp_writer_len(writer);
}

bool sim_pcap_begin(FILE *file)
{
    uint8_t header[24];
    struct wzp_writer writer = wzp_writer_make(header, sizeof header);
    wzp_write_u32(&writer,
                  MAGIC_NANOSECONDS); /* readers take the byte order from it: ours is the network's */
    wzp_write_u16(&writer, 2);        /* version 2.4 */
    wzp_write_u16(&writer, 4);
    wzp_write_zeros(&writer, 8);     /* time zone, accuracy */
    wzp_write_u32(&writer, 0x10000); /* no packet is longer */
    wzp_write_u32(&writer, LINKTYPE_RAW);
    return put(file, &writer);
}

/* RFC 1071: the ones' complement of the ones' complement sum of 16-bit words. */
static uint16_t internet_checksum(const uint8_t *data, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i += 2)
        sum += (uint32_t)(data[i] << 8 | data[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

bool sim_pcap_packet(FILE *file, int64_t time_ns, const struct wzp_addr *from, const struct wzp_addr *to,
                     const void *payload, size_t len)
{
    WZP_CHECK(time_ns >= 0 && len <= PAYLOAD_MAX);
    uint8_t headers[16 + IPV4_LEN + UDP_LEN];
    struct wzp_writer writer = wzp_writer_make(headers, sizeof headers);
    uint32_t total = (uint32_t)(IPV4_LEN + UDP_LEN + len);
    wzp_write_u32(&writer, (uint32_t)(time_ns / WZP_S));
    wzp_write_u32(&writer, (uint32_t)(time_ns % WZP_S));
    wzp_write_u32(&writer, total); /* kept */
    wzp_write_u32(&writer, total); /* on the wire */

    uint8_t *ipv4 = writer.at;
    wzp_write_u16(&writer, 0x4500); /* version 4, five words, no service class */
    wzp_write_u16(&writer, (uint16_t)total);
    wzp_write_u32(&writer, 0x4000);       /* never in fragments */
    wzp_write_u16(&writer, 64 << 8 | 17); /* time to live, UDP */
    wzp_write_u16(&writer, 0);
    wzp_write_bytes(&writer, from->ip + 12, 4);
    wzp_write_bytes(&writer, to->ip + 12, 4);
    struct wzp_writer checksum = wzp_writer_make(ipv4 + 10, 2);
    wzp_write_u16(&checksum, internet_checksum(ipv4, IPV4_LEN));

    wzp_write_u16(&writer, from->port);
    wzp_write_u16(&writer, to->port);
    wzp_write_u16(&writer, (uint16_t)(UDP_LEN + len));
    wzp_write_u16(&writer, 0);
    return put(file, &writer) && fwrite(payload, 1, len, file) == len;
}
