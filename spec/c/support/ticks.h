/* ticks.h - the clocks of a test: each look at one takes tick_ns, or they stand still; for libcurl
 * too. */
#ifndef CERTSTAT_SPEC_TICKS_H
#define CERTSTAT_SPEC_TICKS_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "certstat.h"

static int64_t tick_ns, ticked_ns;
static int standing;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *t)
{
    int result = (int)syscall(SYS_clock_gettime, clock, t);
    int64_t ns = t->tv_nsec + __atomic_add_fetch(&ticked_ns, tick_ns, __ATOMIC_RELAXED);
    t->tv_sec = standing ? 1 << 30 : t->tv_sec + ns / CS_SEC;
    t->tv_nsec = standing ? 0 : ns % CS_SEC;
    return result;
}

#endif
