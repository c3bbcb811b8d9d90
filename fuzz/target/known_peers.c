// SPDX-License-Identifier: Apache-2.0
/*
 * The bytes of a known-peers file, without the file. Law: within its bounds, every relay that was read is
 * found with its key, and every person by fingerprint.
 */
#include "run/known_peers.h"
#include "fuzz/fuzz.h"

#include <string.h>

static struct wzp_known_relay relays[WZP_KNOWN_RELAYS_MAX];
static struct wzp_known_person people[WZP_KNOWN_PEOPLE_MAX];

void fuzz_init(void)
{
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct wzp_known_peers known = {.lock = -1, .relays = relays, .people = people};
    size_t line = wzp_known_peers_parse(&known, (const char *)data, len);
    WZP_CHECK(line <= len + 1);
    WZP_CHECK(known.relay_count <= WZP_KNOWN_RELAYS_MAX && known.people_count <= WZP_KNOWN_PEOPLE_MAX);
    for (size_t i = 0; i < known.relay_count && i < 16; i++) {
        const uint8_t *key = wzp_known_relay_key(&known, relays[i].name);
        WZP_CHECK(key && memcmp(key, relays[i].key, 32) == 0);
    }
    for (size_t i = 0; i < known.people_count && i < 16; i++) {
        WZP_CHECK(wzp_fingerprint_is_valid(people[i].fingerprint));
        WZP_CHECK(wzp_known_person_find(&known, people[i].fingerprint) == &people[i]);
        WZP_CHECK(!people[i].name[0] || wzp_known_name_is_valid(people[i].name));
    }
    return 0;
}
