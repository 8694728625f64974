/* connect_to.c - one address for all connections of a transport, so that no name is looked up.
 * libcurl goes on using the URL's host in the Host field, in TLS (SNI, RFC 6066 3) and for the check
 * of the certificate (CURLOPT_CONNECT_TO). */
#include "net/internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 63 }; /* an IPv6 address in brackets and a port are 53 */

/* 1 to 65535, or nothing */
static int is_port(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return text[n] == '\0' && n <= 5 && *text != '0' && strtol(text, NULL, 10) <= 65535;
}

/* An IPv4 address, or an IPv6 address in brackets. */
static int is_address(const char *host)
{
    char bare[LONGEST + 1];
    struct in6_addr address;
    size_t n = strlen(host);
    if (host[0] != '[') {
        return inet_pton(AF_INET, host, &address) == 1;
    }
    if (host[n - 1] != ']') {
        return 0;
    }
    memcpy(bare, host + 1, n - 2);
    bare[n - 2] = '\0';
    return inet_pton(AF_INET6, bare, &address) == 1;
}

static const char *finish(cs_buffer *text, char *memory)
{
    memory[text->n] = '\0';
    return memory;
}

static int refuse(cs_slice where, cs_error *error)
{
    char shown[100];
    cs_buffer text;
    cs_buffer_init(&text, shown, sizeof shown - 1);
    cs_printable(where, sizeof shown - 16, &text);
    return cs_fail(error, CS_ARGUMENT, 0,
                   "connect_to: expected ADDRESS or ADDRESS:PORT, an IPv6 address in brackets, "
                   "found '",
                   finish(&text, shown), "'", NULL);
}

int net_connect_to_set(cs_net *net, cs_slice where, cs_error *error)
{
    char host[LONGEST + 1] = "", line[LONGEST + 8];
    const char *port = "";
    if (!where.p) {
        return 0;
    }
    if (where.n == 0 || where.n > LONGEST || memchr(where.p, '\0', where.n)) {
        return refuse(where, error);
    }
    memcpy(host, where.p, where.n);
    char *colon = strchr(host[0] == '[' && strchr(host, ']') ? strchr(host, ']') : host, ':');
    if (colon) {
        *colon = '\0';
        port = colon + 1;
    }
    if (!is_address(host) || !is_port(port) || (colon && !*port)) {
        return refuse(where, error);
    }
    net->away = !net_url_is_local(host);
    cs_buffer text;
    cs_buffer_init(&text, net->at, sizeof net->at - 1);
    cs_buffer_text(&text, " at ");
    cs_buffer_put(&text, where);
    finish(&text, net->at);
    cs_buffer_init(&text, line, sizeof line - 1);
    cs_buffer_text(&text, "::"); /* whatever host and port the URL has */
    cs_buffer_text(&text, host);
    cs_buffer_text(&text, ":");
    cs_buffer_text(&text, port);
    net->connect_to = curl_slist_append(NULL, finish(&text, line));
    return net->connect_to ? 0 : cs_fail(error, CS_LIMIT, 0, "out of memory for connect_to", NULL);
}
