/* One quota for all who open the file: what one does the others see; a state that can't be believed
 * is a window used up; a lock that is taken holds nobody up; and whatever dies, forks or is deleted,
 * no window has more calls than the rate. Time is the tests' own, from FUTURE on: not before what the
 * file counts from, which is the clock. */
#include "support/folder.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define HOLD (250 * CS_MS)
/* After so long a file that was not believed permits calls, but for some ns. */
#define UNUSED               (HOLD + 1100 * CS_MS)
#define assert_used_up(wait) assert_in_range(wait, UNUSED - CS_QUOTA_TIMES, UNUSED)

/* The clocks; that of the wall can be set. */
static int64_t set_by_s;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *t)
{
    int result = (int)syscall(SYS_clock_gettime, clock, t);
    t->tv_sec += clock == CLOCK_REALTIME ? set_by_s : 0;
    return result;
}

static const cs_quota_rule ten = {.rate = 10, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS};

static int64_t start(void)
{
    return cs_clock_now_ns() + 1000 * CS_SEC;
}

static cs_quota_file *open_quota(const cs_quota_rule *rule)
{
    cs_quota_file *file;
    cs_error error;
    if (cs_quota_file_new(&file, folder, "home/quota/default", rule, &error) != 0) {
        print_error("%s\n", error.message);
        abort();
    }
    return file;
}

static int64_t take_in(cs_quota_file *file, enum cs_lane lane, int64_t now, int64_t *permit)
{
    int64_t wait = -1;
    cs_error error;
    if (cs_quota_file_take(file, lane, HOLD, now, &wait, permit, &error) != 0) {
        print_error("%s\n", error.message);
        abort();
    }
    return wait;
}

static int64_t take(cs_quota_file *file, int64_t now)
{
    int64_t permit;
    return take_in(file, CS_LANE_INTERACTIVE, now, &permit);
}

static void send_now(cs_quota_file *file, int64_t now)
{
    int64_t permit;
    assert_int_equal(take_in(file, CS_LANE_INTERACTIVE, now, &permit), 0);
    cs_quota_file_sent(file, permit, now);
}

/* A file that has been made at `now` and permits calls at what is returned. */
static int64_t make_usable(cs_quota_file *file, int64_t now)
{
    int64_t wait = take(file, now);
    assert_used_up(wait);
    assert_int_equal(take(file, now + wait - 1), 1);
    return now + UNUSED;
}

/* ---- shared ---- */

static void a_new_file_is_a_window_used_up(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start());
    for (int i = 0; i < 10; i++) {
        send_now(one, now);
    }
    assert_in_range(take(one, now), 1100 * CS_MS - 10, 1100 * CS_MS);
    cs_quota_file_close(one);
    assert_int_equal(mode_of("home/quota/default"), 0600);
}

static void what_one_does_the_other_sees(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten), *two = open_quota(&ten);
    int64_t now = make_usable(one, start()), permits[10];
    for (int i = 0; i < 10; i++) {
        cs_quota_file *who = i % 2 ? one : two;
        assert_int_equal(take_in(who, CS_LANE_GATE, now, &permits[i]), 0);
    }
    assert_in_range(take(two, now), UNUSED, UNUSED + 1024);
    cs_quota_file_return(one, permits[3]);
    assert_int_equal(take_in(two, CS_LANE_GATE, now, &permits[3]), 0);
    for (int i = 0; i < 10; i++) { /* whoever was given a permit may tell what came of it */
        cs_quota_file_sent(i % 2 ? two : one, permits[i], now + i);
    }
    assert_int_equal(take(one, now + 10), 1100 * CS_MS - 10);
    cs_quota_file_pause(one, now + 5 * CS_SEC, now);
    assert_int_equal(take(two, now + 2 * CS_SEC), 3 * CS_SEC);
    cs_quota_file_close(one);
    cs_quota_file_close(two);
}

static void who_looks_sees_what_is_left_and_who_has_it_open(void **state)
{
    char text[256], expected[64];
    cs_quota_view view;
    cs_buffer holders;
    cs_error error;
    int64_t wait = -1;
    (void)state;
    cs_quota_file *one = open_quota(&ten), *two = open_quota(&ten);
    int64_t now = make_usable(one, start());
    send_now(one, now);
    cs_buffer_init(&holders, text, sizeof text);
    assert_int_equal(cs_quota_file_look(two, now, &wait, &view, &holders, &error), 0);
    assert_int_equal(wait, 0);
    assert_int_equal(view.rate, 10);
    assert_int_equal(view.free, 9);
    assert_int_equal(view.paused_ns, 0);
    snprintf(expected, sizeof expected, "%d (", (int)getpid()); /* by the other's descriptor */
    assert_memory_equal(text, expected, strlen(expected));
    cs_quota_file_pause(one, now + 7 * CS_SEC, now);
    cs_quota_file_close(one);
    holders.n = 0;
    assert_int_equal(cs_quota_file_look(two, now, &wait, &view, &holders, &error), 0);
    assert_int_equal(view.paused_ns, 7 * CS_SEC);
    assert_int_equal(holders.n, 0);
    cs_quota_file_close(two);
}

