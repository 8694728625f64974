/* A ledger is opened where it may be. */
#include "support/ledger.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void makes_what_is_missing_for_its_owner_alone(void **state)
{
    (void)state;
    cs_ledger *ledger;
    assert_int_equal(cs_ledger_open(&ledger, path_of("a/home"), 1, NULL), 0);
    assert_int_equal(mode_of("a/home"), 0700);
    assert_int_equal(mode_of("a/home/ledger.db"), 0600);
    begin_run(ledger);
    assert_int_equal(mode_of("a/home/ledger.db-wal"), 0600);
    cs_ledger_close(ledger);
}

static void takes_a_relative_home_from_where_it_is(void **state)
{
    char here[256];
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    cs_ledger *ledger;
    assert_int_equal(cs_ledger_open(&ledger, "home", 1, NULL), 0);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(mode_of("home/ledger.db"), 0600);
    cs_ledger_close(ledger);
}

static void says_that_there_is_none(void **state)
{
    (void)state;
    cs_error error;
    cs_ledger *ledger;
    assert_int_equal(cs_ledger_open(&ledger, path_of("home"), 0, &error),
                     CS_ERROR(CS_ARGUMENT, CS_LEDGER_ABSENT));
    assert_message(error, "home/ledger.db", ": No such file or directory");
    assert_null(ledger);
    assert_int_equal(access(path_of("home"), F_OK), -1);
}

static void refuses_a_home_that_others_can_write(void **state)
{
    (void)state;
    cs_error error;
    cs_ledger *ledger;
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(CS_CLASS(cs_ledger_open(&ledger, folder, 1, &error)), CS_ARGUMENT);
    assert_message(error, "", ": can be written by others (mode 0777)");
    assert_int_equal(access(path_of("ledger.db"), F_OK), -1);
}

static void refuses_a_link(void **state)
{
    (void)state;
    cs_error error;
    cs_ledger *ledger;
    assert_int_equal(symlink("elsewhere", path_of("ledger.db")), 0);
    assert_int_equal(CS_CLASS(cs_ledger_open(&ledger, folder, 1, &error)), CS_ARGUMENT);
    assert_message(error, "ledger.db", ": expected a file, found a symbolic link");
    assert_int_equal(access(path_of("elsewhere"), F_OK), -1);
}

static void refuses_a_path_that_is_too_long(void **state)
{
    static char home[5000];
    (void)state;
    cs_error error;
    cs_ledger *ledger;
    memset(home, 'a', sizeof home - 1);
    assert_int_equal(cs_ledger_open(&ledger, home, 1, &error),
                     CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE));
    assert_non_null(strstr(error.message, "aaaa"));
}

/* In a child, as what root may do beyond others can't be had again. */
static void try_without_privileges(int create)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    cs_error error = {0, ""};
    cs_ledger *ledger;
    int result = (int)syscall(SYS_capset, &header, none);
    result = result ? result : cs_ledger_open(&ledger, folder, create, &error);
    _exit(result != CS_ERROR(CS_ARGUMENT, CS_LEDGER_FILE) ||
          strcmp(error.message + strlen(folder),
                 "/ledger.db: can't be used without the right to write it, and to its folder"));
}

static void says_that_it_may_not_be_written(void **state)
{
    (void)state;
    cs_ledger_close(open_ledger());
    assert_int_equal(chmod(folder, 0500), 0);
    for (int create = 0; create <= 1; create++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            try_without_privileges(create);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    assert_int_equal(chmod(folder, 0700), 0);
}

/* The SHARED lock of the first handle must outlive the opening and closing of the second: without
 * it another process that closes the ledger takes itself for the last one, and removes the journal. */
static void keeps_its_locks_while_the_process_opens_it_again(void **state)
{
    (void)state;
    int status;
    cs_ledger *first = open_ledger();
    int64_t run = begin_run(first);
    cs_ledger_close(open_ledger());
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cs_ledger *other;
        int failed = cs_ledger_open(&other, folder, 1, NULL);
        cs_ledger_close(other);
        _exit(failed != 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(access(path_of("ledger.db-wal"), F_OK), 0);
    assert_int_equal(record_one(first, run, "01", CS_STATUS_GOOD, 0, 100, NULL), 0);
    assert_string_equal(ask_sqlite("SELECT count(*) FROM answers"), "1");
    cs_ledger_close(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(makes_what_is_missing_for_its_owner_alone),
        folder_test(takes_a_relative_home_from_where_it_is),
        folder_test(says_that_there_is_none),
        folder_test(refuses_a_home_that_others_can_write),
        folder_test(refuses_a_link),
        folder_test(refuses_a_path_that_is_too_long),
        folder_test(says_that_it_may_not_be_written),
        folder_test(keeps_its_locks_while_the_process_opens_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
