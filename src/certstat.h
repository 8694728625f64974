/* certstat.h - the C library under certstat's Lua modules.
 *
 * Conventions, for every function here:
 *   - Inputs are borrowed slices: read during the call and not kept, unless the comment says so.
 *   - Outputs go to the caller's memory. A cs_buffer that is too small fails stickily: write all,
 *     check once.
 *   - The result is 0 (CS_OK), or an error whose class CS_CLASS() gives; *error, where it is not
 *     NULL, gets the text.
 *   - Times are nanoseconds in int64_t, from 0 to 2^62. In src/core/ they are arguments: nothing
 *     there reads a clock.
 *   - Nothing is shared between threads unless the comment says so: one object, one thread at a
 *     time.
 */
#ifndef CERTSTAT_H
#define CERTSTAT_H

#include <stddef.h>
#include <stdint.h>

#define CS_MS  INT64_C(1000000)
#define CS_SEC INT64_C(1000000000)

/* -- slices, buffers, errors (src/core/bytes.c) ------------------------------------------------ */

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

cs_slice cs_slice_of(const char *text);     /* of a terminated string; NULL gives an empty slice */
int cs_slice_equal(cs_slice a, cs_slice b); /* 1 or 0; not for secrets */
int cs_slice_equal_nocase(cs_slice a, cs_slice b); /* the same, ASCII letters without case */
int cs_slice_compare(cs_slice a, cs_slice b);      /* byte order, like memcmp, the shorter first */

/* Bytes being written into the caller's memory. What does not fit is dropped, `failed` is set and
 * stays set; n never exceeds size. */
typedef struct cs_buffer {
    char *p;
    size_t n, size;
    int failed;
} cs_buffer;

/* An empty buffer over `size` bytes of the caller's memory. */
void cs_buffer_init(cs_buffer *b, void *memory, size_t size);

/* Appends one byte. Inline, because so much of signing is single bytes. */
static inline void cs_buffer_byte(cs_buffer *b, char byte)
{
    if (b->failed || b->n == b->size) {
        b->failed = 1;
        return;
    }
    b->p[b->n++] = byte;
}

void cs_buffer_put(cs_buffer *b, cs_slice bytes);              /* appends bytes */
void cs_buffer_text(cs_buffer *b, const char *text);           /* a terminated string */
void cs_buffer_decimal(cs_buffer *b, int64_t number);          /* its digits, '-' before them */
void cs_buffer_hex(cs_buffer *b, const void *bytes, size_t n); /* lower case */
cs_slice cs_buffer_slice(const cs_buffer *b, size_t from);     /* what was written from `from` on */

/* The class of an error, in the high byte of the result. lua_module/ gives them the names in
 * CS_CLASS_NAMES. */
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

/* Said where the kernel refuses a process or a thread with EAGAIN. HAProxy as a normal user has a limit
 * of 0 unless it is configured otherwise. */
#define CS_NO_PROCESS                                                                              \
    "a limit of processes forbids it (ulimit -u; in HAProxy set insecure-fork-wanted)"

typedef struct cs_error {
    int code;          /* what the function returned */
    char message[248]; /* terminated; expected, found, where; never a secret */
} cs_error;

/* Fills *error (may be NULL) with class, detail and the texts in `parts`, one after the other up to
 * a NULL; returns the code: `return cs_fail(error, CS_ARGUMENT, 0, "expected a ", name, NULL);` */
int cs_fail(cs_error *error, enum cs_class class, int detail, ...) __attribute__((sentinel));

/* Writes `text` so that a terminal, a log and an error line can show it: printable ASCII and valid
 * UTF-8 stay; control bytes, invalid UTF-8, line separators and bidirectional controls (Unicode
 * Technical Report 36) become \xHH or \u{H}; a backslash becomes \\. Stops with "..." after about
 * `most` bytes (0: no limit). src/core/printable.c */
void cs_printable(cs_slice text, size_t most, cs_buffer *out);

/* -- percent-encoding, queries (src/core/encode.c) --------------------------------------------- */

#define CS_QUERY_MAX 256 /* parameters of one request; more is CS_LIMIT */

/* Appends `text` percent-encoded as both signature schemes want it: RFC 3986 2.3 unreserved bytes
 * stay, every other byte becomes %XX in upper case. */
void cs_percent_encode(cs_slice text, cs_buffer *out);

/* Appends the canonical query: names and values encoded, sorted by raw name and then raw value in
 * byte order, joined by & and =. CS_LIMIT above CS_QUERY_MAX pairs. Source: "V3 request structure
 * and signature", step 1. */
int cs_query_canonical(const cs_pair *pairs, size_t n, cs_buffer *out, cs_error *error);

/* Splits a raw query or form body at '&' and the first '=' into decoded pairs (empty pieces are
 * dropped, a name without '=' has an empty value). The bytes go to `text`, which needs no more room
 * than the query has; the pairs to `pairs`, which has room for CS_QUERY_MAX; *n, the number there
 * already, grows. CS_ARGUMENT for a '%' that two hex digits do not follow, CS_LIMIT. */
int cs_query_parse(cs_slice raw, cs_pair *pairs, size_t *n, cs_buffer *text, cs_error *error);

/* `2026-01-02T03:04:05Z`, this form alone, to seconds since 1970: 0, or CS_ARGUMENT. */
int cs_date_parse(cs_slice text, int64_t *seconds);

/* -- serial numbers (src/core/serial.c) -------------------------------------------------------- */

#define CS_SERIAL_MAX 20 /* octets; RFC 5280 4.1.2.2 */

/* The canonical key: the magnitude's bytes, big endian, without leading zeros; 1 to 20. n is 0
 * where reading it failed. */
typedef struct cs_serial {
    unsigned char key[CS_SERIAL_MAX];
    size_t n;
} cs_serial;

/* Reads a serial number in any of the forms that tools print: hexadecimal in either case and of any
 * length parity, with ':', '-' or spaces between digits, a 0x, `serial=` or `Serial Number:` before
 * it, OpenSSL's backslash-newline inside, the `4660 (0x1234)` of `openssl x509 -text`; decimal
 * after `dec:`. An all-digit text is hexadecimal. CS_ARGUMENT: empty, zero, negative, a character
 * that is no digit (a comma among them: it separates serials), over 20 octets. */
int cs_serial_parse(cs_slice text, cs_serial *out, cs_error *error);

/* The same from the raw bytes of the DER INTEGER or magnitude (HAProxy's ssl_c_serial): a sign byte
 * 00 and other leading zeros go; raw bytes carry no sign. */
int cs_serial_bytes(cs_slice bytes, cs_serial *out, cs_error *error);

/* -- the lines of a file that changes (src/core/lines.c, blocks.c, hints.c) -------------------- */

/* The lines of a file, by position and by key, as its last whole reading found them, while the next
 * reading goes on beside it. What a reading finds as it was is compared, not made again: a file of
 * which a line has changed costs little more than the comparison. No call takes longer because
 * there are more lines, but by logarithm. Positions are counted from 1 on. Lines may be marked;
 * marked lines can be counted, and the n-th of them found. */
typedef struct cs_lines cs_lines;

#define CS_LINE_MAX  65536               /* bytes of one line */
#define CS_LINES_MAX ((uint32_t)1 << 30) /* lines */

