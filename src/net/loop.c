/* loop.c - one step: libcurl's descriptors in an epoll of our own, moved by
 * curl_multi_socket_action.
 *
 * curl_multi_perform walks all handles at every call (4 us each, and 20 handshakes in one step are
 * 8 ms); this way a step with nothing to do takes 4 us with any number in flight, and a busy one
 * can be cut between two sockets. */
#include "net/internal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* How long a step may go on to the next ready socket. */
static const int64_t BUDGET_NS = INT64_C(200000);

/* Connections kept open, at most. */
enum { CONNECTIONS_KEPT = 32 };

/* CURLMOPT_QUICK_EXIT of libcurl 8.20, whose multi handle has the threads that look names up: else its
 * end joins them. Older ones do not know it. */
#define MULTI_QUICK_EXIT ((CURLMoption)21)

/* CURLMOPT_SOCKETFUNCTION. An error would make libcurl give up all transfers at once, so a
 * descriptor that the kernel won't watch (ENOSPC, ENOMEM) leaves its transfers to their limits of
 * time. */
static int watch_socket(CURL *easy, curl_socket_t s, int what, void *data, void *unused)
{
    cs_net *net = (cs_net *)data;
    struct epoll_event event = {.events = 0, .data = {.fd = s}};
    (void)easy, (void)unused;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(net->epoll, EPOLL_CTL_DEL, s, NULL);
        return 0;
    }
    event.events |= what & CURL_POLL_IN ? EPOLLIN : 0;
    event.events |= what & CURL_POLL_OUT ? EPOLLOUT : 0;
    if (epoll_ctl(net->epoll, EPOLL_CTL_MOD, s, &event) != 0) {
        epoll_ctl(net->epoll, EPOLL_CTL_ADD, s, &event);
    }
    return 0;
}

/* CURLMOPT_TIMERFUNCTION */
static int set_timer(CURLM *multi, long wait_ms, void *data)
{
    cs_net *net = (cs_net *)data;
    (void)multi;
    net->timer_ns = wait_ms < 0 ? INT64_MAX : cs_clock_now_ns() + wait_ms * CS_MS;
    return 0;
}

int net_loop_open(cs_net *net, cs_error *error)
{
    if (net->multi) {
        return 0;
    }
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        return cs_fail(error, CS_LIMIT, errno, "epoll_create1: ", strerror(errno), NULL);
    }
    CURLM *multi = curl_multi_init();
    int failed = !multi;
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK;
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, net) != CURLM_OK;
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK;
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, net) != CURLM_OK;
    failed |= curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) != CURLM_OK;
    failed |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT) != CURLM_OK;
    curl_multi_setopt(multi, MULTI_QUICK_EXIT, 1L);
    if (failed) {
        curl_multi_cleanup(multi);
        close(epoll);
        return cs_fail(error, CS_LIMIT, 0, "libcurl can't make a multi handle", NULL);
    }
    net->epoll = epoll;
    net->multi = multi;
    return 0;
}

void net_loop_close(cs_net *net)
{
    curl_multi_cleanup(net->multi);
    if (net->epoll >= 0) {
        close(net->epoll);
    }
    net->multi = NULL;
    net->epoll = -1;
}

static int to_ms(int64_t ns)
{
    int64_t ms = ns > 0 ? ns / CS_MS + (ns % CS_MS > 0) : 0;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static int to_curl_events(uint32_t events)
{
    return (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
}

/* One event at a time, and each that was fetched is served: epoll puts a descriptor behind the other
 * ready ones when it shows it, so that a cut starves none. */
int net_loop_turn(cs_net *net, int64_t wait_ns, cs_error *error)
{
    struct epoll_event event;
    CURLMcode code = CURLM_OK;
    int running;
    int ready = epoll_wait(net->epoll, &event, 1, to_ms(wait_ns));
    int64_t now_ns = cs_clock_now_ns();
    net->until_ns = now_ns + BUDGET_NS;
    net->has_read = 0;
    if (now_ns >= net->timer_ns) {
        net->timer_ns = INT64_MAX;
        code = curl_multi_socket_action(net->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    while (ready > 0 && code == CURLM_OK) {
        code = curl_multi_socket_action(net->multi, event.data.fd, to_curl_events(event.events),
                                        &running);
        ready = cs_clock_now_ns() < net->until_ns ? epoll_wait(net->epoll, &event, 1, 0) : 0;
    }
    if (code != CURLM_OK) {
        return cs_fail(error, CS_LIMIT, (int)code, "libcurl: ", curl_multi_strerror(code), NULL);
    }
    return 0;
}
