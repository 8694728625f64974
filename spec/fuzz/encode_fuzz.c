/* encode_fuzz.c - decoding an encoded text gives the text; a query that was made canonical and parsed again has the
 * same canonical form; a buffer of the size promised never fails. */
#include "fuzz.h"

static void check_text(cs_slice text)
{
    cs_buffer encoded = fuzz_buffer(3 * text.n), decoded = fuzz_buffer(text.n);
    cs_pair pair = {{NULL, 0}, {NULL, 0}};
    size_t n = 0;
    cs_percent_encode(text, &encoded);
    HOLDS(!encoded.failed);
    for (size_t i = 0; i < encoded.n; i++) {
        HOLDS(encoded.p[i] > ' ' && encoded.p[i] < 127 && !strchr("+*&=/:", encoded.p[i]));
    }
    /* as a query it is one name without a value */
    HOLDS(cs_query_parse(cs_buffer_slice(&encoded, 0), &pair, &n, &decoded, NULL) == 0);
    HOLDS(n == (text.n > 0) && cs_slice_equal(pair.name, text) && pair.value.n == 0);
    free(encoded.p);
    free(decoded.p);
}

/* The canonical form of a raw query; 1, or 0 where it can't be parsed. */
static int canonical(cs_slice raw, cs_buffer *out)
{
    cs_pair pairs[CS_QUERY_MAX];
    size_t n = 0;
    cs_buffer text = fuzz_buffer(raw.n);
    cs_error error;
    int rc = cs_query_parse(raw, pairs, &n, &text, &error);
    HOLDS(rc == 0 || CS_CLASS(rc) == CS_ARGUMENT || n == CS_QUERY_MAX);
    HOLDS(!text.failed);
    if (rc == 0) {
        HOLDS(cs_query_canonical(pairs, n, out, &error) == 0);
        HOLDS(!out->failed);
    }
    free(text.p);
    return rc == 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    cs_slice input = {(const char *)data, size};
    int64_t seconds;
    check_text(input);
    cs_date_parse(input, &seconds);

    /* each byte becomes three at most, and each piece may get a '=' */
    cs_buffer once = fuzz_buffer(4 * size + 4), twice = fuzz_buffer(4 * size + 4);
    if (canonical(input, &once)) {
        HOLDS(canonical(cs_buffer_slice(&once, 0), &twice));
        HOLDS(cs_slice_equal(cs_buffer_slice(&once, 0), cs_buffer_slice(&twice, 0)));
    }
    free(once.p);
    free(twice.p);
    return 0;
}
