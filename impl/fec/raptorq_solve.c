// SPDX-License-Identifier: Apache-2.0
#include "fec/raptorq_solve.h"

#include <string.h>

#include "base/check.h"

#define NOWHERE  UINT32_MAX           /* a column that is still active */
#define INACTIVE UINT32_C(0x80000000) /* with the index of an inactive column */

void *wzp_raptorq_take(struct wzp_raptorq_memory *memory, size_t bytes)
{
    void *taken = memory->base != NULL ? memory->base + memory->used : NULL;
    memory->used += (bytes + WZP_RAPTORQ_ALIGN - 1) / WZP_RAPTORQ_ALIGN * WZP_RAPTORQ_ALIGN;
    return taken;
}

/* Thousands of blocks of K = 130 to 56403 with random losses needed two fifths of this beside the PI symbols
 * at most, and the plans of all K' less than half (raptorq_test.c); symbols chosen for it would need more,
 * and fail.
 */
static unsigned inactive_limit(const struct wzp_raptorq_code *code)
{
    unsigned limit = code->p + 128 + code->k_prime / 64;
    return limit < code->l ? limit : code->l;
}

void wzp_raptorq_solver_init(struct wzp_raptorq_solver *solver, const struct wzp_raptorq_code *code,
                             const struct wzp_raptorq_pair *pairs, unsigned rows_max, size_t list_max,
                             struct wzp_raptorq_memory *memory)
{
    size_t l = code->l, rows = rows_max, inactive = inactive_limit(code);
    memset(solver, 0, sizeof(*solver));
    solver->code = *code;
    solver->pairs = pairs;
    solver->rows_max = rows_max;
    solver->list_max = list_max;
    solver->inactive_max = (unsigned)inactive;
    solver->rest_max = (unsigned)(rows - l + inactive);
    size_t words = (inactive + 63) / 64, dense_words = words + (solver->rest_max + 63) / 64;
    solver->hdpc_stride = words * 64;
    solver->rows = wzp_raptorq_take(memory, rows * sizeof(*solver->rows));
    solver->degree = wzp_raptorq_take(memory, rows * sizeof(*solver->degree));
    solver->xor_of = wzp_raptorq_take(memory, rows * sizeof(*solver->xor_of));
    solver->two_a = wzp_raptorq_take(memory, rows * sizeof(*solver->two_a));
    solver->two_b = wzp_raptorq_take(memory, rows * sizeof(*solver->two_b));
    solver->ready = wzp_raptorq_take(memory, rows * sizeof(*solver->ready));
    solver->twos = wzp_raptorq_take(memory, l * sizeof(*solver->twos));
    solver->holders_first = wzp_raptorq_take(memory, (l + 1) * sizeof(*solver->holders_first));
    solver->holders = wzp_raptorq_take(memory, list_max * sizeof(*solver->holders));
    solver->place = wzp_raptorq_take(memory, l * sizeof(*solver->place));
    solver->pivot_row = wzp_raptorq_take(memory, l * sizeof(*solver->pivot_row));
    solver->pivot_column = wzp_raptorq_take(memory, l * sizeof(*solver->pivot_column));
    solver->inactive_column = wzp_raptorq_take(memory, inactive * sizeof(*solver->inactive_column));
    solver->first = wzp_raptorq_take(memory, (rows + 1) * sizeof(*solver->first));
    solver->solved = wzp_raptorq_take(memory, rows * sizeof(*solver->solved));
    solver->list = wzp_raptorq_take(memory, list_max * sizeof(*solver->list));
    solver->bits = wzp_raptorq_take(memory, l * words * sizeof(*solver->bits));
    solver->rest_row = wzp_raptorq_take(memory, solver->rest_max * sizeof(*solver->rest_row));
    solver->dense = wzp_raptorq_take(memory, solver->rest_max * dense_words * sizeof(*solver->dense));
    solver->rank_column = wzp_raptorq_take(memory, inactive * sizeof(*solver->rank_column));
    solver->hdpc = wzp_raptorq_take(memory, code->h * solver->hdpc_stride);
    solver->of_free = wzp_raptorq_take(memory, inactive * sizeof(*solver->of_free));
    solver->of_free_rows = wzp_raptorq_take(memory, inactive * sizeof(*solver->of_free_rows));
    solver->hdpc_t = wzp_raptorq_take(memory, solver->hdpc_stride);
}

/* ---- phase 1 ---- */

