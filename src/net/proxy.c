/* proxy.c - the proxy that the environment names for https: by the variables, and in the order, of
 * libcurl, which also sees to NO_PROXY when it connects. They are read here, as libcurl would quote
 * a URL that it can't use, with the password in it. */
#include "net/internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* Where its URL names none, by libcurl's CURLOPT_PROXY. */
enum { PORT = 1080, PORT_TLS = 443 };

static const char *find_variable(const char **name)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value) {
            *name = names[i];
            return value;
        }
    }
    return NULL;
}

static int is_scheme_of_proxies(const char *scheme)
{
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (strcmp(scheme, schemes[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Fills t->proxy, without user name and password, and t->proxy_port from the proxy's URL: 0, or 1 where it is none. */
static int take_apart(struct net_transfer *t, const char *url)
{
    char *scheme = NULL, *host = NULL, *port = NULL;
    CURLU *parts = curl_url();
    int bad =
        !parts ||
        curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) || !is_scheme_of_proxies(scheme);
    if (!bad) {
        cs_buffer text;
        curl_url_get(parts, CURLUPART_PORT, &port, 0);
        t->proxy_port = port                           ? (int)strtol(port, NULL, 10)
                        : strcmp(scheme, "https") == 0 ? PORT_TLS
                                                       : PORT;
        cs_buffer_init(&text, t->proxy, sizeof t->proxy - 1);
        cs_buffer_text(&text, " through the proxy ");
        cs_printable(cs_slice_of(host), sizeof t->proxy - 32, &text);
        cs_buffer_byte(&text, ':');
        cs_buffer_decimal(&text, t->proxy_port);
        t->proxy[text.n] = '\0';
    }
    curl_free(port);
    curl_free(host);
    curl_free(scheme);
    curl_url_cleanup(parts);
    return bad;
}

int net_proxy_set(struct net_transfer *t, cs_error *error)
{
    const char *name = NULL, *url = find_variable(&name);
    if (!url) {
        return 0;
    }
    if (take_apart(t, url)) {
        return cs_fail(error, CS_ARGUMENT, 0, name,
                       ": expected the URL of a proxy, such as http://HOST:PORT", NULL);
    }
    if (curl_easy_setopt(t->easy, CURLOPT_PROXY, url) != CURLE_OK) {
        return cs_fail(error, CS_LIMIT, 0, "out of memory for the proxy", NULL);
    }
    return 0;
}

/* libcurl does not say whether NO_PROXY had it connect to the host itself; the port says it, unless
 * host and proxy have the same: then it is taken for the host. */
void net_proxy_note(struct net_transfer *t, const struct curl_sockaddr *address)
{
    const struct sockaddr *to = &address->addr;
    int port = to->sa_family == AF_INET    ? ntohs(((const struct sockaddr_in *)to)->sin_port)
               : to->sa_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)to)->sin6_port)
                                           : 0;
    t->proxied = port == t->proxy_port && port != t->port;
}
