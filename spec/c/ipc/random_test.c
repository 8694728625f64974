/* random_test.c - as many bytes as were asked for, and others each time. */
#include "certstat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 64

static void fills_what_was_asked_and_no_more(void **state)
{
    (void)state;
    unsigned char bytes[SIZE + 1], zero[SIZE] = {0};
    memset(bytes, 0, sizeof bytes);
    bytes[SIZE] = 0xa5;
    assert_int_equal(cs_random_bytes(bytes, SIZE, NULL), 0);
    assert_memory_not_equal(bytes, zero, SIZE); /* by chance once in 2^512 */
    assert_int_equal(bytes[SIZE], 0xa5);
}

static void differs_each_time(void **state)
{
    (void)state;
    unsigned char first[SIZE], second[SIZE];
    assert_int_equal(cs_random_bytes(first, SIZE, NULL), 0);
    assert_int_equal(cs_random_bytes(second, SIZE, NULL), 0);
    assert_memory_not_equal(first, second, SIZE);
}

static void nothing_is_asked_of_the_kernel_for_nothing(void **state)
{
    (void)state;
    unsigned char byte = 0xa5;
    assert_int_equal(cs_random_bytes(&byte, 0, NULL), 0);
    assert_int_equal(byte, 0xa5);
}

/* More than one call of getrandom(2) gives, which a signal may cut at 256 bytes. */
static void fills_a_large_buffer_to_its_end(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    unsigned char zero[SIZE] = {0};
    assert_int_equal(cs_random_bytes(bytes, sizeof bytes, NULL), 0);
    assert_memory_not_equal(bytes + sizeof bytes - SIZE, zero, SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_what_was_asked_and_no_more),
        cmocka_unit_test(differs_each_time),
        cmocka_unit_test(nothing_is_asked_of_the_kernel_for_nothing),
        cmocka_unit_test(fills_a_large_buffer_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
