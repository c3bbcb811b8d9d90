// SPDX-License-Identifier: Apache-2.0
#include "run/entropy.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/check.h"

void wzp_entropy_fill(void *out, size_t len)
{
    uint8_t *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        WZP_CHECK(got > 0 || (got < 0 && errno == EINTR));
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
}
