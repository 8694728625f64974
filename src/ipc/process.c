/* process.c - a child process under control: no shell, a bare environment, no descriptor it was not
 * given, a process group of its own that ends as a whole. Waiting takes output, signals and the
 * child's end in one place. */
#include "certstat.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 60000
#define LOOK_MS 20 /* how often a child without a pidfd is looked for */

struct cs_process {
    pid_t pid;
    int pidfd;          /* readable at its end; -1 before Linux 5.3 */
    int output, errors; /* -1: not collected, or at its end */
    int signals;        /* -1: not watched */
    int gone;           /* somebody else has reaped it: its number may be another's by now */
};

static const int held[] = {SIGTERM, SIGINT, SIGHUP};

static void fill_held(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        sigaddset(set, held[i]);
    }
}

void cs_signals_hold(int hold)
{
    sigset_t set;
    fill_held(&set);
    pthread_sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* Moves a descriptor above the three standard ones, which the child replaces. */
static int move_up(int fd)
{
    if (fd < 0 || fd > 2) {
        return fd;
    }
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int reason = errno;
    close(fd);
    errno = reason;
    return moved;
}

static int open_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    ends[0] = move_up(ends[0]);
    ends[1] = move_up(ends[1]);
    return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

/* In the child: every descriptor above the standard ones closes at exec, but for those to keep. */
static int seal_descriptors(const cs_process_options *options)
{
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) { /* before Linux 5.11 */
        struct rlimit limit;
        int last = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (int)limit.rlim_cur : 1024;
        for (int fd = 3; fd < last; fd++) {
            fcntl(fd, F_SETFD, FD_CLOEXEC);
        }
    }
    for (size_t i = 0; i < options->keep_n; i++) {
        if (fcntl(options->keep[i], F_SETFD, 0) != 0) {
            return -1;
        }
    }
    return 0;
}

/* In the child: everything between fork and exec; async-signal-safe calls only. Writes errno to
 * `report` on failure. */
static _Noreturn void become(const cs_process_options *options, pid_t parent, int null, int output,
                             int errors, int report)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL); /* fails for SIGKILL and SIGSTOP, which need nothing */
    }
    setpgid(0, 0);
    int failed = options->parent_signal && prctl(PR_SET_PDEATHSIG, options->parent_signal) != 0;
    if (!failed && options->parent_signal && getppid() != parent) {
        _exit(127); /* the parent ended before the signal was asked for */
    }
    if (!failed && dup2(null, 0) == 0 && dup2(output, 1) == 1 &&
        (errors == 2 || dup2(errors, 2) == 2) && seal_descriptors(options) == 0 &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0) {
        execve(options->argv[0], (char *const *)options->argv, (char *const *)options->env);
    }
    int reason = errno;
    while (write(report, &reason, sizeof reason) < 0 && errno == EINTR) {
    }
    _exit(127);
}

