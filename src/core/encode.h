/* encode.h - shared inside src/core/ alone. */
#ifndef CERTSTAT_ENCODE_H
#define CERTSTAT_ENCODE_H

#include "certstat.h"

/* Appends `text` decoded; with `plus_is_space`, '+' becomes a space
 * (application/x-www-form-urlencoded, which Go's client sends in URLs). CS_ARGUMENT for a '%' that
 * two hex digits do not follow. */
int cs_percent_decode(cs_slice text, int plus_is_space, cs_buffer *out, cs_error *error);

/* 0 to 15, or -1 */
static inline int cs_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
