/* pem.h - PEM blocks in text (RFC 7468), read as laxly as real files need: text, blanks and byte
 * order marks before a line, any line end or none, any line length. For src/x509/ alone. */
#ifndef CERTSTAT_X509_PEM_H
#define CERTSTAT_X509_PEM_H

#include "certstat.h"

/* All offsets count bytes of the text from 0. */
typedef struct pem_block {
    cs_slice label;      /* CERTIFICATE; borrowed; empty where the BEGIN line is damaged */
    size_t begin;        /* of "-----BEGIN" */
    size_t body, body_n; /* what stands between the two lines, and its length */
    size_t end;          /* behind the block: where the search for the next one goes on */
    const char *damage;  /* NULL, or what is found in place of a whole block (never its own text) */
    size_t damage_at;    /* and where */
} pem_block;

/* The first block that begins at or after `from`: 1, or 0 where there is none. */
int pem_find(cs_slice text, size_t from, pem_block *block);

/* Decodes the block's base64 into out, which has room for pem_decoded_most(block) bytes, and its
 * length into *n. Returns 0; or CS_PROTOCOL with the offset of the first byte that can't be there
 * in *damage_at. */
int pem_decode(cs_slice text, const pem_block *block, unsigned char *out, size_t *n,
               size_t *damage_at);
size_t pem_decoded_most(const pem_block *block);

#endif
