/* Facts tell a file that was written or exchanged from one that was not; a temporary folder goes
 * with all it holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certstat.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/certstat-spec-XXXXXX");
    return cs_folder_temporary(folder, NULL);
}

static int remove_folder(void **state)
{
    (void)state;
    return cs_folder_remove(folder, NULL);
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void tells_kind_and_size(void **state)
{
    (void)state;
    cs_file_facts facts;
    write_file("a", "12345");
    assert_int_equal(cs_file_facts_of(path_of("a"), &facts, NULL), 0);
    assert_int_equal(facts.kind, CS_FILE_REGULAR);
    assert_int_equal(facts.size, 5);
    assert_true(facts.modified_ns > 0);
    assert_int_equal(cs_file_facts_of(folder, &facts, NULL), 0);
    assert_int_equal(facts.kind, CS_FILE_FOLDER);
    assert_int_equal(cs_file_facts_of("/dev/null", &facts, NULL), 0);
    assert_int_equal(facts.kind, CS_FILE_OTHER);
}

static void tells_a_file_that_took_anothers_place(void **state)
{
    (void)state;
    cs_file_facts before, after;
    char target[128];
    write_file("a", "12345");
    assert_int_equal(cs_file_facts_of(path_of("a"), &before, NULL), 0);
    write_file("b", "67890");
    strcpy(target, path_of("a"));
    assert_int_equal(rename(path_of("b"), target), 0);
    assert_int_equal(cs_file_facts_of(target, &after, NULL), 0);
    assert_int_not_equal(before.inode, after.inode);
}

static void says_what_is_missing(void **state)
{
    (void)state;
    cs_file_facts facts;
    cs_error error;
    char message[160];
    assert_int_equal(cs_file_facts_of(path_of("none"), &facts, &error), CS_ERROR(CS_LIMIT, ENOENT));
    snprintf(message, sizeof message, "%s: No such file or directory", path_of("none"));
    assert_string_equal(error.message, message);
    char template[] = "/nonexistent/x-XXXXXX";
    assert_int_equal(cs_folder_temporary(template, &error), CS_ERROR(CS_LIMIT, ENOENT));
}

static void makes_folders_for_their_owner_alone(void **state)
{
    (void)state;
    struct stat found;
    assert_int_equal(stat(folder, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
}

static void removes_a_folder_and_follows_no_link(void **state)
{
    (void)state;
    char outside[] = "/tmp/certstat-spec-XXXXXX", kept[64];
    assert_int_equal(cs_folder_temporary(outside, NULL), 0);
    snprintf(kept, sizeof kept, "%s/kept", outside);
    FILE *file = fopen(kept, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(mkdir(path_of("deep"), 0700), 0);
    write_file("deep/file", "x");
    assert_int_equal(symlink(outside, path_of("deep/link")), 0);
    assert_int_equal(cs_folder_remove(folder, NULL), 0);
    assert_int_equal(access(folder, F_OK), -1);
    assert_int_equal(access(kept, F_OK), 0);
    assert_int_equal(cs_folder_remove(folder, NULL), 0); /* there is none any more */
    assert_int_equal(cs_folder_remove(outside, NULL), 0);
}

/* Once in its folder, where names have none in front, and once from without. */
static void a_file_takes_anothers_place(void **state)
{
    (void)state;
    cs_error error;
    cs_file_facts before, after;
    char here[4096], whole[128];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(whole, sizeof whole, "%s", path_of("report"));
    for (int inside = 0; inside <= 1; inside++) {
        write_file("report.part", "new");
        assert_int_equal(cs_file_facts_of(path_of("report.part"), &before, NULL), 0);
        assert_int_equal(chdir(inside ? folder : here), 0);
        assert_int_equal(cs_file_replace(inside ? "report.part" : path_of("report.part"),
                                         inside ? "report" : whole, &error),
                         0);
        assert_int_equal(cs_file_facts_of(whole, &after, NULL), 0);
        assert_int_equal(before.inode, after.inode);
        assert_int_equal(access(path_of("report.part"), F_OK), -1);
    }
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(cs_file_replace("report", "folder", &error), CS_ERROR(CS_LIMIT, EISDIR));
    assert_string_equal(error.message, "folder: Is a directory");
    assert_int_equal(access("report", F_OK), 0);
    assert_int_equal(cs_file_replace("none", "report", &error), CS_ERROR(CS_LIMIT, ENOENT));
    assert_string_equal(error.message, "none: No such file or directory");
    assert_int_equal(chdir(here), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_kind_and_size, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(tells_a_file_that_took_anothers_place, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(says_what_is_missing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_takes_anothers_place, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(makes_folders_for_their_owner_alone, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(removes_a_folder_and_follows_no_link, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
