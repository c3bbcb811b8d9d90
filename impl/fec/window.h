// SPDX-License-Identifier: Apache-2.0
/*
 * The sliding-window random linear code over GF(256): a repair symbol is a sum of the newest source symbols,
 * each times a coefficient that everybody computes alike. After RFC 8681, with keys in place of consecutive
 * numbers and coefficients from a hash of (id, position).
 *
 * Law: a source symbol comes out of `poll` exactly once and as soon as what was told determines it (by full
 * Gaussian elimination over everything that was told), as long as at most WZP_WINDOW_UNKNOWNS_MAX sources
 * are missing at a time and no equation names a source older than the newest sources_max known ones. Whatever
 * a peer tells, memory stays what it was at init and one call does at most 2 * WZP_WINDOW_UNKNOWNS_MAX
 * multiplications of a symbol by a coefficient.
 *
 * How: the equations are kept in reduced row echelon form, columns by age of the missing source. So each row
 * leads with its oldest source, and the oldest missing source of all stands in one row at most: giving it up
 * costs one equation.
 *
 * Symbols of an equation are zero-padded to the length of its repair, and a recovered one keeps that
 * padding: a symbol must tell its own length, or bear zeros behind it.
 *
 * Everything is in the caller's memory. This does NOT know packets, times or windows: who asks for repair,
 * how much of it and what a key is belongs to session/repair_out and session/repair_in. It does not tell
 * true symbols from forged ones either: who finds a bad one calls poison. Chapter: proto/10-repair.md.
 */
#ifndef WZP_FEC_WINDOW_H
#define WZP_FEC_WINDOW_H

#include "base/bytes.h"
#include "fec/gf256.h"

#define WZP_WINDOW_SYMBOLS_MAX  64 /* source symbols in one repair */
#define WZP_WINDOW_UNKNOWNS_MAX 64 /* missing sources kept, and so equations */
#define WZP_WINDOW_SOURCES_MAX                                                                               \
    256 /* the most that sources_max may be; the least is WZP_WINDOW_UNKNOWNS_MAX */
#define WZP_WINDOW_SYMBOL_MAX 4096 /* the most that symbol_max may be */

/* Never 0, the same at every hop. */
uint8_t wzp_window_coefficient(uint16_t id, unsigned position);

/*
 * out = sum over the positions of coefficient(id, position) * symbols[position], each zero-padded to `len`.
 * 1 to WZP_WINDOW_SYMBOLS_MAX symbols, none longer than `len` (checked). Repairs of one window differ by id.
 */
void wzp_window_encode(const struct wzp_gf256 *field, uint16_t id, const struct wzp_slice *symbols,
                       unsigned count, uint8_t *out, size_t len);

enum wzp_window_verdict {
    WZP_WINDOW_USEFUL,    /* something new: a source, or one more independent equation */
    WZP_WINDOW_USELESS,   /* tells nothing that is not known */
    WZP_WINDOW_STALE,     /* about a source that is forgotten or given up */
    WZP_WINDOW_MALFORMED, /* no such equation: too long, shorter than one of its sources, a key twice, no or
                             too many keys */
    WZP_WINDOW_CONFLICT,  /* contradicts what was told before: somebody lied */
};

struct wzp_window;

/* Bytes of memory for a decoder that keeps the newest `sources_max` known symbols of up to `symbol_max`
 * bytes. */
size_t wzp_window_size(unsigned sources_max, size_t symbol_max);
/* `memory` of wzp_window_size bytes, aligned for uint64_t, is the decoder from now on; it owns nothing else.
 */
struct wzp_window *wzp_window_init(void *memory, const struct wzp_gf256 *field, unsigned sources_max,
                                   size_t symbol_max);

/* A source symbol came. It is copied. Only MALFORMED (too long), USELESS (known) or USEFUL. */
enum wzp_window_verdict wzp_window_on_source(struct wzp_window *window, uint64_t key,
                                             struct wzp_slice symbol);

/* A repair symbol came, about the symbols `keys` by position. Nothing changes unless the verdict is USEFUL or
 * STALE. */
enum wzp_window_verdict wzp_window_on_repair(struct wzp_window *window, uint16_t id, const uint64_t *keys,
                                             unsigned count, struct wzp_slice repair);

/*
 * The next recovered symbol, zero-padded; false when there is none. It stays until the next call that tells
 * the decoder something. Poll after each such call: one that is forgotten first is not given.
 */
bool wzp_window_poll(struct wzp_window *window, uint64_t *key, struct wzp_slice *symbol);

/*
 * The symbol `key` is not to be believed, or not wanted: forgets it, every equation that its value went into
 * or that still holds it, and every symbol recovered by its help. It may be told again.
 */
void wzp_window_poison(struct wzp_window *window, uint64_t key);

#endif
