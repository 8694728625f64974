/* A child gets what it was given and nothing else; output comes before the end; the whole group
 * ends with the object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certstat.h"

#define LIMIT (30 * CS_SEC) /* for what is sure to happen */

static cs_process *start(const char *script, const cs_process_options *more)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    static const char *const env[] = {"NAME=value", NULL};
    cs_process_options options = more ? *more : (cs_process_options){.output = 1};
    options.argv = argv;
    options.env = env;
    cs_process *process;
    cs_error error;
    if (cs_process_spawn(&process, &options, &error) != 0) {
        fail_msg("%s", error.message);
    }
    return process;
}

static cs_process_event wait_for(cs_process *process)
{
    cs_process_event event;
    assert_int_equal(cs_process_wait(process, LIMIT, &event, NULL), 0);
    return event;
}

/* All output up to the child's end, which comes into *end. */
static void read_all(cs_process *process, char *text, size_t size, cs_process_event *end)
{
    size_t n = 0;
    for (;;) {
        *end = wait_for(process);
        if (end->kind != CS_PROCESS_OUTPUT) {
            break;
        }
        assert_true(n + end->output_n < size);
        memcpy(text + n, end->output, end->output_n);
        n += end->output_n;
    }
    text[n] = '\0';
}

static void check_output(const char *script, const cs_process_options *options,
                         const char *expected)
{
    char text[1024];
    cs_process_event end;
    cs_process *process = start(script, options);
    read_all(process, text, sizeof text, &end);
    assert_string_equal(text, expected);
    assert_int_equal(end.kind, CS_PROCESS_EXITED);
    assert_int_equal(end.number, 0);
    cs_process_close(process);
}

static void runs_with_the_arguments_and_environment_given(void **state)
{
    (void)state;
    check_output("echo \"$NAME ${HOME-no home}\"", NULL, "value no home\n");
    check_output("cat; echo end of input", NULL, "end of input\n");
}

static void gets_no_descriptor_but_those_to_keep(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(pipe(pair), 0); /* without O_CLOEXEC: as a careless host opens them */
    char script[160];
    snprintf(script, sizeof script,
             "for fd in %d %d; do [ -e /proc/self/fd/$fd ] && echo open || echo closed; done",
             pair[0], pair[1]);
    check_output(script, NULL, "closed\nclosed\n");
    const int keep[] = {pair[1]};
    check_output(script, &(cs_process_options){.output = 1, .keep = keep, .keep_n = 1},
                 "closed\nopen\n");
    close(pair[0]);
    close(pair[1]);
}

static void tells_its_error_output_apart(void **state)
{
    char text[2][64] = {"", ""};
    cs_process_event event;
    cs_process *process = start("echo said >&2; echo written; echo more >&2",
                                &(cs_process_options){.output = 1, .errors = 1});
    (void)state;
    while (event = wait_for(process), event.kind != CS_PROCESS_EXITED) {
        char *to = text[event.kind == CS_PROCESS_ERRORS];
        assert_true(event.kind == CS_PROCESS_OUTPUT || event.kind == CS_PROCESS_ERRORS);
        strncat(to, event.output, event.output_n);
    }
    assert_string_equal(text[0], "written\n");
    assert_string_equal(text[1], "said\nmore\n");
    cs_process_close(process);
}

/* A host may have closed its own. */
static void needs_no_error_output(void **state)
{
    int kept = dup(2);
    (void)state;
    close(2);
    cs_process *process = start("echo said >&2; echo written", NULL);
    assert_int_equal(dup2(kept, 2), 2);
    close(kept);
    char text[64];
    cs_process_event end;
    read_all(process, text, sizeof text, &end);
    assert_string_equal(text, "written\n");
    cs_process_close(process);
}

static void refuses_to_keep_a_standard_descriptor(void **state)
{
    (void)state;
    const char *argv[] = {"/bin/true", NULL}, *env[] = {NULL};
    const int keep[] = {2};
    cs_process *process;
    cs_error error;
    int code = cs_process_spawn(
        &process, &(cs_process_options){.argv = argv, .env = env, .keep = keep, .keep_n = 1},
        &error);
    assert_int_equal(CS_CLASS(code), CS_ARGUMENT);
    assert_null(process);
    assert_string_equal(error.message, "a kept descriptor is above 2");
}

