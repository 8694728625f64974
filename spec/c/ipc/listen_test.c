/* The socket listens on loopback alone, its port is known, and nobody else can have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certstat.h"

static void listens_on_a_free_port(void **state)
{
    (void)state;
    int fd;
    uint16_t port;
    assert_int_equal(cs_listen_loopback("127.0.0.1", 0, &fd, &port, NULL), 0);
    assert_true(port > 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(client, (struct sockaddr *)&name, sizeof name), 0);
    close(client);
    close(fd);
}

/* Where the machine has no IPv6, that is said. */
static void listens_on_ipv6(void **state)
{
    (void)state;
    int fd;
    uint16_t port;
    cs_error error;
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int result = cs_listen_loopback("::1", 0, &fd, &port, &error);
    if (result) {
        assert_int_equal(CS_CLASS(result), CS_LIMIT);
        assert_memory_equal(error.message, "listen on [::1]:0: ", 19);
        return;
    }
    int client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    name.sin6_port = htons(port);
    assert_int_equal(connect(client, (struct sockaddr *)&name, sizeof name), 0);
    close(client);
    close(fd);
}

static void says_that_a_port_is_taken(void **state)
{
    (void)state;
    int fd, other;
    uint16_t port, none;
    cs_error error;
    char message[64];
    assert_int_equal(cs_listen_loopback("127.1.2.3", 0, &fd, &port, NULL), 0);
    int code = cs_listen_loopback("127.1.2.3", port, &other, &none, &error);
    assert_int_equal(code, CS_ERROR(CS_LIMIT, EADDRINUSE));
    snprintf(message, sizeof message, "listen on 127.1.2.3:%d: Address already in use", port);
    assert_string_equal(error.message, message);
    close(fd);
}

static void takes_no_other_address(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "0.0.0.0",          "10.0.0.1", "128.0.0.1", "::",         "::2",
        "::ffff:127.0.0.1", "[::1]",    "localhost", "127.0.0.1 ", ""};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        int fd;
        uint16_t port;
        cs_error error;
        int code = cs_listen_loopback(addresses[i], 0, &fd, &port, &error);
        assert_int_equal(CS_CLASS(code), CS_ARGUMENT);
        assert_string_equal(error.message, "expected an address of 127.0.0.0/8, or ::1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listens_on_a_free_port),
        cmocka_unit_test(listens_on_ipv6),
        cmocka_unit_test(says_that_a_port_is_taken),
        cmocka_unit_test(takes_no_other_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
