/* hints.h - shared inside src/core/ alone: at which positions a key may be found. */
#ifndef CERTSTAT_HINTS_H
#define CERTSTAT_HINTS_H

#include "certstat.h"

#define HINT_GROUPS 256

/* A hash table that never moves: chains from a fixed number of heads, the heads in groups and the
 * hints in rows of some hundred positions, each made on first use. A position has room for two
 * hints: of the line that stands there, and of the one that may stand there soon. */
struct hints {
    uint32_t *heads[HINT_GROUPS];
    struct hint **rows;
    size_t n, size; /* of rows */
};

/* What a key is sought by; never 0. */
uint32_t cs_hints_hash(cs_slice key);

/* A hint that a key of this hash stands at this position, from 1 to 2^31 - 1. kept: the hash of
 * which the position's hint stays, 0 for none; another hint of the position may go. CS_LIMIT for
 * want of memory. */
int cs_hints_put(struct hints *hints, uint32_t position, uint32_t hash, uint32_t kept,
                 cs_error *error);

/* The last position before `below` with a hint of this hash; 0: none. */
uint32_t cs_hints_find(const struct hints *hints, uint32_t hash, uint32_t below);

void cs_hints_free(struct hints *hints); /* what it holds, not the struct */

#endif
