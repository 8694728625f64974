/* index.c - the plain lines of an `openssl ca` database. All others are read by who can say what is wrong
 * with them. */
#include "certstat.h"
#include "encode.h"

#include <string.h>

#define COLUMNS 6
#define SERIAL  3 /* the column, from 0 on */

/* The serial number of a plain line; 0 where it is none. */
static int read_plain(cs_slice line, cs_serial *serial)
{
    if (line.n < 2 || (line.p[0] != 'V' && line.p[0] != 'E') || line.p[1] != '\t') {
        return 0;
    }
    cs_slice digits = {NULL, 0};
    const char *at = line.p, *end = line.p + line.n;
    for (int column = 0; column < COLUMNS; column++) {
        const char *tab = (const char *)memchr(at, '\t', (size_t)(end - at));
        if ((tab == NULL) != (column == COLUMNS - 1)) {
            return 0;
        }
        if (column == SERIAL) {
            digits = (cs_slice){at, (size_t)(tab - at)};
        }
        at = tab ? tab + 1 : end;
    }
    for (size_t i = 0; i < digits.n; i++) {
        if (cs_hex_digit(digits.p[i]) < 0) {
            return 0;
        }
    }
    return cs_serial_parse(digits, serial, NULL) == 0;
}

int cs_index_take(cs_lines *lines, cs_slice text, size_t *n, cs_error *error)
{
    *n = 0;
    for (;;) {
        size_t same;
        int rc = cs_lines_same(lines, (cs_slice){text.p + *n, text.n - *n}, &same, error);
        *n += same;
        const char *from = text.p + *n;
        const char *end = *n < text.n ? (const char *)memchr(from, '\n', text.n - *n) : NULL;
        cs_serial serial;
        if (rc || !end || !read_plain((cs_slice){from, (size_t)(end - from)}, &serial)) {
            return rc;
        }
        char hex[2 * CS_SERIAL_MAX];
        cs_buffer key;
        cs_buffer_init(&key, hex, sizeof hex);
        cs_buffer_hex(&key, serial.key, serial.n);
        cs_slice line = {from, (size_t)(end - from)};
        rc = cs_lines_add(lines, line, cs_buffer_slice(&key, 0), 0, error);
        if (rc) {
            return rc;
        }
        *n += line.n + 1;
    }
}
