/* The signer's digests are those of the published test cases, however often and in whatever order
 * they are asked for; and of its secret nothing is left when it is gone. */
#include "core/signer.h"
#include "support/guard.h"
#include "support/scarce.h"
#include "support/slices.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

static cs_signer *new_signer(cs_slice secret)
{
    cs_signer *signer;
    assert_int_equal(cs_signer_new(&signer, secret, NULL), 0);
    assert_non_null(signer);
    return signer;
}

static void assert_hex(const unsigned char *bytes, size_t n, const char *expected)
{
    char hex[65];
    cs_buffer b;
    cs_buffer_init(&b, hex, sizeof hex);
    cs_buffer_hex(&b, bytes, n);
    assert_buffer(&b, expected);
}

/* FIPS 180-4's examples, and the empty message. */
static void hashes(void **state)
{
    static const struct {
        const char *text, *hash;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    cs_signer *signer = new_signer(CS_LITERAL("x"));
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        unsigned char hash[32];
        cs_slice text = guard_copy(0, cs_slice_of(rows[i % COUNT(rows)].text));
        assert_int_equal(cs_signer_sha256(signer, text, hash, NULL), 0);
        assert_hex(hash, sizeof hash, rows[i % COUNT(rows)].hash);
    }
    cs_signer_free(signer);
}

/* RFC 4231 4.3 and 4.6 for SHA-256. Of the V1 key, which ends in '&', there is no published case:
 * by Python's hmac. */
static void signs_under_both_keys(void **state)
{
    char long_secret[131];
    const struct {
        cs_slice secret, text;
        const char *v3, *v1;
    } rows[] = {
        {CS_LITERAL("Jefe"), CS_LITERAL("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
         "fe4d20f5a0d59e14baeedb16caec49a94e230c2d"},
        {{long_secret, sizeof long_secret},
         CS_LITERAL("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
         "08710402dd0e9be762db8aa6c525d9a873f3f86c"},
        {CS_LITERAL("a\0b"), CS_LITERAL(""),
         "3fe9abbd39b1995a6b912213efbc42ba068fb4fd532412642460d5315805695e",
         "66a907c56827b751e57cd22954e96529e6764f37"},
    };
    (void)state;
    memset(long_secret, 0xaa, sizeof long_secret);
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_signer *signer = new_signer(guard_copy(0, rows[i].secret));
        for (int k = 0; k < 4; k++) { /* in turn: neither leaves anything to the other */
            unsigned char mac[32] = {0};
            cs_slice text = guard_copy(1, rows[i].text);
            enum signer_key key = k % 2 ? SIGNER_V1 : SIGNER_V3;
            assert_int_equal(cs_signer_hmac(signer, key, text, mac, NULL), 0);
            assert_hex(mac, k % 2 ? 20 : 32, k % 2 ? rows[i].v1 : rows[i].v3);
        }
        cs_signer_free(signer);
    }
}

static void signers_do_not_mix(void **state)
{
    cs_signer *a = new_signer(CS_LITERAL("a")), *b = new_signer(CS_LITERAL("b"));
    unsigned char first[32], second[32], again[32];
    (void)state;
    assert_int_equal(cs_signer_hmac(a, SIGNER_V3, CS_LITERAL("t"), first, NULL), 0);
    assert_int_equal(cs_signer_hmac(b, SIGNER_V3, CS_LITERAL("t"), second, NULL), 0);
    assert_memory_not_equal(first, second, 32);
    cs_signer_free(b);
    assert_int_equal(cs_signer_hmac(a, SIGNER_V3, CS_LITERAL("t"), again, NULL), 0);
    assert_memory_equal(first, again, 32);
    cs_signer_free(a);
    cs_signer_free(NULL);
}

static void takes_secrets_of_1_to_1024_bytes(void **state)
{
    static const char bytes[1025];
    cs_signer *signer = (cs_signer *)&signer;
    cs_error error;
    (void)state;
    assert_refused(cs_signer_new(&signer, (cs_slice){NULL, 0}, &error), error, CS_ARGUMENT,
                   "access key secret: expected 1 to 1024 bytes, found none");
    assert_null(signer);
    signer = (cs_signer *)&signer;
    assert_refused(cs_signer_new(&signer, (cs_slice){bytes, 1025}, &error), error, CS_ARGUMENT,
                   "access key secret: expected 1 to 1024 bytes, found more");
    assert_null(signer);
    cs_signer_free(new_signer(guard_copy(0, (cs_slice){bytes, 1})));
    cs_signer_free(new_signer(guard_copy(0, (cs_slice){bytes, 1024})));
}

/* Makes a signer and uses it; what failed is told, and nothing is left of it. */
static int use_once(cs_error *error)
{
    cs_signer *signer;
    unsigned char hash[32];
    int rc = cs_signer_new(&signer, CS_LITERAL("secret"), error);
    assert_int_equal(rc != 0, signer == NULL);
    if (rc == 0) {
        rc = cs_signer_sha256(signer, CS_LITERAL("text"), hash, error);
    }
    if (rc == 0) {
        rc = cs_signer_hmac(signer, SIGNER_V3, CS_LITERAL("text"), hash, error);
    }
    if (rc == 0) {
        rc = cs_signer_hmac(signer, SIGNER_V1, CS_LITERAL("text"), hash, error);
    }
    cs_signer_free(signer);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    static const char *const texts[] = {"out of memory", "OpenSSL has no HMAC, SHA-256 or SHA-1",
                                        "OpenSSL could not hash", "OpenSSL could not sign"};
    int seen[COUNT(texts)] = {0};
    cs_error error;
    (void)state;
    assert_int_equal(use_once(&error), 0); /* what OpenSSL makes once is there from now on */
    for (long n = 1, failed = 1; failed; n++) {
        scarce_fail_at(n);
        int rc = use_once(&error);
        failed = scarce_end();
        if (rc != 0) {
            assert_true(failed);
            assert_int_equal(CS_CLASS(rc), CS_LIMIT);
            for (size_t i = 0; i < COUNT(texts); i++) {
                seen[i] += strcmp(error.message, texts[i]) == 0;
            }
        }
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_true(seen[i] > 0);
    }
    assert_int_equal(use_once(&error), 0);
}

/* ---- memory ---- */

enum { SECRET = 40, CHUNK = 64 * 1024, LARGEST = 64 * 1024 * 1024 };

/* The secret's bytes, made anew each time, so that no copy of them lies in this program. */
static char secret_byte(size_t i)
{
    return (char)('!' + (i * 53 + 7) % 89);
}

static size_t count_in(const char *bytes, size_t n)
{
    size_t found = 0;
    for (size_t at = 0; at + SECRET <= n; at++) {
        const char *first = (const char *)memchr(bytes + at, secret_byte(0), n - at);
        size_t i = 1;
        if (!first || (at = (size_t)(first - bytes)) + SECRET > n) {
            break;
        }
        while (i < SECRET && first[i] == secret_byte(i)) {
            i++;
        }
        found += i == SECRET;
    }
    return found;
}

/* How often the secret lies in this process's writable memory. */
static size_t count_copies(void)
{
    static char chunk[CHUNK + SECRET - 1];
    size_t found = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[0] != 'r' ||
            mode[1] != 'w' || to - from > LARGEST) {
            continue;
        }
        for (; from < to; from += CHUNK) { /* chunks overlap, so that none is cut in two */
            size_t n = to - from < sizeof chunk ? to - from : sizeof chunk;
            ssize_t got = pread(memory, chunk, n, (off_t)from);
            found += got > 0 ? count_in(chunk, (size_t)got) : 0;
            OPENSSL_cleanse(chunk, sizeof chunk);
        }
    }
    close(memory);
    fclose(maps);
    return found;
}

