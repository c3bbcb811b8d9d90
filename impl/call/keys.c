// SPDX-License-Identifier: Apache-2.0
#include "call/keys.h"

#include "base/check.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define WITH_FRAMES    5
#define FRAME_EVERY_NS (20 * WZP_MS)
#define FAST_EVERY_NS  (40 * WZP_MS)
#define FAST_NS        (2 * WZP_S)
#define SLOW_EVERY_NS  (200 * WZP_MS)
#define EARLY_NS       (10 * WZP_MS) /* so much before it is due a key shares a frame's packet */
#define PATIENCE_NS    (5 * WZP_MS)  /* so long after it is due it waits for one */

static_assert(WZP_KEY_BODY_LEN == WZP_SENDER_BODY_LEN && WZP_KEY_ACK_BODY_LEN == WZP_SENDER_ACK_BODY_LEN,
              "wire and crypt agree");
static_assert(WZP_MEMBERS_MAX <= 64, "rows are bits of a word");

void call_keys_init(struct call_keys *keys, const struct self *self, struct members *members,
                    struct wzp_drbg *drbg, int64_t lifetime_ns)
{
    *keys = (struct call_keys){
        .self = self, .members = members, .drbg = drbg, .lifetime_ns = lifetime_ns, .fresh_at_ns = WZP_NEVER};
    for (unsigned i = 0; i < KEYS_BURST; i++)
        keys->sent_ns[i] = INT64_MIN;
}

void call_keys_deinit(struct call_keys *keys)
{
    sodium_memzero(&keys->own, sizeof keys->own);
    sodium_memzero(&keys->media, sizeof keys->media);
    sodium_memzero(&keys->video, sizeof keys->video);
    sodium_memzero(keys->early, sizeof keys->early);
    keys->offered = 0;
    keys->fresh_at_ns = WZP_NEVER;
}

/* ---- ours ---- */

static uint64_t bit_of(const struct call_keys *keys, const struct member *member)
{
    return UINT64_C(1) << members_row(keys->members, member);
}

static void seal_offer(const struct call_keys *keys, struct member *member)
{
    if (member->offer.is_sealed)
        return;
    WZP_CHECK(!member->is_refused && member->offer.word == keys->own.word);
    wzp_key_seal(&keys->self->identity, &member->pair, &keys->self->record, &member->record, &keys->own,
                 member->offer.body);
    member->offer.is_sealed = true;
}

static void offer_to(struct call_keys *keys, struct member *member, int64_t now_ns)
{
    member->offer = (struct offer){.word = keys->own.word, .due_ns = now_ns + FRAME_EVERY_NS};
    keys->offered |= bit_of(keys, member);
}

static void use_own(struct call_keys *keys)
{
    wzp_media_key_make(&keys->own, WZP_MEDIA_TYPE_AUDIO, 0, &keys->media);
    wzp_media_key_make(&keys->own, WZP_MEDIA_TYPE_VIDEO, 0, &keys->video);
}

void call_keys_renew(struct call_keys *keys, int64_t now_ns)
{
    wzp_sender_key_fresh(&keys->own, keys->drbg);
    use_own(keys);
    keys->fresh_at_ns = now_ns;
    keys->offered = 0;
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++) {
        struct member *member = &keys->members->row[i];
        if (members_is_here(member))
            offer_to(keys, member, now_ns);
    }
}

void call_keys_on_member_joined(struct call_keys *keys, struct member *member, int64_t now_ns)
{
    if ((keys->own.word & WZP_STEP_MAX) == WZP_STEP_MAX) {
        call_keys_renew(keys, now_ns);
        return;
    }
    /* Offers that have not gone out yet are of the key before the step: afterwards it is gone. */
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++)
        if (keys->offered >> i & 1)
            seal_offer(keys, &keys->members->row[i]);
    wzp_sender_key_step(&keys->own);
    use_own(keys);
    offer_to(keys, member, now_ns);
}

void call_keys_on_member_back(struct call_keys *keys, struct member *member, int64_t now_ns)
{
    offer_to(keys, member, now_ns);
}

bool call_keys_advance(struct call_keys *keys, int64_t now_ns)
{
    if (keys->fresh_at_ns == WZP_NEVER || now_ns - keys->fresh_at_ns < keys->lifetime_ns)
        return false;
    call_keys_renew(keys, now_ns);
    return true;
}

/* When one more KEY frame may go. */
static int64_t burst_over_ns(const struct call_keys *keys)
{
    int64_t oldest_ns = keys->sent_ns[keys->sent_next];
    return oldest_ns == INT64_MIN ? oldest_ns : oldest_ns + KEYS_BURST_NS;
}

int64_t call_keys_next_at(const struct call_keys *keys)
{
    int64_t at_ns = WZP_NEVER;
    for (unsigned i = 0; keys->offered && i < WZP_MEMBERS_MAX; i++)
        if (keys->offered >> i & 1)
            at_ns = wzp_time_min(at_ns, keys->members->row[i].offer.due_ns + PATIENCE_NS);
    at_ns = wzp_time_max(at_ns, burst_over_ns(keys));
    if (keys->fresh_at_ns != WZP_NEVER)
        at_ns = wzp_time_min(at_ns, keys->fresh_at_ns + keys->lifetime_ns);
    return at_ns;
}

static bool is_due(const struct offer *offer, bool beside_frame, int64_t now_ns)
{
    if (beside_frame)
        return offer->sent == 0 || now_ns >= offer->due_ns - EARLY_NS;
    return now_ns >= offer->due_ns + PATIENCE_NS;
}