static void find_holders(struct wzp_raptorq_solver *s)
{
    unsigned w = s->code.w;
    uint32_t *first = s->holders_first;
    memset(first, 0, (w + 1) * sizeof(*first));
    for (unsigned r = 0; r < s->row_count; r++)
        for (unsigned i = 0; i < s->rows[r].active; i++)
            first[s->rows[r].columns[i]]++;
    uint32_t sum = 0;
    for (unsigned c = 0; c <= w; c++) {
        sum += first[c];
        first[c] = sum;
    }
    for (unsigned r = s->row_count; r-- > 0;)
        for (unsigned i = 0; i < s->rows[r].active; i++)
            s->holders[--first[s->rows[r].columns[i]]] = (uint16_t)r;
}

/* Row r has two active columns: finds them. */
static void on_two(struct wzp_raptorq_solver *s, unsigned r)
{
    const uint16_t *column = s->rows[r].columns;
    while (s->place[*column] != NOWHERE)
        column++;
    s->two_a[r] = *column;
    s->two_b[r] = s->xor_of[r] ^ *column;
    s->twos[s->two_a[r]]++;
    s->twos[s->two_b[r]]++;
}

static void start(struct wzp_raptorq_solver *s)
{
    s->pivots = s->inactive = s->ready_count = 0;
    memset(s->place, 0xff, s->code.w * sizeof(*s->place));
    memset(s->twos, 0, s->code.w * sizeof(*s->twos));
    for (unsigned c = s->code.w; c < s->code.l; c++) {
        s->place[c] = INACTIVE | s->inactive;
        s->inactive_column[s->inactive++] = (uint16_t)c;
    }
    for (unsigned r = 0; r < s->row_count; r++) {
        uint16_t sum = 0;
        for (unsigned i = 0; i < s->rows[r].active; i++)
            sum ^= s->rows[r].columns[i];
        s->xor_of[r] = sum;
        s->degree[r] = s->rows[r].active;
        if (s->degree[r] == 1)
            s->ready[s->ready_count++] = (uint16_t)r;
        else if (s->degree[r] == 2)
            on_two(s, r);
    }
}

/* Column c is no longer active; its place is written. */
static void retire(struct wzp_raptorq_solver *s, unsigned c)
{
    for (uint32_t i = s->holders_first[c]; i < s->holders_first[c + 1]; i++) {
        unsigned r = s->holders[i];
        s->xor_of[r] ^= (uint16_t)c;
        s->degree[r]--;
        if (s->degree[r] == 1) {
            s->ready[s->ready_count++] = (uint16_t)r;
            s->twos[s->two_a[r]]--;
            s->twos[s->two_b[r]]--;
        } else if (s->degree[r] == 2) {
            on_two(s, r);
        }
    }
}

/* The active column that most rows of two hold; without any, one of a row of the least degree, or just one.
 */
static unsigned choose_inactive(const struct wzp_raptorq_solver *s)
{
    unsigned best = 0, most = 0;
    for (unsigned c = 0; c < s->code.w; c++)
        if (s->twos[c] > most) {
            most = s->twos[c];
            best = c;
        }
    if (most > 0)
        return best;
    unsigned least = UINT32_MAX, row = 0;
    for (unsigned r = 0; r < s->row_count; r++)
        if (s->degree[r] > 0 && s->degree[r] < least) {
            least = s->degree[r];
            row = r;
        }
    const uint16_t *column = s->rows[row].columns;
    if (least < UINT32_MAX) {
        while (s->place[*column] != NOWHERE)
            column++;
        return *column;
    }
    while (s->place[best] != NOWHERE)
        best++;
    return best;
}

static bool find_pivots(struct wzp_raptorq_solver *s)
{
    start(s);
    find_holders(s);
    while (s->pivots + s->inactive < s->code.l) {
        if (s->ready_count > 0) {
            unsigned r = s->ready[--s->ready_count];
            if (s->degree[r] != 1)
                continue;
            unsigned c = s->xor_of[r];
            s->pivot_row[s->pivots] = (uint16_t)r;
            s->pivot_column[s->pivots] = (uint16_t)c;
            s->place[c] = s->pivots++;
            retire(s, c);
        } else {
            if (s->inactive == s->inactive_max)
                return false;
            unsigned c = choose_inactive(s);
            s->inactive_column[s->inactive] = (uint16_t)c;
            s->place[c] = INACTIVE | s->inactive++;
            retire(s, c);
        }
    }
    return true;
}

