/* reply.c - the header and the body of a reply as they arrive, never more of either than was
 * agreed. */
#include "net/internal.h"

#include <openssl/crypto.h>
#include <string.h>

enum { FIRST_SIZE = 1024 };

/* Header lines of one reply. Servers refuse requests of more than 100 (nginx, Apache httpd); some
 * header code is quadratic in their number, and a hostile reply of 64 KiB could have 20,000. */
enum { LINES_MAX = 256 };

static int out_of_memory(cs_error *error)
{
    return cs_fail(error, CS_LIMIT, 0, "out of memory for the reply", NULL);
}

/* The memory grows by doubling, but not beyond `limit`; what is added does not exceed it. */
static int add_bytes(struct net_bytes *to, cs_slice bytes, size_t limit, cs_error *error)
{
    if (bytes.n > to->size - to->n) {
        size_t size = to->size ? to->size : FIRST_SIZE;
        while (size - to->n < bytes.n) {
            if (size > SIZE_MAX / 2) {
                return out_of_memory(error);
            }
            size *= 2;
        }
        size = size < limit ? size : limit;
        char *p = (char *)OPENSSL_clear_realloc(to->p, to->size, size);
        if (!p) {
            return out_of_memory(error);
        }
        to->p = p;
        to->size = size;
    }
    if (bytes.n) {
        memcpy(to->p + to->n, bytes.p, bytes.n);
        to->n += bytes.n;
    }
    return 0;
}

static int refuse_more(cs_error *error, const char *what, size_t limit, const char *unit)
{
    char digits[24] = "";
    cs_buffer text;
    cs_buffer_init(&text, digits, sizeof digits - 1);
    cs_buffer_decimal(&text, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    return cs_fail(error, CS_LIMIT, 0, "expected a reply's ", what, " of at most ", digits, unit,
                   ", found more", NULL);
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static cs_slice strip(cs_slice text)
{
    while (text.n && is_blank(text.p[text.n - 1])) {
        text.n--;
    }
    while (text.n && is_blank(*text.p)) {
        text.p++;
        text.n--;
    }
    return text;
}

/* Adds a field as "name: value" CRLF, the name in lower case; a folded line goes on with the field
 * before it (RFC 9112 5.2). CR and NUL within become blanks (RFC 9110 5.5), so that CR always ends
 * a field here. */
static int add_field(struct net_bytes *head, cs_slice line, cs_error *error)
{
    cs_slice name = {NULL, 0}, value = strip(line);
    const char *colon = (const char *)memchr(value.p, ':', value.n);
    int folded = is_blank(*line.p) && head->n;
    if (folded) {
        head->n -= 2;
    } else if (colon) {
        name = strip((cs_slice){value.p, (size_t)(colon - value.p)});
        value = strip((cs_slice){colon + 1, value.n - (size_t)(colon - value.p) - 1});
    }
    size_t from = head->n;
    int result = add_bytes(head, name, SIZE_MAX, error);
    for (size_t i = from; i < head->n; i++) {
        char c = head->p[i];
        head->p[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    if (!result) {
        result = add_bytes(head, folded ? CS_LITERAL(" ") : CS_LITERAL(": "), SIZE_MAX, error);
    }
    if (!result) {
        result = add_bytes(head, value, SIZE_MAX, error);
    }
    for (size_t i = from; i < head->n; i++) {
        head->p[i] = head->p[i] == '\r' || head->p[i] == '\0' ? ' ' : head->p[i];
    }
    return result ? result : add_bytes(head, CS_LITERAL("\r\n"), SIZE_MAX, error);
}

int net_reply_line(struct net_reply *reply, cs_slice line, int status, cs_error *error)
{
    if (line.n > reply->header_limit - reply->header_n) {
        return refuse_more(error, "header", reply->header_limit, " bytes");
    }
    reply->header_n += line.n;
    if (++reply->lines > LINES_MAX) {
        return refuse_more(error, "header", LINES_MAX, " lines");
    }
    if (reply->at == NET_HEAD_AWAITED) {
        reply->at = NET_HEAD_OPEN; /* by the status line */
        return 0;
    }
    if (reply->at == NET_HEAD_DONE) {
        return 0; /* a trailer field (RFC 9110 6.5): of no use here, and never part of the header */
    }
    if (line.n && *line.p != '\r' && *line.p != '\n') {
        return add_field(&reply->head, line, error);
    }
    if (status < 200) {
        reply->head.n = 0; /* that was an interim reply (RFC 9110 15.2) */
        reply->at = NET_HEAD_AWAITED;
    } else {
        reply->at = NET_HEAD_DONE;
    }
    return 0;
}

int net_reply_body(struct net_reply *reply, cs_slice bytes, cs_error *error)
{
    if (bytes.n > reply->body_limit - reply->body.n) {
        return refuse_more(error, "body", reply->body_limit, " bytes");
    }
    return add_bytes(&reply->body, bytes, reply->body_limit, error);
}

int cs_net_field_next(cs_slice head, size_t *offset, cs_pair *out)
{
    if (*offset >= head.n) {
        return 0;
    }
    const char *line = head.p + *offset, *limit = head.p + head.n;
    const char *end = (const char *)memchr(line, '\r', (size_t)(limit - line));
    *offset = end ? (size_t)(end - head.p) + 2 : head.n;
    end = end ? end : limit;
    const char *colon = (const char *)memchr(line, ':', (size_t)(end - line));
    colon = colon ? colon : end;
    out->name = (cs_slice){line, (size_t)(colon - line)};
    out->value = strip((cs_slice){colon + (colon < end), (size_t)(end - colon) - (colon < end)});
    return 1;
}

cs_slice net_reply_field(const struct net_reply *reply, const char *name)
{
    cs_slice head = {reply->head.p, reply->head.n};
    cs_pair field;
    for (size_t offset = 0; cs_net_field_next(head, &offset, &field);) {
        if (cs_slice_equal(field.name, cs_slice_of(name))) {
            return field.value;
        }
    }
    return (cs_slice){NULL, 0};
}

void net_reply_free(struct net_reply *reply)
{
    OPENSSL_clear_free(reply->head.p, reply->head.size);
    OPENSSL_clear_free(reply->body.p, reply->body.size);
    reply->head = reply->body = (struct net_bytes){NULL, 0, 0};
}