/* CS_LIMIT for want of memory. */
int cs_lines_new(cs_lines **out, cs_error *error);
void cs_lines_free(cs_lines *lines); /* NULL is allowed; takes long where there are many */

/* A reading begins; what an unfinished one has read is given up. */
void cs_lines_begin(cs_lines *lines);

/* The reading goes on with `text`: takes over the whole lines at its start, each with its '\n', that
 * stand at the same positions as before. *n: their bytes. CS_LIMIT for want of memory. */
int cs_lines_same(cs_lines *lines, cs_slice text, size_t *n, cs_error *error);

/* ... with a line that differs. line: without its '\n'; key: what it shall be found by. CS_LIMIT
 * where it is too long, for one line too many, and for want of memory. */
int cs_lines_add(cs_lines *lines, cs_slice line, cs_slice key, int is_marked, cs_error *error);

uint32_t cs_lines_read(const cs_lines *lines); /* how many lines the reading has */

/* The reading is whole: what it has read are the lines from now on. CS_LIMIT for want of memory:
 * the lines stay those of before. */
int cs_lines_finish(cs_lines *lines, cs_error *error);

/* Frees some of the memory that an earlier reading has left: 1 while there is more, else 0. What is
 * not freed by then is by the next cs_lines_begin. */
int cs_lines_tidy(cs_lines *lines);

uint32_t cs_lines_count(const cs_lines *lines); /* of the last whole reading */

/* The line at a position; good until the next call that changes anything. p is NULL where there is
 * none. */
cs_slice cs_lines_at(const cs_lines *lines, uint32_t position);

/* The position of the last line before `below` whose key may be this one (hashes are compared); 0:
 * none. */
uint32_t cs_lines_find(const cs_lines *lines, cs_slice key, uint32_t below);

/* Marks the line at a position. A reading that has begun may not know of it: mark it once more when
 * that has finished. */
void cs_lines_mark(cs_lines *lines, uint32_t position);

uint32_t cs_lines_marked(const cs_lines *lines, uint32_t last); /* how many up to this position */
uint32_t cs_lines_nth_marked(const cs_lines *lines, uint32_t nth); /* its position; 0: none */

/* -- the database of an `openssl ca` (src/core/index.c) ---------------------------------------- */

/* As cs_lines_same; and adds, unmarked and by the serial number's canonical key in hexadecimal, the
 * lines of certificates that are not revoked and written as openssl writes them: `V` or `E`, six
 * columns with a tab between, a serial number of hexadecimal digits alone (openssl-ca(1)). It stops
 * before any other line. */
int cs_index_take(cs_lines *lines, cs_slice text, size_t *n, cs_error *error);

/* -- signatures (src/core/signer.c, sign_v3.c, sign_v1.c) -------------------------------------- */

#define CS_HEADERS_MAX 64 /* header fields of one request; more is CS_LIMIT */

/* A secret made ready: digests fetched, HMAC keyed. It holds the only copy that C keeps;
 * cs_signer_free wipes it. One signer, one thread at a time. */
typedef struct cs_signer cs_signer;
/* CS_ARGUMENT for an empty secret or one over 1,024 bytes, CS_LIMIT for want of memory. */
int cs_signer_new(cs_signer **out, cs_slice secret, cs_error *error);
void cs_signer_free(cs_signer *signer); /* NULL is allowed */

/* The request as stage 1 sees it. */
typedef struct cs_v3_request {
    cs_slice method, path; /* path as it goes over the wire; empty: "/" */
    const cs_pair *query;  /* unescaped */
    size_t query_n;
    const cs_pair *headers; /* all header fields */
    size_t headers_n;
    const cs_slice *signed_names; /* the fields to sign, lower case; NULL: host, content-type and
                                     every x-acs-* */
    size_t signed_names_n;
    cs_slice payload_hash; /* lower-case hex SHA-256 of the body */
} cs_v3_request;

/* Stage 1. Appends the canonical request; *query and *signed_headers (may be NULL) point at these
 * parts of it. Repeated fields are merged, values sorted and joined with ','. CS_ARGUMENT where a
 * signed name is missing, CS_LIMIT. Source, all three:
 * https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature */
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
    cs_slice host; /* as in the Host field, with its port; the four below: */
    cs_slice action, version, date, nonce;  /* an empty one adds no field */
    cs_slice access_key_id, security_token; /* token: empty where there is none */
} cs_v3_call;

typedef struct cs_v3_signed {
    cs_slice target; /* path?query, for the request line */
    cs_slice canonical_request, string_to_sign, signature, authorization;
    /* every field to send: ours with lower-case names, the call's as given, authorization last */
    cs_pair headers[CS_HEADERS_MAX];
    size_t headers_n;
} cs_v3_signed;

/* Signs a call. What *out points at lies in `work` (cs_v3_work_size bytes are always enough) and in
 * the call's own memory. CS_ARGUMENT for a field given twice, and for what would say something else
 * on the wire than it does in the signature: a method or header name that is no token (RFC 9110
 * 5.6.2), a control byte anywhere but in query and body, '?', '#' or a blank in the path, a comma
 * in the access key id. CS_LIMIT. */
int cs_v3_sign(cs_signer *signer, const cs_v3_call *call, cs_buffer *work, cs_v3_signed *out,
               cs_error *error);
size_t cs_v3_work_size(const cs_v3_call *call);

/* The older RPC scheme, HMAC-SHA1: the string to sign over all parameters, of query and form, but
 * Signature. It lies in `work` (cs_v1_work_size bytes are always enough). Source:
 * https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism */
int cs_v1_string_to_sign(cs_slice method, const cs_pair *parameters, size_t n, cs_buffer *work,
                         cs_slice *string_to_sign, cs_error *error);
size_t cs_v1_work_size(cs_slice method, const cs_pair *parameters, size_t n);

/* Appends its signature, base64. The key is the secret and '&'. */
int cs_v1_signature(cs_signer *signer, cs_slice string_to_sign, cs_buffer *out, cs_error *error);

/* -- verification (src/core/verify.c) ---------------------------------------------------------- */

/* A request as a server received it. */
typedef struct cs_received {
    cs_slice method, target; /* target: the raw path and query of the request line */
    const cs_pair *headers;
    size_t headers_n;
    cs_slice body;
} cs_received;

typedef struct cs_verdict {
    const char *code; /* the service's error code where the result is CS_DENIED, else NULL */
    cs_slice canonical_request,
        string_to_sign; /* the server's view, if it came so far; in `work` */
} cs_verdict;

/* Verifies either scheme: V3 where there is an Authorization field, else RPC with HMAC-SHA1, which
 * covers the path "/" alone. The query is decoded and encoded anew; exactly the fields named in
 * SignedHeaders are used, among them must be host and the x-acs- fields action, version, date,
 * signature-nonce and content-sha256 (and security-token if sent); signatures are compared in
 * constant time. now_s: seconds since 1970, to refuse a date more than 15 minutes away; negative:
 * not checked. 0: accepted; CS_DENIED with out->code; CS_ARGUMENT and CS_LIMIT where the request
 * can't be read, or `work` is smaller than cs_verify_work_size. */
int cs_verify(cs_signer *signer, const cs_received *request, int64_t now_s, cs_buffer *work,
              cs_verdict *out, cs_error *error);
