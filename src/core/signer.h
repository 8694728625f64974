/* signer.h - shared inside src/core/ alone. */
#ifndef CERTSTAT_SIGNER_H
#define CERTSTAT_SIGNER_H

#include "certstat.h"

enum signer_key { SIGNER_V3, SIGNER_V1 };

/* The SHA-256 of bytes. */
int cs_signer_sha256(cs_signer *signer, cs_slice bytes, unsigned char out[32], cs_error *error);

/* The HMAC of bytes: SHA-256 under the secret (V3, 32 bytes), or SHA-1 under the secret and '&' (V1,
 * 20 bytes). */
int cs_signer_hmac(cs_signer *signer, enum signer_key key, cs_slice bytes, unsigned char *out,
                   cs_error *error);

#endif
