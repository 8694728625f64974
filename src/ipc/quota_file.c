/* quota_file.c - one quota for all who open the same file.
 *
 * The file is one page. It is read and written only under a lock of its open file description
 * (fcntl(2), F_OFD_SETLK), which the kernel releases when its owner dies, and written by one write,
 * so that a death leaves the old state or the new. Nobody waits for the lock: a permit is refused
 * for a moment, and what else was to be noted is noted with the next lock.
 *
 * Lock and descriptor go together: a descriptor that a thread or a child shares would be granted
 * the lock its owner has. So each object has one of its own, opened when it is needed, again in a
 * child, and again when the path names another file. */
#include "certstat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE        4096
#define NOTES       256
#define BOOT        40 /* a UUID of 36 characters, terminated */
#define BUSY        (-1)
#define REOPENS     3
#define HELD_NS     CS_SEC /* a lock takes microseconds: after so long its owner does not run */
#define HELD_TRIES  5      /* and that many times it was seen to be taken */
#define SHOWN_PATH  72     /* bytes of the path, where processes are named */
#define WAIT_MS_LOG 5      /* who finds it taken asks again after 1, 2, 4 … 32 ms at most */

/* Holds of a state that is lost: so long a call may leave that was granted by it. */
static const int64_t USUAL_HOLD_NS = 250 * CS_MS;

/* Later versions of this program may use what is left of the page: it is kept as it is. */
struct page {
    char magic[16];
    uint64_t checksum; /* of all that follows */
    char boot[BOOT];   /* the clock starts again with each boot */
    cs_quota quota;
    char left[PAGE - 16 - sizeof(uint64_t) - BOOT - sizeof(cs_quota)];
};
_Static_assert(sizeof(struct page) == PAGE, "one page, without holes");

static const char magic[sizeof((struct page *)0)->magic] = "certstat quota\n1";

struct note {
    enum { SENT, RETURNED, REPLIED, REWARDED, RETRIED } kind;
    int64_t a_ns, b_ns;
};

struct cs_quota_file {
    cs_quota_rule rule;
    int fd; /* -1: not open */
    pid_t pid;
    struct stat file; /* what is open as fd */
    char boot[BOOT];
    int64_t now_ns; /* the latest time told */
    uint64_t random;
    int64_t busy_since_ns, busy_at_ns; /* since when the lock has been found taken, and when last */
    int busy_tries;
    struct note notes[NOTES]; /* what could not be written yet */
    size_t notes_n;
    int64_t pause_until_ns, throttled_ns; /* the same for a throttle; 0: none */
    int64_t known_pause_ns;               /* until when the state that was read last pauses */
    const char *home, *below;             /* in `text` */
    char path[PATH_MAX], text[];
};

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int fail(const cs_quota_file *f, const char *what, int reason, cs_error *error)
{
    return cs_fail(error, CS_LIMIT, CS_QUOTA_FILE, f->path, ": ", what, strerror(reason), NULL);
}

/* ---- opening ---- */

static int read_boot(char *boot, cs_error *error)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    FILE *file = fopen(path, "re");
    if (!file || !fgets(boot, BOOT, file)) {
        int reason = errno;
        if (file) {
            fclose(file);
        }
        return cs_fail(error, CS_LIMIT, CS_QUOTA_FILE, path, ": ", strerror(reason), NULL);
    }
    fclose(file);
    boot[strcspn(boot, "\n")] = '\0';
    return 0;
}

/* 1 if the descriptor is still what was opened: a host may close what is not its own, and the number
 * be another file's by now. */
static int is_own(const cs_quota_file *f)
{
    struct stat now;
    return f->fd >= 0 && fstat(f->fd, &now) == 0 && now.st_dev == f->file.st_dev &&
           now.st_ino == f->file.st_ino;
}

static void forget(cs_quota_file *f)
{
    if (is_own(f)) {
        close(f->fd);
    }
    f->fd = -1;
}

