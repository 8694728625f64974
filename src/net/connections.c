/* connections.c - for how many requests to come there is a connection. libcurl does not say what is
 * in its pool: but when a transfer is done, which connection of it was kept, and when that is closed.
 * A connection that a request is sent over for the first time is not among them until then. */
#include "net/internal.h"

#include <unistd.h>

void net_connections_note(struct net_transfer *t)
{
    cs_net *net = t->net;
    curl_socket_t s = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &s) != CURLE_OK || s == CURL_SOCKET_BAD) {
        return;
    }
    for (size_t i = 0; i < net->kept_n; i++) {
        if (net->kept[i] == s) {
            return;
        }
    }
    if (net->kept_n < sizeof net->kept / sizeof *net->kept) {
        net->kept[net->kept_n++] = s;
    }
}

int net_connections_close(void *data, curl_socket_t s)
{
    cs_net *net = (cs_net *)data;
    for (size_t i = 0; i < net->kept_n; i++) {
        if (net->kept[i] == s) {
            net->kept[i] = net->kept[--net->kept_n];
            break;
        }
    }
    return close(s);
}

void cs_net_ready(const cs_net *net, size_t *ready, size_t *opening)
{
    size_t taken = 0, connecting = 0;
    int may_share = 0;
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