/* ---- phase 2: over GF(2) ---- */

static void add_words(uint64_t *dst, const uint64_t *src, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        dst[i] ^= src[i];
}

static void flip(uint64_t *bits, unsigned i)
{
    bits[i / 64] ^= UINT64_C(1) << i % 64;
}

static bool has(const uint64_t *bits, unsigned i)
{
    return bits[i / 64] >> i % 64 & 1;
}

/* Writes the list of one step and sums up the inactive ones that its row comes to. */
static void write_step(struct wzp_raptorq_solver *s, unsigned step, unsigned row, unsigned own,
                       uint64_t *bits)
{
    const struct wzp_raptorq_row *r = &s->rows[row];
    uint16_t *front = s->list + s->first[step];
    uint16_t *back = front + r->count - (own != NOWHERE);
    s->first[step + 1] = (uint32_t)(back - s->list);
    for (unsigned i = 0; i < r->count; i++) {
        uint16_t column = r->columns[i];
        uint32_t place = s->place[column];
        if (place == own)
            continue;
        if (place & INACTIVE) {
            *--back = column;
            flip(bits, place & ~INACTIVE);
        } else {
            *front++ = column;
            add_words(bits, s->bits + (size_t)place * s->words, s->words);
        }
    }
    s->solved[step] = (uint16_t)(front - (s->list + s->first[step]));
}

static void write_steps(struct wzp_raptorq_solver *s)
{
    s->words = (s->inactive + 63) / 64;
    s->rest = s->row_count - s->pivots;
    s->dense_words = s->words + (s->rest + 63) / 64;
    memset(s->bits, 0, (size_t)s->pivots * s->words * sizeof(*s->bits));
    memset(s->dense, 0, (size_t)s->rest * s->dense_words * sizeof(*s->dense));
    s->first[0] = 0;
    for (unsigned i = 0; i < s->pivots; i++) {
        write_step(s, i, s->pivot_row[i], i, s->bits + (size_t)i * s->words);
        s->degree[s->pivot_row[i]] = UINT16_MAX;
    }
    for (unsigned r = 0, i = 0; r < s->row_count; r++)
        if (s->degree[r] != UINT16_MAX) {
            uint64_t *bits = s->dense + (size_t)i * s->dense_words;
            s->rest_row[i] = (uint16_t)r;
            write_step(s, s->pivots + i, r, NOWHERE, bits);
            flip(bits + s->words, i);
            i++;
        }
}

/* Gauss and Jordan over the rows of the rest. Which inactive ones they give, and which stay free, goes to
 * rank_column; row i of `dense` then gives rank_column[i]. */
static bool reduce_rest(struct wzp_raptorq_solver *s)
{
    unsigned free = 0, words = s->dense_words;
    uint16_t free_columns[WZP_RAPTORQ_HDPC_MAX];
    s->rank = 0;
    for (unsigned c = 0; c < s->inactive; c++) {
        uint64_t *pivot = s->dense + (size_t)s->rank * words;
        unsigned r = s->rank;
        while (r < s->rest && !has(s->dense + (size_t)r * words, c))
            r++;
        if (r == s->rest) {
            if (free == s->code.h)
                return false;
            free_columns[free++] = (uint16_t)c;
            continue;
        }
        uint64_t *found = s->dense + (size_t)r * words;
        if (found != pivot)
            for (unsigned i = 0; i < words; i++) {
                uint64_t word = pivot[i];
                pivot[i] = found[i];
                found[i] = word;
            }
        for (r = 0; r < s->rest; r++)
            if (r != s->rank && has(s->dense + (size_t)r * words, c))
                add_words(s->dense + (size_t)r * words, pivot, words);
        s->rank_column[s->rank++] = (uint16_t)c;
    }
    memcpy(s->rank_column + s->rank, free_columns, free * sizeof(*free_columns));
    return true;
}

/* ---- phase 2: over GF(256) ---- */

/* dst[i] ^= bit i of bits. */
static void add_expanded(uint8_t *dst, const uint64_t *bits, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        for (unsigned byte = 0; byte < 8; byte++) {
            uint64_t spread = (bits[i] >> 8 * byte & 0xff) * UINT64_C(0x0101010101010101), word;
            /* Byte j of `spread` keeps bit j only, and that becomes its lowest. */
            spread &= UINT64_C(0x8040201008040201);
            spread = ((spread + UINT64_C(0x7f7f7f7f7f7f7f7f)) & UINT64_C(0x8080808080808080)) >> 7;
            memcpy(&word, dst + i * 64 + byte * 8, sizeof(word));
            word ^= spread;
            memcpy(dst + i * 64 + byte * 8, &word, sizeof(word));
        }
}

