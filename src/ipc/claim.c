/* claim.c - a file that one process writes at a time: it holds a lock on it (fcntl(2), F_OFD_SETLK),
 * which the kernel releases with its owner, so that what a killed one leaves is nobody's. */
#include "certstat.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REOPENS 8 /* each is for a file that was given another name between opening and locking */

static int fail(cs_error *error, const char *path, int reason)
{
    return cs_fail(error, CS_LIMIT, reason, path, ": ", strerror(reason), NULL);
}

static int taken(cs_error *error, const char *path, int fd)
{
    char text[512];
    cs_buffer holders;
    cs_buffer_init(&holders, text, sizeof text - 1);
    cs_file_holders(fd, &holders);
    text[holders.n] = '\0';
    return cs_fail(error, CS_LIMIT, EAGAIN, path, ": is being written by ",
                   *text ? "process " : "another process", text, NULL);
}

/* Whether `fd` is what `path` names now: its owner may have renamed or removed it meanwhile. */
static int is_named(int fd, const char *path)
{
    struct stat open, named;
    return fstat(fd, &open) == 0 && stat(path, &named) == 0 && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
}

int cs_file_claim(const char *path, int *fd, cs_error *error)
{
    for (int tries = 0; tries < REOPENS; tries++) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int opened = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (opened < 0) {
            return fail(error, path, errno);
        }
        int failure = fcntl(opened, F_OFD_SETLK, &whole) == 0 ? 0 : errno;
        if (failure == EAGAIN || failure == EACCES) {
            int result = taken(error, path, opened);
            close(opened);
            return result;
        }
        if (is_named(opened, path)) {
            *fd = opened; /* also on a file system without locks */
            return 0;
        }
        close(opened);
    }
    return fail(error, path, EAGAIN);
}
