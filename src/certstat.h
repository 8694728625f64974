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

/* --------------------------------------------------------------- percent-encoding, queries (src/core/encode.c) --- */

#define CS_QUERY_MAX 256 /* parameters of one request; more is CS_LIMIT */

/* Appends `text` percent-encoded as both signature schemes want it: RFC 3986 2.3 unreserved bytes stay, every other byte becomes
 * %XX in upper case. */
void cs_percent_encode(cs_slice text, cs_buffer *out);

/* Appends `text` decoded; with `plus_is_space`, '+' becomes a space (application/x-www-form-urlencoded, which Go's
 * client sends in URLs). CS_ARGUMENT for a '%' that two hex digits do not follow. */
int cs_percent_decode(cs_slice text, int plus_is_space, cs_buffer *out, cs_error *error);

/* Appends the canonical query: names and values encoded, sorted by raw name and then raw value in byte order, joined
 * by & and =. Source: "V3 request structure and signature", step 1. CS_LIMIT above CS_QUERY_MAX pairs. */
int cs_query_canonical(const cs_pair *pairs, size_t n, cs_buffer *out, cs_error *error);

/* Splits a raw query or form body at '&' and the first '=' into decoded pairs (empty pieces are dropped, a name without
 * '=' has an empty value). The bytes go to `text`, the pairs to `pairs`, which has room for CS_QUERY_MAX; *n, the number there already,
 * grows. CS_ARGUMENT, CS_LIMIT. */
int cs_query_parse(cs_slice raw, cs_pair *pairs, size_t *n, cs_buffer *text, cs_error *error);

/* `2026-01-02T03:04:05Z`, this form alone, to seconds since 1970: 0, or CS_ARGUMENT. */
int cs_date_parse(cs_slice text, int64_t *seconds);

/* ------------------------------------------------------------------------- serial numbers (src/core/serial.c) --- */

#define CS_SERIAL_MAX 20 /* octets; RFC 5280 4.1.2.2 */

/* The canonical key: the magnitude's bytes, big endian, without leading zeros; 1 to 20. */
typedef struct cs_serial {
    unsigned char key[CS_SERIAL_MAX];
    size_t n;
} cs_serial;

/* Reads a serial number in any of the forms that tools print: hexadecimal in either case and of any length parity,
 * with ':', '-' or spaces between digits, a 0x, `serial=` or `Serial Number:` before it, OpenSSL's backslash-newline inside, the
 * `4660 (0x1234)` of `openssl x509 -text`; decimal after `dec:`. An all-digit text is hexadecimal. CS_ARGUMENT: empty,
 * zero, negative, a character that is no digit (a comma among them: it separates serials), over 20 octets. */
int cs_serial_parse(cs_slice text, cs_serial *out, cs_error *error);

/* The same from the raw bytes of the DER INTEGER or magnitude (HAProxy's ssl_c_serial): a sign byte 00 and other
 * leading zeros go; raw bytes carry no sign. */
int cs_serial_bytes(cs_slice bytes, cs_serial *out, cs_error *error);

/* ------------------------------------------------------------------- signatures (src/core/sign_v3.c, sign_v1.c) --- */

#define CS_HEADERS_MAX 64 /* header fields of one request; more is CS_LIMIT */

/* A secret made ready: digests fetched, HMAC keyed. It holds the only copy that C keeps; cs_signer_free wipes it. One
 * signer, one thread at a time. */
typedef struct cs_signer cs_signer;
int cs_signer_new(cs_signer **out, cs_slice secret, cs_error *error); /* CS_ARGUMENT: empty; CS_LIMIT */
void cs_signer_free(cs_signer *signer);                               /* NULL is allowed */

/* The request as stage 1 sees it. */
typedef struct cs_v3_request {
    cs_slice method, path; /* path as it goes over the wire; empty: "/" */
    const cs_pair *query;  /* unescaped */
    size_t query_n;
    const cs_pair *headers; /* all header fields */
    size_t headers_n;
    const cs_slice *signed_names; /* the fields to sign, lower case; NULL: host, content-type and every x-acs-* */
    size_t signed_names_n;
    cs_slice payload_hash; /* lower-case hex SHA-256 of the body */
} cs_v3_request;

