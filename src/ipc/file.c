/* file.c - what Lua's io library leaves out: whether a file is still the one that was read, one that
 * takes another's place, and a folder for a while. */
#include "certstat.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_FOLDERS 16 /* descriptors that nftw may use */

static int fail(cs_error *error, const char *path)
{
    int reason = errno;
    return cs_fail(error, CS_LIMIT, reason, path, ": ", strerror(reason), NULL);
}

int cs_file_facts_of(const char *path, cs_file_facts *out, cs_error *error)
{
    struct stat found;
    if (stat(path, &found) != 0) {
        return fail(error, path);
    }
    *out = (cs_file_facts){
        .inode = (int64_t)found.st_ino,
        .size = (int64_t)found.st_size,
        .modified_ns = (int64_t)found.st_mtim.tv_sec * CS_SEC + found.st_mtim.tv_nsec,
        .kind = S_ISREG(found.st_mode)   ? CS_FILE_REGULAR
                : S_ISDIR(found.st_mode) ? CS_FILE_FOLDER
                                         : CS_FILE_OTHER,
    };
    return 0;
}

/* open(2), fsync(2), close(2); errno is fsync's */
static int synchronise(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    int result = fsync(fd), reason = errno;
    close(fd);
    errno = reason;
    return result;
}

/* The name is in the folder, which some file systems do not synchronise: then it has to do without. */
static void synchronise_folder_of(const char *path)
{
    const char *last = strrchr(path, '/');
    size_t n = last ? (size_t)(last - path) : 0;
    char *folder = strndup(last ? path : ".", !last ? 1 : n ? n : 1);
    if (folder) {
        synchronise(folder);
    }
    free(folder);
}

int cs_file_replace(const char *from, const char *to, cs_error *error)
{
    if (synchronise(from) != 0) {
        return fail(error, from);
    }
    if (rename(from, to) != 0) {
        return fail(error, to);
    }
    synchronise_folder_of(to);
    return 0;
}

int cs_folder_temporary(char *path, cs_error *error)
{
    return mkdtemp(path) ? 0 : fail(error, path);
}

static int remove_entry(const char *path, const struct stat *facts, int kind, struct FTW *place)
{
    (void)facts;
    (void)kind;
    (void)place;
    return remove(path) != 0 && errno != ENOENT ? -1 : 0;
}

int cs_folder_remove(const char *path, cs_error *error)
{
    if (nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        return fail(error, path);
    }
    return 0;
}
