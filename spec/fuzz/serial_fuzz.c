/* serial_fuzz.c - whatever is read as a serial number has a key of 1 to 20 octets without a leading zero, and the key's
 * own hexadecimal form, colon form and bytes give that key again; whatever is refused says why, fit to be shown. */
#include "fuzz.h"

static void check_same(const cs_serial *a, int rc, const cs_serial *b)
{
    HOLDS(rc == 0);
    HOLDS(a->n == b->n && memcmp(a->key, b->key, a->n) == 0);
}

static void check_forms(const cs_serial *serial)
{
    char hex[2 * CS_SERIAL_MAX], colons[3 * CS_SERIAL_MAX];
    cs_buffer a, b;
    cs_serial again;
    HOLDS(serial->n >= 1 && serial->n <= CS_SERIAL_MAX && serial->key[0] != 0);
    cs_buffer_init(&a, hex, sizeof hex);
    cs_buffer_init(&b, colons, sizeof colons);
    for (size_t i = 0; i < serial->n; i++) {
        cs_buffer_hex(&a, serial->key + i, 1);
        cs_buffer_text(&b, i ? ":" : "");
        cs_buffer_hex(&b, serial->key + i, 1);
    }
    HOLDS(!a.failed && !b.failed);
    check_same(serial, cs_serial_parse(cs_buffer_slice(&a, 0), &again, NULL), &again);
    check_same(serial, cs_serial_parse(cs_buffer_slice(&b, 0), &again, NULL), &again);
    cs_slice bytes = {(const char *)serial->key, serial->n};
    check_same(serial, cs_serial_bytes(bytes, &again, NULL), &again);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    cs_slice input = {(const char *)data, size};
    cs_serial serial;
    cs_error error;
    int rc = cs_serial_parse(input, &serial, &error);
    if (rc == 0) {
        HOLDS(!size || !memchr(data, ',', size));
        check_forms(&serial);
    } else {
        HOLDS(CS_CLASS(rc) == CS_ARGUMENT && rc == error.code);
        for (const char *c = error.message; *c; c++) {
            HOLDS(*c >= ' ' && *c < 127);
        }
    }
    if (cs_serial_bytes(input, &serial, NULL) == 0) {
        check_forms(&serial);
    }
    return 0;
}
