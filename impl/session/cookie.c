// SPDX-License-Identifier: Apache-2.0
#include "session/cookie.h"

#include "base/check.h"
#include "base/time.h"

#include <sodium.h>
#include <string.h>

#define SECRET_NS   (120 * WZP_S)
#define BURST_NS    (WZP_S / 4) /* of first messages at the rate, before cookies are demanded */
#define DRBG_STREAM 1           /* 0 is the endpoint's own */

void cookies_init(struct cookies *cookies, const uint8_t seed[32], uint32_t rate)
{
    WZP_CHECK(rate > 0);
    *cookies = (struct cookies){.interval_ns = WZP_S / rate, .busy_to_ns = INT64_MIN};
    wzp_drbg_init(&cookies->drbg, seed, DRBG_STREAM);
}

void cookies_deinit(struct cookies *cookies)
{
    sodium_memzero(cookies, sizeof *cookies);
}

static void draw(struct cookies *cookies, unsigned which)
{
    wzp_drbg_fill(&cookies->drbg, cookies->secret[which], sizeof cookies->secret[which]);
}

static void refresh(struct cookies *cookies, int64_t now_ns)
{
    if (cookies->has_secret && now_ns < cookies->drawn_at_ns + SECRET_NS)
        return;
    if (cookies->has_secret && now_ns < cookies->drawn_at_ns + 2 * SECRET_NS) {
        memcpy(cookies->secret[1], cookies->secret[0], sizeof cookies->secret[1]);
        cookies->drawn_at_ns += SECRET_NS;
    } else {
        draw(cookies, 1); /* there is none before, or it is too old: nobody knows this one */
        cookies->drawn_at_ns = now_ns;
    }
    draw(cookies, 0);
    cookies->has_secret = true;
}

static void make(const uint8_t secret[32], const struct wzp_addr *from, uint32_t initiator_id,
                 uint8_t cookie[WZP_COOKIE_LEN])
{
    uint8_t bytes[sizeof from->ip + 2 + 4];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_write_bytes(&writer, from->ip, sizeof from->ip);
    wzp_write_u16(&writer, from->port);
    wzp_write_u32(&writer, initiator_id);
    WZP_CHECK(!writer.failed);
    crypto_generichash_blake2b(cookie, WZP_COOKIE_LEN, bytes, sizeof bytes, secret, 32);
}

bool cookies_check(struct cookies *cookies, const struct wzp_addr *from, uint32_t initiator_id,
                   struct wzp_slice given, int64_t now_ns, uint8_t good[WZP_COOKIE_LEN])
{
    refresh(cookies, now_ns);
    make(cookies->secret[0], from, initiator_id, good);
    if (given.len != WZP_COOKIE_LEN)
        return false;
    if (sodium_memcmp(given.data, good, WZP_COOKIE_LEN) == 0)
        return true;
    uint8_t before[WZP_COOKIE_LEN];
    make(cookies->secret[1], from, initiator_id, before);
    return sodium_memcmp(given.data, before, WZP_COOKIE_LEN) == 0;
}

void cookies_on_first(struct cookies *cookies, int64_t now_ns)
{
    int64_t busy_ns = wzp_time_max(cookies->busy_to_ns, now_ns) + cookies->interval_ns;
    /* What is beyond the burst is forgotten, so that the end of a flood is seen at once. */
    cookies->busy_to_ns = wzp_time_min(busy_ns, now_ns + BURST_NS + cookies->interval_ns);
}

bool cookies_are_demanded(const struct cookies *cookies, uint32_t unproven, uint32_t half_open_max,
                          int64_t now_ns)
{
    return unproven > half_open_max / 4 || cookies->busy_to_ns > now_ns + BURST_NS;
}
