/* clock.c - the clocks: one that never steps and counts suspended time, one that people read, and a
 * thread's own. */
#include "certstat.h"

#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * CS_SEC + t.tv_nsec;
}

int64_t cs_clock_now_ns(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

int64_t cs_clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t cs_clock_thread_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