static void has_default_signals_in_a_group_of_its_own(void **state)
{
    (void)state;
    sighandler_t before = signal(SIGPIPE, SIG_IGN);
    cs_signals_hold(1);
    /* but 32 and 33, which belong to the C library and may have been ignored by whoever started us */
    check_output("for mask in $(sed -nE 's/^Sig(Blk|Ign):[^0-9a-f]*/0x/p' /proc/self/status); do "
                 "[ $((mask & ~0x180000000)) -eq 0 ] || echo $mask; done; "
                 "[ \"$(ps -o pgid= $$)\" -eq $$ ] && echo own group",
                 NULL, "own group\n");
    cs_signals_hold(0);
    signal(SIGPIPE, before);
}

static void tells_how_it_ended_again_and_again(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        enum cs_process_kind kind;
        int number;
    } rows[] = {
        {"exit 0", CS_PROCESS_EXITED, 0},
        {"exit 3", CS_PROCESS_EXITED, 3},
        {"kill -TERM $$", CS_PROCESS_KILLED, SIGTERM},
        {"kill -KILL $$", CS_PROCESS_KILLED, SIGKILL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cs_process *process = start(rows[i].script, NULL);
        for (int again = 0; again < 3; again++) {
            cs_process_event event = wait_for(process);
            assert_int_equal(event.kind, rows[i].kind);
            assert_int_equal(event.number, rows[i].number);
        }
        cs_process_close(process);
    }
}

static void gives_all_output_before_the_end(void **state)
{
    (void)state;
    cs_process *process = start("head -c 100000 /dev/zero", NULL);
    size_t n = 0;
    cs_process_event event;
    while ((event = wait_for(process)).kind == CS_PROCESS_OUTPUT) {
        n += event.output_n;
    }
    assert_int_equal(n, 100000);
    assert_int_equal(event.kind, CS_PROCESS_EXITED);
    cs_process_close(process);
}

static void ends_though_a_grandchild_holds_its_output(void **state)
{
    (void)state;
    char text[64];
    cs_process_event end;
    cs_process *process = start("tail -f /dev/null & echo $!", NULL);
    read_all(process, text, sizeof text, &end);
    assert_int_equal(end.kind, CS_PROCESS_EXITED);
    pid_t grandchild = (pid_t)atoi(text);
    assert_int_equal(kill(grandchild, 0), 0);
    cs_process_close(process); /* the group goes with it */
    while (kill(grandchild, 0) == 0) {
        char path[64], status[8] = "";
        snprintf(path, sizeof path, "ps -o stat= %d", (int)grandchild);
        FILE *ps = popen(path, "r");
        assert_non_null(ps);
        char *line = fgets(status, sizeof status, ps);
        pclose(ps);
        if (!line || status[0] == 'Z') { /* nobody here reaps an orphan */
            break;
        }
    }
}

