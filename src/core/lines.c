/* lines.c - the lines of a file that changes: a reading shares with the state before the blocks that
 * have stayed the same, and to finish it is to put one array of blocks in the place of another. */
#include "blocks.h"
#include "hints.h"

#include <openssl/crypto.h>
#include <string.h>

#define TEXT_MIN 32768
#define TIDY     16 /* blocks that one call frees */

struct cs_lines {
    struct blocks now, next, gone; /* what is asked, what is being read, what is being freed */
    struct block open;             /* what next goes on with; its text is kept for the one after */
    size_t open_size;
    int open_differs; /* from the block of now at the same place, as far as it goes */
    struct hints hints;
};

static int out_of_memory(cs_error *error)
{
    return cs_fail(error, CS_LIMIT, 0, "out of memory for an index", NULL);
}

int cs_lines_new(cs_lines **out, cs_error *error)
{
    *out = (cs_lines *)OPENSSL_zalloc(sizeof **out);
    return *out ? 0 : out_of_memory(error);
}

void cs_lines_free(cs_lines *lines)
{
    if (!lines) {
        return;
    }
    cs_lines_begin(lines);
    lines->next = lines->now;
    lines->now = (struct blocks){.n = 0};
    cs_lines_begin(lines);
    while (cs_lines_tidy(lines)) {
    }
    OPENSSL_free(lines->open.text);
    cs_hints_free(&lines->hints);
    OPENSSL_free(lines);
}

/* From the last one on: memory that was asked for last is given back to the system piece by piece.
 */
int cs_lines_tidy(cs_lines *lines)
{
    struct blocks *gone = &lines->gone;
    for (int i = 0; i < TIDY && gone->n; i++) {
        cs_blocks_drop(gone);
    }
    if (gone->n) {
        return 1;
    }
    OPENSSL_free(gone->slots);
    *gone = (struct blocks){.n = 0};
    return 0;
}

static void clear_open(cs_lines *lines)
{
    lines->open.n = lines->open.marked = 0;
    lines->open_differs = 0;
}

void cs_lines_begin(cs_lines *lines)
{
    while (cs_lines_tidy(lines)) {
    }
    lines->gone = lines->next;
    lines->next = (struct blocks){.n = 0};
    clear_open(lines);
}

/* The open block goes to the end of next: the very block of now, if nothing in it differs. */
static int close_block(cs_lines *lines, cs_error *error)
{
    struct blocks *next = &lines->next;
    struct block *open = &lines->open;
    struct block *before = next->n < lines->now.n ? lines->now.slots[next->n].block : NULL;
    int is_new = lines->open_differs || !before || before->n != open->n;
    struct block *block = is_new ? cs_block_copy(open) : before;
    if (!block) {
        return out_of_memory(error);
    }
    int rc = cs_blocks_append(next, block, error);
    if (rc && is_new) {
        cs_block_free(block);
    } else if (!rc) {
        clear_open(lines);
    }
    return rc;
}

/* Writes a line into the open block, which has room for it. */
static int write_line(cs_lines *lines, cs_slice line, uint32_t hash, int is_marked, cs_error *error)
{
    struct block *open = &lines->open;
    size_t used = cs_block_start(open, open->n);
    if (!open->text || line.n > lines->open_size - used) {
        size_t size = lines->open_size * 2 > TEXT_MIN ? lines->open_size * 2 : TEXT_MIN;
        size = size > used + line.n ? size : used + line.n;
        void *text = OPENSSL_realloc(open->text, size);
        if (!text) {
            return out_of_memory(error);
        }
        open->text = (char *)text;
        lines->open_size = size;
    }
    memcpy(open->text + used, line.p, line.n);
    open->ends[open->n] = (uint32_t)(used + line.n);
    open->hashes[open->n] = hash;
    open->marks[open->n] = is_marked != 0;
    open->marked += is_marked != 0;
    open->n++;
    return 0;
}