static void a_caller_with_a_lower_rate_looks_at_newer_calls(void **state)
{
    const cs_quota_rule two_calls = {.rate = 2, .window_ns = CS_SEC, .guard_ns = 0};
    (void)state;
    cs_quota_file *one = open_quota(&ten), *two = open_quota(&two_calls);
    int64_t now = make_usable(one, start());
    send_now(one, now);
    send_now(two, now + 1);
    assert_int_equal(take(two, now + 2), CS_SEC - 2);
    send_now(one, now + CS_SEC - 1);
    assert_int_equal(take(two, now + CS_SEC), 1);
    cs_quota_file_close(one);
    cs_quota_file_close(two);
}

static void a_waiting_higher_lane_of_another_goes_first(void **state)
{
    (void)state;
    cs_quota_file *gate = open_quota(&ten), *audit = open_quota(&ten);
    int64_t now = make_usable(audit, start()), permit;
    for (int i = 0; i < 10; i++) {
        send_now(audit, now);
    }
    int64_t due = now + CS_MS + take_in(gate, CS_LANE_GATE, now + CS_MS, &permit);
    assert_int_equal(take_in(audit, CS_LANE_AUDIT, due, &permit), CS_MS);
    assert_int_equal(take_in(gate, CS_LANE_GATE, due + 1, &permit), 0);
    /* with two permits of the window left free */
    int got = 0;
    while (take_in(audit, CS_LANE_AUDIT, due + 2 * CS_MS, &permit) == 0) {
        got++;
    }
    assert_int_equal(got, 7);
    cs_quota_file_close(gate);
    cs_quota_file_close(audit);
}

static void retries_are_paid_from_one_budget(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten), *two = open_quota(&ten);
    int64_t now = start();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cs_quota_file_retry(i % 2 ? one : two, INT64_MAX, now), 0);
    }
    assert_int_equal(cs_quota_file_retry(one, CS_SEC, now), 2 * CS_SEC); /* too long: not taken */
    assert_int_equal(cs_quota_file_retry(two, INT64_MAX, now), 2 * CS_SEC);
    for (int i = 0; i < 20; i++) {
        cs_quota_file_reward(one, now);
    }
    assert_int_equal(cs_quota_file_retry(two, INT64_MAX, now), 0);
    cs_quota_file_close(one);
    cs_quota_file_close(two);
}

static void the_guard_follows_the_replies_of_all(void **state)
{
    const cs_quota_rule adapts = {.rate = 1, .window_ns = CS_SEC, .guard_ns = CS_GUARD_ADAPTS};
    (void)state;
    cs_quota_file *one = open_quota(&adapts), *two = open_quota(&adapts);
    int64_t now = make_usable(one, start());
    for (int i = 0; i < 100; i++) {
        cs_quota_file_replied(i % 2 ? one : two, now - (i % 2 ? 30 : 5) * CS_MS, now);
    }
    send_now(one, now);
    assert_int_equal(take(two, now), 1035 * CS_MS);
    cs_quota_file_pause(two, now + 1, now); /* a throttle doubles it */
    assert_int_equal(take(one, now), 1070 * CS_MS);
    cs_quota_file_close(one);
    cs_quota_file_close(two);
}

static void holds_and_pauses_have_an_end(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start()), permit, wait;
    assert_int_equal(
        cs_quota_file_take(one, CS_LANE_GATE, 3600 * CS_SEC, now, &wait, &permit, NULL), 0);
    assert_int_equal(wait, 0);
    assert_in_range(permit, now + 120 * CS_SEC, now + 120 * CS_SEC + 1024);
    cs_quota_file_pause(one, now + 3600 * CS_SEC, now);
    assert_int_equal(take(one, now), 120 * CS_SEC);
    cs_quota_file_close(one);
}

/* ---- states that can't be believed ---- */

enum { PAGE = 4096, CHECKSUM = 16, BOOT = 24, QUOTA = 64 };

static void read_file(unsigned char *page)
{
    int fd = open(path_of("home/quota/default"), O_RDONLY);
    assert_int_equal(read(fd, page, PAGE), PAGE);
    close(fd);
}

static void write_file(const unsigned char *page, size_t n)
{
    int fd = open(path_of("home/quota/default"), O_WRONLY);
    assert_int_equal(write(fd, page, n), n);
    assert_true(n == PAGE || ftruncate(fd, (off_t)n) == 0);
    close(fd);
}

