/* blocks.h - shared inside src/core/ alone: lines in blocks of 256, and arrays of blocks. A block is
 * not changed once it is made (but for marks), so that arrays can share it. */
#ifndef CERTSTAT_BLOCKS_H
#define CERTSTAT_BLOCKS_H

#include "certstat.h"

#define BLOCK_LINES 256

struct block {
    uint32_t users;               /* arrays that it is in */
    uint32_t n, marked;           /* lines */
    uint32_t ends[BLOCK_LINES];   /* where in the text each line ends */
    uint32_t hashes[BLOCK_LINES]; /* of their keys */
    unsigned char marks[BLOCK_LINES];
    char *text;
};

struct slot {
    struct block *block;
    uint32_t marked_before; /* lines, in the slots before this one */
};

/* All blocks but the last are full. A zeroed one is empty. */
struct blocks {
    struct slot *slots;
    size_t n, size;
    uint32_t lines, marked;
};

static inline uint32_t cs_block_start(const struct block *block, uint32_t i)
{
    return i ? block->ends[i - 1] : 0;
}

static inline cs_slice cs_block_line(const struct block *block, uint32_t i)
{
    uint32_t start = cs_block_start(block, i);
    return (cs_slice){block->text + start, block->ends[i] - start};
}

/* A copy in memory of its own, of no array yet; NULL for want of it. */
struct block *cs_block_copy(const struct block *block);
void cs_block_free(struct block *block);

/* Adds a block at the end. CS_LIMIT for want of memory. */
int cs_blocks_append(struct blocks *blocks, struct block *block, cs_error *error);

/* Takes out the last block, which is freed where it is in no other array. Of an array that is taken
 * apart, `lines` and `marked` have no meaning. */
void cs_blocks_drop(struct blocks *blocks);

/* The block of a position, from 1 on, and the line's place in it; NULL where there is none. */
struct block *cs_blocks_find(const struct blocks *blocks, uint32_t position, uint32_t *i);

/* Counts one more marked line in `block`, if that is the block of this position here. */
void cs_blocks_count_mark(struct blocks *blocks, uint32_t position, const struct block *block);

/* As cs_lines_marked and cs_lines_nth_marked. */
uint32_t cs_blocks_marked(const struct blocks *blocks, uint32_t last);
uint32_t cs_blocks_nth_marked(const struct blocks *blocks, uint32_t nth);

#endif
