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

/* One line: a figure, the one that it is held against, and how many times that it is. */
static inline void bench_line(const char *what, double figure, const char *against, double other,
                              int decimals, const char *unit)
{
    printf("%-40s %11.*f %-6s %-20s %11.*f %-6s %6.2f\n", what, decimals, figure, unit, against,
           decimals, other, unit, figure / other);
    fflush(stdout);
}

#endif