/* As the file has it, so that only what a test has changed is wrong. */
static void sign_page(unsigned char *page)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = BOOT; i < PAGE; i++) {
        sum = (sum ^ page[i]) * UINT64_C(0x100000001b3);
    }
    memcpy(page + CHECKSUM, &sum, sizeof sum);
}

static void a_truncated_file_and_each_damaged_byte_are_a_window_used_up(void **state)
{
    unsigned char page[PAGE], damaged[PAGE];
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start());
    assert_int_equal(take(one, now), 0);
    read_file(page);
    for (size_t n = 0; n < PAGE; n++) {
        if (n < 100 || n % 64 == 0 || n > PAGE - 100) {
            write_file(page, n);
            assert_used_up(take(one, now));
        }
        memcpy(damaged, page, PAGE);
        damaged[n] ^= (unsigned char)(1 << n % 8);
        write_file(damaged, PAGE);
        assert_used_up(take(one, now));
    }
    write_file(page, PAGE);
    assert_int_equal(take(one, now), 0);
    cs_quota_file_close(one);
}

static void break_boot(unsigned char *page, cs_quota *quota, int64_t now)
{
    (void)quota, (void)now;
    page[BOOT] = page[BOOT] == '0' ? '1' : '0';
}

static void break_magic(unsigned char *page, cs_quota *quota, int64_t now)
{
    (void)quota, (void)now;
    memcpy(page, "certstat quota\n2", 16);
}

static void break_count(unsigned char *page, cs_quota *quota, int64_t now)
{
    (void)page, (void)now;
    quota->count = CS_QUOTA_TIMES + 1;
}

static void break_order(unsigned char *page, cs_quota *quota, int64_t now)
{
    (void)page, (void)now;
    quota->times[7] = quota->times[6];
}

static void break_newest(unsigned char *page, cs_quota *quota, int64_t now)
{
    (void)page;
    quota->times[quota->count - 1] = now + 121 * CS_SEC + 1;
}

static void break_pause(unsigned char *page, cs_quota *quota, int64_t now)
{
    (void)page;
    quota->paused_until_ns = now + 121 * CS_SEC + 1;
}

static void a_foreign_boot_a_future_and_an_impossible_state_are_a_window_used_up(void **state)
{
    static void (*const rows[])(unsigned char *, cs_quota *, int64_t) = {
        break_boot, break_magic, break_count, break_order, break_newest, break_pause};
    unsigned char page[PAGE], broken[PAGE];
    cs_quota quota;
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start());
    assert_int_equal(take(one, now), 0);
    read_file(page);
    for (size_t i = 0; i < COUNT(rows); i++) {
        memcpy(broken, page, PAGE);
        memcpy(&quota, page + QUOTA, sizeof quota);
        rows[i](broken, &quota, now);
        memcpy(broken + QUOTA, &quota, sizeof quota);
        sign_page(broken);
        write_file(broken, PAGE);
        assert_used_up(take(one, now));
        now += UNUSED;
        assert_int_equal(take(one, now), 0);
    }
    cs_quota_file_close(one);
}

/* Each finds a file that it can't believe and begins a new one, which the other can't. */
static void two_versions_that_do_not_know_each_other_permit_nothing(void **state)
{
    unsigned char ours[PAGE], theirs[PAGE];
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start());
    read_file(theirs);
    break_magic(theirs, NULL, 0);
    sign_page(theirs);
    for (int i = 0; i < 100; i++) {
        write_file(theirs, PAGE);
        assert_used_up(take(one, now));
        read_file(ours);
        assert_memory_equal(ours, "certstat quota\n1", 16);
        now += 100 * CS_MS;
    }
    send_now(one, now + UNUSED); /* until one of them is alone */
    cs_quota_file_close(one);
}

/* Set an hour forward it brings no permit, set an hour back it takes none away. */
static void the_clock_of_the_wall_is_no_matter(void **state)
{
    static const int64_t steps_s[] = {3600, -3600, 0};
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t usable = make_usable(one, start()), before = cs_clock_now_ns();
    for (int i = 0; i < 10; i++) {
        send_now(one, usable);
    }
    for (size_t i = 0; i < 3; i++) {
        set_by_s = steps_s[i];
        int64_t passed = cs_clock_now_ns() - before;
        assert_in_range(passed, 0, 600 * CS_SEC);
        assert_int_equal(take(one, usable + passed % CS_SEC), 1100 * CS_MS - passed % CS_SEC);
    }
    cs_quota_file_close(one);
}

static void what_a_later_version_keeps_in_the_page_stays(void **state)
{
    unsigned char page[PAGE];
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start());
    read_file(page);
    for (size_t i = QUOTA + sizeof(cs_quota); i < PAGE; i++) {
        assert_int_equal(page[i], 0);
        page[i] = 'x';
    }
    sign_page(page);
    write_file(page, PAGE);
    send_now(one, now);
    read_file(page);
    for (size_t i = QUOTA + sizeof(cs_quota); i < PAGE; i++) {
        assert_int_equal(page[i], 'x');
    }
    cs_quota_file_close(one);
}

