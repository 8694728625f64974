/* folder.h - a folder of its own for each test, and the files in it. */
#ifndef CERTSTAT_SPEC_FOLDER_H
#define CERTSTAT_SPEC_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certstat.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[64];

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/certstat-spec-XXXXXX");
    return cs_folder_temporary(folder, NULL);
}

static inline int remove_folder(void **state)
{
    (void)state;
    return cs_folder_remove(folder, NULL);
}

#define folder_test(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

/* The path of `name` in the folder; good for four calls. */
static inline const char *path_of(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline mode_t mode_of(const char *name)
{
    struct stat found;
    assert_int_equal(stat(path_of(name), &found), 0);
    return found.st_mode & 07777;
}

/* A message that begins with the path of `name`. */
static inline void check_message(const cs_error *error, const char *name, const char *rest,
                                 const char *file, int line)
{
    char expected[512];
    snprintf(expected, sizeof expected, "%s%s", *name ? path_of(name) : folder, rest);
    if (strcmp(error->message, expected) != 0) {
        print_error("expected [%s]\n   found [%s]\n", expected, error->message);
        _fail(file, line);
    }
}

#define assert_message(error, name, rest) check_message(&(error), name, rest, __FILE__, __LINE__)

#endif