static int close_full_block(cs_lines *lines, cs_error *error)
{
    return lines->open.n == BLOCK_LINES ? close_block(lines, error) : 0;
}

/* Whether the line, and its end, stand at this offset of a text. */
static int begins_with(cs_slice text, size_t offset, cs_slice line)
{
    return line.n < text.n - offset && memcmp(line.p, text.p + offset, line.n) == 0 &&
           text.p[offset + line.n] == '\n';
}

int cs_lines_same(cs_lines *lines, cs_slice text, size_t *n, cs_error *error)
{
    *n = 0;
    for (;;) {
        int rc = close_full_block(lines, error);
        uint32_t i;
        const struct block *block =
            rc ? NULL : cs_blocks_find(&lines->now, cs_lines_read(lines) + 1, &i);
        cs_slice line = block ? cs_block_line(block, i) : (cs_slice){NULL, 0};
        if (!block || !begins_with(text, *n, line)) {
            return rc;
        }
        rc = write_line(lines, line, block->hashes[i], block->marks[i], error);
        if (rc) {
            return rc;
        }
        *n += line.n + 1;
    }
}

int cs_lines_add(cs_lines *lines, cs_slice line, cs_slice key, int is_marked, cs_error *error)
{
    if (line.n > CS_LINE_MAX) {
        return cs_fail(error, CS_LIMIT, 0, "the line is longer than 65536 bytes", NULL);
    }
    int rc = close_full_block(lines, error);
    if (rc) {
        return rc;
    }
    uint32_t position = cs_lines_read(lines) + 1, i, hash = cs_hints_hash(key);
    if (position > CS_LINES_MAX) {
        return cs_fail(error, CS_LIMIT, 0, "there are too many lines", NULL);
    }
    const struct block *before = cs_blocks_find(&lines->now, position, &i);
    rc = cs_hints_put(&lines->hints, position, hash, before ? before->hashes[i] : 0, error);
    if (rc) {
        return rc;
    }
    lines->open_differs = 1;
    return write_line(lines, line, hash, is_marked, error);
}

int cs_lines_finish(cs_lines *lines, cs_error *error)
{
    int rc = lines->open.n ? close_block(lines, error) : 0;
    if (rc) {
        return rc;
    }
    struct blocks before = lines->now;
    lines->now = lines->next;
    lines->next = before;
    cs_lines_begin(lines);
    return 0;
}

uint32_t cs_lines_read(const cs_lines *lines)
{
    return lines->next.lines + lines->open.n;
}

uint32_t cs_lines_count(const cs_lines *lines)
{
    return lines->now.lines;
}

cs_slice cs_lines_at(const cs_lines *lines, uint32_t position)
{
    uint32_t i;
    const struct block *block = cs_blocks_find(&lines->now, position, &i);
    return block ? cs_block_line(block, i) : (cs_slice){NULL, 0};
}

uint32_t cs_lines_find(const cs_lines *lines, cs_slice key, uint32_t below)
{
    uint32_t hash = cs_hints_hash(key), i;
    const struct block *block;
    do {
        below = cs_hints_find(&lines->hints, hash, below);
        block = cs_blocks_find(&lines->now, below, &i);
    } while (below && !(block && block->hashes[i] == hash));
    return below;
}

void cs_lines_mark(cs_lines *lines, uint32_t position)
{
    uint32_t i;
    struct block *block = cs_blocks_find(&lines->now, position, &i);
    if (!block || block->marks[i]) {
        return;
    }
    block->marks[i] = 1;
    block->marked++;
    cs_blocks_count_mark(&lines->now, position, block);
    cs_blocks_count_mark(&lines->next, position, block);
}

uint32_t cs_lines_marked(const cs_lines *lines, uint32_t last)
{
    return cs_blocks_marked(&lines->now, last);
}

uint32_t cs_lines_nth_marked(const cs_lines *lines, uint32_t nth)
{
    return cs_blocks_nth_marked(&lines->now, nth);
}