/* ---- a lock that is taken ---- */

static int lock_file_of(const char *home)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[256];
    snprintf(path, sizeof path, "%s/quota/default", path_of(home));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
    return fd;
}

static int lock_file(void)
{
    return lock_file_of("home");
}

static void a_taken_lock_is_waited_for_a_moment_longer_each_time(void **state)
{
    static const int64_t most_ms[] = {1, 2, 4, 8, 16, 32, 32, 32};
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start()), wait, sum = 0;
    for (int round = 0; round < 50; round++) {
        int fd = lock_file();
        for (size_t i = 0; i < COUNT(most_ms); i++) {
            wait = take(one, now);
            assert_in_range(wait, most_ms[i] * CS_MS / 2, most_ms[i] * CS_MS);
            now += wait;
            sum += wait % CS_MS;
        }
        close(fd);
        now += 100 * CS_MS; /* not so long that it would be forgotten anyway */
        send_now(one, now);
    }
    assert_true(sum > 0); /* not the same for all, who would meet again */
    cs_quota_file_close(one);
}

static void forked_processes_do_not_ask_again_together(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start()), waits[3], others[3];
    int fd = lock_file(), results[2];
    assert_int_equal(pipe(results), 0);
    pid_t child = fork();
    for (size_t i = 0; i < COUNT(waits); i++) {
        waits[i] = take(one, now);
    }
    if (child == 0) {
        (void)!write(results[1], waits, sizeof waits);
        _exit(0);
    }
    assert_int_equal(read(results[0], others, sizeof others), sizeof others);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_memory_not_equal(waits, others, sizeof waits);
    close(results[0]);
    close(results[1]);
    close(fd);
    cs_quota_file_close(one);
}

/* A child that has locked the file and been stopped. */
static pid_t start_holder(const char *home)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "holder");
        lock_file_of(home);
        raise(SIGSTOP);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status));
    return child;
}

static void end_holder(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* A long path once left no room for the process that has to be ended. */
static void who_holds_the_lock_is_named_whatever_the_path(void **state)
{
    char home[121], expected[128];
    (void)state;
    memset(home, 'h', sizeof home - 1);
    home[sizeof home - 1] = '\0';
    cs_quota_file *one;
    cs_error error = {.code = 0};
    assert_int_equal(cs_quota_file_new(&one, path_of(home), "quota/default", &ten, &error), 0);
    int64_t now = make_usable(one, start()), wait, permit;
    pid_t child = start_holder(home);
    while (cs_quota_file_take(one, CS_LANE_GATE, HOLD, now, &wait, &permit, &error) == 0) {
        now += wait;
    }
    snprintf(expected, sizeof expected,
             "hhh/quota/default: locked for over a second; open in process %d (holder, stopped, "
             "has locked it)",
             (int)child);
    assert_non_null(strstr(error.message, expected));
    assert_memory_equal(error.message, "...h", 4);
    end_holder(child);
    cs_quota_file_close(one);
}

static void a_lock_held_for_over_a_second_is_an_error_that_names_the_holder(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start()), begun = now, wait, permit;
    pid_t child = start_holder("home");
    cs_error error;
    for (int round = 0; round < 2; round++) {
        while (cs_quota_file_take(one, CS_LANE_GATE, HOLD, now, &wait, &permit, &error) == 0) {
            assert_in_range(wait, CS_MS / 2, 32 * CS_MS);
            now += wait;
        }
        assert_int_equal(error.code, CS_ERROR(CS_LIMIT, CS_QUOTA_LOCK_HELD));
        char rest[128];
        snprintf(rest, sizeof rest,
                 ": locked for over a second; open in process %d (holder, stopped, has locked it)",
                 (int)child);
        assert_message(error, "home/quota/default", rest);
        assert_in_range(now - begun, CS_SEC, CS_SEC + 33 * CS_MS);
        begun = now;
    }
    end_holder(child); /* the kernel frees it */
    send_now(one, now);
    cs_quota_file_close(one);
}

static void a_lock_found_taken_now_and_then_is_none_that_is_held(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start());
    int fd = lock_file();
    for (int i = 0; i < 100; i++) {
        now += CS_SEC + 1;
        assert_in_range(take(one, now), CS_MS / 2, CS_MS);
    }
    close(fd);
    cs_quota_file_close(one);
}

