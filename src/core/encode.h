/* encode.h - shared inside src/core/ alone. */
#ifndef CERTSTAT_ENCODE_H
#define CERTSTAT_ENCODE_H

/* 0 to 15, or -1 */
int cs_hex_digit(char c);

#endif
