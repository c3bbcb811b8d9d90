// SPDX-License-Identifier: Apache-2.0
#include "file/offer.h"

#include "base/check.h"
#include "base/utf8.h"

#include <string.h>

/* Control characters, and those that make a name look like another: marks and overrides of direction, line
 * and paragraph separators. */
static bool is_deceiving(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x61c || point == 0x200e ||
           point == 0x200f || (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
           point == 0xfeff;
}

bool wzp_file_name_is_good(const char *name, size_t len)
{
    const uint8_t *at = (const uint8_t *)name, *end = at + len;
    if (len == 0 || len > WZP_FILE_NAME_MAX || *at == '.')
        return false;
    while (at < end) {
        uint32_t point;
        if (!wzp_utf8_next(&at, end, &point) || is_deceiving(point) || point == '/' || point == '\\')
            return false;
    }
    return true;
}

size_t wzp_file_offer_encode(const struct wzp_file_offer *offer, uint8_t out[WZP_FILE_OFFER_MAX])
{
    struct wzp_writer writer = wzp_writer_make(out, WZP_FILE_OFFER_MAX);
    wzp_write_u64(&writer, offer->size);
    wzp_write_bytes(&writer, offer->hash, sizeof offer->hash);
    wzp_write_u8(&writer, offer->name_len);
    wzp_write_bytes(&writer, offer->name, offer->name_len);
    WZP_CHECK(!writer.failed);
    return wzp_writer_len(&writer);
}

bool wzp_file_offer_decode(struct wzp_slice bytes, struct wzp_file_offer *offer)
{
    struct wzp_reader reader = wzp_reader_make(bytes.data, bytes.len);
    *offer = (struct wzp_file_offer){0};
    offer->size = wzp_read_u64(&reader);
    wzp_read_copy(&reader, offer->hash, sizeof offer->hash);
    offer->name_len = wzp_read_u8(&reader);
    wzp_read_copy(&reader, offer->name, offer->name_len);
    return !reader.failed && wzp_reader_left(&reader) == 0;
}

const char *wzp_file_reason_text(enum wzp_file_reason reason)
{
    switch (reason) {
    case WZP_FILE_NO_REASON:
        break;
    case WZP_FILE_NOT_WANTED:
        return "it takes files from somebody else only";
    case WZP_FILE_BUSY:
        return "another file is coming in";
    case WZP_FILE_BAD_NAME:
        return "the name cannot be used for a file";
    case WZP_FILE_NO_SPACE:
        return "the disk is full";
    case WZP_FILE_UNWRITABLE:
        return "the file cannot be written";
    case WZP_FILE_CHECKSUM:
        return "what arrived is not what was offered";
    case WZP_FILE_CHANGED:
        return "the file changed while it was read";
    case WZP_FILE_UNREADABLE:
        return "the file cannot be read";
    case WZP_FILE_STOPPED:
        return "it was stopped";
    case WZP_FILE_BROKEN:
        return "a record does not open: the bytes were changed on their way, or are not of this transfer";
    case WZP_FILE_TRUNCATED:
        return "it broke off";
    }
    return "no reason is given";
}
