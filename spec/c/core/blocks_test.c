/* blocks_test.c - arrays share blocks, and each knows where its n-th marked line is. */
#include "core/blocks.h"
#include "support/scarce.h"
#include "support/slices.h"

/* A block of n lines "a", of which every `step`-th is marked; step 0: none. */
static struct block *new_block(uint32_t n, uint32_t step)
{
    static char text[BLOCK_LINES];
    static struct block block;
    memset(text, 'a', sizeof text);
    block = (struct block){.n = n, .text = text};
    for (uint32_t i = 0; i < n; i++) {
        block.ends[i] = i + 1;
        block.marks[i] = step && (i + 1) % step == 0;
        block.marked += block.marks[i];
    }
    struct block *copy = cs_block_copy(&block);
    assert_non_null(copy);
    return copy;
}

static void append(struct blocks *blocks, struct block *block)
{
    assert_int_equal(cs_blocks_append(blocks, block, NULL), 0);
}

static void take_apart(struct blocks *blocks)
{
    while (blocks->n) {
        cs_blocks_drop(blocks);
    }
    OPENSSL_free(blocks->slots);
}

static void finds_positions(void **state)
{
    (void)state;
    struct blocks blocks = {.n = 0};
    struct block *full = new_block(BLOCK_LINES, 0), *part = new_block(3, 0);
    append(&blocks, full);
    append(&blocks, part);
    assert_int_equal(blocks.lines, 259);
    static const struct {
        uint32_t position, is_full, i;
    } rows[] = {{1, 1, 0}, {256, 1, 255}, {257, 0, 0}, {259, 0, 2}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t at;
        struct block *found = cs_blocks_find(&blocks, rows[i].position, &at);
        assert_ptr_equal(found, rows[i].is_full ? full : part);
        assert_int_equal(at, rows[i].i);
        assert_slice_text(cs_block_line(found, at), "a");
    }
    uint32_t at;
    assert_null(cs_blocks_find(&blocks, 0, &at));
    assert_null(cs_blocks_find(&blocks, 260, &at));
    take_apart(&blocks);
}

static void finds_marked_lines(void **state)
{
    (void)state;
    struct blocks blocks = {.n = 0};
    for (int i = 0; i < 40; i++) {
        append(&blocks, new_block(i == 39 ? 7 : BLOCK_LINES, i % 3 == 1 ? 100 : 0));
    }
    assert_int_equal(blocks.marked, 26); /* at 100 and 200 of the blocks 1, 4, …, 37 */
    for (uint32_t nth = 1; nth <= 26; nth++) {
        uint32_t block = (nth - 1) / 2 * 3 + 1;
        uint32_t position = block * BLOCK_LINES + (nth % 2 ? 100 : 200);
        assert_int_equal(cs_blocks_nth_marked(&blocks, nth), position);
        assert_int_equal(cs_blocks_marked(&blocks, position), nth);
        assert_int_equal(cs_blocks_marked(&blocks, position - 1), nth - 1);
    }
    assert_int_equal(cs_blocks_nth_marked(&blocks, 0), 0);
    assert_int_equal(cs_blocks_nth_marked(&blocks, 27), 0);
    assert_int_equal(cs_blocks_marked(&blocks, 0), 0);
    assert_int_equal(cs_blocks_marked(&blocks, UINT32_MAX), 26);
    take_apart(&blocks);
}

static void shares_blocks(void **state)
{
    (void)state;
    struct blocks one = {.n = 0}, other = {.n = 0};
    struct block *shared = new_block(BLOCK_LINES, 0), *own = new_block(BLOCK_LINES, 0);
    append(&one, shared);
    append(&one, new_block(1, 1));
    append(&other, own);
    append(&other, new_block(1, 1));
    assert_int_equal(cs_blocks_append(&other, shared, NULL), 0);
    assert_int_equal(shared->users, 2);
    shared->marks[0] = 1;
    shared->marked++;
    cs_blocks_count_mark(&one, 1, shared);
    cs_blocks_count_mark(&other, 1, shared); /* is at another place there */
    cs_blocks_count_mark(&other, 10000, shared);
    assert_int_equal(one.marked, 2);
    assert_int_equal(other.marked, 1);
    assert_int_equal(cs_blocks_nth_marked(&one, 2), 257);
    take_apart(&one);
    assert_int_equal(shared->users, 1);
    take_apart(&other);
}

static void survives_want_of_memory(void **state)
{
    (void)state;
    struct block *block = new_block(3, 0);
    for (long n = 1; n <= 2; n++) {
        scarce_fail_at(n);
        assert_null(cs_block_copy(block));
        assert_true(scarce_end());
    }
    struct blocks blocks = {.n = 0};
    cs_error error;
    scarce_fail_at(1);
    int rc = cs_blocks_append(&blocks, block, &error);
    assert_true(scarce_end());
    assert_refused(rc, error, CS_LIMIT, "out of memory for an index");
    assert_int_equal(blocks.lines, 0);
    cs_block_free(block);
}

int main(void)
{
    scarce_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_positions),
        cmocka_unit_test(finds_marked_lines),
        cmocka_unit_test(shares_blocks),
        cmocka_unit_test(survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
