/* certstat.h - the C library under certstat's Lua modules.
 *
 * Conventions, for every function here:
 *   - Inputs are borrowed slices: they are read during the call and not kept, unless the comment says so.
 *   - Outputs go to the caller's memory. A cs_buffer that is too small fails stickily: write all, check once.
 *   - The result is 0 (CS_OK), or an error whose class CS_CLASS() gives; *error, where it is not NULL, gets the text.
 *   - Times are nanoseconds in int64_t. In src/core/ they are arguments: nothing there reads a clock.
 *   - Nothing here is shared between threads unless the comment says so: one object, one thread at a time.
 */
#ifndef CERTSTAT_H
#define CERTSTAT_H

#include <stddef.h>
#include <stdint.h>

#define CS_MS  INT64_C(1000000)
#define CS_SEC INT64_C(1000000000)

/* ------------------------------------------------------------------ slices, buffers, errors (src/core/bytes.c) --- */

/* n borrowed bytes; p may be NULL where n is 0. Not terminated. */
typedef struct cs_slice {
    const char *p;
    size_t n;
} cs_slice;

/* A name and its value, both borrowed. */
typedef struct cs_pair {
    cs_slice name, value;
} cs_pair;

#define CS_LITERAL(text) ((cs_slice){(text), sizeof(text) - 1})

cs_slice cs_slice_of(const char *text);                 /* of a terminated string; NULL gives an empty slice */
int cs_slice_equal(cs_slice a, cs_slice b);             /* 1 or 0; not for secrets */
int cs_slice_equal_nocase(cs_slice a, cs_slice b);      /* the same, ASCII letters without case */
int cs_slice_compare(cs_slice a, cs_slice b);           /* byte order, like memcmp, the shorter first */

/* Bytes being written into the caller's memory. What does not fit is dropped, `failed` is set and stays set; n never
 * exceeds size. */
typedef struct cs_buffer {
    char *p;
    size_t n, size;
    int failed;
} cs_buffer;

void cs_buffer_init(cs_buffer *b, void *memory, size_t size);
void cs_buffer_put(cs_buffer *b, cs_slice bytes);
void cs_buffer_text(cs_buffer *b, const char *text);    /* a terminated string */
void cs_buffer_byte(cs_buffer *b, char byte);
void cs_buffer_decimal(cs_buffer *b, int64_t number);
void cs_buffer_hex(cs_buffer *b, const void *bytes, size_t n); /* lower case */
cs_slice cs_buffer_slice(const cs_buffer *b, size_t from); /* what was written from offset `from` on */

/* The class of an error, in the high byte of the result. lua_module/ gives them the names in CS_CLASS_NAMES. */
enum cs_class {
    CS_OK = 0,
    CS_ARGUMENT,  /* the caller's input is wrong */
    CS_LIMIT,     /* more than this program accepts or may use */
    CS_NETWORK,   /* no answer: name, connection, TLS, time */
    CS_PROTOCOL,  /* an answer that is not what the service is documented to say */
    CS_DENIED,    /* credentials, signature or permission refused */
    CS_THROTTLED, /* refused for now, by quota */
    CS_SERVER,    /* the service failed */
    CS_DEADLINE,  /* not in the time given */
    CS_CLOSED     /* the object was closed */
};
#define CS_CLASS_NAMES                                                                             \
    {                                                                                              \
        "ok", "argument", "limit", "network", "protocol", "denied", "throttled", "server",         \
            "deadline", "closed"                                                                   \
    }
#define CS_ERROR(class, detail) ((int)(((unsigned)(class) << 24) | (unsigned)(detail)))
#define CS_CLASS(result)        ((int)((unsigned)(result) >> 24))

typedef struct cs_error {
    int code;          /* what the function returned */
    char message[248]; /* terminated; expected, found, where; never a secret */
} cs_error;

/* Fills *error (may be NULL) with class, detail and the texts in `parts`, one after the other up to a NULL; returns the
 * code: `return cs_fail(error, CS_ARGUMENT, 0, "expected a ", name, NULL);` */
int cs_fail(cs_error *error, enum cs_class class, int detail, ...) __attribute__((sentinel));

/* Writes `text` so that a terminal, a log and an error line can show it: printable ASCII and valid UTF-8 stay; control
 * bytes, invalid UTF-8, line separators and bidirectional controls (Unicode Technical Report 36) become \xHH or \u{H};
 * a backslash becomes \\. Stops with "..." after about `most` bytes (0: no limit). src/core/printable.c */
void cs_printable(cs_slice text, size_t most, cs_buffer *out);

/* ------------------------------------------------------------------------- X.509 (src/x509/x509.c, libcrypto) --- */

typedef struct cs_certificate {
    unsigned char serial[64]; /* the magnitude's bytes, big endian, without leading zeros */
    size_t serial_n;          /* 0: the serial number is zero */
    int serial_negative;      /* RFC 5280 4.1.2.2 forbids it; it is met all the same */
    int64_t not_before, not_after; /* seconds since 1970, UTC */
    char subject[1024], issuer[1024]; /* RFC 2253, UTF-8, terminated */
} cs_certificate;