static int open_own(cs_quota_file *f, cs_error *error)
{
    if (f->pid != getpid()) {
        int result = cs_random_bytes(&f->random, sizeof f->random, error);
        if (result) {
            return result;
        }
        if (f->pid) { /* what waits to be written is the parent's to write */
            forget(f);
            f->notes_n = 0;
            f->pause_until_ns = 0;
        }
        f->pid = getpid();
    }
    if (is_own(f)) {
        return 0;
    }
    int result = cs_home_open_file(f->home, f->below, &f->fd, error);
    if (result) {
        f->fd = -1;
        return result;
    }
    return fstat(f->fd, &f->file) == 0 ? 0 : fail(f, "", errno, error);
}

/* 1 if the path still names the file that is open: it may have been deleted, and made anew. */
static int is_named(const cs_quota_file *f)
{
    struct stat named;
    return lstat(f->path, &named) == 0 && named.st_dev == f->file.st_dev &&
           named.st_ino == f->file.st_ino;
}

int cs_quota_file_new(cs_quota_file **out, const char *home, const char *below,
                      const cs_quota_rule *rule, cs_error *error)
{
    char here[PATH_MAX] = "";
    *out = NULL;
    if (home[0] != '/' && !getcwd(here, sizeof here)) {
        return cs_fail(error, CS_ARGUMENT, CS_QUOTA_FILE, home, ": ", strerror(errno), NULL);
    }
    size_t size = strlen(here) + 1 + strlen(home) + 1 + strlen(below) + 1;
    cs_quota_file *f = (cs_quota_file *)calloc(1, sizeof *f + size);
    if (!f) {
        return cs_fail(error, CS_LIMIT, CS_QUOTA_FILE, "out of memory for a quota", NULL);
    }
    f->rule = *rule;
    f->fd = -1;
    f->home = f->text;
    int n = snprintf(f->text, size, *here ? "%s/%s" : "%s%s", here, home);
    f->below = strcpy(f->text + n + 1, below);
    n = snprintf(f->path, sizeof f->path, "%s/%s", f->home, below);
    int result = n < (int)sizeof f->path ? read_boot(f->boot, error)
                                         : cs_fail(error, CS_ARGUMENT, CS_QUOTA_FILE, home,
                                                   ": the path is too long", NULL);
    if (result) {
        free(f);
        return result;
    }
    *out = f;
    return 0;
}

int cs_quota_file_probe(cs_quota_file *f, cs_error *error)
{
    int result = open_own(f, error);
    forget(f);
    return result;
}

/* ---- under the lock ---- */

/* FNV-1a of 64 bits, by Fowler, Noll and Vo: finds damage, not intent; for that there are the file's
 * rights. */
