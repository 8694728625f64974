/* slices.h - cmocka, and slices compared so that a failure shows both. */
#ifndef CERTSTAT_SPEC_SLICES_H
#define CERTSTAT_SPEC_SLICES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certstat.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* CS_LITERAL where only a constant may stand, as in a static table. */
#define SLICE(text)                                                                                \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static inline void slice_check(cs_slice found, cs_slice expected, const char *what,
                               const char *file, int line)
{
    if (!cs_slice_equal(found, expected)) {
        print_error("%s: expected [%.*s], found [%.*s]\n", what, (int)expected.n,
                    expected.n ? expected.p : "", (int)found.n, found.n ? found.p : "");
        _fail(file, line);
    }
}

#define assert_slice(found, expected)  slice_check((found), (expected), #found, __FILE__, __LINE__)
#define assert_slice_text(found, text) assert_slice((found), cs_slice_of(text))
#define assert_buffer(b, text)         assert_slice(cs_buffer_slice((b), 0), cs_slice_of(text))

static inline void refused_check(int rc, const cs_error *error, enum cs_class class,
                                 const char *text, const char *file, int line)
{
    if (rc != CS_ERROR(class, 0) || error->code != rc || strcmp(error->message, text) != 0) {
        print_error("expected class %d: %s\nfound class %d, error %d: %s\n", (int)class, text,
                    CS_CLASS(rc), CS_CLASS(error->code), rc ? error->message : "");
        _fail(file, line);
    }
}

/* A call that was refused: its result, which its error has too, and the error's text. */
#define assert_refused(rc, error, class, text)                                                     \
    refused_check((rc), &(error), (class), (text), __FILE__, __LINE__)

#endif