/* The HDPC rows' coefficients of the inactive ones, once each pivot is replaced by what it is made of. */
static void write_hdpc(struct wzp_raptorq_solver *s, const struct wzp_gf256 *gf)
{
    size_t len = (size_t)s->words * 64;
    unsigned columns = s->code.k_prime + s->code.s;
    memset(s->hdpc_t, 0, len);
    memset(s->hdpc, 0, s->code.h * s->hdpc_stride);
    for (unsigned c = 0; c < columns; c++) {
        gf->scale(s->hdpc_t, 2, len);
        if (s->place[c] & INACTIVE)
            s->hdpc_t[s->place[c] & ~INACTIVE] ^= 1;
        else
            add_expanded(s->hdpc_t, s->bits + (size_t)s->place[c] * s->words, s->words);
        if (c < columns - 1) {
            gf->add(s->hdpc + s->pairs[c].a * s->hdpc_stride, s->hdpc_t, len);
            gf->add(s->hdpc + s->pairs[c].b * s->hdpc_stride, s->hdpc_t, len);
        }
    }
    for (unsigned r = 0; r < s->code.h; r++) {
        uint8_t *row = s->hdpc + r * s->hdpc_stride;
        gf->add(row, s->hdpc_t, len);
        gf->scale(s->hdpc_t, 2, len);
        row[s->place[columns + r] & ~INACTIVE] ^= 1;
    }
    /* In the order of rank_column, and those of its rank without gaps, as a product takes them. */
    for (unsigned r = 0; r < s->code.h; r++) {
        const uint8_t *row = memcpy(s->hdpc_t, s->hdpc + r * s->hdpc_stride, len);
        for (unsigned i = 0; i < s->rank; i++)
            s->hdpc[r * s->rank + i] = row[s->rank_column[i]];
        for (unsigned i = s->rank; i < s->inactive; i++)
            s->hdpc_free[r][i - s->rank] = row[s->rank_column[i]];
    }
}

/* Solves the free ones: the HDPC rows once the others are replaced by what they are of the free ones. */
static bool invert_free(struct wzp_raptorq_solver *s, const struct wzp_gf256 *gf)
{
    enum { H = WZP_RAPTORQ_HDPC_MAX };
    uint8_t m[H][2 * H] = {{0}}; /* coefficients of the free ones | of the sums */
    uint8_t *row[H];
    unsigned h = s->code.h, free = s->inactive - s->rank;
    for (unsigned i = 0; i < s->rank; i++) {
        const uint64_t *bits = s->dense + (size_t)i * s->dense_words;
        for (unsigned f = 0; f < free; f++)
            s->of_free[i][f] = has(bits, s->rank_column[s->rank + f]);
        s->of_free_rows[i] = s->of_free[i];
    }
    for (unsigned r = 0; r < h; r++) {
        row[r] = m[r];
        memcpy(row[r], s->hdpc_free[r], free);
        row[r][H + r] = 1;
    }
    gf->product(row, s->of_free_rows, s->hdpc, h, s->rank, free);
    for (unsigned f = 0; f < free; f++) {
        unsigned r = f;
        while (r < h && row[r][f] == 0)
            r++;
        if (r == h)
            return false;
        uint8_t *pivot = row[r];
        row[r] = row[f];
        row[f] = pivot;
        gf->scale(pivot, wzp_gf256_inverse(pivot[f]), 2 * H);
        for (r = 0; r < h; r++)
            if (r != f && row[r][f] != 0)
                gf->mul_add(row[r], pivot, row[r][f], 2 * H);
    }
    for (unsigned f = 0; f < free; f++)
        memcpy(s->inverse + f * h, row[f] + H, h);
    return true;
}

bool wzp_raptorq_solve(struct wzp_raptorq_solver *solver, const struct wzp_gf256 *gf)
{
    WZP_CHECK(solver->row_count <= solver->rows_max);
    if (solver->row_count + solver->code.h < solver->code.l || !find_pivots(solver))
        return false;
    write_steps(solver);
    if (!reduce_rest(solver))
        return false;
    write_hdpc(solver, gf);
    return invert_free(solver, gf);
}
