/* internal.h - what the files of src/net/ share: transfers, the lists they are in, and who does
 * what with them.
 *
 *   net.c       the public functions: new, start, drop, collect, close
 *   request.c   checks a request and makes libcurl's handle of it
 *   url.c       where it may go
 *   connect_to.c  at which address, if one is given
 *   proxy.c     and by which proxy
 *   transfer.c  one request from the queue to its end, and its limits of time
 *   connections.c  which connections there are for requests to come
 *   callbacks.c what libcurl asks and tells of it meanwhile
 *   reply.c     the header and the body as they arrive, within their limits
 *   failure.c   why there is no reply, in words
 *   facts.c     how far a connection came, and to whom
 *   loop.c      epoll and curl_multi_socket_action: one step
 *   handshake.c a TLS handshake, divided among steps
 *   trust.c     the CAs, parsed once a process
 *
 * Headers and bodies have tokens and keys in them: what is kept here of a request and of its reply
 * is wiped before it is freed. What libcurl copies for itself meanwhile is out of reach.
 */
#ifndef CERTSTAT_NET_INTERNAL_H
#define CERTSTAT_NET_INTERNAL_H

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <sys/types.h>

#include "certstat.h"

#if LIBCURL_VERSION_NUM < 0x075800
#error "libcurl 7.88 or newer is needed: older ones write to TLS sockets without MSG_NOSIGNAL"
#endif

/* ---- reply.c ---- */

struct net_bytes {
    char *p;
    size_t n, size;
};

/* Where in the header the reply is: before a status line, after it, or behind the final header.
 * Interim replies (1xx, RFC 9110 15.2) may come before the final one. */
enum net_head { NET_HEAD_AWAITED, NET_HEAD_OPEN, NET_HEAD_DONE };

struct net_reply {
    size_t header_limit, body_limit;
    size_t header_n; /* bytes of header lines so far, of interim replies and trailers too */
    int lines;       /* header lines so far, likewise */
    enum net_head at;
    struct net_bytes head, body;
};

/* Takes one header line as libcurl gives it, with its line end; `status` is that of the status line
 * last seen. */
int net_reply_line(struct net_reply *reply, cs_slice line, int status, cs_error *error);
/* Takes more of the body. Both: CS_LIMIT. */
int net_reply_body(struct net_reply *reply, cs_slice bytes, cs_error *error);
/* The value of the first header field `name` (lower case); n is 0 where there is none. */
cs_slice net_reply_field(const struct net_reply *reply, const char *name);
void net_reply_free(struct net_reply *reply);

/* ---- transfers and their lists ---- */

enum net_state {
    NET_QUEUED,  /* in cs_net.queued */
    NET_RUNNING, /* in cs_net.running, and libcurl's */
    NET_ENDED    /* in neither */
};

struct net_transfer {
    struct {
        struct net_transfer *next, *previous;
    } link[2]; /* of the list of its state; of cs_net.told */
    cs_net *net;
    uint64_t id;
    enum net_state state;
    CURL *easy;
    struct curl_slist *headers;
    X509_STORE *trusted;
    char *body;
    size_t body_n;
    char host[264];                       /* host and port, for messages */
    char proxy[288];                      /* " through the proxy HOST:PORT", likewise */
    int https, port, proxy_port, proxied; /* proxied: its connection is one to the proxy */
    int connect_only, describe;
    int64_t connect_ns, idle_ns, total_ns, not_after_ns; /* limits */
    int64_t start_ns, handed_ns, sent_ns, left_ns, first_byte_ns, last_byte_ns,
        done_ns; /* CLOCK_BOOTTIME, or 0 */
    enum cs_net_refusal refused;
    int new_connection, too_late, http_status, http_version;
    int socket_errno; /* why there is no socket; 0: there is one */
    int tell_sent;    /* its CS_NET_SENT has not been collected */
    int told;         /* is in cs_net.told */
    struct net_reply reply;
    int64_t resolved_ns, connected_ns, secured_ns; /* see cs_net_facts */
    char address[48], tls_version[16];
    struct net_bytes chain;
    char curl_error[CURL_ERROR_SIZE];
    cs_error error; /* code 0: none */
};

enum net_link { NET_BY_STATE, NET_TOLD };

struct net_list {
    struct net_transfer *first, *last;
    enum net_link link;
};

void net_list_append(struct net_list *list, struct net_transfer *t);
void net_list_remove(struct net_list *list, struct net_transfer *t);

enum { NET_KEPT_MAX = 64 };

struct net_kept {
    int socket;
    int ahead_port; /* its own, if it was opened ahead and no request was sent over it yet; else 0 */
};

struct cs_net {
    size_t body_limit, header_limit;
    int allow_http;
    pid_t pid;        /* of the process that used it first; 0: not used yet */
    CURLM *multi;     /* NULL until then */
    int epoll;        /* -1 until then */
    int64_t timer_ns; /* when libcurl wants to be called; INT64_MAX: not */
    int64_t until_ns; /* when the time of this step is up */
    int64_t over_ns;  /* when the last step was over */
    int has_read;     /* it has read of a handshake */
    int64_t
        deadline_ns; /* no transfer's limit of time passes before this; INT64_MAX: none has one */
    struct net_kept kept[NET_KEPT_MAX]; /* what libcurl has kept after a transfer */
    size_t kept_n;
    int lost_n; /* connections opened ahead in a row that no request was sent over */
    struct net_list queued, running;
    struct net_transfer *probe; /* the first to open a TLS connection, until it has; others wait */
    int probed;                 /* there has been one */
    int http2;                  /* the TLS connection opened last speaks HTTP/2 */
    struct net_list told;       /* those with an event to collect */
    struct net_transfer *given; /* whose reply the last event shows */
    size_t live;
    struct curl_slist *connect_to; /* CURLOPT_CONNECT_TO; NULL: the host in the URL is looked up */
    char at[72];                   /* " at ADDRESS:PORT", for messages; else empty */
    int away;                      /* it is not a place for plain http */
    size_t ca_file_n;              /* 0: the system's */
    char ca_file[];
};

