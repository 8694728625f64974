/* A CA file is parsed once for the process, by whatever thread comes first, and one that can't be
 * used is refused with its name and the reason. */
#include "support/certificates.h"
#include "support/exchange.h"

#include <dlfcn.h>
#include <pthread.h>

#include "net/internal.h"

/* How often OpenSSL has parsed a file. */
static int parsed;

int X509_STORE_load_locations(X509_STORE *store, const char *file, const char *dir)
{
    int (*real)(X509_STORE *, const char *, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "X509_STORE_load_locations");
    __atomic_fetch_add(&parsed, 1, __ATOMIC_RELAXED);
    return real(store, file, dir);
}

static const char *ca_file;

static int make_certificates(void **state)
{
    static int fd;
    struct certificate ca = certificate_make("test CA", NULL, NULL, -1, 1);
    (void)state;
    ca_file = certificate_file(&ca, &fd);
    certificate_free(&ca);
    return 0;
}

static void *find_store(void *out)
{
    cs_error error;
    return net_trust_store(cs_slice_of(ca_file), (X509_STORE **)out, &error) ? NULL : out;
}

static void threads_share_one_store(void **state)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    X509_STORE *stores[THREADS] = {NULL};
    (void)state;
    parsed = 0;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, find_store, &stores[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
        assert_ptr_equal(stores[i], stores[0]);
    }
    assert_int_equal(parsed, 1);
}

static void warming_leaves_nothing_to_parse(void **state)
{
    cs_net *net;
    cs_error error;
    cs_net_options options = {.ca_file = CS_LITERAL("")};
    cs_net_request request = {.method = CS_LITERAL("GET"), .url = CS_LITERAL("https://127.0.0.1/")};
    (void)state;
    assert_int_equal(cs_net_warm(cs_slice_of(ca_file), &error), 0);
    assert_int_equal(cs_net_warm(cs_slice_of(NULL), &error), 0);
    parsed = 0;
    assert_int_equal(cs_net_warm(cs_slice_of(ca_file), &error), 0);
    assert_int_equal(cs_net_new(&net, &options, &error), 0);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    cs_net_close(net);
    options.ca_file = cs_slice_of(ca_file);
    assert_int_equal(cs_net_new(&net, &options, &error), 0);
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    cs_net_close(net);
    assert_int_equal(parsed, 0);
}

static void plain_http_needs_no_store(void **state)
{
    cs_net *net = exchange_net(NULL);
    cs_error error;
    cs_net_request request = {.method = CS_LITERAL("GET"), .url = CS_LITERAL("http://127.0.0.1/")};
    (void)state;
    parsed = 0;
    assert_int_equal(cs_net_start(net, &request, &error), 0);
    assert_int_equal(parsed, 0);
    cs_net_close(net);
}

static void bad_files_are_named(void **state)
{
    static const struct {
        cs_slice path;
        const char *message;
    } cases[] = {
        {{"/nonexistent/ca\x1b[1m.pem", 23},
         "can't read the CA file /nonexistent/ca\\x1B[1m.pem: No such file or directory"},
        {{"/dev/null", 9},
         "expected certificates in PEM form in the CA file /dev/null: no certificate or crl found"},
        {{"a\0b", 3}, "the path of the CA file has a NUL byte"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_net *net = (cs_net *)&net;
        cs_error error;
        cs_net_options options = {.ca_file = cases[i].path};
        assert_int_equal(CS_CLASS(cs_net_new(&net, &options, &error)), CS_ARGUMENT);
        assert_null(net);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(CS_CLASS(cs_net_warm(cases[i].path, NULL)), CS_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_one_store),
        cmocka_unit_test(warming_leaves_nothing_to_parse),
        cmocka_unit_test(plain_http_needs_no_store),
        cmocka_unit_test(bad_files_are_named),
    };
    return cmocka_run_group_tests(tests, make_certificates, NULL);
}