static void count_sent(struct call_keys *keys, struct offer *offer, int64_t now_ns)
{
    if (offer->sent++ == 0)
        offer->first_ns = now_ns;
    offer->due_ns = now_ns + (offer->sent < WITH_FRAMES            ? FRAME_EVERY_NS
                              : now_ns - offer->first_ns < FAST_NS ? FAST_EVERY_NS
                                                                   : SLOW_EVERY_NS);
    keys->sent_ns[keys->sent_next] = now_ns;
    keys->sent_next = (keys->sent_next + 1) % KEYS_BURST;
}

struct member *call_keys_due(struct call_keys *keys, bool beside_frame, int64_t now_ns)
{
    if (!keys->offered || now_ns < burst_over_ns(keys))
        return NULL;
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++) {
        unsigned row = (keys->turn + i) % WZP_MEMBERS_MAX;
        struct member *member = &keys->members->row[row];
        if (!(keys->offered >> row & 1) || !is_due(&member->offer, beside_frame, now_ns))
            continue;
        seal_offer(keys, member);
        count_sent(keys, &member->offer, now_ns);
        keys->turn = (row + 1) % WZP_MEMBERS_MAX;
        return member;
    }
    return NULL;
}

bool call_keys_on_ack(struct call_keys *keys, struct member *member, const uint8_t *body, bool *is_news)
{
    uint32_t word;
    *is_news = false;
    if (member->is_refused ||
        !wzp_key_ack_check(&member->pair, &keys->self->record, &member->record, body, &word))
        return false;
    uint64_t bit = bit_of(keys, member);
    *is_news = (keys->offered & bit) && word >= member->offer.word;
    if (*is_news)
        keys->offered &= ~bit;
    return true;
}

void call_keys_seal(const struct call_keys *keys, uint32_t sequence,
                    const uint8_t header[WZP_MEDIA_HEADER_LEN], struct wzp_slice plain, uint8_t *out)
{
    WZP_CHECK(keys->own.word != 0);
    wzp_media_seal(&keys->media, sequence, header, plain.data, plain.len, out);
}

void call_keys_seal_video(const struct call_keys *keys, uint32_t sequence,
                          const uint8_t header[WZP_MEDIA_HEADER_LEN], struct wzp_slice plain, uint8_t *out)
{
    WZP_CHECK(keys->own.word != 0);
    wzp_media_seal(&keys->video, sequence, header, plain.data, plain.len, out);
}

/* ---- theirs ---- */

uint32_t call_keys_word(const uint8_t *body)
{
    struct wzp_reader reader = wzp_reader_make(body, 4);
    return wzp_read_u32(&reader);
}

static enum call_keys_verdict accept(struct call_keys *keys, struct member *member, const uint8_t *body,
                                     enum wzp_drop *reason)
{
    struct wzp_sender_key key;
    enum wzp_key_result result = wzp_key_open(&member->pair, &member->record, &keys->self->record, body,
                                              &key);
    if (result != WZP_KEY_OPENED) {
        *reason = result == WZP_KEY_BAD_SIGNATURE ? WZP_DROP_KEY_SIGNATURE : WZP_DROP_KEY_SEAL;
        return CALL_KEYS_REFUSED;
    }
    struct accepted *accepted = &member->accepted;
    wzp_sender_keys_add(&member->keys, &key);
    accepted->used = true;
    memcpy(accepted->body, body, sizeof accepted->body);
    wzp_key_ack_make(&member->pair, &member->record, &keys->self->record, key.word, accepted->ack_body);
    sodium_memzero(&key, sizeof key);
    return CALL_KEYS_NEW;
}

enum call_keys_verdict call_keys_on_key(struct call_keys *keys, struct member *member, const uint8_t *body,
                                        int64_t now_ns, enum wzp_drop *reason)
{
    struct accepted *accepted = &member->accepted;
    if (member->is_refused) {
        *reason = member->refusal;
        return CALL_KEYS_REFUSED;
    }
    bool is_known = accepted->used && memcmp(accepted->body, body, sizeof accepted->body) == 0;
    if (is_known && now_ns - accepted->acked_ns < KEYS_ACK_EVERY_NS)
        return CALL_KEYS_TOO_SOON;
    enum call_keys_verdict verdict = is_known ? CALL_KEYS_REPEATED : accept(keys, member, body, reason);
    if (verdict != CALL_KEYS_REFUSED)
        accepted->acked_ns = now_ns;
    return verdict;
}

bool call_keys_put_early(struct call_keys *keys, uint16_t slot, const uint8_t *body, int64_t now_ns)
{
    struct early_key *place = NULL;
    bool is_lost = false;
    for (unsigned i = 0; i < KEYS_EARLY_MAX; i++) {
        struct early_key *early = &keys->early[i];
        if (early->slot && early->slot != slot && now_ns - early->at_ns > KEYS_EARLY_NS) {
            early->slot = 0;
            is_lost = true;
        }
        if (early->slot == slot || (!early->slot && !place))
            place = early;
    }
    if (!place)
        return false;
    place->slot = slot;
    place->at_ns = now_ns;
    memcpy(place->body, body, sizeof place->body);
    return !is_lost;
}

enum call_keys_early call_keys_take_early(struct call_keys *keys, uint16_t slot, int64_t now_ns,
                                          uint8_t body[WZP_KEY_BODY_LEN])
{
    for (unsigned i = 0; i < KEYS_EARLY_MAX; i++) {
        struct early_key *early = &keys->early[i];
        if (early->slot != slot)
            continue;
        early->slot = 0;
        memcpy(body, early->body, sizeof early->body);
        return now_ns - early->at_ns <= KEYS_EARLY_NS ? CALL_KEYS_EARLY_TAKEN : CALL_KEYS_EARLY_TOO_OLD;
    }
    return CALL_KEYS_EARLY_NONE;
}
