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

int cs_listen_loopback(const char *address, uint16_t port, int *fd, uint16_t *bound,
                       cs_error *error)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof name;
    int yes = 1;
    if (inet_pton(AF_INET, address, &name.sin_addr) != 1 ||
        ntohl(name.sin_addr.s_addr) >> 24 != 127) {
        return cs_fail(error, CS_ARGUMENT, 0, "expected an address of 127.0.0.0/8", NULL);
    }
    /* not blocking: nginx leaves an inherited socket as it is */
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0 || setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(made, (struct sockaddr *)&name, sizeof name) != 0 || listen(made, BACKLOG) != 0 ||
        getsockname(made, (struct sockaddr *)&name, &size) != 0) {
        int reason = errno;
        if (made >= 0) {
            close(made);
        }
        char number[8];
        cs_buffer text;
        cs_buffer_init(&text, number, sizeof number - 1);
        cs_buffer_decimal(&text, port);
        number[text.n] = '\0';
        return cs_fail(error, CS_LIMIT, reason, "listen on ", address, ":", number, ": ",
                       strerror(reason), NULL);
    }
    *fd = made;
    *bound = ntohs(name.sin_port);
    return 0;
}
