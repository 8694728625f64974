/* fuzz.h - what the fuzz targets share: libFuzzer calls `one` with bytes; HOLDS ends the process where the target's
 * invariant does not hold. */
#ifndef CERTSTAT_FUZZ_H
#define CERTSTAT_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certstat.h"

#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Memory of exactly this size, so that the sanitizer sees one byte too many. */
static inline cs_buffer fuzz_buffer(size_t size)
{
    cs_buffer b;
    cs_buffer_init(&b, malloc(size ? size : 1), size);
    HOLDS(b.p);
    return b;
}

/* The next line of `rest`, which loses it and its '\n'. */
static inline cs_slice fuzz_line(cs_slice *rest)
{
    const char *end = rest->n ? (const char *)memchr(rest->p, '\n', rest->n) : NULL;
    cs_slice line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
    if (end) {
        *rest = (cs_slice){end + 1, rest->n - line.n - 1};
    } else {
        *rest = (cs_slice){NULL, 0};
    }
    return line;
}

#endif