/* Stage 1. Appends the canonical request; *query and *signed_headers (may be NULL) point at these parts of it. Repeated fields are merged,
 * values sorted and joined with ','. CS_ARGUMENT where a signed name is missing, CS_LIMIT.
 * Source, all three: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature */
int cs_v3_canonical_request(const cs_v3_request *request, cs_buffer *out, cs_slice *query,
                            cs_slice *signed_headers, cs_error *error);

/* Stage 2. Appends "ACS3-HMAC-SHA256\n" and the hash of the canonical request. */
int cs_v3_string_to_sign(cs_signer *signer, cs_slice canonical_request, cs_buffer *out,
                         cs_error *error);

/* Stage 3. Appends the signature: 64 lower-case hex digits. */
int cs_v3_signature(cs_signer *signer, cs_slice string_to_sign, cs_buffer *out, cs_error *error);

/* Appends the lower-case hex SHA-256 of a body. */
int cs_v3_payload_hash(cs_signer *signer, cs_slice body, cs_buffer *out, cs_error *error);

/* A call to sign whole: the stages one after the other. */
typedef struct cs_v3_call {
    cs_slice method, path, body;
    const cs_pair *query; /* unescaped */
    size_t query_n;
    const cs_pair *headers; /* further fields to send; none that certstat adds by itself */
    size_t headers_n;
    cs_slice host;                           /* as in the Host field, with its port; the four below: */
    cs_slice action, version, date, nonce;   /* an empty one adds no field */
    cs_slice access_key_id, security_token;  /* token: empty where there is none */
} cs_v3_call;

typedef struct cs_v3_signed {
    cs_slice target; /* path?query, for the request line */
    cs_slice canonical_request, string_to_sign, signature, authorization;
    cs_pair headers[CS_HEADERS_MAX]; /* every field to send, lower-case names, authorization last */
    size_t headers_n;
} cs_v3_signed;

/* Signs a call. What *out points at lies in `work` (cs_v3_work_size bytes are always enough) and in the call's own memory. */
int cs_v3_sign(cs_signer *signer, const cs_v3_call *call, cs_buffer *work, cs_v3_signed *out,
               cs_error *error);
size_t cs_v3_work_size(const cs_v3_call *call);

/* The older RPC scheme, HMAC-SHA1: the string to sign over all parameters, of query and form, but Signature. It lies in `work`
 * (cs_v1_work_size bytes are always enough).
 * Source: https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism */
int cs_v1_string_to_sign(cs_slice method, const cs_pair *parameters, size_t n, cs_buffer *work,
                         cs_slice *string_to_sign, cs_error *error);
size_t cs_v1_work_size(cs_slice method, const cs_pair *parameters, size_t n);

/* Appends its signature, base64. The key is the secret and '&'. */
int cs_v1_signature(cs_signer *signer, cs_slice string_to_sign, cs_buffer *out, cs_error *error);

/* ------------------------------------------------------------------------- verification (src/core/verify.c) --- */

/* A request as a server received it. */
typedef struct cs_received {
    cs_slice method, target; /* target: the raw path and query of the request line */
    const cs_pair *headers;
    size_t headers_n;
    cs_slice body;
} cs_received;

typedef struct cs_verdict {
    const char *code; /* NULL: accepted; else the service's error code, SignatureDoesNotMatch for one */
    cs_slice canonical_request, string_to_sign; /* the server's view, where it got that far; in `work` */
} cs_verdict;

/* Verifies either scheme: V3 where there is an Authorization field, else RPC with HMAC-SHA1. The query is decoded
 * and encoded anew; exactly the fields named in SignedHeaders are used, among them must be host and the x-acs- fields
 * action, version, date, signature-nonce and content-sha256 (and security-token if sent); signatures are compared in constant time.
 * now_s: seconds since 1970, to refuse a date more than 15 minutes away; negative: not checked.
 * 0 accepted, CS_DENIED with out->code; CS_ARGUMENT and CS_LIMIT where the request can't be read. */
int cs_verify(cs_signer *signer, const cs_received *request, int64_t now_s, cs_buffer *work,
              cs_verdict *out, cs_error *error);
size_t cs_verify_work_size(const cs_received *request);

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
