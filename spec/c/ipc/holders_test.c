/* Who has a file open is named, and first who has locked it. */
#include "support/folder.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int open_file(const char *name)
{
    int fd = open(path_of(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static void lock_file(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
}

/* A child named `name` that has opened the file itself, locked it perhaps, and stopped itself. */
static pid_t start(const char *name, int locks)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, name);
        int fd = open_file("f");
        if (locks) {
            lock_file(fd);
        }
        raise(SIGSTOP);
        _exit(0);
    }
    assert_true(child > 0);
    int status;
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status));
    return child;
}

static void end(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static const char *holders_of(int fd)
{
    static char text[512];
    cs_buffer out;
    cs_buffer_init(&out, text, sizeof text - 1);
    cs_file_holders(fd, &out);
    text[out.n] = '\0';
    return text;
}

static void names_who_has_locked_it_first(void **state)
{
    (void)state;
    int fd = open_file("f");
    close(fd); /* the children have none of it */
    pid_t one = start("one of all", 0), two = start("two", 1);
    fd = open_file("f");
    char expected[128];
    snprintf(expected, sizeof expected,
             "%d (two, stopped, has locked it), %d (one of all, stopped)", (int)two, (int)one);
    assert_string_equal(holders_of(fd), expected);
    end(two);
    snprintf(expected, sizeof expected, "%d (one of all, stopped)", (int)one);
    assert_string_equal(holders_of(fd), expected);
    end(one);
    assert_string_equal(holders_of(fd), "");
    close(fd);
}

static void counts_its_own_process_only_where_it_has_the_file_twice(void **state)
{
    (void)state;
    int fd = open_file("f"), other = open_file("g");
    assert_string_equal(holders_of(fd), "");
    close(other);
    other = open_file("f");
    lock_file(other);
    char expected[128];
    prctl(PR_SET_NAME, "holders_test");
    snprintf(expected, sizeof expected, "%d (holders_test, has locked it)", (int)getpid());
    assert_string_equal(holders_of(fd), expected);
    close(other);
    close(fd);
}

static void shows_what_a_process_calls_itself_so_that_a_terminal_can(void **state)
{
    (void)state;
    pid_t child = start("a) b\x1b[2J\n(", 0);
    int fd = open_file("f");
    char expected[128];
    snprintf(expected, sizeof expected, "%d (a) b\\x1B[2J\\x0A(, stopped)", (int)child);
    assert_string_equal(holders_of(fd), expected);
    end(child);
    close(fd);
}

static void names_eight_at_most(void **state)
{
    (void)state;
    pid_t children[9];
    for (size_t i = 0; i < COUNT(children); i++) {
        children[i] = start("many", 0);
    }
    int fd = open_file("f"), n = 0;
    for (const char *p = holders_of(fd); (p = strstr(p, "many")); p++) {
        n++;
    }
    assert_int_equal(n, 8);
    for (size_t i = 0; i < COUNT(children); i++) {
        end(children[i]);
    }
    close(fd);
}

/* Once the last one was cut in the middle of its number. */
static void names_whole_processes_where_there_is_no_room_for_all(void **state)
{
    char text[40], expected[64];
    cs_buffer out;
    (void)state;
    pid_t one = start("one", 1), two = start("two", 0);
    int fd = open_file("f");
    snprintf(expected, sizeof expected, "%d (one, stopped, has locked it)...", (int)one);
    for (size_t size = strlen(expected); size <= sizeof text; size++) {
        cs_buffer_init(&out, text, size);
        cs_file_holders(fd, &out);
        assert_int_equal(out.failed, 0);
        assert_int_equal(out.n, strlen(expected));
        assert_memory_equal(text, expected, out.n);
    }
    end(one);
    end(two);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(names_who_has_locked_it_first),
        folder_test(counts_its_own_process_only_where_it_has_the_file_twice),
        folder_test(shows_what_a_process_calls_itself_so_that_a_terminal_can),
        folder_test(names_eight_at_most),
        folder_test(names_whole_processes_where_there_is_no_room_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
