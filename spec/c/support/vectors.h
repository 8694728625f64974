/* vectors.h - the folders of spec/vectors/, whose README describes them. */
#ifndef CERTSTAT_SPEC_VECTORS_H
#define CERTSTAT_SPEC_VECTORS_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certstat.h"

#define VECTORS "spec/vectors/"

enum { VECTOR_PAIRS = 32, VECTOR_MEMORY = 32 * 1024 };

struct vector {
    char name[64];
    cs_slice algorithm, method, path, host, action, version, date, nonce;
    cs_slice access_key_id, secret, security_token, body, payload_hash;
    cs_pair query[VECTOR_PAIRS], headers[VECTOR_PAIRS], form[VECTOR_PAIRS];
    size_t query_n, headers_n, form_n;
    cs_slice canonical_request, canonical_query, string_to_sign, signature, authorization, target;
    char memory[VECTOR_MEMORY]; /* what all of it points at */
    size_t used;
};

static inline void vector_check(int good, const char *name, const char *what)
{
    if (!good) {
        fprintf(stderr, VECTORS "%s: %s\n", name, what);
        abort();
    }
}

/* A file without its last newline; empty where there is none. */
static inline cs_slice vector_file(struct vector *v, const char *file)
{
    char path[128];
    char *start = v->memory + v->used;
    snprintf(path, sizeof path, VECTORS "%s/%s", v->name, file);
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        return (cs_slice){NULL, 0};
    }
    size_t n = fread(start, 1, VECTOR_MEMORY - v->used, stream);
    fclose(stream);
    vector_check(n > 0 && n < VECTOR_MEMORY - v->used && start[n - 1] == '\n', v->name, file);
    v->used += n;
    return (cs_slice){start, n - 1};
}

/* The next piece of *rest up to `end`, taken off it; \xHH becomes the byte, in place. */
static inline cs_slice vector_piece(cs_slice *rest, char end, char *memory)
{
    const char *at = rest->n ? (const char *)memchr(rest->p, end, rest->n) : NULL;
    size_t n = at ? (size_t)(at - rest->p) : rest->n, out = 0;
    char *p = rest->n ? memory + (rest->p - memory) : memory;
    *rest = (cs_slice){rest->p + n + (at != NULL), rest->n - n - (at != NULL)};
    for (size_t i = 0; i < n && end == '\t'; i++, out++) {
        char hex[3] = {0};
        if (p[i] == '\\') {
            memcpy(hex, p + i + 2, 2);
            i += 3;
        }
        p[out] = hex[0] ? (char)strtoul(hex, NULL, 16) : p[i];
    }
    return (cs_slice){p, end == '\t' ? out : n};
}

static inline void vector_line(struct vector *v, cs_slice line)
{
    const struct {
        const char *key;
        cs_slice *value;
    } values[] = {
        {"algorithm", &v->algorithm},
        {"method", &v->method},
        {"path", &v->path},
        {"host", &v->host},
        {"action", &v->action},
        {"version", &v->version},
        {"date", &v->date},
        {"nonce", &v->nonce},
        {"access_key_id", &v->access_key_id},
        {"secret", &v->secret},
        {"security_token", &v->security_token},
        {"body", &v->body},
        {"payload_hash", &v->payload_hash},
    };
    const struct {
        const char *key;
        cs_pair *pairs;
        size_t *n;
    } lists[] = {
        {"query", v->query, &v->query_n},
        {"header", v->headers, &v->headers_n},
        {"form", v->form, &v->form_n},
    };
    cs_slice key = vector_piece(&line, '\t', v->memory);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (cs_slice_equal(key, cs_slice_of(values[i].key))) {
            *values[i].value = vector_piece(&line, '\t', v->memory);
            return;
        }
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (cs_slice_equal(key, cs_slice_of(lists[i].key))) {
            vector_check(*lists[i].n < VECTOR_PAIRS, v->name, "too many pairs");
            cs_pair *pair = &lists[i].pairs[(*lists[i].n)++];
            pair->name = vector_piece(&line, '\t', v->memory);
            pair->value = vector_piece(&line, '\t', v->memory);
            return;
        }
    }
    vector_check(0, v->name, "unknown key");
}

static inline void vector_load(struct vector *v, const char *name)
{
    memset(v, 0, sizeof *v);
    vector_check(strlen(name) < sizeof v->name, name, "long name");
    strcpy(v->name, name);
    cs_slice request = vector_file(v, "request");
    vector_check(request.n > 0, name, "no request");
    while (request.n) {
        vector_line(v, vector_piece(&request, '\n', v->memory));
    }
    v->canonical_request = vector_file(v, "canonical_request");
    v->canonical_query = vector_file(v, "canonical_query");
    v->string_to_sign = vector_file(v, "string_to_sign");
    v->signature = vector_file(v, "signature");
    v->authorization = vector_file(v, "authorization");
    v->target = vector_file(v, "target");
}

/* Runs `check` on each vector of the algorithm, in no order; returns how many there were. */
static inline size_t vector_each(const char *algorithm, void (*check)(struct vector *v))
{
    static struct vector v;
    size_t n = 0;
    DIR *folder = opendir(VECTORS);
    vector_check(folder != NULL, "", "not run from the project's folder");
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "README") == 0) {
            continue;
        }
        vector_load(&v, entry->d_name);
        if (cs_slice_equal(v.algorithm, cs_slice_of(algorithm))) {
            check(&v);
            n++;
        }
    }
    closedir(folder);
    return n;
}

#endif
