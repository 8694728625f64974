/* scarce.h - memory that OpenSSL asks for in vain, at the n-th time from now. */
#ifndef CERTSTAT_SPEC_SCARCE_H
#define CERTSTAT_SPEC_SCARCE_H

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

static long scarce_countdown; /* 0: there is enough */

static inline int scarce_is_over(void)
{
    return scarce_countdown > 0 && --scarce_countdown == 0;
}

static inline void *scarce_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return scarce_is_over() ? NULL : malloc(n);
}

static inline void *scarce_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return scarce_is_over() ? NULL : realloc(p, n);
}

static inline void scarce_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* To be called first of all: OpenSSL lets nobody in once it has allocated something. */
static inline void scarce_install(void)
{
    if (CRYPTO_set_mem_functions(scarce_malloc, scarce_realloc, scarce_free) != 1) {
        fprintf(stderr, "scarce.h: OpenSSL has allocated memory already\n");
        abort();
    }
}

/* From now on the n-th allocation fails, and none after it. */
static inline void scarce_fail_at(long n)
{
    scarce_countdown = n;
}

/* Ends that. 1 if an allocation has failed. */
static inline int scarce_end(void)
{
    int failed = scarce_countdown == 0;
    scarce_countdown = 0;
    return failed;
}

#endif
