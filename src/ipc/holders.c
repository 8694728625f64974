/* holders.c - which processes have a file open, and which of them has locked it: for the person who
 * has to do something about it. */
#include "certstat.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 8 /* processes that are named */
#define MORE "..."

struct search {
    struct stat file;
    int own_fd; /* the caller's own descriptor does not count */
    int locked; /* whether those are sought that have locked it, or the others */
    int found;
    cs_buffer *out;
};

static size_t read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(text, 1, size - 1, file) : 0;
    text[n] = '\0';
    if (file) {
        fclose(file);
    }
    return n;
}

/* proc(5): a lock that an open file description holds is shown by the processes that have it. */
static int has_lock(const char *pid, const char *fd)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%.20s/fdinfo/%.10s", pid, fd);
    read_file(path, text, sizeof text);
    return strstr(text, "\nlock:") != NULL;
}

/* Appends "123 (lua5.4, stopped, has locked it)", all of it or, where there is no room, "...". */
static void name_process(struct search *s, const char *pid)
{
    char path[64], text[512];
    size_t before = s->out->n;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    read_file(path, text, sizeof text);
    char *begin = strchr(text, '('), *end = strrchr(text, ')');
    cs_buffer_text(s->out, s->found++ ? ", " : "");
    cs_buffer_text(s->out, pid);
    if (begin && end && end > begin) {
        cs_buffer_text(s->out, " (");
        cs_printable((cs_slice){begin + 1, (size_t)(end - begin - 1)}, 0, s->out);
        cs_buffer_text(s->out, strncmp(end, ") T", 3) == 0 ? ", stopped" : "");
        cs_buffer_text(s->out, s->locked ? ", has locked it)" : ")");
    }
    if (s->out->failed || s->out->size - s->out->n < sizeof MORE - 1) {
        s->out->n = before;
        s->out->failed = 0;
        cs_buffer_text(s->out, MORE);
        s->found = MOST;
    }
}

static void look_at(struct search *s, const char *pid)
{
    char path[64];
    int own = atol(pid) == (long)getpid(), open = 0, locked = 0;
    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    DIR *folder = opendir(path);
    if (!folder) {
        return; /* it has ended, or is somebody else's */
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat found;
        if (fstatat(dirfd(folder), entry->d_name, &found, 0) == 0 &&
            found.st_dev == s->file.st_dev && found.st_ino == s->file.st_ino &&
            !(own && atoi(entry->d_name) == s->own_fd)) {
            open = 1;
            locked |= has_lock(pid, entry->d_name);
        }
    }
    closedir(folder);
    if (open && locked == s->locked && s->found < MOST) {
        name_process(s, pid);
    }
}

void cs_file_holders(int fd, cs_buffer *out)
{
    struct search search = {.own_fd = fd, .out = out};
    DIR *processes = opendir("/proc");
    if (processes && fstat(fd, &search.file) == 0) {
        for (search.locked = 1; search.locked >= 0; search.locked--) {
            rewinddir(processes);
            for (struct dirent *entry; (entry = readdir(processes));) {
                if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
                    look_at(&search, entry->d_name);
                }
            }
        }
    }
    if (processes) {
        closedir(processes);
    }
}
