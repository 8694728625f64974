/* The older RPC scheme, HMAC-SHA1, byte for byte against spec/vectors/, with every buffer too small
 * and every input at the edge of memory. */
#include "support/guard.h"
#include "support/scarce.h"
#include "support/slices.h"
#include "support/vectors.h"

#include <stdio.h>

static const char algorithm[] = "HMAC-SHA1";

/* The parameters of query and form in the order given, each ended by an unreadable page. */
static size_t collect(const struct vector *v, cs_pair *pairs)
{
    size_t n = 0;
    for (size_t i = 0; i < v->query_n + v->form_n; i++) {
        pairs[n++] = i < v->query_n ? v->query[i] : v->form[i - v->query_n];
    }
    for (size_t i = 0; i < n && i < 6; i++) {
        pairs[i].name = guard_copy((int)(2 * i), pairs[i].name);
        pairs[i].value = guard_copy((int)(2 * i + 1), pairs[i].value);
    }
    return n;
}

static void check_string_to_sign(struct vector *v)
{
    cs_pair pairs[2 * VECTOR_PAIRS];
    size_t n = collect(v, pairs);
    cs_slice method = guard_copy(12, v->method), string;
    cs_buffer work = guard_buffer(13, cs_v1_work_size(method, pairs, n));
    cs_error error;
    assert_int_equal(cs_v1_string_to_sign(method, pairs, n, &work, &string, &error), 0);
    assert_slice(string, v->string_to_sign);
    assert_memory_equal(work.p, v->canonical_query.p, v->canonical_query.n);
    for (size_t size = 0, needed = work.n; size <= needed; size++) {
        work = guard_buffer(13, size);
        int rc = cs_v1_string_to_sign(method, pairs, n, &work, &string, &error);
        if (size == needed) {
            assert_int_equal(rc, 0);
            assert_slice(string, v->string_to_sign);
        } else {
            assert_refused(rc, error, CS_LIMIT, "request too long to sign");
        }
    }
}

static void makes_the_string_to_sign_of_each_vector(void **state)
{
    (void)state;
    assert_int_equal(vector_each(algorithm, check_string_to_sign), 10);
}

static void check_signature(struct vector *v)
{
    cs_signer *signer;
    assert_int_equal(cs_signer_new(&signer, guard_copy(0, v->secret), NULL), 0);
    assert_int_equal(v->signature.n, 28);
    for (size_t size = 0; size <= 28; size++) {
        cs_buffer out = guard_buffer(1, size);
        cs_slice text = guard_copy(2, v->string_to_sign);
        assert_int_equal(cs_v1_signature(signer, text, &out, NULL), 0);
        assert_int_equal(out.failed, size < 28);
        assert_int_equal(out.n, size < 28 ? 0 : 28);
        assert_memory_equal(out.p, v->signature.p, out.n);
    }
    cs_signer_free(signer);
}

static void signs_each_vector(void **state)
{
    (void)state;
    assert_int_equal(vector_each(algorithm, check_signature), 10);
}

static void leaves_the_signature_out(void **state)
{
    const cs_pair pairs[] = {
        {CS_LITERAL("Signature"), CS_LITERAL("x")},    {CS_LITERAL("b"), CS_LITERAL("2")},
        {CS_LITERAL("signature"), CS_LITERAL("kept")}, {CS_LITERAL("a"), CS_LITERAL("1")},
        {CS_LITERAL("Signature"), CS_LITERAL("")},     {CS_LITERAL("Signature."), {NULL, 0}},
    };
    cs_buffer work = guard_buffer(0, 1024);
    cs_slice string;
    (void)state;
    assert_int_equal(
        cs_v1_string_to_sign(CS_LITERAL("GET"), pairs, COUNT(pairs), &work, &string, NULL), 0);
    assert_slice_text(string, "GET&%2F&Signature.%3D%26a%3D1%26b%3D2%26signature%3Dkept");
    work = guard_buffer(0, 1024);
    assert_int_equal(cs_v1_string_to_sign(CS_LITERAL("GET"), pairs, 1, &work, &string, NULL), 0);
    assert_slice_text(string, "GET&%2F&");
}

static void takes_256_parameters_besides_signatures(void **state)
{
    cs_pair pairs[CS_QUERY_MAX + 3];
    cs_buffer work = guard_buffer(0, 64 * 1024);
    cs_slice string;
    cs_error error;
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        pairs[i] = (cs_pair){CS_LITERAL("name"), CS_LITERAL("value")};
    }
    pairs[0].name = pairs[100].name = CS_LITERAL("Signature");
    assert_int_equal(
        cs_v1_string_to_sign(CS_LITERAL("GET"), pairs, CS_QUERY_MAX + 2, &work, &string, &error),
        0);
    work = guard_buffer(0, 64 * 1024);
    assert_refused(
        cs_v1_string_to_sign(CS_LITERAL("GET"), pairs, CS_QUERY_MAX + 3, &work, &string, &error),
        error, CS_LIMIT, "expected at most 256 parameters");
}

/* Every byte escaped twice. */
static void the_size_promised_is_enough_for_the_worst(void **state)
{
    static const char stars[] = "********************************";
    cs_pair pairs[CS_QUERY_MAX];
    cs_slice method = {stars, sizeof stars - 1}, string;
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        pairs[i] = (cs_pair){{stars, i % 33}, {stars, i / 3 % 33}};
    }
    for (size_t n = 0; n <= COUNT(pairs); n += n < 4 ? 1 : 50) {
        cs_buffer work = guard_buffer(0, cs_v1_work_size(method, pairs, n));
        assert_int_equal(cs_v1_string_to_sign(method, pairs, n, &work, &string, NULL), 0);
    }
}

/* Where OpenSSL can't sign, there is an error and no signature. */
static void every_allocation_may_fail(void **state)
{
    size_t failures = 0;
    cs_error error;
    cs_signer *signer;
    (void)state;
    assert_int_equal(cs_signer_new(&signer, CS_LITERAL("secret"), NULL), 0);
    for (long n = 1, failed = 1; failed; n++) {
        cs_buffer out = guard_buffer(0, 28);
        scarce_fail_at(n);
        int rc = cs_v1_signature(signer, CS_LITERAL("text"), &out, &error);
        failed = scarce_end();
        assert_int_equal(rc != 0, failed);
        assert_int_equal(out.n, failed ? 0 : 28);
        if (failed) {
            failures++;
            assert_refused(rc, error, CS_LIMIT, "OpenSSL could not sign");
        }
    }
    assert_true(failures > 0);
    cs_signer_free(signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_string_to_sign_of_each_vector),
        cmocka_unit_test(signs_each_vector),
        cmocka_unit_test(leaves_the_signature_out),
        cmocka_unit_test(takes_256_parameters_besides_signatures),
        cmocka_unit_test(the_size_promised_is_enough_for_the_worst),
        cmocka_unit_test(every_allocation_may_fail),
    };
    scarce_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
