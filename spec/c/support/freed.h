/* freed.h - whether memory that is given back still has a secret in it: what OpenSSL's allocator
 * takes, which src/net/ uses for what it keeps, and libcurl's lists of strings. */
#ifndef CERTSTAT_SPEC_FREED_H
#define CERTSTAT_SPEC_FREED_H

#include <curl/curl.h>
#include <dlfcn.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FREED_CANARY "canary-of-the-token"

static int freed_blocks; /* that were looked at */
static int freed_found;  /* those with the canary in them */

static inline void freed_look(const void *p, size_t n)
{
    freed_blocks++;
    freed_found += memmem(p, n, FREED_CANARY, strlen(FREED_CANARY)) != NULL;
}

static inline void *freed_malloc(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return calloc(1, n); /* so that nothing is found that another block had left there */
}

static inline void freed_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    if (p) {
        freed_look(p, malloc_usable_size(p));
    }
    free(p);
}

static inline void *freed_realloc(void *p, size_t n, const char *file, int line)
{
    void *larger = freed_malloc(n, file, line);
    size_t old = p ? malloc_usable_size(p) : 0;
    if (larger && p) {
        memcpy(larger, p, old < n ? old : n);
        freed_free(p, file, line);
    }
    return larger;
}

void curl_slist_free_all(struct curl_slist *list)
{
    void (*real)(struct curl_slist *);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_slist_free_all");
    for (const struct curl_slist *line = list; line; line = line->next) {
        freed_look(line->data, malloc_usable_size(line->data));
    }
    real(list);
}

/* To be called first of all: OpenSSL lets nobody in once it has allocated something. */
static inline void freed_install(void)
{
    if (CRYPTO_set_mem_functions(freed_malloc, freed_realloc, freed_free) != 1) {
        fprintf(stderr, "freed.h: OpenSSL has allocated memory already\n");
        abort();
    }
}

#endif
