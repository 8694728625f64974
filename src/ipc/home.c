/* home.c - folders and files that nobody else can have put there, or can change. */
#include "certstat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* File systems whose locks another machine does not see, or sees late (statfs(2)). FUSE may be one
 * (sshfs): nothing tells. */
static const unsigned long remote_file_systems[] = {
    NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC, 0xff534d42, /* CIFS */
    0xfe534d42,                                    /* SMB2 */
    CODA_SUPER_MAGIC, AFS_SUPER_MAGIC, 0x6b414653, /* kAFS */
    V9FS_MAGIC,       0x00c36400,                  /* Ceph */
    0x0bd00bd0,                                    /* Lustre */
    0x47504653,                                    /* GPFS */
    0x7461636f,                                    /* OCFS2 */
    0x01161970,                                    /* GFS2 */
    0x19830326,                                    /* BeeGFS */
    0x786f4256,                                    /* VirtualBox's shared folders */
    0x65735546,                                    /* FUSE */
};

/* A server may have another user, and another root, than whoever reads its log. */
static int fail_errno(cs_error *error, const char *path, int reason)
{
    int scarce = reason == EMFILE || reason == ENFILE || reason == ENOMEM || reason == ENOSPC ||
                 reason == EDQUOT || reason == EIO;
    char more[64] = "";
    if (reason == EACCES) {
        snprintf(more, sizeof more, " (as user %lu)", (unsigned long)geteuid());
    } else if (reason == ENOENT) {
        snprintf(more, sizeof more, ", and it can't be made (in a chroot, paths begin there)");
    }
    return cs_fail(error, scarce ? CS_LIMIT : CS_ARGUMENT, 0, path, ": ", strerror(reason), more,
                   NULL);
}

static const char *kind_of(mode_t mode)
{
    return S_ISLNK(mode)   ? "a symbolic link"
           : S_ISDIR(mode) ? "a folder"
           : S_ISREG(mode) ? "a file"
                           : "something else";
}

static int check_file_system(int fd, const char *path, cs_error *error)
{
    struct statfs system;
    if (fstatfs(fd, &system) != 0) {
        return fail_errno(error, path, errno);
    }
    for (size_t i = 0; i < sizeof remote_file_systems / sizeof *remote_file_systems; i++) {
        if (((unsigned long)system.f_type & 0xffffffff) == remote_file_systems[i]) {
            return cs_fail(error, CS_ARGUMENT, 0, path,
                           ": is on a network file system, whose locks can't be relied on", NULL);
        }
    }
    return 0;
}

/* Whether what is open as fd is of this kind, ours or root's, and written by nobody else. */
static int check(int fd, mode_t kind, const char *path, cs_error *error)
{
    struct stat found;
    char number[32];
    if (fstat(fd, &found) != 0) {
        return fail_errno(error, path, errno);
    }
    if ((found.st_mode & S_IFMT) != kind) {
        return cs_fail(error, CS_ARGUMENT, 0, path, ": expected ", kind_of(kind), ", found ",
                       kind_of(found.st_mode), NULL);
    }
    if (found.st_uid != geteuid() && found.st_uid != 0) {
        snprintf(number, sizeof number, "%lu", (unsigned long)found.st_uid);
        return cs_fail(error, CS_ARGUMENT, 0, path, ": belongs to user ", number,
                       ", not to this one or root", NULL);
    }
    if (found.st_mode & (S_IWGRP | S_IWOTH)) {
        snprintf(number, sizeof number, "%04o", (unsigned)(found.st_mode & 07777));
        return cs_fail(error, CS_ARGUMENT, 0, path, ": can be written by others (mode ", number,
                       ")", NULL);
    }
    return check_file_system(fd, path, error);
}

/* Opens the folder `name` of the folder `at`, made if it is missing; `path` is its whole path. */
static int enter(int at, const char *name, const char *path, int *fd, cs_error *error)
{
    if (mkdirat(at, name, 0700) != 0 && errno != EEXIST) {
        return fail_errno(error, path, errno);
    }
    *fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0) {
        return fail_errno(error, path, errno);
    }
    int result = check(*fd, S_IFDIR, path, error);
    if (result) {
        close(*fd);
    }
    return result;
}

/* Makes the folders above the last of `path`, as far as they are missing. Whether they can be used
 * shows when that one is opened. */
static void make_parents(const char *path)
{
    char parent[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t n = (size_t)(slash - path);
        memcpy(parent, path, n);
        parent[n] = '\0';
        mkdir(parent, 0700);
    }
}

/* Made and looked at, but not opened: see cs_home_open_file. */
static int make_file(int at, const char *name, const char *path, cs_error *error)
{
    if (mknodat(at, name, S_IFREG | 0600, 0) != 0 && errno != EEXIST) {
        return fail_errno(error, path, errno);
    }
    int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(error, path, errno);
    }
    int result = check(fd, S_IFREG, path, error);
    close(fd);
    return result;
}

static int open_file(int at, const char *name, const char *path, int *fd, cs_error *error)
{
    if (!fd) {
        return make_file(at, name, path, error);
    }
    *fd = openat(at, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    if (*fd < 0 && errno == ELOOP) {
        return cs_fail(error, CS_ARGUMENT, 0, path, ": expected a file, found a symbolic link",
                       NULL);
    }
    if (*fd < 0) {
        return fail_errno(error, path, errno);
    }
    int result = check(*fd, S_IFREG, path, error);
    if (result) {
        close(*fd);
    }
    return result;
}

/* Goes from folder to folder along `below` and opens what it ends in. `path`, of PATH_MAX bytes, is
 * that of `folder`, which is closed. */
static int walk(int folder, char *path, const char *below, int *fd, cs_error *error)
{
    for (int result;; below++) {
        size_t n = strcspn(below, "/"), at = strlen(path);
        if (n == 0 || strncmp(below, ".", n) == 0 || strncmp(below, "..", n) == 0) {
            close(folder);
            return cs_fail(error, CS_ARGUMENT, 0, path, ": expected names below it, found '", below,
                           "'", NULL);
        }
        path[at] = '/';
        memcpy(path + at + 1, below, n);
        path[at + 1 + n] = '\0';
        below += n;
        int inner;
        result = *below ? enter(folder, path + at + 1, path, &inner, error)
                        : open_file(folder, path + at + 1, path, fd, error);
        close(folder);
        if (result || !*below) {
            return result;
        }
        folder = inner;
    }
}

int cs_home_open_file(const char *home, const char *below, int *fd, cs_error *error)
{
    char path[PATH_MAX];
    size_t n = strlen(home);
    while (n > 1 && home[n - 1] == '/') { /* behind a slash a link would be followed */
        n--;
    }
    if (home[0] != '/' || n + 1 + strlen(below) >= sizeof path) {
        return cs_fail(error, CS_ARGUMENT, 0, home, ": expected an absolute path of at most 4,095 ",
                       "bytes", NULL);
    }
    memcpy(path, home, n);
    path[n] = '\0';
    make_parents(path);
    int folder;
    int result = enter(AT_FDCWD, path, path, &folder, error);
    return result ? result : walk(folder, path, below, fd, error);
}
