/* guard.h - bytes placed against an unreadable page: one byte too many, read or written, ends the
 * test. */
#ifndef CERTSTAT_SPEC_GUARD_H
#define CERTSTAT_SPEC_GUARD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "certstat.h"

enum { GUARD_PAGE = 4096, GUARD_ROOM = 64 * GUARD_PAGE, GUARD_SLOTS = 16 };

/* The room of a slot, between two unreadable pages. */
static inline char *guard_room(int slot)
{
    static char *rooms[GUARD_SLOTS];
    if (!rooms[slot]) {
        char *map = (char *)mmap(NULL, GUARD_ROOM + 2 * GUARD_PAGE, PROT_NONE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED ||
            mprotect(map + GUARD_PAGE, GUARD_ROOM, PROT_READ | PROT_WRITE) != 0) {
            perror("guard.h");
            abort();
        }
        rooms[slot] = map + GUARD_PAGE;
    }
    return rooms[slot];
}

/* n bytes that end where the unreadable page begins; good until the slot's next use. */
static inline char *guard_end(int slot, size_t n)
{
    return guard_room(slot) + GUARD_ROOM - n;
}

/* A copy of the slice, ended by the unreadable page. An empty one points at that page itself. */
static inline cs_slice guard_copy(int slot, cs_slice s)
{
    char *at = guard_end(slot, s.n);
    if (s.n) {
        memcpy(at, s.p, s.n);
    }
    return (cs_slice){at, s.n};
}

/* A buffer of `size` bytes, ended by the unreadable page. */
static inline cs_buffer guard_buffer(int slot, size_t size)
{
    cs_buffer b;
    cs_buffer_init(&b, guard_end(slot, size), size);
    return b;
}

#endif
