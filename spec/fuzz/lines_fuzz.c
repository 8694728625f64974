/* lines_fuzz.c - whatever is read, given up, marked and tidied away: the lines are those of the last whole reading, each
 * is found by its key, a reading takes over just those that stand where they stood, and marks are counted.
 *
 * Each three bytes of the input are one event: what happens, and where or how often. */
#include "fuzz.h"

#define MOST   2048 /* lines */
#define LINES  1024 /* that there can be, with 256 keys */
#define EVENTS 64

struct model {
    unsigned lines[MOST];
    int marks[MOST];
    uint32_t n;
};

static cs_slice text_of(unsigned line, char text[32])
{
    int n = snprintf(text, 32, "%x:%u\n", line % 256, line / 256);
    return (cs_slice){text, (size_t)n};
}

static cs_slice key_of(unsigned line, char text[32])
{
    int n = snprintf(text, 32, "%x", line % 256);
    return (cs_slice){text, (size_t)n};
}

static void read_line(cs_lines *lines, const struct model *now, struct model *next, unsigned line)
{
    char text[32], key[32];
    cs_slice whole = text_of(line, text), bare = {whole.p, whole.n - 1};
    size_t n;
    int is_same = next->n < now->n && now->lines[next->n] == line;
    HOLDS(cs_lines_same(lines, bare, &n, NULL) == 0 && n == 0);
    HOLDS(cs_lines_same(lines, whole, &n, NULL) == 0 && n == (is_same ? whole.n : 0));
    if (!is_same) {
        HOLDS(cs_lines_add(lines, bare, key_of(line, key), line % 5 == 0, NULL) == 0);
    }
    next->marks[next->n] = line % 5 == 0;
    next->lines[next->n++] = line;
    HOLDS(cs_lines_read(lines) == next->n);
}

/* Hashes may meet, so what is found may be another's; what is sought must be found. */
static void check_find(const cs_lines *lines, const struct model *now, unsigned of)
{
    char key[32];
    uint32_t found = UINT32_MAX, expected = now->n;
    while (expected && now->lines[expected - 1] % 256 != of % 256) {
        expected--;
    }
    do {
        found = cs_lines_find(lines, key_of(of, key), found);
    } while (found > expected);
    HOLDS(found == expected);
}

static void check_state(const cs_lines *lines, const struct model *now)
{
    uint32_t marked = 0;
    char text[32];
    HOLDS(cs_lines_count(lines) == now->n);
    for (uint32_t i = 0; i < now->n; i++) {
        cs_slice line = text_of(now->lines[i], text);
        line.n--;
        HOLDS(cs_slice_equal(cs_lines_at(lines, i + 1), line));
        if (now->marks[i]) {
            marked++;
            HOLDS(cs_lines_nth_marked(lines, marked) == i + 1);
        }
        HOLDS(cs_lines_marked(lines, i + 1) == marked);
    }
    HOLDS(cs_lines_nth_marked(lines, marked + 1) == 0);
    for (unsigned key = 0; key < 256; key += 17) {
        check_find(lines, now, key);
    }
}

/* A reading has the marks of the lines that it takes over. */
static void finish(cs_lines *lines, struct model *now, struct model *next)
{
    HOLDS(cs_lines_finish(lines, NULL) == 0);
    for (uint32_t i = 0; i < next->n; i++) {
        int was_marked = i < now->n && now->lines[i] == next->lines[i] && now->marks[i];
        if (was_marked && !next->marks[i]) {
            cs_lines_mark(lines, i + 1); /* it may have been marked after it was read */
            next->marks[i] = 1;
        }
    }
    *now = *next;
    next->n = 0;
}

static void happen(cs_lines *lines, struct model *now, struct model *next,
                   const unsigned char *event)
{
    unsigned where = event[1] | (unsigned)event[2] << 8;
    switch (event[0] % 8) {
    case 0:
        cs_lines_begin(lines);
        next->n = 0;
        return;
    case 1:
        finish(lines, now, next);
        return;
    case 2:
        cs_lines_tidy(lines);
        return;
    case 3:
        cs_lines_mark(lines, where);
        if (where && where <= now->n) {
            now->marks[where - 1] = 1;
        }
        return;
    default: /* a run of lines, which follow one another or are as before */
        for (unsigned i = 0; i < event[2] * 4U && next->n < MOST; i++) {
            int again = event[0] & 8 && next->n < now->n;
            read_line(lines, now, next, again ? now->lines[next->n] : (event[1] + i) % LINES);
        }
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static struct model now, next;
    cs_lines *lines;
    HOLDS(cs_lines_new(&lines, NULL) == 0);
    now.n = next.n = 0;
    for (size_t i = 0; i + 3 <= size && i / 3 < EVENTS; i += 3) {
        happen(lines, &now, &next, data + i);
        check_state(lines, &now);
    }
    cs_lines_free(lines);
    return 0;
}
