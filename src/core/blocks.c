/* blocks.c - the blocks behind cs_lines. */
#include "blocks.h"

#include <openssl/crypto.h>
#include <string.h>

#define SLOTS_MIN 16

struct block *cs_block_copy(const struct block *block)
{
    size_t n = cs_block_start(block, block->n);
    struct block *copy = (struct block *)OPENSSL_malloc(sizeof *copy);
    char *text = (char *)OPENSSL_malloc(n ? n : 1);
    if (!copy || !text) {
        OPENSSL_free(copy);
        OPENSSL_free(text);
        return NULL;
    }
    *copy = *block;
    memcpy(text, block->text, n);
    copy->text = text;
    copy->users = 0;
    return copy;
}

void cs_block_free(struct block *block)
{
    OPENSSL_free(block->text);
    OPENSSL_free(block);
}

int cs_blocks_append(struct blocks *blocks, struct block *block, cs_error *error)
{
    if (blocks->n == blocks->size) {
        size_t size = blocks->size ? blocks->size * 2 : SLOTS_MIN;
        void *slots = OPENSSL_realloc(blocks->slots, size * sizeof *blocks->slots);
        if (!slots) {
            return cs_fail(error, CS_LIMIT, 0, "out of memory for an index", NULL);
        }
        blocks->slots = (struct slot *)slots;
        blocks->size = size;
    }
    blocks->slots[blocks->n++] = (struct slot){block, blocks->marked};
    blocks->lines += block->n;
    blocks->marked += block->marked;
    block->users++;
    return 0;
}

void cs_blocks_drop(struct blocks *blocks)
{
    struct block *block = blocks->slots[--blocks->n].block;
    if (--block->users == 0) {
        cs_block_free(block);
    }
}

struct block *cs_blocks_find(const struct blocks *blocks, uint32_t position, uint32_t *i)
{
    if (position == 0 || position > blocks->lines) {
        return NULL;
    }
    *i = (position - 1) % BLOCK_LINES;
    return blocks->slots[(position - 1) / BLOCK_LINES].block;
}

void cs_blocks_count_mark(struct blocks *blocks, uint32_t position, const struct block *block)
{
    size_t at = (position - 1) / BLOCK_LINES;
    if (at >= blocks->n || blocks->slots[at].block != block) {
        return;
    }
    blocks->marked++;
    for (size_t i = at + 1; i < blocks->n; i++) {
        blocks->slots[i].marked_before++;
    }
}

uint32_t cs_blocks_marked(const struct blocks *blocks, uint32_t last)
{
    uint32_t i;
    const struct block *block = cs_blocks_find(blocks, last, &i);
    if (!block) {
        return last ? blocks->marked : 0;
    }
    uint32_t marked = blocks->slots[(last - 1) / BLOCK_LINES].marked_before;
    for (uint32_t j = 0; j <= i; j++) {
        marked += block->marks[j];
    }
    return marked;
}

uint32_t cs_blocks_nth_marked(const struct blocks *blocks, uint32_t nth)
{
    if (nth == 0 || nth > blocks->marked) {
        return 0;
    }
    size_t low = 0, high = blocks->n; /* the n-th is in a slot from low on, before high */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (blocks->slots[middle].marked_before < nth) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const struct slot *slot = &blocks->slots[low];
    uint32_t marked = slot->marked_before, i = 0;
    while ((marked += slot->block->marks[i]) < nth) {
        i++;
    }
    return (uint32_t)low * BLOCK_LINES + i + 1;
}