static void ends_its_group_when_closed_while_it_runs(void **state)
{
    (void)state;
    cs_process *process = start("trap '' TERM; echo ready; exec tail -f /dev/null", NULL);
    assert_int_equal(wait_for(process).kind, CS_PROCESS_OUTPUT);
    cs_process_event event;
    assert_int_equal(cs_process_wait(process, 0, &event, NULL), 0);
    assert_int_equal(event.kind, CS_PROCESS_NONE);
    assert_int_equal(cs_process_signal(process, SIGTERM, NULL), 0); /* ignored by the shell */
    cs_process_close(process);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* As nginx does with waitpid(-1). */
static void leaves_alone_what_somebody_else_has_reaped(void **state)
{
    (void)state;
    cs_process_event end;
    cs_error error;
    /* what is left of its group stands for a group of others that has got its number */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    cs_process *process = start("tail -f /dev/null > /dev/null & exit 3", NULL);
    pid_t group = waitpid(-1, NULL, 0);
    assert_true(group > 0);
    for (int again = 0; again < 2; again++) {
        end = wait_for(process);
        assert_int_equal(end.kind, CS_PROCESS_EXITED);
        assert_int_equal(end.number, CS_PROCESS_UNKNOWN);
    }
    assert_int_equal(cs_process_signal(process, SIGKILL, &error), CS_ERROR(CS_LIMIT, ESRCH));
    assert_string_equal(error.message, "kill: No such process");
    cs_process_close(process);
    int status;
    assert_int_equal(kill(-group, SIGTERM), 0);
    assert_true(waitpid(-group, &status, 0) > 0);
    assert_int_equal(WTERMSIG(status), SIGTERM); /* the first that has come to it */
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void takes_held_signals_of_this_process(void **state)
{
    (void)state;
    cs_signals_hold(1);
    cs_process *process =
        start("exec tail -f /dev/null", &(cs_process_options){.output = 1, .signals = 1});
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        raise(numbers[i]);
        cs_process_event event = wait_for(process);
        assert_int_equal(event.kind, CS_PROCESS_SIGNAL);
        assert_int_equal(event.number, numbers[i]);
    }
    cs_process_close(process);
    cs_signals_hold(0);
}

static void sends_signals_to_the_whole_group(void **state)
{
    (void)state;
    cs_process *process = start("tail -f /dev/null & echo ready; wait", NULL);
    assert_int_equal(wait_for(process).kind, CS_PROCESS_OUTPUT);
    assert_int_equal(cs_process_signal(process, SIGTERM, NULL), 0);
    cs_process_event event = wait_for(process);
    assert_int_equal(event.kind, CS_PROCESS_KILLED);
    assert_int_equal(event.number, SIGTERM);
    cs_process_close(process);
}

static void ends_with_its_parent(void **state)
{
    (void)state;
    int alive[2];
    assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
    pid_t parent = fork();
    if (parent == 0) {
        close(alive[0]);
        const int keep[] = {alive[1]};
        cs_process *process =
            start("exec tail -f /dev/null",
                  &(cs_process_options){.keep = keep, .keep_n = 1, .parent_signal = SIGKILL});
        kill(getpid(), SIGKILL);
        cs_process_close(process); /* never reached */
    }
    close(alive[1]);
    waitpid(parent, NULL, 0);
    char byte;
    ssize_t got = read(alive[0], &byte, 1); /* the end, once nobody holds the other side */
    assert_int_equal(got, 0);
    close(alive[0]);
}

static void says_why_it_cannot_start(void **state)
{
    (void)state;
    const char *argv[] = {"/nonexistent/program", NULL}, *env[] = {NULL};
    cs_process *process;
    cs_error error;
    int code = cs_process_spawn(&process, &(cs_process_options){.argv = argv, .env = env}, &error);
    assert_int_equal(code, CS_ERROR(CS_LIMIT, ENOENT));
    assert_string_equal(error.message, "/nonexistent/program: No such file or directory");
    assert_null(process);
    cs_process_close(NULL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left to reap */
}

static void says_what_forbids_processes(void **state)
{
    static const char expected[] =
        "fork: a limit of processes forbids it (ulimit -u; in HAProxy set insecure-fork-wanted)";
    const char *argv[] = {"/bin/true", NULL}, *env[] = {NULL};
    const struct rlimit none = {0, 0};
    int results[2];
    cs_error error;
    (void)state;
    assert_int_equal(pipe(results), 0);
    pid_t child = fork();
    if (child == 0) {
        cs_process *process;
        if ((geteuid() == 0 && setuid(65534) != 0) || setrlimit(RLIMIT_NPROC, &none) != 0) {
            _exit(1);
        }
        cs_process_spawn(&process, &(cs_process_options){.argv = argv, .env = env}, &error);
        (void)!write(results[1], &error, sizeof error);
        _exit(0);
    }
    close(results[1]);
    assert_int_equal(read(results[0], &error, sizeof error), sizeof error);
    close(results[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_string_equal(error.message, expected);
    assert_int_equal(error.code, CS_ERROR(CS_LIMIT, EAGAIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_with_the_arguments_and_environment_given),
        cmocka_unit_test(gets_no_descriptor_but_those_to_keep),
        cmocka_unit_test(tells_its_error_output_apart),
        cmocka_unit_test(needs_no_error_output),
        cmocka_unit_test(refuses_to_keep_a_standard_descriptor),
        cmocka_unit_test(has_default_signals_in_a_group_of_its_own),
        cmocka_unit_test(tells_how_it_ended_again_and_again),
        cmocka_unit_test(gives_all_output_before_the_end),
        cmocka_unit_test(ends_though_a_grandchild_holds_its_output),
        cmocka_unit_test(ends_its_group_when_closed_while_it_runs),
        cmocka_unit_test(leaves_alone_what_somebody_else_has_reaped),
        cmocka_unit_test(takes_held_signals_of_this_process),
        cmocka_unit_test(sends_signals_to_the_whole_group),
        cmocka_unit_test(ends_with_its_parent),
        cmocka_unit_test(says_why_it_cannot_start),
        cmocka_unit_test(says_what_forbids_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
