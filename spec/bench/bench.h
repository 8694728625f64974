/* bench.h - what the benchmarks share: CPU time, medians of alternating rounds, one form of line. */
#ifndef CERTSTAT_SPEC_BENCH_H
#define CERTSTAT_SPEC_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void bench_check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

/* CPU seconds of this process. */
static inline double bench_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int bench_ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static inline double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, bench_ascending);
    return values[n / 2];
}

/* A figure, the one that it is held against, and its share of that. */
static inline void bench_line(const char *what, double ours, const char *peer, double theirs,
                              int decimals, const char *unit)
{
    printf("%-34s %10.*f %-22s %-20s %10.*f %6.0f %%\n", what, decimals, ours, unit, peer, decimals,
           theirs, 100 * ours / theirs);
    fflush(stdout);
}

#endif
