// SPDX-License-Identifier: Apache-2.0
/*
 * Company on the way: frames of media for one peer that follow each other closely, of many speakers of a
 * room, leave in one packet. Each packet costs 28 bytes of IP and UDP, 24 of header and seal, and the work of
 * both ends; of fifty speakers they are two thirds of what a listener receives.
 *
 * Laws. A frame leaves at once unless media left less than config.gather_ns ago, so who is heard alone waits
 * for nobody; none waits longer than that; what fills a packet does not wait; and nothing waits on a path
 * that loses 10 permille or more: repair does better with losses of single frames.
 *
 * Not here: video and streams, whose packets are full anyway. Spec: proto/06-frames.md.
 */
#ifndef WZP_SESSION_GATHER_H
#define WZP_SESSION_GATHER_H

#include <stdint.h>

struct wzp_endpoint;
struct session;

/* When what waits in the session's queue, which is not empty, may leave for all that company is worth;
 * INT64_MIN: at once. What leaves sooner for another reason takes it along. */
int64_t gather_at(const struct wzp_endpoint *endpoint, const struct session *session);

#endif
