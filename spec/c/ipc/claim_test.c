/* A file that is claimed is its owner's alone until he closes it or dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certstat.h"

static char folder[64], part[80], whole[80];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/certstat-spec-XXXXXX");
    int result = cs_folder_temporary(folder, NULL);
    snprintf(part, sizeof part, "%s/part", folder);
    snprintf(whole, sizeof whole, "%s/whole", folder);
    return result;
}

static int remove_folder(void **state)
{
    (void)state;
    return cs_folder_remove(folder, NULL);
}

static void is_one_owners(void **state)
{
    (void)state;
    cs_error error;
    char expected[160];
    int one, two = -1;
    assert_int_equal(cs_file_claim(part, &one, &error), 0);
    assert_int_equal(write(one, "12345", 5), 5);
    assert_int_equal(cs_file_claim(part, &two, &error), CS_ERROR(CS_LIMIT, EAGAIN));
    assert_int_equal(two, -1);
    snprintf(expected, sizeof expected, "%s: is being written by process %ld (", part,
             (long)getpid());
    assert_memory_equal(error.message, expected, strlen(expected));
    assert_non_null(strstr(error.message, ", has locked it)"));
    close(one);
    assert_int_equal(cs_file_claim(part, &two, &error), 0);
    struct stat found;
    assert_int_equal(fstat(two, &found), 0);
    assert_int_equal(found.st_size, 5);
    close(two);
}

static void says_what_is_in_the_way(void **state)
{
    (void)state;
    cs_error error;
    char expected[160];
    int fd = -1;
    assert_int_equal(cs_file_claim(folder, &fd, &error), CS_ERROR(CS_LIMIT, EISDIR));
    snprintf(expected, sizeof expected, "%s: Is a directory", folder);
    assert_string_equal(error.message, expected);
    assert_int_equal(fd, -1);
}

static void dies_with_its_owner(void **state)
{
    (void)state;
    int fd, ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        if (cs_file_claim(part, &fd, NULL) == 0 && write(ends[1], "x", 1) == 1) {
            alarm(60);
            pause();
        }
        _exit(1);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_not_equal(cs_file_claim(part, &fd, NULL), 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(cs_file_claim(part, &fd, NULL), 0);
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

static int is_asleep(pid_t process)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)process);
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[n] = '\0';
    if (file) {
        fclose(file);
    }
    return strstr(text, ") S ") != NULL;
}

/* Between the opening and the locking the file gets another name, as its writer has ended it: what
 * has the name then is claimed. A FIFO holds up whoever opens it. */
static void is_what_has_the_name(void **state)
{
    (void)state;
    int status;
    assert_int_equal(mkfifo(part, 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd;
        struct stat found;
        alarm(60);
        _exit(cs_file_claim(part, &fd, NULL) != 0 || fstat(fd, &found) != 0 ||
              !S_ISREG(found.st_mode));
    }
    while (!is_asleep(child)) {
        sched_yield();
    }
    assert_int_equal(rename(part, whole), 0);
    int fd = open(whole, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_one_owners, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(says_what_is_in_the_way, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(dies_with_its_owner, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(is_what_has_the_name, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
