/* hints_test.c - a hint is found until its position needs the room, whatever else has its hash. */
#include "core/hints.h"
#include "support/scarce.h"
#include "support/slices.h"

static void put(struct hints *hints, uint32_t position, uint32_t hash, uint32_t kept)
{
    assert_int_equal(cs_hints_put(hints, position, hash, kept, NULL), 0);
}

static void finds_the_last_before(void **state)
{
    (void)state;
    struct hints hints = {.n = 0};
    assert_int_equal(cs_hints_find(&hints, 7, UINT32_MAX), 0);
    put(&hints, 300, 7, 0);
    put(&hints, 5, 7, 0);
    put(&hints, 100000, 7, 0);
    put(&hints, 6, 7 + (UINT32_C(1) << 20), 0); /* the same head */
    assert_int_equal(cs_hints_find(&hints, 7, UINT32_MAX), 100000);
    assert_int_equal(cs_hints_find(&hints, 7, 100000), 300);
    assert_int_equal(cs_hints_find(&hints, 7, 300), 5);
    assert_int_equal(cs_hints_find(&hints, 7, 5), 0);
    assert_int_equal(cs_hints_find(&hints, 8, UINT32_MAX), 0);
    assert_int_equal(cs_hints_find(&hints, 7 + (UINT32_C(1) << 20), UINT32_MAX), 6);
    cs_hints_free(&hints);
}

/* A position has two hints: the one that must stay, and the newest of the others. */
static void keeps_what_it_is_told_to(void **state)
{
    (void)state;
    struct hints hints = {.n = 0};
    put(&hints, 1, 10, 0);
    put(&hints, 1, 20, 10);
    assert_int_equal(cs_hints_find(&hints, 10, 2), 1);
    assert_int_equal(cs_hints_find(&hints, 20, 2), 1);
    put(&hints, 1, 30, 10);
    assert_int_equal(cs_hints_find(&hints, 10, 2), 1);
    assert_int_equal(cs_hints_find(&hints, 20, 2), 0);
    assert_int_equal(cs_hints_find(&hints, 30, 2), 1);
    put(&hints, 1, 40, 30);
    assert_int_equal(cs_hints_find(&hints, 10, 2), 0);
    assert_int_equal(cs_hints_find(&hints, 30, 2), 1);
    put(&hints, 1, 40, 30); /* once more */
    put(&hints, 2, 40, 0);
    put(&hints, 1, 50, 30);
    assert_int_equal(cs_hints_find(&hints, 40, 2), 0);
    assert_int_equal(cs_hints_find(&hints, 40, 3), 2);
    cs_hints_free(&hints);
}

/* What goes from the middle of a chain leaves the rest of it. */
static void mends_the_chain(void **state)
{
    (void)state;
    static const uint32_t same_head = UINT32_C(1) << 20;
    struct hints hints = {.n = 0};
    for (uint32_t position = 1; position <= 3; position++) {
        put(&hints, position, 7 + position * same_head, 0);
    }
    put(&hints, 2, 8, 0);
    assert_int_equal(cs_hints_find(&hints, 7 + 1 * same_head, UINT32_MAX), 1);
    assert_int_equal(cs_hints_find(&hints, 7 + 2 * same_head, UINT32_MAX), 0);
    assert_int_equal(cs_hints_find(&hints, 7 + 3 * same_head, UINT32_MAX), 3);
    assert_int_equal(cs_hints_find(&hints, 8, UINT32_MAX), 2);
    cs_hints_free(&hints);
}

static void hashes_differ_by_a_bit(void **state)
{
    (void)state;
    uint32_t a = cs_hints_hash(CS_LITERAL("0a")), b = cs_hints_hash(CS_LITERAL("0b"));
    assert_true(a && b && a != b && (a ^ b) >> 20 != 0 && ((a ^ b) & 0xfffff) != 0);
    assert_int_equal(cs_hints_hash(CS_LITERAL("0a")), a);
    assert_true(cs_hints_hash((cs_slice){NULL, 0}) != 0);
}

static void survives_want_of_memory(void **state)
{
    (void)state;
    struct hints hints = {.n = 0};
    for (long n = 1;; n++) {
        cs_error error;
        scarce_fail_at(n);
        int rc = cs_hints_put(&hints, 1000, 7, 0, &error);
        if (!scarce_end()) {
            assert_int_equal(rc, 0);
            assert_true(n > 3);
            break;
        }
        assert_refused(rc, error, CS_LIMIT, "out of memory for an index");
        assert_int_equal(cs_hints_find(&hints, 7, UINT32_MAX), 0);
    }
    assert_int_equal(cs_hints_find(&hints, 7, UINT32_MAX), 1000);
    cs_hints_free(&hints);
}

int main(void)
{
    scarce_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_last_before),   cmocka_unit_test(keeps_what_it_is_told_to),
        cmocka_unit_test(mends_the_chain),         cmocka_unit_test(hashes_differ_by_a_bit),
        cmocka_unit_test(survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
