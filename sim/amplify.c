// SPDX-License-Identifier: Apache-2.0
#include "sim/amplify.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 256 /* a power of two */

struct account {
    struct wzp_addr addr;
    bool is_used, is_proven;
    uint64_t came, sent;
};

struct sim_amplify {
    struct account *account; /* open addressing */
    size_t count, capacity;
};

static size_t place_of(const struct wzp_addr *addr, size_t capacity)
{
    uint64_t mixed = addr->port;
    for (size_t i = 0; i < sizeof addr->ip; i++)
        mixed = (mixed ^ addr->ip[i]) * UINT64_C(0x100000001b3);
    return (size_t)((mixed ^ mixed >> 29) & (capacity - 1));
}

static struct account *find(struct account *accounts, size_t capacity, const struct wzp_addr *addr)
{
    size_t place = place_of(addr, capacity);
    while (accounts[place].is_used && !wzp_addr_equal(&accounts[place].addr, addr))
        place = (place + 1) & (capacity - 1);
    return &accounts[place];
}

static void grow(struct sim_amplify *amplify)
{
    size_t capacity = amplify->capacity ? 2 * amplify->capacity : CAPACITY_FIRST;
    struct account *wider = calloc(capacity, sizeof *wider);
    WZP_CHECK(wider);
    for (size_t i = 0; i < amplify->capacity; i++)
        if (amplify->account[i].is_used)
            *find(wider, capacity, &amplify->account[i].addr) = amplify->account[i];
    free(amplify->account);
    amplify->account = wider;
    amplify->capacity = capacity;
}

static struct account *account_of(struct sim_amplify *amplify, const struct wzp_addr *addr)
{
    if (2 * amplify->count >= amplify->capacity)
        grow(amplify);
    struct account *account = find(amplify->account, amplify->capacity, addr);
    if (!account->is_used) {
        *account = (struct account){.addr = *addr, .is_used = true};
        amplify->count++;
    }
    return account;
}

struct sim_amplify *sim_amplify_create(void)
{
    struct sim_amplify *amplify = calloc(1, sizeof *amplify);
    WZP_CHECK(amplify);
    return amplify;
}

void sim_amplify_destroy(struct sim_amplify *amplify)
{
    free(amplify->account);
    free(amplify);
}

void sim_amplify_came(struct sim_amplify *amplify, const struct wzp_addr *from, size_t bytes)
{
    account_of(amplify, from)->came += bytes;
}

void sim_amplify_proved(struct sim_amplify *amplify, const struct wzp_addr *addr)
{
    account_of(amplify, addr)->is_proven = true;
}

void sim_amplify_answered(struct sim_amplify *amplify, const struct wzp_addr *addr)
{
    for (size_t i = 0; i < amplify->capacity; i++) {
        struct account *account = &amplify->account[i];
        if (account->is_used && memcmp(account->addr.ip, addr->ip, sizeof addr->ip) == 0)
            account->is_proven = true;
    }
    sim_amplify_proved(amplify, addr);
}

bool sim_amplify_sent(struct sim_amplify *amplify, const struct wzp_addr *to, size_t bytes)
{
    struct account *account = account_of(amplify, to);
    account->sent += bytes;
    return account->is_proven || account->sent <= SIM_AMPLIFY_MAX * account->came;
}
