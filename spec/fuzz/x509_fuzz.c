/* x509_fuzz.c - a walk over the certificates of any bytes ends, moving on with every call, and what it gives is whole:
 * texts are terminated, a serial number has no leading zero. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    cs_slice input = {(const char *)data, size};
    static cs_certificate certificate;
    cs_error error;
    size_t offset = 0;
    for (int rc = 0; CS_CLASS(rc) != CS_CLOSED;) {
        size_t before = offset;
        rc = cs_certificate_next(input, &offset, &certificate, &error);
        HOLDS(CS_CLASS(rc) == CS_CLOSED || offset > before);
        HOLDS(offset <= size || size == 0);
        if (rc == 0) {
            HOLDS(certificate.serial_n <= sizeof certificate.serial);
            HOLDS(certificate.serial_n == 0 || certificate.serial[0] != 0);
            HOLDS(memchr(certificate.subject, 0, sizeof certificate.subject));
            HOLDS(memchr(certificate.issuer, 0, sizeof certificate.issuer));
        } else {
            HOLDS(rc == error.code && error.message[0]);
        }
    }
    return 0;
}
