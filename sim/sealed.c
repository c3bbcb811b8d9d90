// SPDX-License-Identifier: Apache-2.0
#include "sim/sealed.h"

#include <string.h>

/* An entry: how long the authenticated bytes and the message are, they themselves, and the sealed message. */
struct head {
    uint16_t aad_len, len;
};

static size_t size_of(const struct head *head)
{
    return sizeof *head + head->aad_len + 2 * (size_t)head->len + SIM_SEALED_TAG;
}

void sim_sealed_remember(struct sim_sealed *sealed, uint64_t name, struct wzp_slice aad,
                         struct wzp_slice plain, const uint8_t *cipher)
{
    if (aad.len + plain.len > SIM_SEALED_LEN)
        return;
    const struct head head = {(uint16_t)aad.len, (uint16_t)plain.len};
    uint64_t left = SIM_SEALED_BYTES - sealed->end % SIM_SEALED_BYTES;
    if (left < size_of(&head)) /* an entry is in one piece */
        sealed->end += left;
    uint8_t *at = sealed->bytes + sealed->end % SIM_SEALED_BYTES;
    memcpy(at, &head, sizeof head);
    at += sizeof head;
    if (aad.len)
        memcpy(at, aad.data, aad.len);
    if (plain.len)
        memcpy(at + aad.len, plain.data, plain.len);
    memcpy(at + aad.len + plain.len, cipher, plain.len + SIM_SEALED_TAG);
    sealed->row[name & (SIM_SEALED_ROWS - 1)] = (struct sim_sealed_row){name, sealed->end, true};
    sealed->end += size_of(&head);
}

bool sim_sealed_open(const struct sim_sealed *sealed, uint64_t name, struct wzp_slice aad,
                     struct wzp_slice cipher, uint8_t *out)
{
    const struct sim_sealed_row *row = &sealed->row[name & (SIM_SEALED_ROWS - 1)];
    if (!row->is_used || row->name != name || sealed->end - row->start > SIM_SEALED_BYTES)
        return false; /* or overwritten */
    const uint8_t *at = sealed->bytes + row->start % SIM_SEALED_BYTES;
    struct head head;
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    if (aad.len != head.aad_len || cipher.len != (size_t)head.len + SIM_SEALED_TAG ||
        memcmp(at + aad.len + head.len, cipher.data, cipher.len) != 0 ||
        (aad.len && memcmp(at, aad.data, aad.len) != 0))
        return false;
    memcpy(out, at + aad.len, head.len);
    return true;
}
