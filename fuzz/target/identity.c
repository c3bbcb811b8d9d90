// SPDX-License-Identifier: Apache-2.0
/*
 * The bytes of an identity file, without the file. Law: what is understood is written again to what is
 * understood the same; at a fault nothing of it is left.
 */
#include "fuzz/fuzz.h"
#include "run/identity_text.h"

#include <string.h>

void fuzz_init(void)
{
}

int fuzz_one(const uint8_t *data, size_t len)
{
    static const struct wzp_identity_text nothing;
    struct wzp_identity_text text, again;
    char written[WZP_IDENTITY_TEXT_MAX];
    memset(&text, 0, sizeof text);
    memset(&again, 0, sizeof again);
    enum wzp_identity_fault fault = wzp_identity_text_parse((const char *)data, len, &text);
    fuzz_touch(wzp_identity_fault_text(fault), 1);
    if (fault != WZP_IDENTITY_OK) {
        WZP_CHECK(memcmp(&text, &nothing, sizeof text) == 0);
        return 0;
    }
    WZP_CHECK(!text.is_sealed ||
              (text.passes <= WZP_IDENTITY_PASSES_MAX && text.kib <= WZP_IDENTITY_KIB_MAX));
    size_t written_len = wzp_identity_text_format(&text, written);
    WZP_CHECK(written_len <= sizeof written);
    WZP_CHECK(wzp_identity_text_parse(written, written_len, &again) == WZP_IDENTITY_OK);
    WZP_CHECK(again.is_sealed == text.is_sealed && memcmp(again.seed, text.seed, sizeof text.seed) == 0);
    WZP_CHECK(again.passes == text.passes && again.kib == text.kib &&
              memcmp(again.salt, text.salt, sizeof text.salt) == 0 &&
              memcmp(again.sealed, text.sealed, sizeof text.sealed) == 0);
    return 0;
}
