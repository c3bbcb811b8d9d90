// SPDX-License-Identifier: Apache-2.0
/*
 * Streams of a call: reliable bytes, both ways, between two members of the room through the relay.
 *
 * Laws: a stream is with one verified member, whose slot the relay says and whose identity only the key of a
 * transfer proves (transfer_open); bytes pass as they are, so what goes into a stream is sealed before
 * (file/). A member that we do not take streams from, or do not know, is refused. At most
 * WZP_CALL_STREAMS_MAX at once. What happens to them is polled as WZP_CALL_EVENT_STREAM, in the words of
 * enum wzp_stream_what (session/endpoint.h); after GONE the number is void. Spec: proto/09-files.md.
 */
#ifndef WZP_CALL_STREAM_H
#define WZP_CALL_STREAM_H

#include "call/call.h"
#include "crypt/transfer.h"

#define WZP_CALL_STREAMS_MAX 8

/* STATE: not in the room. BAD_INPUT: no verified member under that slot. FULL: too many streams. */
enum wzp_err wzp_call_stream_open(struct wzp_call *call, uint16_t slot, uint64_t *stream);

/* As their namesakes of session/endpoint.h. */
size_t wzp_call_stream_write(struct wzp_call *call, uint64_t stream, const void *data, size_t len);
enum wzp_err wzp_call_stream_end(struct wzp_call *call, uint64_t stream);
size_t wzp_call_stream_peek(struct wzp_call *call, uint64_t stream, const uint8_t **data);
void wzp_call_stream_consume(struct wzp_call *call, uint64_t stream, size_t len);
bool wzp_call_stream_at_end(struct wzp_call *call, uint64_t stream);
void wzp_call_stream_stop(struct wzp_call *call, uint64_t stream, enum wzp_stream_reason reason);
/* Both directions at once: nothing more is said or heard. */
void wzp_call_stream_give_up(struct wzp_call *call, uint64_t stream, enum wzp_stream_reason reason);

/* The key of a transfer to that member, and from it. False: nobody is there, or the body is not its. */
bool wzp_call_transfer_seal(struct wzp_call *call, uint16_t slot, uint8_t body[WZP_TRANSFER_BODY_LEN],
                            uint8_t key[32]);
bool wzp_call_transfer_open(struct wzp_call *call, uint16_t slot, const uint8_t body[WZP_TRANSFER_BODY_LEN],
                            uint8_t key[32]);

#endif
