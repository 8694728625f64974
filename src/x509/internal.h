/* internal.h - what the files of src/x509/ share. */
#ifndef CERTSTAT_X509_INTERNAL_H
#define CERTSTAT_X509_INTERNAL_H

#include <openssl/x509.h>

#include "certstat.h"

/* Larger than any certificate in use (the largest post-quantum signatures take 50 KB); bounds the
 * memory of one call. */
#define CERTIFICATE_MAX ((size_t)1 << 20)

/* cs_certificate_next, whose certificate is left in *x509 for the caller to free; NULL where the
 * result is not 0. */
int x509_next(cs_slice bytes, size_t *offset, cs_certificate *out, X509 **x509, cs_error *error);

#endif
