/* index_fuzz.c - what is taken of a text as an index.txt are whole lines of six columns, each found by the canonical key
 * of its fourth; and the next reading takes over as much without making anything anew. */
#include "fuzz.h"

/* The n-th column of a line, from 0 on; p is NULL where there are fewer. */
static cs_slice column_of(cs_slice line, int n)
{
    const char *at = line.p, *end = line.p + line.n;
    while (n-- > 0) {
        at = (const char *)memchr(at, '\t', (size_t)(end - at));
        if (!at) {
            return (cs_slice){NULL, 0};
        }
        at++;
    }
    const char *tab = (const char *)memchr(at, '\t', (size_t)(end - at));
    return (cs_slice){at, (size_t)((tab ? tab : end) - at)};
}

static void check_line(const cs_lines *lines, cs_slice line, uint32_t position)
{
    cs_serial serial;
    char hex[2 * CS_SERIAL_MAX];
    cs_buffer key;
    HOLDS(cs_slice_equal(column_of(line, 0), CS_LITERAL("V")) ||
          cs_slice_equal(column_of(line, 0), CS_LITERAL("E")));
    HOLDS(column_of(line, 5).p && !column_of(line, 6).p);
    HOLDS(cs_serial_parse(column_of(line, 3), &serial, NULL) == 0);
    cs_buffer_init(&key, hex, sizeof hex);
    cs_buffer_hex(&key, serial.key, serial.n);
    HOLDS(cs_slice_equal(cs_lines_at(lines, position), line));
    HOLDS(cs_lines_find(lines, cs_buffer_slice(&key, 0), position + 1) == position);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    cs_slice text = {(const char *)data, size}, rest;
    cs_lines *lines;
    uint32_t position = 0;
    size_t n, again;
    HOLDS(cs_lines_new(&lines, NULL) == 0);
    cs_lines_begin(lines);
    HOLDS(cs_index_take(lines, text, &n, NULL) == 0 && n <= size);
    HOLDS(n == 0 || text.p[n - 1] == '\n');
    HOLDS(cs_lines_finish(lines, NULL) == 0);
    for (rest = (cs_slice){text.p, n}; rest.n;) {
        check_line(lines, fuzz_line(&rest), ++position);
    }
    HOLDS(cs_lines_count(lines) == position && cs_lines_marked(lines, position) == 0);
    cs_lines_begin(lines);
    HOLDS(cs_lines_same(lines, text, &again, NULL) == 0 && again == n);
    cs_lines_free(lines);
    return 0;
}
