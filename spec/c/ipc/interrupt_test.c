/* interrupt_test.c - SIGTERM and SIGHUP are handled as SIGINT is; SIGUSR1 asks. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

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
    struct sigaction action;
    sigaction(SIGINT, NULL, &action);
    assert_int_equal(action.sa_flags & SA_RESTART, 0);
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

static void a_file_that_may_not_grow_is_a_full_disk(void **state)
{
    (void)state;
    struct rlimit before, none;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    cs_signals_interrupt();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    errno = 0;
    assert_int_equal(write(fileno(file), "x", 1), -1);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    fclose(file);
}

static void being_asked_is_noticed_once(void **state)
{
    (void)state;
    assert_int_equal(cs_signal_asked(), 0);
    raise(SIGUSR1);
    raise(SIGUSR1);
    assert_int_equal(cs_signal_asked(), 1);
    assert_int_equal(cs_signal_asked(), 0);
}

static void *raise_here(void *unused)
{
    raise(SIGUSR1);
    return unused;
}

/* as a resolver's thread does that was there before the first call */
static void being_asked_is_noticed_in_any_thread(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(cs_signal_asked(), 0);
    assert_int_equal(pthread_create(&thread, NULL, raise_here, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(cs_signal_asked(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_share_its_handler),
        cmocka_unit_test(they_are_ignored_where_it_is),
        cmocka_unit_test(a_file_that_may_not_grow_is_a_full_disk),
        cmocka_unit_test(being_asked_is_noticed_once),
        cmocka_unit_test(being_asked_is_noticed_in_any_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
