/* sign_v1.c - the older RPC signature, HMAC-SHA1, which STS still uses.
 * https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism */
#include "certstat.h"
#include "signer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* The parameters without Signature, into `kept`. */
static int drop_signature(const cs_pair *parameters, size_t n, cs_pair kept[CS_QUERY_MAX],
                          size_t *kept_n, cs_error *error)
{
    *kept_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!cs_slice_equal(parameters[i].name, CS_LITERAL("Signature"))) {
            if (*kept_n == CS_QUERY_MAX) {
                return cs_fail(error, CS_LIMIT, 0, "expected at most 256 parameters", NULL);
            }
            kept[(*kept_n)++] = parameters[i];
        }
    }
    return 0;
}

int cs_v1_string_to_sign(cs_slice method, const cs_pair *parameters, size_t n, cs_buffer *work,
                         cs_slice *string_to_sign, cs_error *error)
{
    cs_pair kept[CS_QUERY_MAX];
    size_t kept_n, from = work->n;
    int rc = drop_signature(parameters, n, kept, &kept_n, error);
    if (rc || (rc = cs_query_canonical(kept, kept_n, work, error))) {
        return rc;
    }
    cs_slice query = cs_buffer_slice(work, from);
    from = work->n;
    cs_buffer_put(work, method);
    cs_buffer_put(work, CS_LITERAL("&%2F&"));
    cs_percent_encode(query, work);
    if (work->failed) {
        return cs_fail(error, CS_LIMIT, 0, "request too long to sign", NULL);
    }
    *string_to_sign = cs_buffer_slice(work, from);
    return 0;
}

size_t cs_v1_work_size(cs_slice method, const cs_pair *parameters, size_t n)
{
    size_t size = 64 + method.n;
    for (size_t i = 0; i < n; i++) { /* a byte is escaped to 3, and these to 5 */
        size += 8 * (parameters[i].name.n + parameters[i].value.n) + 8;
    }
    return size;
}

int cs_v1_signature(cs_signer *signer, cs_slice string_to_sign, cs_buffer *out, cs_error *error)
{
    unsigned char mac[20], text[29];
    int rc = cs_signer_hmac(signer, SIGNER_V1, string_to_sign, mac, error);
    if (rc == 0) {
        int n = EVP_EncodeBlock(text, mac, sizeof mac);
        cs_buffer_put(out, (cs_slice){(const char *)text, (size_t)n});
    }
    OPENSSL_cleanse(mac, sizeof mac);
    OPENSSL_cleanse(text, sizeof text);
    return rc;
}