/* Walks the certificates of a file's bytes: PEM (CERTIFICATE, X509 CERTIFICATE and TRUSTED CERTIFICATE blocks; bundles, chains,
 * text and other blocks between are passed over) or DER (one certificate). Call it with *offset 0 at first and again
 * with the value it left. Returns 0 and fills *out; CS_PROTOCOL with what was found where for damaged input (offset is moved behind
 * it, so that the caller may go on); CS_CLOSED at the end. Bytes that hold no certificate at all are CS_PROTOCOL at
 * the first call. Source: RFC 7468 (PEM), RFC 5280 (fields). */
int cs_certificate_next(cs_slice bytes, size_t *offset, cs_certificate *out, cs_error *error);

/* -------------------------------------------------------------------------- HTTP (src/net/, libcurl multi) --- */

typedef struct cs_net cs_net;

typedef struct cs_net_options {
    cs_slice ca_file;        /* PEM bundle; empty: the system's */
    size_t body_limit;       /* bytes of a reply's body; 0: 16 MiB */
    size_t header_limit;     /* bytes of a reply's header; 0: 64 KiB */
    int allow_http;          /* plain http to hosts that are neither loopback nor the metadata address */
} cs_net_options;

typedef struct cs_net_request {
    uint64_t id;             /* the caller's name for it, given back with each event */
    cs_slice method, url;    /* absolute URL, sent as it is: no normalisation of path or query */
    const cs_pair *headers;  /* sent as given and in this order; names and values with control bytes are refused */
    size_t headers_n;
    cs_slice body;           /* copied */
    int64_t connect_ns;      /* limits; 0: 5 s */
    int64_t idle_ns;         /* without a byte of the reply; 0: 10 s; whole seconds, rounded up */
    int64_t total_ns;        /* from start to the last byte; 0: 30 s */
    int64_t not_after_ns;    /* CLOCK_BOOTTIME: what has not begun to leave by then is not sent (0: no limit) */
} cs_net_request;

enum cs_net_kind {
    CS_NET_NONE = 0,
    CS_NET_SENT,  /* the first byte is about to leave: sent_ns */
    CS_NET_REPLY, /* a whole reply: http_status, head, body, and the times */
    CS_NET_FAILED /* no reply: error; sent_ns is 0 if nothing of the request has left */
};

typedef struct cs_net_event {
    enum cs_net_kind kind;
    uint64_t id;
    int64_t sent_ns, first_byte_ns, done_ns; /* CLOCK_BOOTTIME; 0: did not happen */
    int http_status;
    int http_version; /* 10, 11 or 20 */
    int new_connection; /* 1 if it opened one */
    int too_late;     /* FAILED only: not sent because not_after_ns had passed; nothing left */
    cs_slice head;    /* the reply's header fields, CRLF between them, without the status line */
    cs_slice body;    /* both are valid until the next call with this cs_net */
    cs_error error;
} cs_net_event;

int cs_net_new(cs_net **out, const cs_net_options *options, cs_error *error);
void cs_net_close(cs_net *net); /* drops what is in flight; NULL is allowed */

/* Queues a request. Nothing is sent before cs_net_step. Errors: CS_ARGUMENT for a URL, header or method that may not
 * be sent, CS_CLOSED. */
int cs_net_start(cs_net *net, const cs_net_request *request, cs_error *error);

/* Drops a request; no event follows. Unknown ids are ignored. */
void cs_net_drop(cs_net *net, uint64_t id);

/* Moves what can be moved. wait_ns 0 never waits; else it waits at most that long for something to happen. At most one
 * request is handed to libcurl a step, so that a step starts one connection at most. */
int cs_net_step(cs_net *net, int64_t wait_ns, cs_error *error);

/* The next event into *out: 1, or 0 where there is none. */
int cs_net_collect(cs_net *net, cs_net_event *out);

/* How many requests have been started and not yet ended by an event or a drop. */
size_t cs_net_live(const cs_net *net);

/* How long from now on a step has nothing to do unless a descriptor becomes ready: 0 to INT64_MAX ns. */
int64_t cs_net_idle_ns(const cs_net *net);

/* The epoll descriptor that becomes readable when a step is worth while. */
int cs_net_fd(const cs_net *net);

/* Parses the trust store of `ca_file` (empty: the system's) now, once for the process, and does the first-use work of
 * libcurl and OpenSSL, so that no later step has to. Thread-safe. */
int cs_net_warm(cs_slice ca_file, cs_error *error);

/* -------------------------------------------------------------- the machine (src/ipc/, libc) --- */

int64_t cs_clock_now_ns(void);            /* CLOCK_BOOTTIME */
int64_t cs_clock_wall_ns(void);           /* CLOCK_REALTIME, since 1970 */
int cs_random_bytes(void *out, size_t n, cs_error *error); /* getrandom(2), never blocking once the pool is up */

#endif
