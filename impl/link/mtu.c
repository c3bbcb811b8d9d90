// SPDX-License-Identifier: Apache-2.0
#include "link/mtu.h"

static const uint16_t sizes[WZP_MTU_SIZES_COUNT] = WZP_MTU_SIZES;

static void search(struct wzp_mtu *mtu, int64_t at_ns)
{
    mtu->failed = mtu->limit;
    mtu->probed = mtu->limit - 1;
    mtu->tries = 0;
    mtu->next_at_ns = at_ns;
}

void wzp_mtu_init(struct wzp_mtu *mtu, size_t peer_max)
{
    *mtu = (struct wzp_mtu){.limit = 1, .next_at_ns = WZP_NEVER};
    while (mtu->limit < WZP_MTU_SIZES_COUNT && sizes[mtu->limit] <= peer_max)
        mtu->limit++;
    mtu->failed = mtu->limit;
}

void wzp_mtu_want(struct wzp_mtu *mtu, int64_t now_ns)
{
    if (mtu->is_wanted)
        return;
    mtu->is_wanted = true;
    search(mtu, now_ns);
}

size_t wzp_mtu_size(const struct wzp_mtu *mtu)
{
    return sizes[mtu->confirmed];
}

bool wzp_mtu_is_found(const struct wzp_mtu *mtu, int64_t now_ns)
{
    return mtu->is_wanted && mtu->tries == 0 && mtu->next_at_ns > now_ns;
}

int64_t wzp_mtu_next_at(const struct wzp_mtu *mtu)
{
    return mtu->next_at_ns;
}

/* What to probe next, between what is confirmed and what failed; the search rests when nothing is. */
static void choose(struct wzp_mtu *mtu, int64_t now_ns)
{
    mtu->tries = 0;
    mtu->next_at_ns = now_ns;
    if (mtu->failed <= mtu->confirmed)
        mtu->failed = mtu->confirmed + 1;
    if (mtu->failed == mtu->confirmed + 1)
        search(mtu, now_ns + WZP_MTU_AGAIN_NS);
    else
        mtu->probed = (mtu->confirmed + mtu->failed) / 2;
}

size_t wzp_mtu_probe(struct wzp_mtu *mtu, unsigned tries, int64_t timeout_ns, int64_t now_ns)
{
    if (now_ns < mtu->next_at_ns)
        return 0;
    if (mtu->tries >= tries) {
        mtu->failed = mtu->probed;
        choose(mtu, now_ns);
    }
    if (mtu->probed <= mtu->confirmed) {
        mtu->next_at_ns = now_ns + WZP_MTU_AGAIN_NS;
        return 0;
    }
    if (now_ns < mtu->next_at_ns)
        return 0;
    mtu->tries++;
    mtu->next_at_ns = now_ns + timeout_ns;
    return sizes[mtu->probed];
}

bool wzp_mtu_on_sent(struct wzp_mtu *mtu, size_t size, int64_t patience_ns, int64_t now_ns)
{
    if (mtu->confirmed > 0 && mtu->large_out >= WZP_MTU_HOLE_PACKETS &&
        now_ns - mtu->large_since_ns >= patience_ns) {
        mtu->confirmed = 0;
        mtu->large_out = 0;
        search(mtu, now_ns + WZP_MTU_HOLE_NS);
        return true;
    }
    if (size > sizes[0] && mtu->large_out++ == 0)
        mtu->large_since_ns = now_ns;
    return false;
}

bool wzp_mtu_on_acked(struct wzp_mtu *mtu, size_t size, bool is_probe, int64_t now_ns)
{
    if (size > sizes[0])
        mtu->large_out = 0;
    if (!is_probe || size <= sizes[mtu->confirmed])
        return false;
    while (mtu->confirmed + 1 < mtu->limit && sizes[mtu->confirmed + 1] <= size)
        mtu->confirmed++;
    if (mtu->probed <= mtu->confirmed)
        choose(mtu, now_ns);
    return true;
}