size_t cs_verify_work_size(const cs_received *request);

/* -- quota (src/core/quota.c) ------------------------------------------------------------------ */

/* Who goes first: a waiting lower number gets the next permit. */
enum cs_lane { CS_LANE_GATE, CS_LANE_INTERACTIVE, CS_LANE_AUDIT, CS_LANES };
#define CS_LANE_NAMES                                                                              \
    {                                                                                              \
        "gate", "interactive", "audit", NULL                                                       \
    }

#define CS_QUOTA_TIMES 400 /* the largest rate */

/* The tokens that retries are paid with, in thousandths of one retry; see cs_budget_take. */
typedef struct cs_budget {
    int64_t milli, at_ns;
} cs_budget;

#define CS_GUARD_REPLIES 100

/* What the guard is chosen from; see cs_guard_ns. */
typedef struct cs_guard {
    uint32_t reply_us[CS_GUARD_REPLIES]; /* a ring: how long the last replies took */
    int64_t replies;                     /* how many came; the next goes to replies % 100 */
    int64_t replied_ns;                  /* when the last came; 0: never */
    int64_t extra_ns, throttled_ns;      /* what the last throttle added, and when; 0: never */
} cs_guard;

/* Who waits with the lowest rate of a lane. */
struct cs_quota_waiter {
    int64_t rate; /* 0: nobody */
    int64_t since_ns;
    int64_t until_ns; /* not back by then, it is gone */
};

/* What has been sent and who waits: plain data, the same in memory and in a file that processes
 * share, where new fields go to the end. Zeroed memory is an unused quota. */
typedef struct cs_quota {
    int64_t times[CS_QUOTA_TIMES]; /* ascending; when calls were sent, or at the latest will be */
    int64_t count;                 /* of times */
    int64_t paused_until_ns;       /* nobody sends before */
    int64_t waiting_since_ns[CS_LANES]; /* 0: the lane does not wait */
    int64_t waiting_until_ns[CS_LANES]; /* a waiter that has not come back by then is gone */
    int64_t asked_ns[CS_LANES];         /* when the lane asked last; 0: never */
    cs_budget budget;
    cs_guard guard;
    struct cs_quota_waiter slowest[CS_LANES];
} cs_quota;

#define CS_GUARD_ADAPTS (-1)

/* The rule, the caller's own: it is no part of the state. */
typedef struct cs_quota_rule {
    int64_t rate;      /* calls, 1 to CS_QUOTA_TIMES, in any */
    int64_t window_ns; /* this long */
    int64_t guard_ns;  /* added to the window: by how much two calls' travel times may differ;
                          CS_GUARD_ADAPTS: what cs_guard_ns says */
} cs_quota_rule;

/* Asks for a permit. Returns 0 and a permit, or how long it is not worth asking again.
 *
 * A permit is the time by which its call must have begun to leave: now + hold_ns, made unique in
 * steps of 1,024 ns, so that a Lua number holds it exactly. It is booked at that time: a caller who
 * dies has booked too late, never too early. Nothing is sent if the call is later than its permit.
 *
 * A lower lane waits while a higher one does. A lane that waits for two seconds, and for longer
 * than its window, gets one permit first. While a higher lane has asked within ten seconds, the
 * audit lane leaves two permits of each window free, unless it has waited that long. Callers may
 * have different rates: after ten seconds the slower one gets a permit before the faster ones. */
int64_t cs_quota_take(cs_quota *quota, const cs_quota_rule *rule, enum cs_lane lane,
                      int64_t hold_ns, int64_t now_ns, int64_t *permit);

/* The call of this permit had begun to leave by left_ns: the booking is corrected. That may be later
 * than the permit, where the processor was with others between the last look at the clock and the
 * sending. An unknown permit is ignored. */
void cs_quota_sent(cs_quota *quota, int64_t permit, int64_t left_ns);

/* Nothing of the call of this permit has left, nor will: the booking is undone. */
void cs_quota_return(cs_quota *quota, int64_t permit);

/* The service throttled: nobody sends before until_ns. */
void cs_quota_pause(cs_quota *quota, int64_t until_ns);

/* Forgets everything: all that the account may do has been done at at_ns, whatever the rate (within
 * CS_QUOTA_TIMES ns). For a state that is lost or can't be believed. */
void cs_quota_use_up(cs_quota *quota, int64_t at_ns);

/* What a quota has left, for people. */
typedef struct cs_quota_view {
    int64_t rate, free; /* permits of a window; how many of them could be had at once */
    int64_t guard_ns;
    int64_t paused_ns; /* how long nobody sends because of a throttle; 0: not now */
} cs_quota_view;

/* Looks without taking anything. */
void cs_quota_look(const cs_quota *quota, const cs_quota_rule *rule, int64_t now_ns,
                   cs_quota_view *out);

/* 1 if the state can be what these functions made: its counts within their bounds, its times
 * ascending, and none later than latest_ns. Else 0. */
int cs_quota_plausible(const cs_quota *quota, int64_t latest_ns);

/* -- the guard (src/core/guard.c) -------------------------------------------------------------- */

/* The guard that the replies call for: what the largest and the smallest of the last hundred differ
 * by, and 10 ms; from 20 to 250 ms, and at least 100 until a hundred have come within ten minutes
 * of each other. A throttle that came although the rule was kept shows that it was too small: that
 * doubles it, to 250 ms at most, and what it added is halved each minute. */
int64_t cs_guard_ns(const cs_guard *guard, int64_t now_ns);

/* A reply has come: from the first byte that left to the first byte of the reply. */
void cs_guard_replied(cs_guard *guard, int64_t sent_ns, int64_t first_byte_ns);

/* The service throttled. Throttles within a second of the last that counted, which is how long calls
 * of the same burst take to come back, are the same event. */
void cs_guard_throttled(cs_guard *guard, int64_t now_ns);

/* -- retries (src/core/retry.c) ---------------------------------------------------------------- */

#define CS_BUDGET_MAX    10000 /* ten retries at once */
#define CS_BUDGET_RETRY  1000
#define CS_BUDGET_REWARD 100 /* what a call that succeeds pays in: a tenth of a retry */
/* and time one retry each two seconds, so that it is noticed when a dead service is back */
#define CS_BUDGET_MILLI_NS (2 * CS_MS)

/* Takes one retry and returns how long it has to wait for it: 0 while the budget lasts, then a
 * trickle. Where that is longer than most_ns, which is how long the caller can wait, nothing is
 * taken. A zeroed budget is full. */
int64_t cs_budget_take(cs_budget *budget, int64_t most_ns, int64_t now_ns);
void cs_budget_reward(cs_budget *budget, int64_t now_ns); /* a call has succeeded */

/* The delay before retry number `attempt` (1, 2, …): evenly from 0 to base·2^(attempt−1), at most
 * cap ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 * random: 64 random bits. */
int64_t cs_backoff_ns(int attempt, int64_t base_ns, int64_t cap_ns, uint64_t random);

/* -- engine (src/core/engine.c) ---------------------------------------------------------------- */

/* One call on its way. The fields are the engine's. */
typedef struct cs_engine_call {
    uint64_t id, order;
    int64_t deadline_ns, not_before_ns;
    int lane, flying, attempts, throttles, late;
} cs_engine_call;