/* The errno with which the child failed before or in exec; 0 where the program runs. */
static int read_report(int fd)
{
    int reason = 0;
    ssize_t got;
    do {
        got = read(fd, &reason, sizeof reason);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof reason ? reason : 0;
}

static int fail(cs_error *error, const char *what, int reason)
{
    return cs_fail(error, CS_LIMIT, reason, what, ": ",
                   reason == EAGAIN ? CS_NO_PROCESS : strerror(reason), NULL);
}

/* Takes the end of a pipe that is read from; -1 where there is no pipe. */
static int keep_reading(int ends[2])
{
    int fd = ends[0];
    ends[0] = -1;
    if (fd >= 0) {
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return fd;
}

int cs_process_spawn(cs_process **out, const cs_process_options *options, cs_error *error)
{
    int result = 0, reason = 0, null = -1, report[2] = {-1, -1}, output[2] = {-1, -1},
        errors[2] = {-1, -1};
    *out = NULL;
    for (size_t i = 0; i < options->keep_n; i++) {
        if (options->keep[i] < 3) {
            return cs_fail(error, CS_ARGUMENT, 0, "a kept descriptor is above 2", NULL);
        }
    }
    cs_process *process = (cs_process *)malloc(sizeof *process);
    if (!process) {
        return fail(error, "process", ENOMEM);
    }
    *process = (cs_process){.pid = -1, .pidfd = -1, .output = -1, .errors = -1, .signals = -1};

    null = move_up(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (null < 0 || open_pipe(report) != 0 || (options->output && open_pipe(output) != 0) ||
        (options->errors && open_pipe(errors) != 0)) {
        result = fail(error, "pipe", errno);
        goto done;
    }
    if (options->signals) {
        sigset_t set;
        fill_held(&set);
        process->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (process->signals < 0) {
            result = fail(error, "signalfd", errno);
            goto done;
        }
    }
    pid_t parent = getpid();
    process->pid = fork();
    if (process->pid == 0) {
        become(options, parent, null, options->output ? output[1] : null,
               options->errors ? errors[1] : 2, report[1]);
    }
    if (process->pid < 0) {
        result = fail(error, "fork", errno);
        goto done;
    }
    setpgid(process->pid, process->pid); /* as the child does: whoever comes first */
    close_fd(&report[1]);
    reason = read_report(report[0]);
    if (reason) {
        result = fail(error, options->argv[0], reason);
        goto done;
    }
    process->pidfd = pidfd_open(process->pid, 0);
    process->output = keep_reading(output);
    process->errors = keep_reading(errors);
    *out = process;
done:
    close_fd(&null);
    close_fd(&report[0]);
    close_fd(&report[1]);
    close_fd(&output[0]);
    close_fd(&output[1]);
    close_fd(&errors[0]);
    close_fd(&errors[1]);
    if (result) {
        cs_process_close(process);
    }
    return result;
}

/* A signal that was held: 1 and into *event, else 0. */
static int take_signal(cs_process *process, cs_process_event *event)
{
    struct signalfd_siginfo info;
    if (process->signals < 0 ||
        read(process->signals, &info, sizeof info) != (ssize_t)sizeof info) {
        return 0;
    }
    event->kind = CS_PROCESS_SIGNAL;
    event->number = (int)info.ssi_signo;
    return 1;
}

static int take_output(int *fd, enum cs_process_kind kind, cs_process_event *event)
{
    if (*fd < 0) {
        return 0;
    }
    ssize_t got = read(*fd, event->output, sizeof event->output);
    if (got > 0) {
        event->kind = kind;
        event->output_n = (size_t)got;
        return 1;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_fd(fd);
    }
    return 0;
}

/* Whether the child has ended, and how. It is left unreaped until cs_process_close, so that its
 * group's number can't be another's; but for a host that reaps all its children, as nginx does with
 * waitpid(-1), or ignores SIGCHLD. */
static int look_for_end(cs_process *process, cs_process_event *event)
{
    siginfo_t info = {0};
    if (process->gone ||
        waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
        process->gone = 1;
        event->kind = CS_PROCESS_EXITED;
        event->number = CS_PROCESS_UNKNOWN;
        return 1;
    }
    if (info.si_pid == 0) {
        return 0;
    }
    event->kind = info.si_code == CLD_EXITED ? CS_PROCESS_EXITED : CS_PROCESS_KILLED;
    event->number = info.si_status;
    return 1;
}

int cs_process_wait(cs_process *process, int64_t wait_ns, cs_process_event *event, cs_error *error)
{
    int64_t now = cs_clock_now_ns();
    int64_t until = wait_ns > INT64_MAX - now ? INT64_MAX : now + wait_ns;
    int longest_ms = process->pidfd < 0 ? LOOK_MS : POLL_MS;
    for (;;) {
        struct pollfd ready[] = {
            {.fd = process->pidfd, .events = POLLIN},
            {.fd = process->output, .events = POLLIN},
            {.fd = process->errors, .events = POLLIN},
            {.fd = process->signals, .events = POLLIN},
        };
        int64_t left_ms = now < until ? (until - now - 1) / CS_MS + 1 : 0;
        int n = poll(ready, sizeof ready / sizeof ready[0],
                     left_ms > longest_ms ? longest_ms : (int)left_ms);
        if (n < 0 && errno != EINTR) {
            return fail(error, "poll", errno);
        }
        /* the end is looked for first and told last: what the child wrote is there by then */
        cs_process_event end = {.kind = CS_PROCESS_NONE};
        int ended = look_for_end(process, &end);
        *event = end;
        if (take_signal(process, event) ||
            take_output(&process->output, CS_PROCESS_OUTPUT, event) ||
            take_output(&process->errors, CS_PROCESS_ERRORS, event) || ended) {
            return 0;
        }
        now = cs_clock_now_ns();
        if (now >= until) {
            return 0;
        }
    }
}

/* Whether the group's number may be another's. */
static int is_gone(cs_process *process)
{
    cs_process_event end;
    look_for_end(process, &end);
    return process->gone;
}

int cs_process_signal(cs_process *process, int number, cs_error *error)
{
    if (is_gone(process)) {
        return fail(error, "kill", ESRCH);
    }
    if (kill(-process->pid, number) != 0) {
        return fail(error, "kill", errno);
    }
    return 0;
}

void cs_process_close(cs_process *process)
{
    if (!process) {
        return;
    }
    if (process->pid > 0 && !is_gone(process)) {
        kill(-process->pid, SIGKILL);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close_fd(&process->pidfd);
    close_fd(&process->output);
    close_fd(&process->errors);
    close_fd(&process->signals);
    free(process);
}
