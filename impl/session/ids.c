// SPDX-License-Identifier: Apache-2.0
#include "session/ids.h"

#include <string.h>

#define SEEN_BITS 64

void ids_init(struct ids *ids, uint32_t local, uint32_t remote, int64_t tell_at_ns)
{
    memset(ids, 0, sizeof *ids);
    ids_add(ids, local, tell_at_ns);
    ids->remote[0].id = remote;
    ids->remote_next = 1;
}

const struct local_id *ids_find(const struct ids *ids, uint32_t id)
{
    for (unsigned i = 0; i < IDS_LOCAL; i++)
        if (ids->local[i].id == id && id)
            return &ids->local[i];
    return NULL;
}

/* ---- ours ---- */

static struct local_id *find_free(struct ids *ids)
{
    for (unsigned i = 0; i < IDS_LOCAL; i++)
        if (!ids->local[i].id)
            return &ids->local[i];
    return NULL;
}

bool ids_want(const struct ids *ids)
{
    unsigned held = 0, active = 0;
    for (unsigned i = 0; i < IDS_LOCAL; i++) {
        held += ids->local[i].id != 0;
        active += ids->local[i].id != 0 && !ids->local[i].is_retired;
    }
    return active < IDS_ACTIVE && held < IDS_LOCAL;
}

void ids_add(struct ids *ids, uint32_t id, int64_t tell_at_ns)
{
    *find_free(ids) = (struct local_id){
        .id = id,
        .sequence = ids->local_next++,
        .tell_at_ns = tell_at_ns,
        .gone_at_ns = WZP_NEVER,
    };
}

uint32_t ids_take_gone(struct ids *ids, int64_t now_ns)
{
    for (unsigned i = 0; i < IDS_LOCAL; i++) {
        struct local_id *local = &ids->local[i];
        if (local->id && now_ns >= local->gone_at_ns) {
            uint32_t id = local->id;
            *local = (struct local_id){0};
            return id;
        }
    }
    return 0;
}

bool ids_on_retire(struct ids *ids, uint64_t sequence, int64_t gone_at_ns)
{
    if (sequence >= ids->local_next)
        return false;
    for (unsigned i = 0; i < IDS_LOCAL; i++) {
        struct local_id *local = &ids->local[i];
        if (!local->id || local->sequence != sequence || local->is_retired)
            continue;
        local->is_retired = true;
        local->tell_at_ns = WZP_NEVER;
        local->gone_at_ns = gone_at_ns;
    }
    return true;
}

/* ---- the peer's ---- */

const struct remote_id *ids_remote(const struct ids *ids)
{
    return &ids->remote[ids->remote_now];
}

/* Whether the sequence was heard of before, or so long ago that it is not known; notes that it was now. */
static bool is_known(struct ids *ids, uint64_t sequence)
{
    if (sequence >= ids->remote_next) {
        uint64_t steps = sequence + 1 - ids->remote_next;
        ids->remote_seen = steps < SEEN_BITS ? ids->remote_seen << steps : 0;
        ids->remote_next = sequence + 1;
    }
    uint64_t age = ids->remote_next - 1 - sequence;
    if (age >= SEEN_BITS || ids->remote_seen >> age & 1)
        return true;
    ids->remote_seen |= UINT64_C(1) << age;
    return false;
}

bool ids_on_new(struct ids *ids, const struct wzp_frame_new_connection_id *frame)
{
    if (frame->id == 0)
        return false;
    if (is_known(ids, frame->sequence))
        return true;
    struct remote_id *place = NULL;
    for (unsigned i = 0; i < IDS_ACTIVE; i++) {
        if (ids->remote[i].id == frame->id) {
            if (ids->remote[i].sequence != frame->sequence)
                return false;
            place = &ids->remote[i]; /* the handshake's: its token */
            break;
        }
        if (!ids->remote[i].id && !place)
            place = &ids->remote[i];
    }
    if (frame->sequence == 0 && (!place || !place->id))
        return true; /* retired before its token came */
    if (!place)
        return false;
    place->id = frame->id;
    place->sequence = frame->sequence;
    place->has_token = true;
    memcpy(place->token, frame->reset_token, sizeof place->token);
    return true;
}

bool ids_rotate(struct ids *ids, int64_t now_ns)
{
    struct remote_id *old = &ids->remote[ids->remote_now], *fresh = NULL;
    struct retiring_id *retiring = NULL;
    for (unsigned i = 0; i < IDS_ACTIVE; i++)
        if (&ids->remote[i] != old && ids->remote[i].id &&
            (!fresh || ids->remote[i].sequence < fresh->sequence))
            fresh = &ids->remote[i];
    for (unsigned i = 0; i < IDS_RETIRING; i++)
        if (!ids->retiring[i].used)
            retiring = &ids->retiring[i];
    if (!fresh || !retiring)
        return false;
    *retiring = (struct retiring_id){true, old->sequence, now_ns};
    *old = (struct remote_id){0};
    ids->remote_now = (unsigned)(fresh - ids->remote);
    return true;
}

/* ---- saying it ---- */

struct local_id *ids_tell(struct ids *ids, int64_t now_ns)
{
    struct local_id *next = NULL;
    for (unsigned i = 0; i < IDS_LOCAL; i++) {
        struct local_id *local = &ids->local[i];
        if (local->id && local->tell_at_ns <= now_ns && (!next || local->tell_at_ns < next->tell_at_ns))
            next = local;
    }
    return next;
}

struct retiring_id *ids_tell_retired(struct ids *ids, int64_t now_ns)
{
    struct retiring_id *next = NULL;
    for (unsigned i = 0; i < IDS_RETIRING; i++) {
        struct retiring_id *retiring = &ids->retiring[i];
        if (retiring->used && retiring->tell_at_ns <= now_ns &&
            (!next || retiring->tell_at_ns < next->tell_at_ns))
            next = retiring;
    }
    return next;
}

void ids_on_told(struct ids *ids, uint64_t sequence)
{
    for (unsigned i = 0; i < IDS_LOCAL; i++)
        if (ids->local[i].id && ids->local[i].sequence == sequence)
            ids->local[i].tell_at_ns = WZP_NEVER;
}

void ids_on_retired_told(struct ids *ids, uint64_t sequence)
{
    for (unsigned i = 0; i < IDS_RETIRING; i++)
        if (ids->retiring[i].used && ids->retiring[i].sequence == sequence)
            ids->retiring[i].used = false;
}

int64_t ids_tell_at(const struct ids *ids)
{
    int64_t at_ns = WZP_NEVER;
    for (unsigned i = 0; i < IDS_LOCAL; i++)
        if (ids->local[i].id)
            at_ns = wzp_time_min(at_ns, ids->local[i].tell_at_ns);
    for (unsigned i = 0; i < IDS_RETIRING; i++)
        if (ids->retiring[i].used)
            at_ns = wzp_time_min(at_ns, ids->retiring[i].tell_at_ns);
    return at_ns;
}

int64_t ids_gone_at(const struct ids *ids)
{
    int64_t at_ns = WZP_NEVER;
    for (unsigned i = 0; i < IDS_LOCAL; i++)
        if (ids->local[i].id)
            at_ns = wzp_time_min(at_ns, ids->local[i].gone_at_ns);
    return at_ns;
}
