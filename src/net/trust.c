/* trust.c - the CAs that are trusted: one X509_STORE a CA file, parsed once for the process and
 * shared by all handles.
 *
 * A bundle of 144 certificates takes 20 ms to parse. libcurl would do that for every new
 * connection, on the thread of whoever steps; so it is told of no CA file, and each SSL_CTX gets
 * this store. */
#include "net/internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct trust {
    struct trust *next;
    X509_STORE *store;
    char path[];
};

/* The only mutable statics here: what the process has parsed, and whether libcurl has been
 * initialised. */
static pthread_mutex_t trusts_lock = PTHREAD_MUTEX_INITIALIZER;
static struct trust *trusts;
static pthread_once_t initialise_once = PTHREAD_ONCE_INIT;
static CURLcode initialised = CURLE_FAILED_INIT;

static void initialise(void)
{
    initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int net_trust_initialise(cs_error *error)
{
    pthread_once(&initialise_once, initialise);
    if (initialised != CURLE_OK) {
        return cs_fail(error, CS_LIMIT, 0, "libcurl: ", curl_easy_strerror(initialised), NULL);
    }
    return 0;
}

/* What libcurl was built to use (CURLOPT_CAINFO's default), else what OpenSSL was. */
static const char *find_system_file(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    return info->cainfo ? info->cainfo : X509_get_default_cert_file();
}

static int parse_file(const char *path, X509_STORE **out, cs_error *error)
{
    char shown[160] = "";
    cs_buffer text;
    cs_buffer_init(&text, shown, sizeof shown - 1);
    cs_printable(cs_slice_of(path), sizeof shown - 8, &text);
    if (access(path, R_OK) != 0) {
        return cs_fail(error, CS_ARGUMENT, errno, "can't read the CA file ", shown, ": ",
                       strerror(errno), NULL);
    }
    X509_STORE *store = X509_STORE_new();
    if (!store || !X509_STORE_load_locations(store, path, NULL)) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        cs_fail(error, CS_ARGUMENT, 0, "expected certificates in PEM form in the CA file ", shown,
                ": ", reason ? reason : "none found", NULL);
        ERR_clear_error();
        X509_STORE_free(store);
        return CS_ERROR(CS_ARGUMENT, 0);
    }
    /* as libcurl does: an intermediate CA, or the server's own certificate, may be what is trusted.
     * It sets these again at every connection; being there already, they don't change under another
     * thread. */
    X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    *out = store;
    return 0;
}

static struct trust *find_trust(cs_slice path)
{
    struct trust *trust = trusts;
    while (trust && !cs_slice_equal(cs_slice_of(trust->path), path)) {
        trust = trust->next;
    }
    return trust;
}

static int add_trust(cs_slice path, struct trust **out, cs_error *error)
{
    struct trust *trust = (struct trust *)malloc(sizeof *trust + path.n + 1);
    if (!trust) {
        return cs_fail(error, CS_LIMIT, 0, "out of memory for the CAs", NULL);
    }
    memcpy(trust->path, path.p, path.n);
    trust->path[path.n] = '\0';
    int result = parse_file(trust->path, &trust->store, error);
    if (result) {
        free(trust);
        return result;
    }
    trust->next = trusts;
    *out = trusts = trust;
    return 0;
}

int net_trust_store(cs_slice ca_file, X509_STORE **out, cs_error *error)
{
    cs_slice path = ca_file.n ? ca_file : cs_slice_of(find_system_file());
    if (memchr(path.p, '\0', path.n)) {
        return cs_fail(error, CS_ARGUMENT, 0, "the path of the CA file has a NUL byte", NULL);
    }
    pthread_mutex_lock(&trusts_lock);
    struct trust *trust = find_trust(path);
    int result = trust ? 0 : add_trust(path, &trust, error);
    if (!result) {
        *out = trust->store;
    }
    pthread_mutex_unlock(&trusts_lock);
    return result;
}

/* The first SSL_CTX and SSL of a process make OpenSSL fetch its algorithms: 2 ms that no step
 * should spend. */
static int warm_openssl(cs_error *error)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = ctx ? SSL_new(ctx) : NULL;
    int made = ssl != NULL;
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    if (!made) {
        ERR_clear_error();
        return cs_fail(error, CS_LIMIT, 0, "OpenSSL can't make a TLS context", NULL);
    }
    return 0;
}

int cs_net_warm(cs_slice ca_file, cs_error *error)
{
    X509_STORE *store;
    int result = net_trust_initialise(error);
    if (!result) {
        result = net_trust_store(ca_file, &store, error);
    }
    return result ? result : warm_openssl(error);
}