typedef struct cs_engine_options {
    int attempts; /* how often one call is sent at most, throttled ones not counted; 0: 4 */
    int64_t base_ns, cap_ns; /* of the back-off; 0: 200 ms and 20 s */
} cs_engine_options;

/* The queue of one client: which call is sent next, which is tried again, and when. It knows no
 * HTTP, JSON or clock. */
typedef struct cs_engine {
    cs_engine_call *calls;
    size_t n, capacity;
    uint64_t next_order, random;
    int64_t blocked_until_ns[CS_LANES];
    cs_engine_options options;
} cs_engine;

/* `calls`: room for `capacity` calls; it must stay while the engine is used. seed: random bits for
 * the jitter. */
void cs_engine_init(cs_engine *engine, cs_engine_call *calls, size_t capacity,
                    const cs_engine_options *options, uint64_t seed);

/* Queues a call. CS_LIMIT when full, CS_ARGUMENT for an id that is there already, CS_DEADLINE when
 * it is past. */
int cs_engine_submit(cs_engine *engine, uint64_t id, enum cs_lane lane, int64_t deadline_ns,
                     int64_t now_ns, cs_error *error);

enum cs_engine_due {
    CS_ENGINE_IDLE,   /* nothing may be sent now; see cs_engine_next */
    CS_ENGINE_PERMIT, /* *call wants a permit: take one and say cs_engine_granted or
                         cs_engine_blocked */
    CS_ENGINE_EXPIRED /* *call can't be sent in its time: say cs_engine_cancel */
};
/* What is next: of the lanes that are not blocked the highest, and in it the oldest call. *call is a
 * copy. A lower lane is offered beside a blocked one because the quota alone knows whose turn it is:
 * a lane that never asked could not starve there. */
enum cs_engine_due cs_engine_due(cs_engine *engine, int64_t now_ns, cs_engine_call *call);

/* How many calls wait for nothing but a permit which may come within ahead_ns; *first: which is next
 * among them. What they need should be made ready now. */
size_t cs_engine_waiting(const cs_engine *engine, int64_t ahead_ns, int64_t now_ns,
                         uint64_t *first);

/* Call `id` has its permit and is sent now. Returns how often it has been sent, this time included;
 * 0: no such call, or it is on its way already. */
int cs_engine_granted(cs_engine *engine, uint64_t id);

/* There is no permit for `lane` for wait_ns: none of its calls is due so long, and those whose
 * deadline comes first have expired. */
void cs_engine_blocked(cs_engine *engine, enum cs_lane lane, int64_t wait_ns, int64_t now_ns);

/* What the quota said before may be too long by now, for every lane: a booking was corrected, or
 * given back. */
void cs_engine_unblocked(cs_engine *engine);

enum cs_outcome {
    CS_OUTCOME_DONE,      /* answered */
    CS_OUTCOME_FAILED,    /* trying again would change nothing */
    CS_OUTCOME_RETRY,     /* may succeed later: network, 5xx */
    CS_OUTCOME_THROTTLED, /* the service said wait */
    CS_OUTCOME_AGAIN,     /* signed wrongly for a cause now mended: at once, once more */
    CS_OUTCOME_LATE       /* not sent: its permit had run out */
};
#define CS_OUTCOME_NAMES                                                                           \
    {                                                                                              \
        "done", "failed", "retry", "throttled", "again", "late", NULL                              \
    }

enum cs_settlement { CS_SETTLED, CS_SETTLED_RETRY, CS_SETTLED_ATTEMPTS, CS_SETTLED_DEADLINE };
#define CS_SETTLED_NAMES                                                                           \
    {                                                                                              \
        "settled", "retry", "attempts", "deadline"                                                 \
    }

/* What came of a call that was sent. CS_SETTLED: it is over, with its outcome; CS_SETTLED_RETRY: it
 * is queued again, not before least_wait_ns (what the service or the budget demands) and its
 * back-off are over; CS_SETTLED_ATTEMPTS, CS_SETTLED_DEADLINE: it is over, because it was tried
 * often enough, or what it would have to wait for is beyond its deadline. A call that is not on its
 * way is CS_SETTLED and stays as it is. */
enum cs_settlement cs_engine_settle(cs_engine *engine, uint64_t id, enum cs_outcome outcome,
                                    int64_t least_wait_ns, int64_t now_ns);

/* 1 if this call, which is on its way, is tried again should it fail: only then a retry need be paid
 * for. Else 0. */
int cs_engine_may_retry(cs_engine *engine, uint64_t id);

/* Forgets a call in whatever state. */
void cs_engine_cancel(cs_engine *engine, uint64_t id);

/* How long nothing is to do, unless a call is submitted or settled: 0 to INT64_MAX ns. */
int64_t cs_engine_next(const cs_engine *engine, int64_t now_ns);

/* ------------------------------------------------------------------------- X.509 (src/x509/x509.c,
 * libcrypto) --- */

typedef struct cs_certificate {
    unsigned char serial[64];         /* the magnitude's bytes, big endian, without leading zeros */
    size_t serial_n;                  /* 0: the serial number is zero */
    int serial_negative;              /* RFC 5280 4.1.2.2 forbids it; it is met all the same */
    int64_t not_before, not_after;    /* seconds since 1970, UTC */
    char subject[1024], issuer[1024]; /* RFC 2253, UTF-8, terminated */
} cs_certificate;

/* Walks the certificates of a file's bytes: PEM (CERTIFICATE, X509 CERTIFICATE and TRUSTED
 * CERTIFICATE blocks; bundles, chains, text and other blocks between are passed over) or DER (one
 * certificate). Call it with *offset 0 at first and again with the value it left. Returns 0 and
 * fills *out; CS_PROTOCOL with what was found where for damaged input (offset is moved behind it,
 * so that the caller may go on); CS_CLOSED at the end. Bytes that hold no certificate at all are
 * CS_PROTOCOL at the first call. Source: RFC 7468 (PEM), RFC 5280 (fields). */
int cs_certificate_next(cs_slice bytes, size_t *offset, cs_certificate *out, cs_error *error);

/* -- what else it says (src/x509/describe.c) --------------------------------------------------- */

#define CS_SUBJECT_MAX 32  /* parts of a subject */
#define CS_NAMES_MAX   256 /* alternative names */
#define CS_USES_MAX    32

/* The kind is GeneralName's tag: 1 e-mail, 2 DNS, 6 URI, 7 the octets of an IP address. */
typedef struct cs_general_name {
    int kind;
    cs_slice value;
} cs_general_name;

/* Object identifiers are in digits and dots; slices lie in the caller's `work`. */
typedef struct cs_description {
    cs_pair subject[CS_SUBJECT_MAX]; /* identifier and value in UTF-8, in the certificate's order */
    size_t subject_n;
    cs_slice key_algorithm, key_curve; /* the curve is empty where the key has none by name */
    int key_bits;                      /* 0 where OpenSSL can't read the key */
    cs_slice signature_algorithm;
    cs_general_name names[CS_NAMES_MAX]; /* those of a kind above */
    size_t names_n;
    cs_slice uses[CS_USES_MAX]; /* of ExtendedKeyUsage */
    size_t uses_n;
    int is_authority; /* what BasicConstraints says */
    unsigned char md5[16], sha256[32];
    cs_slice pem; /* the certificate alone */
} cs_description;

