/* handshake.c - TLS handshakes in pieces, as many a step as there is time for.
 *
 * OpenSSL takes all that a server has sent: keys, certificates and signatures are up to 2 ms in one
 * go. Once the time of a step is up, the BIO that OpenSSL reads from has nothing for now
 * (BIO_should_retry(3)), as if the rest were still on its way. */
#include "net/internal.h"

#include <openssl/bio.h>

/* BIO_set_callback_ex(3). Each step reads once, so that a handshake ends on the slowest machine. */
static long hold_back(BIO *bio, int what, const char *data, size_t n, int argi, long argl, int ret,
                      size_t *done)
{
    cs_net *net = (cs_net *)(void *)BIO_get_callback_arg(bio);
    (void)data, (void)n, (void)argi, (void)argl, (void)done;
    if (what != BIO_CB_READ) {
        return ret;
    }
    if (net->has_read && cs_clock_now_ns() >= net->until_ns) {
        BIO_clear_retry_flags(bio);
        BIO_set_retry_read(bio);
        return -1;
    }
    net->has_read = 1;
    return ret;
}

/* SSL_CTX_set_info_callback(3) */
static void note_progress(const SSL *ssl, int what, int ret)
{
    BIO *bio = SSL_get_rbio(ssl);
    (void)ret;
    if (what & SSL_CB_HANDSHAKE_START) {
        BIO_set_callback_arg(bio, (char *)SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        BIO_set_callback_ex(bio, hold_back);
    } else if (what & SSL_CB_HANDSHAKE_DONE) {
        BIO_set_callback_ex(bio, NULL);
    }
}

void net_handshake_divide(SSL_CTX *ctx, cs_net *net)
{
    /* libcurl 8.15 has set it, but what has been read can't be held back */
    SSL_CTX_set_read_ahead(ctx, 0);
    SSL_CTX_set_app_data(ctx, net);
    SSL_CTX_set_info_callback(ctx, note_progress);
}
