/* interrupt_test.c - SIGTERM and SIGHUP are handled as SIGINT is. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "certstat.h"

static volatile sig_atomic_t seen;

static void note(int number)
{
    seen = number;
}

static void they_share_its_handler(void **state)
{
    (void)state;
    signal(SIGINT, note);
    cs_signals_interrupt();
    raise(SIGTERM);
    assert_int_equal(seen, SIGTERM);
    raise(SIGHUP);
    assert_int_equal(seen, SIGHUP);
    raise(SIGINT);
    assert_int_equal(seen, SIGINT);
}

static void they_are_ignored_where_it_is(void **state)
{
    (void)state;
    seen = 0;
    signal(SIGINT, SIG_IGN);
    cs_signals_interrupt();
    raise(SIGTERM);
    raise(SIGHUP);
    assert_int_equal(seen, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_share_its_handler),
        cmocka_unit_test(they_are_ignored_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