/* Describes the first certificate of a file's bytes. `work` needs cs_certificate_work_size(bytes).
 * Errors as cs_certificate_next; CS_LIMIT for more parts or names than fit. Source: RFC 5280
 * 4.1.2.6 (subject), 4.2.1.6 (alternative names), 4.2.1.9 (authorities), 4.2.1.12 (uses). */
int cs_certificate_describe(cs_slice bytes, cs_certificate *certificate, cs_description *out,
                            cs_buffer *work, cs_error *error);
size_t cs_certificate_work_size(cs_slice bytes);

/* -------------------------------------------------------------------------- HTTP (src/net/,
 * libcurl multi) --- */

/* Requests in flight over kept connections, HTTP/2 where a TLS server speaks it. An object belongs to
 * the process that used it first: after fork() the child gets CS_CLOSED and makes one of its own. */
typedef struct cs_net cs_net;

typedef struct cs_net_options {
    cs_slice ca_file;    /* PEM bundle, parsed once a process and path; empty: the system's */
    size_t body_limit;   /* bytes of a reply's body; 0: 16 MiB */
    size_t header_limit; /* bytes of its header, interim replies and trailers too; 0: 64 KiB; more
                          * than 256 lines, or 100 KiB in one, are never accepted */
    int allow_http;      /* plain http not only to loopback addresses and the metadata address */
    cs_slice connect_to; /* ADDRESS or ADDRESS:PORT, an IPv6 address in brackets: what is connected
                          * to, whatever host the URL names, without a name lookup and without the
                          * environment's proxy; the host stays what Host, SNI and the check of the
                          * certificate name. p NULL: the host, on the URL's port */
} cs_net_options;

/* But for Host (where none is given), Content-Length and what HTTP/2 or a proxy requires, no header
 * is added: no Accept, Content-Type, Expect or User-Agent. */
typedef struct cs_net_request {
    uint64_t id;            /* the caller's name for it, given back with each event */
    cs_slice method;        /* GET, POST, PUT, HEAD ... */
    cs_slice url;           /* absolute, ASCII, without user info or fragment; sent as it is */
    const cs_pair *headers; /* sent in this order, after Host */
    size_t headers_n;
    cs_slice body; /* copied */
    /* Limits of time; 0 takes the default. Messages name them in milliseconds. */
    int64_t connect_ns;   /* name, connection and TLS; 5 s */
    int64_t idle_ns;      /* since sent_ns without a header line or a byte of the body; 10 s */
    int64_t total_ns;     /* from cs_net_start to the last byte; 30 s */
    int64_t not_after_ns; /* CLOCK_BOOTTIME: not sent if it has not begun to leave by then; never */
    int connect_only; /* 1: nothing is sent; a connection is opened, and kept for another request */
    int describe;     /* 1: the last event has facts */
} cs_net_request;

/* How far the connection that was opened for a request came, also where it failed, and to whom. All
 * of it is zeroed where none was opened for it. */
typedef struct cs_net_facts {
    /* CLOCK_BOOTTIME: its name was looked up, it was connected (at the latest), TLS was agreed on; 0:
     * did not happen */
    int64_t resolved_ns, connected_ns, secured_ns;
    cs_slice address;     /* the other end's IP address, a proxy's where there is one */
    cs_slice tls_version; /* "TLSv1.3" */
    cs_slice chain;       /* the certificates that the server sent, its own first, in PEM */
} cs_net_facts;

enum cs_net_kind {
    CS_NET_NONE = 0,
    CS_NET_SENT,     /* the first byte is about to leave: sent_ns; REPLY or FAILED follows */
    CS_NET_REPLY,    /* a whole reply: everything but too_late and error */
    CS_NET_FAILED,   /* no whole reply: error; sent_ns is 0 if nothing of the request has left */
    CS_NET_CONNECTED /* what was to connect only has done so */
};

/* Who has refused a connection, in a way that another attempt would not change. */
enum cs_net_refusal {
    CS_NET_NOT_REFUSED = 0, /* something else has gone wrong */
    CS_NET_REFUSED_TLS,     /* no certificate that is trusted, or no version of TLS in common */
    CS_NET_REFUSED_PROXY,   /* by an answer of its own: CS_DENIED where it is about who asks */
    CS_NET_REFUSED_THREAD   /* the system: this process may start none for a name lookup */
};

/* The classes of `error`: CS_NETWORK (name, connection, TLS, time; a kept connection that closed
 * before the reply), CS_PROTOCOL (the reply is not HTTP), CS_LIMIT (header, body, memory, threads),
 * CS_DEADLINE (too_late), CS_DENIED (a proxy wants to know who asks, or does not let him). */
typedef struct cs_net_event {
    enum cs_net_kind kind;
    uint64_t id;
    int64_t sent_ns, first_byte_ns, done_ns; /* CLOCK_BOOTTIME; 0: did not happen */
    int64_t left_ns;  /* 0, or when the step was over in which its first byte left, after sent_ns */
    int http_status;  /* of a reply that was cut short too; 0: no whole header came */
    int http_version; /* 10, 11 or 20; 0 where http_status is */
    int new_connection;          /* 1 if the connection was opened for it */
    enum cs_net_refusal refused; /* FAILED */
    int too_late;                /* FAILED: not_after_ns had passed. The connection is kept */
    cs_slice head;               /* the header fields, for cs_net_field_next */
    cs_slice body; /* head and body are valid until the next cs_net_collect or cs_net_close */
    int described;
    cs_net_facts facts; /* where it is; valid until then, too */
    cs_error error;
} cs_net_event;

/* A transport. Nothing is opened before its first use. CS_ARGUMENT: ca_file can't be used, or
 * connect_to is no address; CS_LIMIT. */
int cs_net_new(cs_net **out, const cs_net_options *options, cs_error *error);

/* Drops what is in flight and closes the connections; NULL is allowed. */
void cs_net_close(cs_net *net);

/* Queues a request; nothing is sent before cs_net_step. It is sent once at most: what libcurl would
 * repeat by itself ends as CS_NET_FAILED. CS_ARGUMENT for what may not be sent (plain http to where
 * it is not allowed, control bytes, user info, Content-Length), CS_LIMIT, CS_CLOSED. No message
 * quotes the path or query of the URL, or a header. */
int cs_net_start(cs_net *net, const cs_net_request *request, cs_error *error);

/* Drops the requests with this id. No event follows, not even one that waits to be collected. */
void cs_net_drop(cs_net *net, uint64_t id);

/* Moves what can be moved, for about half a millisecond. wait_ns 0 never waits; else it waits at
 * most that long (rounded up to milliseconds) for something to happen, not at all while there is an
 * event to collect, and returns early at a signal. One request at most is handed to libcurl in a
 * step, so that it begins one connection at most; until the first TLS connection is open, the other
 * https requests wait to see whether they can share it. CS_LIMIT, CS_CLOSED; what goes wrong with a
 * single request is its event. */
int cs_net_step(cs_net *net, int64_t wait_ns, cs_error *error);

/* The next event into *out: 1, or 0 where there is none. */
int cs_net_collect(cs_net *net, cs_net_event *out);

