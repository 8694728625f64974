/* clock_test.c - the clocks are the ones that their comments name. */
#include "certstat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;
    assert_int_equal(clock_gettime(clock, &t), 0);
    return (int64_t)t.tv_sec * CS_SEC + t.tv_nsec;
}

static void is_between(int64_t (*function)(void), clockid_t clock)
{
    int64_t before = read_clock(clock), read = function(), after = read_clock(clock);
    assert_true(before <= read && read <= after);
}

static void now_is_boottime_in_nanoseconds(void **state)
{
    (void)state;
    is_between(cs_clock_now_ns, CLOCK_BOOTTIME);
}

static void wall_is_realtime_in_nanoseconds(void **state)
{
    (void)state;
    is_between(cs_clock_wall_ns, CLOCK_REALTIME);
}

static void thread_is_this_threads_own_in_nanoseconds(void **state)
{
    (void)state;
    is_between(cs_clock_thread_ns, CLOCK_THREAD_CPUTIME_ID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_is_boottime_in_nanoseconds),
        cmocka_unit_test(wall_is_realtime_in_nanoseconds),
        cmocka_unit_test(thread_is_this_threads_own_in_nanoseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
