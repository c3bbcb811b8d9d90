// SPDX-License-Identifier: Apache-2.0
/*
 * Everything behind the AEAD: frames that a peer with true keys sends. The input is
 *
 *     u8 choices: bit 0 to the client, else to the relay; bit 1 while a rekey is under way;
 *                 bit 2 with packets of the receiver under way that nobody acknowledged
 *     then, up to four times: u16 length, that many bytes of frames (or what is left)
 *
 * and each piece goes as one packet. At the end the receiver says what it has to say, and lets 5 s pass.
 */
#include "fuzz/twin.h"

#include <stdlib.h>
#include <string.h>

#define PACKETS 4

static struct twin twin;
static struct twin_save saves[4]; /* by bits 1 and 2 */

void fuzz_init(void)
{
    twin_init(&twin, false);
    twin_talk(&twin, false);
    twin_save(&twin, &saves[0]);
    uint8_t datagram[TWIN_DATAGRAM_MAX], signal[700] = {2, 0xba};
    for (unsigned i = 0; i < 2; i++) {
        twin_restore(&twin, &saves[0], 3);
        if (i) /* both are due to rekey, and have said so */
            twin_advance(&twin, twin.now_ns + 21 * WZP_S);
        for (unsigned side = 0; i && side < 2; side++)
            while (twin_transmit(&twin, side, datagram)) {
            }
        if (i)
            twin_save(&twin, &saves[1]);
        for (unsigned side = 0; side < 2; side++) {
            WZP_CHECK(wzp_endpoint_send_signal(twin.side[side].endpoint, twin.side[side].session,
                                               (struct wzp_slice){signal, sizeof signal}) == WZP_ERR_OK);
            while (twin_transmit(&twin, side, datagram)) {
            }
        }
        twin_save(&twin, &saves[2 + i]);
    }
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    uint8_t choices = fuzz_u8(&input), datagram[TWIN_DATAGRAM_MAX];
    unsigned to = choices & 1 ? TWIN_CLIENT : TWIN_RELAY;
    twin_restore(&twin, &saves[choices >> 1 & 3], 1u << to);
    for (unsigned i = 0; i < PACKETS && input.len; i++) {
        uint16_t want = fuzz_u16(&input);
        struct wzp_slice frames = fuzz_take(&input,
                                            want < WZP_DATAGRAM_CEILING ? want : WZP_DATAGRAM_CEILING);
        size_t sealed = twin_seal(&twin, !to, frames, datagram);
        if (sealed && sealed <= WZP_DATAGRAM_CEILING)
            twin_deliver(&twin, to, datagram, sealed);
    }
    twin_settle(&twin, to);
    twin.now_ns += 5 * WZP_S;
    wzp_endpoint_advance(twin.side[to].endpoint, twin.now_ns);
    twin_settle(&twin, to);
    return 0;
}
