/* hints.c - the hash table behind cs_lines. Growing it moves and visits nothing, so that no single
 * step is long; the price is that chains grow where there are more positions than heads. */
#include "hints.h"

#include <openssl/crypto.h>

#define GROUP    4096 /* heads of a group: 2^20 in all, chains of one for a million positions */
#define ROW      512  /* hints of a row: two for each of 256 positions */
#define ROWS_MIN 64

/* Hints are numbered from 1 on: the two of position p are 2p and 2p + 1. */
struct hint {
    uint32_t hash; /* 0: none */
    uint32_t next; /* of its chain; 0: none */
};

/* FNV-1a (draft-eastlake-fnv), and its bits mixed once more: heads are chosen by the low ones. */
uint32_t cs_hints_hash(cs_slice key)
{
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < key.n; i++) {
        hash = (hash ^ (unsigned char)key.p[i]) * UINT32_C(16777619);
    }
    hash ^= hash >> 15;
    return hash ? hash : 1;
}

static uint32_t *head_of(const struct hints *hints, uint32_t hash)
{
    uint32_t *group = hints->heads[hash / GROUP % HINT_GROUPS];
    return group ? &group[hash % GROUP] : NULL;
}

static struct hint *hint_at(const struct hints *hints, uint32_t number)
{
    return &hints->rows[number / ROW][number % ROW];
}

static int out_of_memory(cs_error *error)
{
    return cs_fail(error, CS_LIMIT, 0, "out of memory for an index", NULL);
}

/* Makes sure that the hints of a position are there, and the head of a hash. */
static int make_room(struct hints *hints, uint32_t position, uint32_t hash, cs_error *error)
{
    size_t row = position * (size_t)2 / ROW;
    if (row >= hints->size) {
        size_t size = hints->size ? hints->size * 2 : ROWS_MIN;
        size = size > row ? size : row + 1;
        void *rows = OPENSSL_realloc(hints->rows, size * sizeof *hints->rows);
        if (!rows) {
            return out_of_memory(error);
        }
        hints->rows = (struct hint **)rows;
        hints->size = size;
    }
    for (; hints->n <= row; hints->n++) {
        hints->rows[hints->n] = (struct hint *)OPENSSL_zalloc(ROW * sizeof(struct hint));
        if (!hints->rows[hints->n]) {
            return out_of_memory(error);
        }
    }
    uint32_t **group = &hints->heads[hash / GROUP % HINT_GROUPS];
    if (!*group) {
        *group = (uint32_t *)OPENSSL_zalloc(GROUP * sizeof **group);
    }
    return *group ? 0 : out_of_memory(error);
}

static void unlink_hint(struct hints *hints, uint32_t number)
{
    struct hint *hint = hint_at(hints, number);
    uint32_t *link = head_of(hints, hint->hash);
    while (*link != number) {
        link = &hint_at(hints, *link)->next;
    }
    *link = hint->next;
    *hint = (struct hint){0, 0};
}

int cs_hints_put(struct hints *hints, uint32_t position, uint32_t hash, uint32_t kept,
                 cs_error *error)
{
    int rc = make_room(hints, position, hash, error);
    if (rc) {
        return rc;
    }
    uint32_t number = position * 2;
    const struct hint *both = hint_at(hints, number);
    if (both[0].hash == hash || both[1].hash == hash) {
        return 0;
    }
    number += kept && both[0].hash == kept;
    struct hint *hint = hint_at(hints, number);
    if (hint->hash) {
        unlink_hint(hints, number);
    }
    uint32_t *head = head_of(hints, hash);
    *hint = (struct hint){.hash = hash, .next = *head};
    *head = number;
    return 0;
}

uint32_t cs_hints_find(const struct hints *hints, uint32_t hash, uint32_t below)
{
    const uint32_t *head = head_of(hints, hash);
    uint32_t best = 0;
    for (uint32_t number = head ? *head : 0; number; number = hint_at(hints, number)->next) {
        uint32_t position = number / 2;
        if (hint_at(hints, number)->hash == hash && position < below && position > best) {
            best = position;
        }
    }
    return best;
}

void cs_hints_free(struct hints *hints)
{
    for (size_t i = 0; i < HINT_GROUPS; i++) {
        OPENSSL_free(hints->heads[i]);
    }
    for (size_t i = 0; i < hints->n; i++) {
        OPENSSL_free(hints->rows[i]);
    }
    OPENSSL_free(hints->rows);
}
