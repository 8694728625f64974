/* terminal_test.c - a descriptor is a terminal, or it is not. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "certstat.h"

static void a_terminal_is_one(void **state)
{
    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(cs_terminal_is(terminal), 1);
    close(terminal);
    assert_int_equal(cs_terminal_is(terminal), 0);
    close(master);
}

static void a_pipe_is_none(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(cs_terminal_is(ends[0]), 0);
    assert_int_equal(cs_terminal_is(ends[1]), 0);
    close(ends[0]);
    close(ends[1]);
}

static void no_descriptor_is_none(void **state)
{
    (void)state;
    assert_int_equal(cs_terminal_is(-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_is_one),
        cmocka_unit_test(a_pipe_is_none),
        cmocka_unit_test(no_descriptor_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
