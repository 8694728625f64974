/* listen.c - a listening TCP socket on loopback, made here so that its port is known before a
 * server is told of it. */
#include "certstat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 511 /* nginx's own */

union name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* The socket's name, and its size; 0: it is no loopback address. */
static socklen_t parse(const char *address, uint16_t port, union name *out)
{
    *out = (union name){.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
    if (inet_pton(AF_INET6, address, &out->v6.sin6_addr) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&out->v6.sin6_addr) ? sizeof out->v6 : 0;
    }
    *out = (union name){.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    if (inet_pton(AF_INET, address, &out->v4.sin_addr) == 1) {
        return ntohl(out->v4.sin_addr.s_addr) >> 24 == 127 ? sizeof out->v4 : 0;
    }
    return 0;
}

int cs_listen_loopback(const char *address, uint16_t port, int *fd, uint16_t *bound,
                       cs_error *error)
{
    union name name;
    socklen_t size = parse(address, port, &name);
    int yes = 1;
    if (!size) {
        return cs_fail(error, CS_ARGUMENT, 0, "expected an address of 127.0.0.0/8, or ::1", NULL);
    }
    /* not blocking: nginx leaves an inherited socket as it is */
    int made = socket(name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0 || setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(made, &name.any, size) != 0 || listen(made, BACKLOG) != 0 ||
        getsockname(made, &name.any, &size) != 0) {
        int reason = errno;
        if (made >= 0) {
            close(made);
        }
        int v6 = name.any.sa_family == AF_INET6;
        char number[8];
        cs_buffer text;
        cs_buffer_init(&text, number, sizeof number - 1);
        cs_buffer_decimal(&text, port);
        number[text.n] = '\0';
        return cs_fail(error, CS_LIMIT, reason, v6 ? "listen on [" : "listen on ", address,
                       v6 ? "]:" : ":", number, ": ", strerror(reason), NULL);
    }
    *fd = made;
    *bound = ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
    return 0;
}