/* Walks the header fields of a reply: 1 and the next into *out, 0 after the last. *offset is 0 at
 * first. Names are in lower case, folded lines are joined (RFC 9112 5.2), repeated fields are given
 * one by one. */
int cs_net_field_next(cs_slice head, size_t *offset, cs_pair *out);

#define CS_NET_MANY 1000000

/* For how many requests there is a connection that nobody uses: *ready; and for how many more one is
 * being opened by what connects only: *opening. One connection that HTTP/2 shares, or is not yet
 * known not to share, serves CS_NET_MANY. For an object that talks to one server. That a connection is
 * of no use any more libcurl finds out when it is wanted, and opens another. Where that befalls one
 * after the other of those opened ahead, *ready is CS_NET_MANY too: there is no sense in more. */
void cs_net_ready(const cs_net *net, size_t *ready, size_t *opening);

/* How many requests have been started and not yet ended by CS_NET_REPLY, CS_NET_FAILED,
 * CS_NET_CONNECTED or a drop. */
size_t cs_net_live(const cs_net *net);

/* How long from now on a step has nothing to do unless cs_net_fd becomes readable: 0 (also while
 * there is an event to collect) to INT64_MAX ns. */
int64_t cs_net_idle_ns(const cs_net *net);

/* The epoll descriptor that becomes readable when a step is worth while; it stays the same. -1 and
 * *error: CS_LIMIT, CS_CLOSED. */
int cs_net_fd(cs_net *net, cs_error *error);

/* Parses the CAs of `ca_file` (empty: the system's) now, once for the process, and does the
 * first-use work of libcurl and OpenSSL, so that no later step has to. Thread-safe. CS_ARGUMENT,
 * CS_LIMIT. */
int cs_net_warm(cs_slice ca_file, cs_error *error);

/* -------------------------------------------------------------- the machine (src/ipc/, libc) ---
 */

int64_t cs_clock_now_ns(void);    /* CLOCK_BOOTTIME */
int64_t cs_clock_wall_ns(void);   /* CLOCK_REALTIME, since 1970 */
int64_t cs_clock_thread_ns(void); /* CLOCK_THREAD_CPUTIME_ID: how long this thread has run */
int cs_random_bytes(void *out, size_t n,
                    cs_error *error); /* getrandom(2), never blocking once the pool is up */

/* 1 if the descriptor `fd` is a terminal, else 0, also where it is closed. src/ipc/terminal.c */
int cs_terminal_is(int fd);

/* From now on SIGTERM and SIGHUP do what SIGINT does at this moment; under the lua program that is
 * to raise an error in what runs; and each of the three ends a read that waits. A file that may not
 * grow any more (RLIMIT_FSIZE) fails as a full disk does, without SIGXFSZ. For programs, not for
 * libraries inside a host. src/ipc/interrupt.c */
void cs_signals_interrupt(void);

/* 1 if SIGUSR1 has come since the last call, else 0. From the first call on it is noted, whichever
 * thread it comes to, and no longer ends the process. For programs.
 * src/ipc/interrupt.c */
int cs_signal_asked(void);

/* ---------------------------------------------------------- child processes (src/ipc/process.c)
 * --- */

typedef struct cs_process cs_process;

typedef struct cs_process_options {
    const char *const *argv; /* up to a NULL; argv[0] is its path: no shell, no search in PATH */
    const char *const *env;  /* NAME=VALUE up to a NULL: the whole environment */
    const int *keep;         /* descriptors above 2 that it gets; every other one is closed */
    size_t keep_n;
    int output;        /* 1: its standard output comes out of cs_process_wait; 0: to /dev/null */
    int errors;        /* 1: its standard error, too; 0: it is this process's */
    int signals;       /* 1: signals held by cs_signals_hold come out of cs_process_wait */
    int parent_signal; /* sent to it when the thread that starts it ends; 0: nothing */
} cs_process_options;

enum cs_process_kind {
    CS_PROCESS_NONE = 0, /* the time is over */
    CS_PROCESS_OUTPUT,   /* output[0 … output_n - 1] */
    CS_PROCESS_ERRORS,   /* the same, of its standard error */
    CS_PROCESS_SIGNAL,   /* this process got signal `number` */
    CS_PROCESS_EXITED,   /* it ended with exit status `number`, or CS_PROCESS_UNKNOWN */
    CS_PROCESS_KILLED    /* signal `number` ended it */
};

/* The number of CS_PROCESS_EXITED where somebody else has taken how it ended: this process ignores
 * SIGCHLD, or reaps all its children itself, as nginx does. */
enum { CS_PROCESS_UNKNOWN = -1 };

typedef struct cs_process_event {
    enum cs_process_kind kind;
    int number;
    char output[4096];
    size_t output_n;
} cs_process_event;

/* hold 1: SIGTERM, SIGINT and SIGHUP wait for a cs_process_wait of this thread; 0: they do again
 * what they did. For programs, not for libraries inside a host. */
void cs_signals_hold(int hold);

/* Starts a program in a process group of its own, with default signals, its input /dev/null.
 * Returns 0 once it runs; CS_LIMIT with the reason if it can't be
 * started; CS_ARGUMENT. */
int cs_process_spawn(cs_process **out, const cs_process_options *options, cs_error *error);

/* Waits up to wait_ns (0: looks only) for one thing to happen. All output comes before the end; the
 * end comes again at each further call. How much output to take is the caller's to decide. */
int cs_process_wait(cs_process *process, int64_t wait_ns, cs_process_event *event, cs_error *error);

/* Sends a signal to the whole group. CS_LIMIT where that fails, ESRCH for one where somebody else has
 * taken the program's end: the group's number may be another's by now. */
int cs_process_signal(cs_process *process, int number, cs_error *error);

/* Kills what is left of the group, unless somebody else has taken the program's end, and waits for
 * it. NULL is allowed. */
void cs_process_close(cs_process *process);

/* ------------------------------------------------ sockets and files (src/ipc/listen.c,
 * src/ipc/file.c) --- */

/* A listening, non-blocking TCP socket on `address` (127.0.0.0/8, dotted, or ::1) and `port` (0: a
 * free one). Returns 0, the descriptor, which the caller closes, and the port; CS_ARGUMENT for another
 * address; CS_LIMIT where it is taken. */
int cs_listen_loopback(const char *address, uint16_t port, int *fd, uint16_t *bound,
                       cs_error *error);

enum cs_file_kind { CS_FILE_OTHER = 0, CS_FILE_REGULAR, CS_FILE_FOLDER };

typedef struct cs_file_facts {
    enum cs_file_kind kind;
    int64_t inode, size,
        modified_ns; /* two equal triples: the file has not been written or exchanged between */
} cs_file_facts;

/* What `path`, links followed, names now. CS_LIMIT with the reason where nothing can be seen. */
int cs_file_facts_of(const char *path, cs_file_facts *out, cs_error *error);

/* Gives the file `from` the name `to`, in the same folder, instead of what had it. What is in it has
 * reached the disk before, so that a power loss leaves one of the two there, whole. CS_LIMIT with the
 * reason: `to` is as it was. */
int cs_file_replace(const char *from, const char *to, cs_error *error);