/* ---- request.c ---- */

/* Checks `request` and fills t->easy, headers, host and https. CS_ARGUMENT, CS_LIMIT (memory, or
 * the system's CAs can't be read). */
int net_request_prepare(struct net_transfer *t, const cs_net_request *request, cs_error *error);

/* ---- url.c ---- */

/* Checks the URL; sets it and the proxy in t->easy, and t->host and t->https. CS_ARGUMENT,
 * CS_LIMIT. */
int net_url_set(struct net_transfer *t, cs_slice url, cs_error *error);
/* 1 if `host`, as in a URL, is a loopback address or the metadata address. */
int net_url_is_local(const char *host);

/* ---- connect_to.c ---- */

/* Checks `where`, and sets net->connect_to, net->at and net->away; nothing where its p is NULL.
 * CS_ARGUMENT, CS_LIMIT. */
int net_connect_to_set(cs_net *net, cs_slice where, cs_error *error);

/* ---- proxy.c ---- */

/* Sets the environment's proxy in t->easy, and t->proxy and t->proxy_port. CS_ARGUMENT, CS_LIMIT. */
int net_proxy_set(struct net_transfer *t, cs_error *error);
/* Sees whether a new connection is one to the proxy. */
void net_proxy_note(struct net_transfer *t, const struct curl_sockaddr *address);

/* ---- callbacks.c ---- */

/* Gives t->easy its callbacks. CS_LIMIT. */
int net_callbacks_attach(struct net_transfer *t, cs_error *error);

/* ---- transfer.c ---- */

/* Lets cs_net_collect see it. */
void net_transfer_tell(struct net_transfer *t);
/* Lets net_transfer_expire see its next limit of time. */
void net_transfer_watch(struct net_transfer *t);
/* Puts it behind those that wait to be handed to libcurl. */
void net_transfer_queue(struct net_transfer *t, int64_t now_ns);
/* Whether the first queued request may be handed to libcurl now. */
int net_transfer_is_due(const cs_net *net);
/* Does that; those that may no longer be sent end here. */
void net_transfer_hand_over(cs_net *net, int64_t now_ns);
/* Ends those that libcurl has done with. */
void net_transfer_gather(cs_net *net, int64_t now_ns);
/* Ends those whose time is over. */
void net_transfer_expire(cs_net *net, int64_t now_ns);
/* Takes it out of libcurl's hands and of the list of its state. */
void net_transfer_detach(struct net_transfer *t);
void net_transfer_free(struct net_transfer *t); /* it is in no list; NULL is allowed */

/* ---- connections.c ---- */

/* libcurl has done with t: its connection may have been kept for others. */
void net_connections_note(struct net_transfer *t);
/* A request is sent over the kept connection that has this port here. */
void net_connections_use(cs_net *net, int port);
/* CURLOPT_CLOSESOCKETFUNCTION, with the cs_net. */
int net_connections_close(void *net, curl_socket_t s);

/* ---- failure.c: each fills t->error ---- */

/* What libcurl says of a transfer that ended without a reply. */
void net_failure_explain(struct net_transfer *t, CURLcode code);
/* A limit of time; `which` is what is said of it, with a blank before it, or empty. */
void net_failure_timeout(struct net_transfer *t, int64_t limit_ns, const char *which);
/* libcurl wanted to send the request a second time. */
void net_failure_resend(struct net_transfer *t);
/* not_after_ns has passed; sets t->too_late too. */
void net_failure_late(struct net_transfer *t);

/* ---- facts.c ---- */

/* Notes how far the connection of t has come, before its handle is gone. */
void net_facts_note(struct net_transfer *t, int64_t now_ns);
/* Notes what its TLS connection, which is new, says of itself. */
void net_facts_note_tls(struct net_transfer *t);
/* What has been noted; it lives as long as t. */
cs_net_facts net_facts_of(const struct net_transfer *t);

/* ---- loop.c ---- */

int net_loop_open(cs_net *net, cs_error *error);
void net_loop_close(cs_net *net);
/* Waits at most wait_ns for a descriptor, then moves what is ready or due. CS_LIMIT. */
int net_loop_turn(cs_net *net, int64_t wait_ns, cs_error *error);

/* ---- handshake.c ---- */

/* Has a step of net read no more of the handshakes of ctx when its time is up: epoll shows the
 * socket again, as the rest is still in the kernel. net lives until they are closed. */
void net_handshake_divide(SSL_CTX *ctx, cs_net *net);

/* ---- trust.c ---- */

/* curl_global_init, once. CS_LIMIT. */
int net_trust_initialise(cs_error *error);
/* The store of a CA file (empty: the system's), parsed at the first call of the process. It lives
 * as long as the process. Thread-safe. CS_ARGUMENT, CS_LIMIT. */
int net_trust_store(cs_slice ca_file, X509_STORE **out, cs_error *error);

#endif
