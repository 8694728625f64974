/* x509_fuzz.c - a walk over the certificates of any bytes ends, moving on with every call, and what it gives is whole:
 * texts are terminated, a serial number has no leading zero. The first is described whole, or refused. */
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
    static cs_description description;
    size_t room = cs_certificate_work_size(input);
    char *memory = (char *)malloc(room);
    cs_buffer work;
    cs_buffer_init(&work, memory, room);
    int rc = cs_certificate_describe(input, &certificate, &description, &work, &error);
    HOLDS(rc == 0 || (rc == error.code && error.message[0]));
    HOLDS(rc != 0 || description.pem.n > 0);
    free(memory);
    return 0;
}