static void what_can_not_be_written_is_written_later(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten), *two = open_quota(&ten);
    int64_t now = make_usable(one, start()), permits[10];
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take_in(one, CS_LANE_GATE, now, &permits[i]), 0);
    }
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cs_quota_file_retry(one, INT64_MAX, now), 0);
    }
    int fd = lock_file();
    cs_quota_file_return(one, permits[0]);
    for (int i = 1; i < 10; i++) {
        cs_quota_file_sent(one, permits[i], now);
        cs_quota_file_reward(one, now);
    }
    cs_quota_file_reward(one, now);
    cs_quota_file_replied(one, now, now + 200 * CS_MS);
    cs_quota_file_replied(one, now, now + 10 * CS_MS);
    cs_quota_file_pause(one, now + CS_SEC, now);
    assert_int_equal(cs_quota_file_retry(one, 0, now), 0); /* and is paid for later */
    assert_int_equal(cs_quota_file_flush(one, now), 0);
    close(fd);
    assert_in_range(take(two, now + 1), UNUSED - 1,
                    UNUSED + 1024); /* two knows nothing of it yet */
    assert_int_equal(cs_quota_file_flush(one, now), 1);
    assert_int_equal(take(two, now + 1), CS_SEC - 1);
    for (int i = 0; i < 1; i++) {
        send_now(two, now + CS_SEC);
    }
    assert_in_range(take(two, now + CS_SEC), 100 * CS_MS, 100 * CS_MS + 10);
    assert_int_equal(cs_quota_file_retry(two, INT64_MAX, now), 2 * CS_SEC);
    unsigned char page[PAGE];
    cs_quota quota;
    read_file(page);
    memcpy(&quota, page + QUOTA, sizeof quota);
    assert_int_equal(quota.guard.replies, 2);
    assert_int_equal(quota.guard.throttled_ns, now);
    cs_quota_file_close(one);
    cs_quota_file_close(two);
}

static void closing_writes_what_is_left(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten), *two = open_quota(&ten);
    int64_t now = make_usable(one, start());
    int fd = lock_file();
    cs_quota_file_pause(one, now + 5 * CS_SEC, now);
    close(fd);
    cs_quota_file_close(one);
    assert_int_equal(take(two, now), 5 * CS_SEC);
    cs_quota_file_close(two);
    cs_quota_file_close(NULL);
}

/* What does not fit is lost, but never a pause. */
static void remembers_so_much_and_no_more(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start());
    int fd = lock_file();
    for (int i = 0; i < 1000; i++) {
        cs_quota_file_replied(one, now, now + CS_MS);
    }
    cs_quota_file_pause(one, now + 5 * CS_SEC, now);
    cs_quota_file_pause(one, now + 3 * CS_SEC, now);
    close(fd);
    assert_int_equal(take(one, now), 5 * CS_SEC);
    unsigned char page[PAGE];
    cs_quota quota;
    read_file(page);
    memcpy(&quota, page + QUOTA, sizeof quota);
    assert_int_equal(quota.guard.replies, 256);
    cs_quota_file_close(one);
}

/* ---- files that go and come ---- */

static void delete_home(void)
{
    assert_int_equal(cs_folder_remove(path_of("home"), NULL), 0);
}

static void a_home_deleted_under_a_running_process_makes_no_second_quota(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start());
    for (int i = 0; i < 10; i++) {
        send_now(one, now);
    }
    delete_home();
    now += 10 * CS_MS;
    cs_quota_file *two = open_quota(&ten);
    assert_used_up(take(two, now)); /* so what the first has sent is over by then */
    assert_used_up(take(one, now + 1) + 1);
    now += UNUSED;
    for (int i = 0; i < 10; i++) {
        send_now(i % 2 ? one : two, now);
    }
    assert_in_range(take(one, now), 1100 * CS_MS - 10, 1100 * CS_MS);
    delete_home(); /* and nobody else makes it anew */
    assert_used_up(take(one, now));
    assert_int_equal(mode_of("home/quota"), 0700);
    assert_used_up(take(two, now + 1) + 1);
    cs_quota_file_close(one);
    cs_quota_file_close(two);
}

static void a_pause_outlives_the_file(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten), *two = open_quota(&ten);
    int64_t now = make_usable(one, start());
    cs_quota_file_pause(one, now + 60 * CS_SEC, now);
    assert_int_equal(take(two, now), 60 * CS_SEC);
    delete_home();
    assert_int_equal(take(two, now), 60 * CS_SEC); /* who was told of it tells others */
    cs_quota_file *three = open_quota(&ten);
    assert_int_equal(take(three, now), 60 * CS_SEC);
    cs_quota_file_close(one);
    cs_quota_file_close(two);
    cs_quota_file_close(three);
}

