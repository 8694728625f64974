/* random.c - bytes nobody can guess, for nonces and jitter. */
#include "certstat.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int cs_random_bytes(void *out, size_t n, cs_error *error)
{
    unsigned char *p = (unsigned char *)out;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return cs_fail(error, CS_LIMIT, errno, "getrandom: ", strerror(errno), NULL);
        }
        p += got;
        n -= (size_t)got;
    }
    return 0;
}