static uint64_t checksum(const struct page *page)
{
    const unsigned char *p = (const unsigned char *)page->boot,
                        *end = (const unsigned char *)(page + 1);
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (; p < end; p++) {
        sum = (sum ^ *p) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static int lock(int fd, short type)
{
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &whole) == 0 ? 0 : errno;
}

/* The page as it is, or as it has to be taken if it can't be believed. */
static int read_page(const cs_quota_file *f, struct page *page, cs_error *error)
{
    int64_t now_ns = greater(cs_clock_now_ns(), f->now_ns);
    ssize_t n = pread(f->fd, page, sizeof *page, 0);
    if (n < 0) {
        return fail(f, "", errno, error);
    }
    if (n != (ssize_t)sizeof *page || memcmp(page->magic, magic, sizeof magic) != 0 ||
        page->checksum != checksum(page) || memcmp(page->boot, f->boot, BOOT) != 0 ||
        !cs_quota_plausible(&page->quota, now_ns + CS_QUOTA_AHEAD_NS + CS_SEC)) {
        memset(page, 0, sizeof *page);
        memcpy(page->magic, magic, sizeof magic);
        memcpy(page->boot, f->boot, BOOT);
        cs_quota_use_up(&page->quota, now_ns + USUAL_HOLD_NS);
    }
    return 0;
}

static void apply_notes(const cs_quota_file *f, cs_quota *quota)
{
    for (size_t i = 0; i < f->notes_n; i++) {
        const struct note *note = &f->notes[i];
        switch (note->kind) {
        case SENT:
            cs_quota_sent(quota, note->a_ns, note->b_ns);
            break;
        case RETURNED:
            cs_quota_return(quota, note->a_ns);
            break;
        case REPLIED:
            cs_guard_replied(&quota->guard, note->a_ns, note->b_ns);
            break;
        case REWARDED:
            cs_budget_reward(&quota->budget, note->a_ns);
            break;
        case RETRIED:
            cs_budget_take(&quota->budget, INT64_MAX, note->a_ns);
            break;
        }
    }
    if (f->pause_until_ns) {
        cs_quota_pause(quota, f->pause_until_ns);
        cs_guard_throttled(&quota->guard, f->throttled_ns);
    }
}

/* A pause outlives the file that it was in. */
static void keep_pause(cs_quota_file *f, cs_quota *quota)
{
    cs_quota_pause(quota, f->known_pause_ns);
    f->known_pause_ns = quota->paused_until_ns;
}

/* Locks the file that the path names and reads it, notes applied: 0; BUSY; or an error. */
static int begin(cs_quota_file *f, int64_t now_ns, struct page *page, cs_error *error)
{
    f->now_ns = greater(f->now_ns, now_ns);
    for (int i = 0; i < REOPENS; i++) {
        cs_error why;
        if (open_own(f, &why)) {
            return cs_fail(error, CS_LIMIT, CS_QUOTA_FILE, why.message, NULL);
        }
        int reason = lock(f->fd, F_WRLCK);
        if (reason) {
            return reason == EAGAIN || reason == EACCES ? BUSY : fail(f, "lock: ", reason, error);
        }
        if (is_named(f)) {
            int result = read_page(f, page, error);
            if (result) {
                lock(f->fd, F_UNLCK);
                return result;
            }
            apply_notes(f, &page->quota);
            keep_pause(f, &page->quota);
            return 0;
        }
        forget(f);
    }
    return cs_fail(error, CS_LIMIT, CS_QUOTA_FILE, f->path,
                   ": the file is exchanged again and again", NULL);
}

/* Writes the page and unlocks. */
static int commit(cs_quota_file *f, struct page *page, cs_error *error)
{
    page->checksum = checksum(page);
    ssize_t n = pwrite(f->fd, page, sizeof *page, 0);
    int reason = n < 0 ? errno : ENOSPC; /* a part was written: there is no room for more */
    lock(f->fd, F_UNLCK);
    if (n != (ssize_t)sizeof *page) {
        return fail(f, "write: ", reason, error);
    }
    f->notes_n = 0;
    f->pause_until_ns = 0;
    return 0;
}

/* ---- permits ---- */

/* Of a long path the end, so that there is room for the processes. */
static int fail_held(const cs_quota_file *f, cs_error *error)
{
    char text[112];
    size_t n = strlen(f->path), cut = n > SHOWN_PATH ? n - SHOWN_PATH : 0;
    cs_buffer holders;
    cs_buffer_init(&holders, text, sizeof text - 1);
    cs_file_holders(f->fd, &holders);
    text[holders.n] = '\0';
    return cs_fail(error, CS_LIMIT, CS_QUOTA_LOCK_HELD, cut ? "..." : "", f->path + cut,
                   ": locked for over a second; open in ",
                   holders.n ? "process " : "no process that can be seen", text, NULL);
}

/* How long to leave a lock alone that is taken: longer each time, differing between processes. */
static int wait_for_lock(cs_quota_file *f, int64_t now_ns, int64_t *wait_ns, cs_error *error)
{
    if (f->busy_tries == 0 || now_ns - f->busy_at_ns > HELD_NS) {
        f->busy_since_ns = now_ns;
        f->busy_tries = 0;
    }
    f->busy_at_ns = now_ns;
    if (++f->busy_tries > HELD_TRIES && now_ns - f->busy_since_ns > HELD_NS) {
        f->busy_tries = 0;
        return fail_held(f, error);
    }
    int64_t half_ns = CS_MS << lesser(f->busy_tries - 1, WAIT_MS_LOG) >> 1;
    /* Knuth's MMIX generator; its high bits are the good ones */
    f->random = f->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    *wait_ns = half_ns + (int64_t)((f->random >> 32) % (uint64_t)half_ns);
    return 0;
}

int cs_quota_file_take(cs_quota_file *f, enum cs_lane lane, int64_t hold_ns, int64_t now_ns,
                       int64_t *wait_ns, int64_t *permit, cs_error *error)
{
    struct page page;
    int result = begin(f, now_ns, &page, error);
    if (result == BUSY) {
        return wait_for_lock(f, now_ns, wait_ns, error);
    }
    f->busy_tries = 0;
    if (result) {
        return result;
    }
    hold_ns = lesser(hold_ns, CS_QUOTA_AHEAD_NS);
    *wait_ns = cs_quota_take(&page.quota, &f->rule, lane, hold_ns, now_ns, permit);
    return commit(f, &page, error);
}

int cs_quota_file_look(cs_quota_file *f, int64_t now_ns, int64_t *wait_ns, cs_quota_view *out,
                       cs_buffer *holders, cs_error *error)
{
    struct page page;
    int result = begin(f, now_ns, &page, error);
    if (result == BUSY) {
        return wait_for_lock(f, now_ns, wait_ns, error);
    }
    f->busy_tries = 0;
    if (result) {
        return result;
    }
    lock(f->fd, F_UNLCK);
    *wait_ns = 0;
    cs_quota_look(&page.quota, &f->rule, now_ns, out);
    cs_file_holders(f->fd, holders);
    return 0;
}

/* ---- notes ---- */

int cs_quota_file_flush(cs_quota_file *f, int64_t now_ns)
{
    struct page page;
    if (f->notes_n == 0 && f->pause_until_ns == 0) {
        return 1;
    }
    return begin(f, now_ns, &page, NULL) == 0 && commit(f, &page, NULL) == 0;
}

/* Where there is no room the note is lost, which costs some of the quota: what is booked stays booked
 * too late, unless its call was held up beyond its permit. */
static void note(cs_quota_file *f, struct note what, int64_t now_ns)
{
    if (f->notes_n < NOTES) {
        f->notes[f->notes_n++] = what;
    }
    cs_quota_file_flush(f, now_ns);
}

void cs_quota_file_sent(cs_quota_file *f, int64_t permit, int64_t left_ns)
{
    note(f, (struct note){SENT, permit, left_ns}, left_ns);
}

void cs_quota_file_return(cs_quota_file *f, int64_t permit)
{
    note(f, (struct note){RETURNED, permit, 0}, 0);
}

void cs_quota_file_replied(cs_quota_file *f, int64_t sent_ns, int64_t first_byte_ns)
{
    note(f, (struct note){REPLIED, sent_ns, first_byte_ns}, first_byte_ns);
}

void cs_quota_file_reward(cs_quota_file *f, int64_t now_ns)
{
    note(f, (struct note){REWARDED, now_ns, 0}, now_ns);
}

int64_t cs_quota_file_retry(cs_quota_file *f, int64_t most_ns, int64_t now_ns)
{
    struct page page;
    int64_t trickle_ns = CS_BUDGET_RETRY * CS_BUDGET_MILLI_NS;
    int result = begin(f, now_ns, &page, NULL);
    if (result == BUSY) { /* its permit needs the lock as well */
        note(f, (struct note){RETRIED, now_ns, 0}, now_ns);
        return 0;
    }
    if (result) {
        return trickle_ns;
    }
    int64_t wait_ns = cs_budget_take(&page.quota.budget, most_ns, now_ns);
    return commit(f, &page, NULL) == 0 ? wait_ns : greater(wait_ns, trickle_ns);
}

void cs_quota_file_pause(cs_quota_file *f, int64_t until_ns, int64_t now_ns)
{
    f->pause_until_ns = greater(f->pause_until_ns, lesser(until_ns, now_ns + CS_QUOTA_AHEAD_NS));
    f->throttled_ns = now_ns;
    cs_quota_file_flush(f, now_ns);
}

void cs_quota_file_close(cs_quota_file *f)
{
    if (f) {
        cs_quota_file_flush(f, 0);
        forget(f);
        free(f);
    }
}