/* A host that closes what is not its own, for one: the state went into another file then. */
static void a_descriptor_that_is_another_files_by_now_is_left_alone(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start());
    int fd = -1, other = open(path_of("other"), O_RDWR | O_CREAT, 0600);
    struct stat quota, found;
    assert_int_equal(stat(path_of("home/quota/default"), &quota), 0);
    for (int i = 0; i < 64; i++) {
        fd = fstat(i, &found) == 0 && found.st_ino == quota.st_ino ? i : fd;
    }
    assert_true(fd >= 0);
    assert_int_equal(write(other, "mine", 4), 4);
    assert_int_equal(dup2(other, fd), fd);
    send_now(one, now);
    assert_int_equal(fstat(other, &found), 0);
    assert_int_equal(found.st_size, 4);
    close(fd);
    close(other);
    send_now(one, now); /* nor is a closed one the end */
    cs_quota_file_close(one);
}

static void a_file_exchanged_for_another_is_the_quota_from_then_on(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten), *two = open_quota(&ten);
    int64_t now = make_usable(one, start());
    send_now(one, now);
    assert_int_equal(rename(path_of("home"), path_of("moved")), 0);
    assert_used_up(take(two, now));
    assert_used_up(take(one, now));
    cs_quota_file_close(one);
    cs_quota_file_close(two);
}

static void a_file_that_can_not_be_used_any_more_is_an_error_and_no_permit(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start()), wait, permit = -1;
    cs_error error;
    assert_int_equal(rename(path_of("home"), path_of("moved")), 0);
    assert_int_equal(symlink("moved", path_of("home")), 0);
    /* the file is the same one, so that nothing is wrong with it */
    send_now(one, now);
    assert_int_equal(rename(path_of("moved/quota"), path_of("moved/other")), 0);
    assert_int_equal(cs_quota_file_take(one, CS_LANE_GATE, HOLD, now, &wait, &permit, &error),
                     CS_ERROR(CS_LIMIT, CS_QUOTA_FILE));
    assert_message(error, "home", ": expected a folder, found a symbolic link");
    assert_int_equal(permit, -1);
    cs_quota_file_sent(one, now, now); /* and all the rest does no harm */
    cs_quota_file_pause(one, now, now);
    assert_int_equal(cs_quota_file_retry(one, INT64_MAX, now), 2 * CS_SEC);
    assert_int_equal(cs_quota_file_flush(one, now), 0);
    cs_quota_file_close(one);
}

static void a_state_that_can_not_be_written_permits_nothing(void **state)
{
    struct rlimit limit = {0, RLIM_INFINITY}, before;
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    int64_t now = make_usable(one, start()), wait, permit;
    cs_error error;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int result = cs_quota_file_take(one, CS_LANE_GATE, HOLD, now, &wait, &permit, &error);
    int64_t retry = cs_quota_file_retry(one, INT64_MAX, now);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(retry, 2 * CS_SEC);
    assert_int_equal(result, CS_ERROR(CS_LIMIT, CS_QUOTA_FILE));
    assert_message(error, "home/quota/default", ": write: File too large");
    for (int i = 0; i < 10; i++) { /* it is unlocked, and as it was */
        send_now(one, now);
    }
    assert_true(take(one, now) > 0);
    cs_quota_file_close(one);
}

static void a_relative_home_is_taken_from_where_it_was_opened(void **state)
{
    cs_quota_file *one;
    (void)state;
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(cs_quota_file_new(&one, "home", "quota/default", &ten, NULL), 0);
    assert_int_equal(fchdir(here), 0);
    close(here);
    make_usable(one, start());
    assert_int_equal(mode_of("home/quota/default"), 0600);
    cs_quota_file_close(one);
}

static void nothing_is_opened_before_it_is_used_or_probed(void **state)
{
    (void)state;
    cs_quota_file *one = open_quota(&ten);
    assert_int_equal(access(path_of("home"), F_OK), -1);
    assert_int_equal(cs_quota_file_probe(one, NULL), 0);
    assert_int_equal(mode_of("home/quota/default"), 0600);
    cs_quota_file_close(one);
}

/* As in a server: opened with all of the machine around it, used as another user in a chroot. A user
 * who may not do that takes the permit outside. */
static int take_in_a_jail(cs_quota_file *one)
{
    int64_t wait, permit;
    if (geteuid() == 0 && (chroot(folder) || chdir("/") || setuid(65534))) {
        return 1;
    }
    cs_error error;
    if (cs_quota_file_take(one, CS_LANE_GATE, HOLD, start(), &wait, &permit, &error)) {
        print_error("%s\n", error.message);
        return 2;
    }
    return 0;
}