/* Opens `path` for writing, which is made where it is missing and not cut off where it is there, as
 * the only one who does it by this function: until *fd is closed. It is close-on-exec, and the
 * caller's, who may write through other descriptors. Where the file system has no locks it is opened
 * nevertheless. CS_LIMIT with the reason, errno's number in its detail; EAGAIN: another process has
 * it, and which. */
int cs_file_claim(const char *path, int *fd, cs_error *error);

/* Makes a folder of mode 0700; `path` ends in XXXXXX, which become its name (mkdtemp(3)). */
int cs_folder_temporary(char *path, cs_error *error);

/* Removes a folder with all it holds, following no link; 0 where there is none. */
int cs_folder_remove(const char *path, cs_error *error);

/* -- the home, and the quota in it (src/ipc/home.c, holders.c, quota_file.c) -------------------- */

/* Opens for reading and writing the file `below` ("quota/default") of the folder `home`, an absolute
 * path. What is missing is made: folders 0700, the file 0600. The home and each component below it
 * must be a folder, the last one a file, and no link; belong to this user or root; be writable by
 * nobody else; and not lie on a network file system. *fd is close-on-exec, and the caller's.
 * fd NULL: the file is only made, for who opens it by its path: to open and close it would let go of
 * all fcntl(2) locks that this process has on it.
 * CS_ARGUMENT with what was found where, or which user may not; CS_LIMIT where the system lacks room
 * or descriptors. */
int cs_home_open_file(const char *home, const char *below, int *fd, cs_error *error);

/* Appends the processes that have the file open that is open here as `fd`, those first that have
 * locked it: "123 (lua5.4, stopped, has locked it), 456 (certstat)"; at most eight, "..." in place of
 * those that there is no room for, and only those that this user may see. `fd` itself does not count. */
void cs_file_holders(int fd, cs_buffer *out);

/* A quota that all share who open the same file. One object belongs to one thread; a forked child
 * may go on using its copy. */
typedef struct cs_quota_file cs_quota_file;

#define CS_QUOTA_AHEAD_NS (120 * CS_SEC) /* longer holds and pauses are cut to this */

/* The detail of an error. Both are of class CS_LIMIT. */
enum cs_quota_file_error {
    CS_QUOTA_FILE = 0, /* it can't be opened, locked, read or written: the message has the reason */
    CS_QUOTA_LOCK_HELD /* another process has held the lock for over a second */
};

/* The quota in `home`/`below`, see cs_home_open_file; a relative home is taken from where this
 * process is now. The file is opened when it is used, by the process that uses it: after fork() by
 * both, after setuid() by that user, after chroot() in there. Of the machine only the boot's id is read,
 * now. A file that is new, damaged or of another boot counts as a window just used up. */
int cs_quota_file_new(cs_quota_file **out, const char *home, const char *below,
                      const cs_quota_rule *rule, cs_error *error);

/* Opens the file, made if it is missing, to see whether that can be done, and closes it. CS_ARGUMENT,
 * CS_LIMIT as cs_home_open_file. */
int cs_quota_file_probe(cs_quota_file *file, cs_error *error);

/* Writes what is left to write if that can be done at once; NULL is allowed. */
void cs_quota_file_close(cs_quota_file *file);

/* As cs_quota_look; appends to `holders` which other processes have the file open, see
 * cs_file_holders. *wait_ns 0: *out is filled; else as cs_quota_file_take. */
int cs_quota_file_look(cs_quota_file *file, int64_t now_ns, int64_t *wait_ns, cs_quota_view *out,
                       cs_buffer *holders, cs_error *error);

/* As cs_quota_take. *wait_ns 0: *permit is granted, and in the file; else for how long it is not
 * worth asking again, which is a moment where another has the lock. CS_LIMIT: nothing is granted. */
int cs_quota_file_take(cs_quota_file *file, enum cs_lane lane, int64_t hold_ns, int64_t now_ns,
                       int64_t *wait_ns, int64_t *permit, cs_error *error);

/* As cs_budget_take. Where another has the lock the retry need not wait, and is paid for later; where
 * the file can't be used, the wait is that of an empty budget. */
int64_t cs_quota_file_retry(cs_quota_file *file, int64_t most_ns, int64_t now_ns);

/* As cs_quota_sent, cs_quota_return, cs_quota_pause with cs_guard_throttled, cs_guard_replied and
 * cs_budget_reward. What can't be written at once is remembered, and written with what comes next. */
void cs_quota_file_sent(cs_quota_file *file, int64_t permit, int64_t left_ns);
void cs_quota_file_return(cs_quota_file *file, int64_t permit);
void cs_quota_file_pause(cs_quota_file *file, int64_t until_ns, int64_t now_ns);
void cs_quota_file_replied(cs_quota_file *file, int64_t sent_ns, int64_t first_byte_ns);
void cs_quota_file_reward(cs_quota_file *file, int64_t now_ns);

/* Tries to write what is remembered: 1 if nothing is left of it, else 0. */
int cs_quota_file_flush(cs_quota_file *file, int64_t now_ns);

/* -- the ledger: what was asked and answered (src/ledger/, SQLite) ------------------------------ */

/* The file ledger.db of a home, in SQLite's WAL mode. README.md describes its tables to those who
 * query it. Times are seconds since 1970, and come from the caller; keys are canonical ones, as
 * lower-case hexadecimal. An object belongs to one thread, and to the process that opened it. A
 * process may open one file several times. */
typedef struct cs_ledger cs_ledger;

/* How long a writer waits for another one. Readers hold nobody up, and are not held up. */
#define CS_LEDGER_BUSY_MS 5000

#define CS_LEDGER_ACCOUNT_MAX  64 /* bytes */
#define CS_LEDGER_COMMAND_MAX  32
#define CS_LEDGER_SETTINGS_MAX 8192
#define CS_LEDGER_KEY_MAX      40

/* The detail of an error. */
enum cs_ledger_error {
    CS_LEDGER_FILE = 0, /* CS_LIMIT: it can't be read or written: the message has the reason;
                           CS_ARGUMENT: a value, or the home, can't be used */
    CS_LEDGER_ABSENT,   /* CS_ARGUMENT: there is none */
    CS_LEDGER_FOREIGN,  /* CS_ARGUMENT: the file is something else. Nothing of it is changed, */
    CS_LEDGER_NEWER,    /* CS_ARGUMENT: nor of one that a newer version has written, */
    CS_LEDGER_DAMAGED,  /* CS_ARGUMENT: nor of what SQLite can't read */
    CS_LEDGER_BUSY,     /* CS_LIMIT: no turn to write within CS_LEDGER_BUSY_MS */
    CS_LEDGER_RUNNING   /* CS_LIMIT: another process is at that run */
};

/* What an answer can be; in C, 0 is none. */
enum cs_status {
    CS_STATUS_NONE = 0,
    CS_STATUS_GOOD,
    CS_STATUS_REVOKED,
    CS_STATUS_UNKNOWN,
    CS_STATUS_ABSENT,
    CS_STATUS_CONFLICT,
    CS_STATUS_INVALID,
    CS_STATUS_ERROR,
    CS_STATUSES
};
#define CS_STATUS_NAMES                                                                            \
    {                                                                                              \
        "", "good", "revoked", "unknown", "absent", "conflict", "invalid", "error"                 \
    }