/* Counts in a thread of its own: the stack of the one that used the secret stays as it was left. */
struct search {
    sem_t ask, answer;
    size_t copies;
};

static void *search(void *argument)
{
    struct search *s = (struct search *)argument;
    for (int i = 0; i < 2; i++) {
        sem_wait(&s->ask);
        s->copies = count_copies();
        sem_post(&s->answer);
    }
    return NULL;
}

static size_t count_now(struct search *s)
{
    sem_post(&s->ask);
    sem_wait(&s->answer);
    return s->copies;
}

static void leaves_no_secret_behind(void **state)
{
    char secret[SECRET];
    struct search s;
    pthread_t thread;
    cs_signer *signer;
    (void)state;
    sem_init(&s.ask, 0, 0);
    sem_init(&s.answer, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, search, &s), 0);
    for (size_t i = 0; i < SECRET; i++) {
        secret[i] = secret_byte(i);
    }
    int rc = cs_signer_new(&signer, (cs_slice){secret, SECRET}, NULL);
    OPENSSL_cleanse(secret, sizeof secret);
    size_t alive = count_now(&s);
    cs_signer_free(signer);
    size_t after = count_now(&s);
    pthread_join(thread, NULL);
    assert_int_equal(rc, 0);
    assert_int_equal(alive, 2); /* one a key */
    assert_int_equal(after, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),
        cmocka_unit_test(signs_under_both_keys),
        cmocka_unit_test(signers_do_not_mix),
        cmocka_unit_test(takes_secrets_of_1_to_1024_bytes),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(leaves_no_secret_behind),
    };
    scarce_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
