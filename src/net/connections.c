/* connections.c - for how many requests to come there is a connection. libcurl does not say what is
 * in its pool: but when a transfer is done, which connection of it was kept, and when that is closed.
 * A connection that a request is sent over for the first time is not among them until then.
 *
 * Connections that are opened ahead may all be of no use: a server may close at once what is silent,
 * and since 8.0 libcurl takes one of HTTP/1.1 for dead over which anything has come, be it the
 * session tickets of TLS 1.3 (lib/url.c). After LOST_MAX of them each request opens its own. */
#include "net/internal.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOST_MAX 16

static struct net_kept *find(cs_net *net, curl_socket_t s)
{
    for (size_t i = 0; i < net->kept_n; i++) {
        if (net->kept[i].socket == s) {
            return &net->kept[i];
        }
    }
    return NULL;
}

/* 0: none that is known */
static int port_of(curl_socket_t s)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
    } own = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t n = sizeof own;
    if (getsockname(s, &own.any, &n) != 0) {
        return 0;
    }
    return ntohs(own.any.sa_family == AF_INET6 ? own.ip6.sin6_port : own.ip4.sin_port);
}

void net_connections_note(struct net_transfer *t)
{
    cs_net *net = t->net;
    curl_socket_t s = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &s) == CURLE_OK && s != CURL_SOCKET_BAD &&
        !find(net, s) && net->kept_n < NET_KEPT_MAX) {
        net->kept[net->kept_n++] =
            (struct net_kept){.socket = s, .ahead_port = t->connect_only ? port_of(s) : 0};
    }
}

void net_connections_use(cs_net *net, int port)
{
    for (size_t i = 0; i < net->kept_n; i++) {
        if (port && net->kept[i].ahead_port == port) {
            net->kept[i].ahead_port = 0;
            net->lost_n = 0;
        }
    }
}

int net_connections_close(void *data, curl_socket_t s)
{
    cs_net *net = (cs_net *)data;
    struct net_kept *kept = find(net, s);
    if (kept) {
        net->lost_n += kept->ahead_port != 0;
        *kept = net->kept[--net->kept_n];
    }
    return close(s);
}

void cs_net_ready(const cs_net *net, size_t *ready, size_t *opening)
{
    size_t taken = 0, connecting = 0;
    int may_share = 0;
    if (net->lost_n >= LOST_MAX) {
        *ready = CS_NET_MANY;
        *opening = 0;
        return;
    }
    for (const struct net_transfer *t = net->queued.first; t; t = t->link[NET_BY_STATE].next) {
        connecting += (size_t)t->connect_only;
        may_share |= t->connect_only && t->https && !net->probed;
        taken += !t->connect_only;
    }
    for (const struct net_transfer *t = net->running.first; t; t = t->link[NET_BY_STATE].next) {
        connecting += (size_t)t->connect_only;
        taken += t->sent_ns && !t->new_connection && !net->http2;
    }
    may_share |= net->probe || net->http2;
    *opening = connecting && may_share ? CS_NET_MANY : connecting;
    *ready = net->kept_n <= taken ? 0 : net->http2 ? CS_NET_MANY : net->kept_n - taken;
}
