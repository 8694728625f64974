/* http2.h - as much of an HTTP/2 server (RFC 9113) as the tests need, on a connection of loopback.h
 * whose TLS context speaks "\2h2". */
#ifndef CERTSTAT_SPEC_HTTP2_H
#define CERTSTAT_SPEC_HTTP2_H

#include "support/loopback.h"

enum { HTTP2_DATA = 0, HTTP2_HEADERS = 1, HTTP2_RST_STREAM = 3, HTTP2_SETTINGS = 4 };
enum { HTTP2_END_STREAM = 1, HTTP2_ACK = 1, HTTP2_END_HEADERS = 4 };
enum { HTTP2_REFUSED_STREAM = 7, HTTP2_HTTP_1_1_REQUIRED = 13 };

static inline int http2_read(struct loopback_connection *c, unsigned char *out, size_t n)
{
    while (n) {
        size_t got = loopback_read(c, out, n);
        if (!got) {
            return 0;
        }
        out += got;
        n -= got;
    }
    return 1;
}

static inline int http2_frame(struct loopback_connection *c, int type, int flags, unsigned stream,
                              const void *payload, size_t n)
{
    unsigned char frame[9 + 256];
    loopback_check(n <= 256, "an HTTP/2 frame of at most 256 bytes");
    for (int i = 0; i < 3; i++) {
        frame[i] = (unsigned char)(n >> (16 - 8 * i));
    }
    frame[3] = (unsigned char)type;
    frame[4] = (unsigned char)flags;
    for (int i = 0; i < 4; i++) {
        frame[5 + i] = (unsigned char)(stream >> (24 - 8 * i));
    }
    memcpy(frame + 9, n ? payload : "", n);
    return loopback_write(c, frame, 9 + n);
}

/* Takes the client's preface and says SETTINGS. */
static inline int http2_begin(struct loopback_connection *c)
{
    unsigned char preface[24];
    return http2_read(c, preface, sizeof preface) &&
           memcmp(preface, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", sizeof preface) == 0 &&
           http2_frame(c, HTTP2_SETTINGS, 0, 0, NULL, 0);
}

/* The stream of the next whole request; 0 at the end of the connection. */
static inline unsigned http2_request(struct loopback_connection *c)
{
    unsigned char head[9], payload[16384];
    while (http2_read(c, head, sizeof head)) {
        size_t n = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (n > sizeof payload || !http2_read(c, payload, n)) {
            return 0;
        }
        if (head[3] == HTTP2_SETTINGS && !(head[4] & HTTP2_ACK)) {
            http2_frame(c, HTTP2_SETTINGS, HTTP2_ACK, 0, NULL, 0);
        }
        if ((head[3] == HTTP2_HEADERS || head[3] == HTTP2_DATA) && head[4] & HTTP2_END_STREAM) {
            loopback_count(c->server);
            return (unsigned)(head[5] & 127) << 24 | (unsigned)head[6] << 16 |
                   (unsigned)head[7] << 8 | head[8];
        }
    }
    return 0;
}

/* 200, a field "x-a: b", a body, and a trailer field "x-late: 1". */
static inline int http2_reply(struct loopback_connection *c, unsigned stream, const char *body)
{
    /* HPACK (RFC 7541): 0x88 is ":status: 200"; 0 begins a literal field without indexing */
    static const char head[] = "\x88\0\3x-a\1b", trailer[] = "\0\6x-late\1"
                                                             "1";
    return http2_frame(c, HTTP2_HEADERS, HTTP2_END_HEADERS, stream, head, sizeof head - 1) &&
           http2_frame(c, HTTP2_DATA, 0, stream, body, strlen(body)) &&
           http2_frame(c, HTTP2_HEADERS, HTTP2_END_HEADERS | HTTP2_END_STREAM, stream, trailer,
                       sizeof trailer - 1);
}

static inline int http2_reset(struct loopback_connection *c, unsigned stream, unsigned char code)
{
    unsigned char payload[4] = {0, 0, 0, code};
    return http2_frame(c, HTTP2_RST_STREAM, 0, stream, payload, sizeof payload);
}

#endif