static void it_is_used_in_a_jail(void **state)
{
    cs_quota_file *one;
    int status;
    (void)state;
    assert_int_equal(chmod(folder, geteuid() == 0 ? 0777 : 0700), 0);
    assert_int_equal(cs_quota_file_new(&one, geteuid() == 0 ? "/home" : path_of("home"),
                                       "quota/default", &ten, NULL),
                     0);
    pid_t child = fork();
    if (child == 0) {
        _exit(take_in_a_jail(one));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(mode_of("home/quota/default"), 0600);
    cs_quota_file_close(one);
}

static void a_home_that_can_not_be_used_is_told_when_it_is_probed(void **state)
{
    static char home[5000];
    cs_quota_file *one = (cs_quota_file *)home;
    cs_error error;
    (void)state;
    assert_int_equal(symlink("nowhere", path_of("home")), 0);
    assert_int_equal(cs_quota_file_new(&one, path_of("home"), "quota/default", &ten, &error), 0);
    assert_int_equal(cs_quota_file_probe(one, &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home", ": expected a folder, found a symbolic link");
    cs_quota_file_close(one);
    memset(home, 'x', sizeof home - 1);
    home[0] = '/';
    assert_int_equal(cs_quota_file_new(&one, home, "f", &ten, &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_null(one);
}

/* ---- many at once ---- */

enum { CALLERS = 8, CALLS = 400, TICK = 5 * CS_MS };

/* What all of them share besides the file: a clock that each look moves on, and when calls left. */
struct world {
    atomic_llong clock;
    atomic_int calls, limit; /* how many have been made, and may be for now */
    atomic_llong sent[CALLS + CALLERS + 1];
};

static struct world *make_world(void)
{
    struct world *w = (struct world *)mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE,
                                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(w != MAP_FAILED);
    w->clock = start();
    w->limit = CALLS;
    return w;
}

static int64_t look(struct world *w)
{
    return atomic_fetch_add(&w->clock, TICK);
}

/* Asks and sends until enough has been sent in sum. */
static void send_all(struct world *w, cs_quota_file *file)
{
    while (w->calls < CALLS) {
        if (w->calls >= w->limit) {
            sched_yield();
            continue;
        }
        int64_t wait, permit;
        cs_error error;
        int result = cs_quota_file_take(file, CS_LANE_AUDIT, HOLD, look(w), &wait, &permit, &error);
        /* this clock runs faster than the owner of a lock */
        if (result == CS_ERROR(CS_LIMIT, CS_QUOTA_LOCK_HELD) || (!result && wait)) {
            continue;
        }
        if (result) {
            abort();
        }
        int64_t now = look(w);
        if (now > permit) {
            cs_quota_file_return(file, permit);
        } else {
            w->sent[w->calls++] = now;
            cs_quota_file_sent(file, permit, now);
        }
    }
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void check_world(struct world *w)
{
    int64_t times[CALLS];
    size_t n = 0;
    for (size_t i = 0; i < CALLS; i++) {
        if (w->sent[i]) { /* who was killed may not have come to write it */
            times[n++] = w->sent[i];
        }
    }
    qsort(times, n, sizeof *times, by_time);
    for (size_t i = 10; i < n; i++) {
        assert_true(times[i] - times[i - 10] >= 1100 * CS_MS);
    }
    assert_int_equal(munmap(w, sizeof *w), 0);
}

static pid_t start_child(struct world *w, cs_quota_file *inherited)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        cs_quota_file *file = inherited ? inherited : open_quota(&ten);
        send_all(w, file);
        cs_quota_file_close(file);
        _exit(0);
    }
    assert_true(child > 0);
    return child;
}

static void wait_for(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void eight_children_of_a_parent_that_had_the_file_open(void **state)
{
    (void)state;
    cs_quota_file *file = open_quota(&ten);
    struct world *w = make_world();
    take(file, look(w));
    pid_t children[CALLERS];
    for (size_t i = 0; i < CALLERS; i++) {
        children[i] = start_child(w, file);
    }
    send_all(w, file);
    for (size_t i = 0; i < CALLERS; i++) {
        wait_for(children[i]);
    }
    check_world(w);
    cs_quota_file_close(file);
}

static void *run_thread(void *data)
{
    cs_quota_file *file = open_quota(&ten);
    send_all((struct world *)data, file);
    cs_quota_file_close(file);
    return NULL;
}

static void eight_threads_with_an_object_each(void **state)
{
    (void)state;
    struct world *w = make_world();
    pthread_t threads[CALLERS];
    for (size_t i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_thread, w), 0);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    check_world(w);
}

static void processes_killed_at_any_moment(void **state)
{
    (void)state;
    struct world *w = make_world();
    pid_t children[CALLERS];
    unsigned random = 20261124;
    const int round = 20; /* calls for each kill */
    w->limit = round;
    for (size_t i = 0; i < CALLERS; i++) {
        children[i] = start_child(w, NULL);
    }
    while (w->limit < CALLS) {
        random = random * 1103515245 + 12345;
        int until = w->limit - round + (int)(random >> 20) % round;
        while (w->calls < until) {
            sched_yield();
        }
        size_t i = random >> 16 & (CALLERS - 1);
        kill(children[i], SIGKILL);
        assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
        children[i] = start_child(w, NULL);
        w->limit += round;
    }
    for (size_t i = 0; i < CALLERS; i++) {
        wait_for(children[i]);
    }
    check_world(w);
}

/* A daemon closes all descriptors it has inherited, and opens others, which get their numbers. */
static void a_child_that_has_closed_the_descriptor_harms_no_other(void **state)
{
    (void)state;
    cs_quota_file *file = open_quota(&ten);
    int64_t now = make_usable(file, start());
    pid_t child = fork();
    if (child == 0) {
        for (int fd = 3; fd < 64; fd++) {
            close(fd);
        }
        int others[16];
        struct stat null, found;
        for (size_t i = 0; i < COUNT(others); i++) {
            others[i] = open("/dev/null", O_RDONLY);
        }
        fstat(others[0], &null);
        int64_t permit, wait;
        int bad = cs_quota_file_take(file, CS_LANE_GATE, HOLD, now, &wait, &permit, NULL) || wait;
        for (size_t i = 0; i < COUNT(others); i++) {
            bad |= fstat(others[i], &found) != 0 || found.st_ino != null.st_ino;
        }
        cs_quota_file_close(file);
        _exit(bad);
    }
    wait_for(child);
    for (int i = 0; i < 9; i++) {
        send_now(file, now);
    }
    assert_true(take(file, now) > 0);
    cs_quota_file_close(file);
}

/* What a parent could not write yet is not a child's to write. */
static void a_child_does_not_write_its_parents_notes(void **state)
{
    (void)state;
    cs_quota_file *file = open_quota(&ten);
    int64_t now = make_usable(file, start());
    int fd = lock_file();
    cs_quota_file_replied(file, now, now + CS_MS);
    close(fd);
    pid_t child = fork();
    if (child == 0) {
        int bad = cs_quota_file_flush(file, now) != 1 || take(file, now) != 0;
        cs_quota_file_close(file);
        _exit(bad);
    }
    wait_for(child);
    assert_int_equal(cs_quota_file_flush(file, now), 1);
    unsigned char page[PAGE];
    cs_quota quota;
    read_file(page);
    memcpy(&quota, page + QUOTA, sizeof quota);
    assert_int_equal(quota.guard.replies, 1);
    assert_int_equal(quota.count, CS_QUOTA_TIMES);
    cs_quota_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(a_new_file_is_a_window_used_up),
        folder_test(what_one_does_the_other_sees),
        folder_test(who_looks_sees_what_is_left_and_who_has_it_open),
        folder_test(a_caller_with_a_lower_rate_looks_at_newer_calls),
        folder_test(a_waiting_higher_lane_of_another_goes_first),
        folder_test(retries_are_paid_from_one_budget),
        folder_test(the_guard_follows_the_replies_of_all),
        folder_test(holds_and_pauses_have_an_end),
        folder_test(a_truncated_file_and_each_damaged_byte_are_a_window_used_up),
        folder_test(a_foreign_boot_a_future_and_an_impossible_state_are_a_window_used_up),
        folder_test(two_versions_that_do_not_know_each_other_permit_nothing),
        folder_test(the_clock_of_the_wall_is_no_matter),
        folder_test(what_a_later_version_keeps_in_the_page_stays),
        folder_test(a_taken_lock_is_waited_for_a_moment_longer_each_time),
        folder_test(forked_processes_do_not_ask_again_together),
        folder_test(who_holds_the_lock_is_named_whatever_the_path),
        folder_test(a_lock_held_for_over_a_second_is_an_error_that_names_the_holder),
        folder_test(a_lock_found_taken_now_and_then_is_none_that_is_held),
        folder_test(what_can_not_be_written_is_written_later),
        folder_test(closing_writes_what_is_left),
        folder_test(remembers_so_much_and_no_more),
        folder_test(a_home_deleted_under_a_running_process_makes_no_second_quota),
        folder_test(a_pause_outlives_the_file),
        folder_test(a_descriptor_that_is_another_files_by_now_is_left_alone),
        folder_test(a_file_exchanged_for_another_is_the_quota_from_then_on),
        folder_test(a_file_that_can_not_be_used_any_more_is_an_error_and_no_permit),
        folder_test(a_state_that_can_not_be_written_permits_nothing),
        folder_test(a_relative_home_is_taken_from_where_it_was_opened),
        folder_test(nothing_is_opened_before_it_is_used_or_probed),
        folder_test(it_is_used_in_a_jail),
        folder_test(a_home_that_can_not_be_used_is_told_when_it_is_probed),
        folder_test(eight_children_of_a_parent_that_had_the_file_open),
        folder_test(eight_threads_with_an_object_each),
        folder_test(processes_killed_at_any_moment),
        folder_test(a_child_that_has_closed_the_descriptor_harms_no_other),
        folder_test(a_child_does_not_write_its_parents_notes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
