// SPDX-License-Identifier: Apache-2.0
#include "fec/raptorq_code.h"

#include <stdbool.h>

#include "base/check.h"
#include "fec/raptorq_tables.h"

static bool is_prime(uint32_t n)
{
    for (uint32_t i = 2; i * i <= n; i++)
        if (n % i == 0)
            return false;
    return n >= 2;
}

struct wzp_raptorq_code wzp_raptorq_code_of(unsigned k)
{
    WZP_CHECK(k >= 1 && k <= WZP_RAPTORQ_K_MAX);
    unsigned low = 0, high = WZP_RAPTORQ_INDICES - 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (wzp_raptorq_indices[middle].k < k)
            low = middle + 1;
        else
            high = middle;
    }
    const struct wzp_raptorq_index *row = &wzp_raptorq_indices[low];
    struct wzp_raptorq_code code = {
        .k = k, .k_prime = row->k, .j = row->j, .s = row->s, .h = row->h, .w = row->w};
    code.l = code.k_prime + code.s + code.h;
    code.p = code.l - code.w;
    for (code.p1 = code.p; !is_prime(code.p1);)
        code.p1++;
    code.b = code.w - code.s;
    return code;
}

uint32_t wzp_raptorq_isi(const struct wzp_raptorq_code *code, uint32_t esi)
{
    return esi < code->k ? esi : esi + (code->k_prime - code->k);
}

/* Section 5.3.5.1. */
static uint32_t rand_below(uint32_t y, uint8_t i, uint32_t m)
{
    return (wzp_raptorq_rand_table[0][(uint8_t)(y + i)] ^ wzp_raptorq_rand_table[1][(uint8_t)((y >> 8) + i)] ^
            wzp_raptorq_rand_table[2][(uint8_t)((y >> 16) + i)] ^
            wzp_raptorq_rand_table[3][(uint8_t)((y >> 24) + i)]) %
           m;
}

/* Section 5.3.5.2. */
static uint32_t degree(uint32_t v)
{
    static const uint32_t below[31] = {0,       5243,    529531,  704294,  791675,  844104,  879057,  904023,
                                       922747,  937311,  948962,  958494,  966438,  973160,  978921,  983914,
                                       988283,  992138,  995565,  998631,  1001391, 1003887, 1006157, 1008229,
                                       1010129, 1011876, 1013490, 1014983, 1016370, 1017662, 1048576};
    uint32_t d = 1;
    while (v >= below[d])
        d++;
    return d;
}

/* Sections 5.3.5.3 (what the tuple is) and 5.3.5.4 (what is made of it). */
unsigned wzp_raptorq_columns(const struct wzp_raptorq_code *code, uint32_t isi,
                             uint16_t columns[static WZP_RAPTORQ_COLUMNS_MAX])
{
    uint32_t y = 10267 * (code->j + 1) + isi * ((53591 + code->j * 997) | 1);
    uint32_t d = degree(rand_below(y, 0, 1 << 20));
    if (d > code->w - 2)
        d = code->w - 2;
    uint32_t a = 1 + rand_below(y, 1, code->w - 1);
    uint32_t b = rand_below(y, 2, code->w);
    uint32_t d1 = d < 4 ? 2 + rand_below(isi, 3, 2) : 2;
    uint32_t a1 = 1 + rand_below(isi, 4, code->p1 - 1);
    uint32_t b1 = rand_below(isi, 5, code->p1);
    unsigned count = 0;
    for (; d > 0; d--) {
        columns[count++] = (uint16_t)b;
        b = b + a < code->w ? b + a : b + a - code->w;
    }
    for (; d1 > 0; d1--) {
        while (b1 >= code->p)
            b1 = (b1 + a1) % code->p1;
        columns[count++] = (uint16_t)(code->w + b1);
        b1 = (b1 + a1) % code->p1;
    }
    return count;
}

/* Section 5.3.3.3. Column i of the first b stands in the rows i, i + a, i + 2 a modulo s, where a = 1 + i /
 * s; so row r finds its columns by going back from r, one for each run of s columns and each of the three. */
void wzp_raptorq_ldpc(const struct wzp_raptorq_code *code, uint16_t *columns, uint32_t *first)
{
    uint32_t count = 0;
    for (uint32_t r = 0; r < code->s; r++) {
        first[r] = count;
        for (uint32_t run = 0; run * code->s < code->b; run++)
            for (uint32_t times = 0; times < 3; times++) {
                uint32_t back = times * (run + 1) % code->s;
                uint32_t i = run * code->s + (r + code->s - back) % code->s;
                if (i < code->b)
                    columns[count++] = (uint16_t)i;
            }
        columns[count++] = (uint16_t)(code->b + r);
        columns[count++] = (uint16_t)(code->w + r % code->p);
        columns[count++] = (uint16_t)(code->w + (r + 1) % code->p);
    }
    first[code->s] = count;
}

struct wzp_raptorq_pair wzp_raptorq_hdpc(const struct wzp_raptorq_code *code, uint32_t column)
{
    uint32_t a = rand_below(column + 1, 6, code->h);
    uint32_t b = (a + rand_below(column + 1, 7, code->h - 1) + 1) % code->h;
    return (struct wzp_raptorq_pair){(uint8_t)a, (uint8_t)b};
}
