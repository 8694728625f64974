/* loopback.h - a server of the tests' own on 127.0.0.1: every connection gets a thread, which runs
 * the function that the test brings. It counts the requests that arrive. */
#ifndef CERTSTAT_SPEC_LOOPBACK_H
#define CERTSTAT_SPEC_LOOPBACK_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOPBACK_CONNECTIONS = 64, LOOPBACK_REQUEST = 64 * 1024 };

struct loopback;

struct loopback_connection {
    struct loopback *server;
    pthread_t thread;
    int fd;
    SSL *ssl;     /* NULL: plain */
    int number;   /* 0 is the first that the server accepted */
    size_t ahead; /* bytes in request[] behind the request last taken */
    size_t taken; /* bytes of that request */
    char request[LOOPBACK_REQUEST + 1];
};

typedef void loopback_function(struct loopback_connection *c, void *argument);

struct loopback {
    int fd, port;
    SSL_CTX *tls; /* NULL: plain */
    loopback_function *serve;
    void *argument;
    pthread_t thread;
    pthread_mutex_t lock; /* of the rest */
    pthread_cond_t arrived;
    int stopping, connections_n, requests_n;
    struct loopback_connection *connections[LOOPBACK_CONNECTIONS];
};

static inline void loopback_check(int good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

/* ---- for the function that serves ---- */

/* n bytes, or fewer: 0 at the end of the connection. */
static inline size_t loopback_read(struct loopback_connection *c, void *out, size_t n)
{
    ssize_t got = c->ssl ? SSL_read(c->ssl, out, (int)n) : recv(c->fd, out, n, 0);
    return got > 0 ? (size_t)got : 0;
}

/* 1, or 0 where the client is gone. */
static inline int loopback_write(struct loopback_connection *c, const void *bytes, size_t n)
{
    const char *p = (const char *)bytes;
    while (n) {
        ssize_t sent = c->ssl ? SSL_write(c->ssl, p, (int)n) : send(c->fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return 0;
        }
        p += sent;
        n -= (size_t)sent;
    }
    return 1;
}

static inline int loopback_say(struct loopback_connection *c, const char *text)
{
    return loopback_write(c, text, strlen(text));
}

static inline void loopback_count(struct loopback *s)
{
    pthread_mutex_lock(&s->lock);
    s->requests_n++;
    pthread_cond_broadcast(&s->arrived);
    pthread_mutex_unlock(&s->lock);
}

/* Waits until n requests have arrived, on whatever connection. */
static inline void loopback_await_requests(struct loopback *s, int n)
{
    pthread_mutex_lock(&s->lock);
    while (s->requests_n < n && !s->stopping) {
        pthread_cond_wait(&s->arrived, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

/* Reads the next HTTP/1.1 request, its body by Content-Length, into c->request (terminated). 1, or
 * 0 at the end of the connection. */
static inline int loopback_request(struct loopback_connection *c)
{
    memmove(c->request, c->request + c->taken, c->ahead);
    size_t n = c->ahead;
    c->taken = c->ahead = 0;
    for (;;) {
        c->request[n] = '\0';
        char *end = strstr(c->request, "\r\n\r\n");
        if (end) {
            const char *length = strcasestr(c->request, "\r\nContent-Length:");
            size_t whole = (size_t)(end + 4 - c->request) +
                           (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
            if (n >= whole) {
                c->taken = whole;
                c->ahead = n - whole;
                loopback_count(c->server);
                return 1;
            }
        }
        size_t got =
            n < LOOPBACK_REQUEST ? loopback_read(c, c->request + n, LOOPBACK_REQUEST - n) : 0;
        if (!got) {
            return 0;
        }
        n += got;
    }
}

/* Waits until the client has closed the connection. */
static inline void loopback_await_end(struct loopback_connection *c)
{
    char bytes[256];
    while (loopback_read(c, bytes, sizeof bytes)) {
    }
}

/* Ends the connection at once with RST, or for TLS without close_notify. */
static inline void loopback_reset(struct loopback_connection *c)
{
    struct linger now = {1, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* ---- for the test ---- */

static inline void *loopback_run_connection(void *argument)
{
    struct loopback_connection *c = (struct loopback_connection *)argument;
    sigset_t pipe; /* OpenSSL writes without MSG_NOSIGNAL; only this thread may not mind */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    if (!c->ssl || SSL_accept(c->ssl) == 1) {
        c->server->serve(c, c->server->argument);
    }
    pthread_mutex_lock(&c->server->lock);
    int fd = c->fd;
    c->fd = -1;
    pthread_mutex_unlock(&c->server->lock);
    SSL_free(c->ssl);
    close(fd);
    return NULL;
}

static inline void *loopback_run(void *argument)
{
    struct loopback *s = (struct loopback *)argument;
    for (;;) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        pthread_mutex_lock(&s->lock);
        if (fd < 0 || s->stopping || s->connections_n == LOOPBACK_CONNECTIONS) {
            pthread_mutex_unlock(&s->lock);
            if (fd >= 0) {
                close(fd);
            }
            return NULL;
        }
        struct loopback_connection *c = (struct loopback_connection *)calloc(1, sizeof *c);
        loopback_check(c != NULL, "calloc");
        int at_once = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        c->server = s;
        c->fd = fd;
        c->number = s->connections_n;
        if (s->tls) {
            c->ssl = SSL_new(s->tls);
            SSL_set_fd(c->ssl, fd);
        }
        s->connections[s->connections_n++] = c;
        loopback_check(!pthread_create(&c->thread, NULL, loopback_run_connection, c), "pthread");
        pthread_mutex_unlock(&s->lock);
    }
}

static inline void loopback_open(struct loopback *s, SSL_CTX *tls, loopback_function *serve,
                                 void *argument)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *s = (struct loopback){.tls = tls, .serve = serve, .argument = argument};
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->arrived, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    loopback_check(bind(s->fd, (struct sockaddr *)&address, n) == 0, "bind");
    loopback_check(listen(s->fd, LOOPBACK_CONNECTIONS) == 0, "listen");
    loopback_check(getsockname(s->fd, (struct sockaddr *)&address, &n) == 0, "getsockname");
    s->port = ntohs(address.sin_port);
    loopback_check(!pthread_create(&s->thread, NULL, loopback_run, s), "pthread");
}

/* Ends all connections, and returns when no thread of the server is left. */
static inline void loopback_close(struct loopback *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = 1;
    pthread_cond_broadcast(&s->arrived);
    pthread_mutex_unlock(&s->lock);
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    for (int i = 0; i < s->connections_n; i++) {
        pthread_mutex_lock(&s->lock);
        if (s->connections[i]->fd >= 0) {
            shutdown(s->connections[i]->fd, SHUT_RDWR);
        }
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->connections[i]->thread, NULL);
        free(s->connections[i]);
    }
    pthread_cond_destroy(&s->arrived);
    pthread_mutex_destroy(&s->lock);
}

static inline int loopback_requests(struct loopback *s)
{
    pthread_mutex_lock(&s->lock);
    int n = s->requests_n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static inline int loopback_connections(struct loopback *s)
{
    pthread_mutex_lock(&s->lock);
    int n = s->connections_n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

#endif