/* Opens the ledger of `home`, whose rules are those of cs_home_open_file; a relative one is taken
 * from where this process is now. create 1 makes what is missing. One of an older version gets
 * today's tables. CS_ARGUMENT, CS_LIMIT: see cs_ledger_error. */
int cs_ledger_open(cs_ledger **out, const char *home, int create, cs_error *error);

/* NULL is allowed. In a child that has inherited it by fork(), only its memory is freed. */
void cs_ledger_close(cs_ledger *ledger);

typedef struct cs_ledger_start {
    cs_slice account, command; /* "default", "audit" */
    cs_slice settings;         /* what the run depends on: equal texts, comparable runs */
    int64_t started_s;
} cs_ledger_start;

/* Begins a run; *run is its number. Numbers grow, and none comes again. Nobody else can take it up
 * until it ends, or its process does. CS_ARGUMENT, CS_LIMIT, CS_CLOSED, as for all that follow. */
int cs_ledger_begin_run(cs_ledger *ledger, const cs_ledger_start *start, int64_t *run,
                        cs_error *error);

/* Takes up a run that did not come to its end, as if it had not been cut short. CS_LEDGER_RUNNING
 * where another process is at it; CS_ARGUMENT where it is whole. */
int cs_ledger_resume_run(cs_ledger *ledger, int64_t run, cs_error *error);

/* A serial number as it was given. */
typedef struct cs_ledger_asked {
    int64_t position; /* in the run, from 1 */
    cs_slice key;     /* empty: it is none */
    cs_slice given;
    cs_slice source;  /* where it was found; empty: not known */
    cs_slice details; /* what else its source says of it, as JSON; empty: nothing */
} cs_ledger_asked;

typedef struct cs_ledger_answer {
    cs_slice key;
    enum cs_status status;     /* not NONE, not INVALID */
    cs_slice class_name, code; /* of an error; empty: none */
    int64_t revoked_at_s;      /* 0: not said */
    int64_t checked_at_s;
} cs_ledger_answer;

typedef struct cs_ledger_reply {
    cs_slice account;
    int64_t run; /* 0: of no run; only what is latest, and what changed, is written */
    const cs_ledger_asked *asked;
    size_t asked_n;
    const cs_ledger_answer *answers;
    size_t answers_n;
    int64_t items; /* how many the run asks for in all; 0: its source has not been read whole yet */
} cs_ledger_reply;

/* Writes all of it or, where it fails, nothing. What is written outlives this process; a power loss
 * may cost the replies since the last cs_ledger_end_run, never a part of one. An error is no answer:
 * the latest one stays. A second answer in a run replaces the first. */
int cs_ledger_record(cs_ledger *ledger, const cs_ledger_reply *reply, cs_error *error);

/* Ends a run and brings everything written so far to the disk. whole 0: it was cut short. */
int cs_ledger_end_run(cs_ledger *ledger, int64_t run, int64_t ended_s, int whole, cs_error *error);

typedef struct cs_ledger_latest {
    enum cs_status status;
    int64_t revoked_at_s; /* 0: not said */
    int64_t checked_at_s;
    int64_t first_revoked_at_s; /* stays, whatever is said later; 0: never was revoked */
} cs_ledger_latest;

/* The latest answer about a key; *found 0: there is none. first_revoked_at_s is of the first answer
 * `revoked`: the time that it gave, or else that at which it came. */
int cs_ledger_latest_of(cs_ledger *ledger, cs_slice account, cs_slice key, cs_ledger_latest *out,
                        int *found, cs_error *error);

typedef struct cs_ledger_run {
    int64_t run, started_s, ended_s; /* ended_s 0: it runs, or was killed */
    int64_t items;                   /* how many it asks for in all; 0: not known */
    int whole;                       /* 1: it came to its end */
    char account[CS_LEDGER_ACCOUNT_MAX + 1], command[CS_LEDGER_COMMAND_MAX + 1];
    char settings[CS_LEDGER_SETTINGS_MAX + 1];
} cs_ledger_run;

/* The newest `size` runs before run `before` (0: of all), newest first; *n is how many. */
int cs_ledger_runs(cs_ledger *ledger, int64_t before, cs_ledger_run *out, size_t size, size_t *n,
                   cs_error *error);

/* What a run has asked, from behind position `after` on: at most `size`, and as many as `text` holds
 * the texts of, to which the slices in *out point; *n 0: no more. CS_LIMIT where `text` does not hold
 * those of one. */
int cs_ledger_asked_of(cs_ledger *ledger, int64_t run, int64_t after, cs_ledger_asked *out,
                       size_t size, cs_buffer *text, size_t *n, cs_error *error);

/* What a run was answered about a key, without first_revoked_at_s; *found 0: nothing yet. */
int cs_ledger_answer_of(cs_ledger *ledger, int64_t run, cs_slice key, cs_ledger_latest *out,
                        int *found, cs_error *error);

typedef struct cs_ledger_entry {
    int64_t checked_at_s;
    enum cs_status status;
    char key[CS_LEDGER_KEY_MAX + 1];
} cs_ledger_entry;

/* The `size` latest answers of an account that are the oldest, the oldest one first. It reads all
 * the latest answers of the account once. */
int cs_ledger_oldest(cs_ledger *ledger, cs_slice account, cs_ledger_entry *out, size_t size,
                     size_t *n, cs_error *error);

typedef struct cs_ledger_difference {
    enum cs_status before, after; /* NONE: not asked for in that run */
    int64_t revoked_at_s;         /* what the later run says; 0: nothing */
    char key[CS_LEDGER_KEY_MAX + 1];
} cs_ledger_difference;

/* Where the answers of two runs differ: the first `size` keys behind `after` (empty:
 * of all), in the order of the keys. */
int cs_ledger_compare(cs_ledger *ledger, int64_t earlier, int64_t later, cs_slice after,
                      cs_ledger_difference *out, size_t size, size_t *n, cs_error *error);

typedef struct cs_ledger_change {
    int64_t change, time_s, run;  /* its number; when it was seen; 0: in no run */
    enum cs_status before, after; /* before NONE: the key's first answer, which was not good */
    char account[CS_LEDGER_ACCOUNT_MAX + 1], key[CS_LEDGER_KEY_MAX + 1];
} cs_ledger_change;

/* The first `size` changes after change `after` (0: of all) and seen at since_s or later. */
int cs_ledger_changes(cs_ledger *ledger, int64_t after, int64_t since_s, cs_ledger_change *out,
                      size_t size, size_t *n, cs_error *error);

typedef struct cs_ledger_info {
    int64_t schema, bytes;                         /* the version of the tables; the file's size */
    int64_t runs, asked, answers, latest, changes; /* rows */
} cs_ledger_info;

/* Counts the rows, for people. */
int cs_ledger_info_of(cs_ledger *ledger, cs_ledger_info *out, cs_error *error);

/* Appends a line for each thing that is wrong, to SQLite or by what certstat writes; nothing where
 * the ledger is whole. */
int cs_ledger_check(cs_ledger *ledger, cs_buffer *out, cs_error *error);

/* Takes out what was asked and answered in all runs but the newest `keep`, and gives their space
 * back; what is latest and what changed stays. Others may write meanwhile. *dropped: how many runs. */
int cs_ledger_compact(cs_ledger *ledger, int64_t keep, int64_t *dropped, cs_error *error);

#endif
