/* A home is used only where nobody else can have put what is in it, or can change it. */
#include "support/folder.h"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/wait.h>

/* What fstatfs says of a folder; 0: the truth. */
static long pretended_type;

int fstatfs(int fd, struct statfs *out)
{
    (void)fd;
    memset(out, 0, sizeof *out);
    out->f_type = pretended_type ? pretended_type : EXT4_SUPER_MAGIC;
    return 0;
}

static int open_in(const char *home, const char *below, cs_error *error)
{
    int fd = -1;
    int result = cs_home_open_file(home, below, &fd, error);
    if (!result) {
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(close(fd), 0);
    }
    return result;
}

static int open_below(const char *below, cs_error *error)
{
    return open_in(path_of("home"), below, error);
}

static void makes_what_is_missing_for_its_owner_alone(void **state)
{
    (void)state;
    cs_error error;
    assert_int_equal(open_in(path_of("a/b/home"), "quota/default", &error), 0);
    static const char *const folders[] = {"a", "a/b", "a/b/home", "a/b/home/quota"};
    for (size_t i = 0; i < COUNT(folders); i++) {
        assert_int_equal(mode_of(folders[i]), 0700);
    }
    assert_int_equal(mode_of("a/b/home/quota/default"), 0600);
}

static void opens_what_is_there_for_reading_and_writing(void **state)
{
    (void)state;
    int fd;
    char text[8] = "";
    for (int round = 0; round < 2; round++) {
        assert_int_equal(cs_home_open_file(path_of("home"), "f", &fd, NULL), 0);
        assert_int_equal(pread(fd, text, 3, 0), round ? 3 : 0);
        assert_int_equal(pwrite(fd, "abc", 3, 0), 3);
        close(fd);
    }
    assert_string_equal(text, "abc");
}

/* A link as the home itself would be followed behind a slash. */
static void follows_no_link_from_the_home_down(void **state)
{
    (void)state;
    cs_error error;
    char slashed[128];
    assert_int_equal(mkdir(path_of("real"), 0700), 0);
    assert_int_equal(symlink("real", path_of("home")), 0);
    snprintf(slashed, sizeof slashed, "%s///", path_of("home"));
    const char *const homes[] = {path_of("home"), slashed};
    for (size_t i = 0; i < COUNT(homes); i++) {
        assert_int_equal(open_in(homes[i], "f", &error), CS_ERROR(CS_ARGUMENT, 0));
        assert_message(error, "home", ": expected a folder, found a symbolic link");
    }
    assert_int_equal(unlink(path_of("home")), 0);

    assert_int_equal(mkdir(path_of("home"), 0700), 0);
    assert_int_equal(symlink("../real", path_of("home/quota")), 0);
    assert_int_equal(open_below("quota/f", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home/quota", ": expected a folder, found a symbolic link");
    assert_int_equal(symlink("../real/f", path_of("home/f")), 0);
    assert_int_equal(open_below("f", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home/f", ": expected a file, found a symbolic link");
    assert_int_equal(access(path_of("real/f"), F_OK), -1);
}

static void follows_links_above_the_home(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("real"), 0700), 0);
    assert_int_equal(symlink("real", path_of("link")), 0);
    assert_int_equal(open_in(path_of("link/home"), "f", NULL), 0);
    assert_int_equal(mode_of("real/home/f"), 0600);
}

static void refuses_what_others_can_write(void **state)
{
    static const mode_t modes[] = {0720, 0702, 0777, 01777};
    (void)state;
    cs_error error;
    assert_int_equal(open_below("quota/f", &error), 0);
    static const char *const names[] = {"home", "home/quota", "home/quota/f"};
    for (size_t i = 0; i < COUNT(modes) * COUNT(names); i++) {
        const char *name = names[i / COUNT(modes)];
        mode_t mode = modes[i % COUNT(modes)], before = mode_of(name);
        char rest[64];
        assert_int_equal(chmod(path_of(name), mode), 0);
        assert_int_equal(open_below("quota/f", &error), CS_ERROR(CS_ARGUMENT, 0));
        snprintf(rest, sizeof rest, ": can be written by others (mode %04o)", (unsigned)mode);
        assert_message(error, name, rest);
        assert_int_equal(chmod(path_of(name), before), 0);
    }
    assert_int_equal(chmod(path_of("home"), 0755), 0); /* read they may */
    assert_int_equal(open_below("quota/f", &error), 0);
}

/* Only root can give a folder away, so that is how this is tested; another user sees it fail. */
static void refuses_what_belongs_to_another(void **state)
{
    static const char *const names[] = {"home", "home/quota", "home/quota/f"};
    (void)state;
    cs_error error;
    assert_int_equal(open_below("quota/f", &error), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        if (chown(path_of(names[i]), 65534, (gid_t)-1) != 0) {
            assert_int_equal(errno, EPERM);
            assert_int_not_equal(geteuid(), 0);
            return;
        }
        assert_int_equal(open_below("quota/f", &error), CS_ERROR(CS_ARGUMENT, 0));
        assert_message(error, names[i], ": belongs to user 65534, not to this one or root");
        assert_int_equal(chown(path_of(names[i]), 0, (gid_t)-1), 0);
    }
}

static void refuses_what_is_no_file_or_folder(void **state)
{
    (void)state;
    cs_error error;
    assert_int_equal(open_below("file", &error), 0);
    assert_int_equal(open_below("file/f", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home/file", ": expected a folder, found a file");
    assert_int_equal(open_in(path_of("home/file"), "f", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home/file", ": expected a folder, found a file");
    assert_int_equal(open_in(path_of("home/file/x/y"), "f", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home/file/x/y", ": Not a directory");
    assert_int_equal(mkdir(path_of("home/folder"), 0700), 0);
    assert_int_equal(open_below("folder", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home/folder", ": Is a directory");
    assert_int_equal(mkfifo(path_of("home/pipe"), 0600), 0); /* and is not held up by it */
    assert_int_equal(open_below("pipe", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home/pipe", ": expected a file, found something else");
}

static void refuses_network_file_systems(void **state)
{
    static const long types[] = {NFS_SUPER_MAGIC,  0xff534d42, (long)(int32_t)0xff534d42,
                                 0xfe534d42,       V9FS_MAGIC, 0x65735546,
                                 CODA_SUPER_MAGIC, 0x00c36400};
    (void)state;
    cs_error error;
    for (size_t i = 0; i < COUNT(types); i++) {
        pretended_type = types[i];
        assert_int_equal(open_below("f", &error), CS_ERROR(CS_ARGUMENT, 0));
        assert_message(error, "home",
                       ": is on a network file system, whose locks can't be relied on");
    }
    pretended_type = TMPFS_MAGIC;
    assert_int_equal(open_below("f", &error), 0);
    pretended_type = 0;
}

static void refuses_paths_that_lead_elsewhere(void **state)
{
    static const struct {
        const char *below, *rest;
    } rows[] = {
        {"", ": expected names below it, found ''"},
        {"/f", ": expected names below it, found '/f'"},
        {".", ": expected names below it, found '.'"},
        {"..", ": expected names below it, found '..'"},
        {"../f", ": expected names below it, found '../f'"},
    };
    (void)state;
    cs_error error;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(open_below(rows[i].below, &error), CS_ERROR(CS_ARGUMENT, 0));
        assert_message(error, "home", rows[i].rest);
    }
    assert_int_equal(open_below("q/../f", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home/q", ": expected names below it, found '../f'");
    assert_int_equal(open_below("..f", &error), 0);
    assert_int_equal(open_below(".f", &error), 0);
    assert_int_equal(open_in("relative", "f", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_string_equal(error.message,
                        "relative: expected an absolute path of at most 4,095 bytes");
}

static void refuses_paths_that_are_too_long(void **state)
{
    static char home[5000], name[300];
    (void)state;
    cs_error error;
    memset(home, 'a', sizeof home - 1);
    home[0] = '/';
    assert_int_equal(open_in(home, "f", &error), CS_ERROR(CS_ARGUMENT, 0));
    home[4094] = '\0'; /* it fits, the system refuses its one name */
    assert_int_equal(open_in(home, "", &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_non_null(strstr(error.message, "aaaaa"));
    memset(name, 'b', sizeof name - 1);
    assert_int_equal(open_below(name, &error), CS_ERROR(CS_ARGUMENT, 0));
    assert_non_null(strstr(error.message, "bbbbb"));
}

/* To open and close a file lets go of the locks that the process has on it: fd NULL must not. */
static void makes_a_file_without_opening_it(void **state)
{
    (void)state;
    cs_error error;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    assert_int_equal(cs_home_open_file(path_of("home"), "f", NULL, NULL), 0);
    assert_int_equal(mode_of("home/f"), 0600);
    int fd = open(path_of("home/f"), O_RDWR);
    assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
    assert_int_equal(cs_home_open_file(path_of("home"), "f", NULL, NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fd);

    assert_int_equal(symlink("f", path_of("home/link")), 0);
    assert_int_equal(cs_home_open_file(path_of("home"), "link", NULL, &error),
                     CS_ERROR(CS_ARGUMENT, 0));
    assert_message(error, "home/link", ": expected a file, found a symbolic link");
}

static void leaves_no_descriptor_behind(void **state)
{
    (void)state;
    int before = dup(0);
    assert_true(before >= 0);
    close(before);
    open_below("quota/f", NULL);
    cs_home_open_file(path_of("home"), "g", NULL, NULL);
    open_below("quota/f/g", NULL);
    open_below("quota/../f", NULL);
    assert_int_equal(symlink("nowhere", path_of("home/link")), 0);
    open_below("link", NULL);
    open_below("link/f", NULL);
    int after = dup(0);
    assert_int_equal(after, before);
    close(after);
}

/* What the home `name` costs a user who may not write the folder above it. */
static void open_as_another(const char *name, cs_error *error)
{
    int results[2];
    assert_int_equal(pipe(results), 0);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() != 0 || setuid(65534) == 0) {
            open_in(path_of(name), "quota/default", error);
            (void)!write(results[1], error, sizeof *error);
        }
        _exit(0);
    }
    close(results[1]);
    assert_int_equal(read(results[0], error, sizeof *error), sizeof *error);
    close(results[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void says_which_user_may_not_and_that_paths_may_begin_elsewhere(void **state)
{
    char expected[64];
    cs_error error;
    (void)state;
    assert_int_equal(chmod(folder, 0555), 0);
    snprintf(expected, sizeof expected, ": Permission denied (as user %lu)",
             geteuid() == 0 ? 65534UL : (unsigned long)geteuid());
    open_as_another("home", &error);
    assert_message(error, "home", expected);
    assert_int_equal(error.code, CS_ERROR(CS_ARGUMENT, 0));
    open_as_another("lib/home", &error);
    assert_message(
        error, "lib/home",
        ": No such file or directory, and it can't be made (in a chroot, paths begin there)");
    assert_int_equal(error.code, CS_ERROR(CS_ARGUMENT, 0));
    assert_int_equal(chmod(folder, 0700), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(makes_what_is_missing_for_its_owner_alone),
        folder_test(opens_what_is_there_for_reading_and_writing),
        folder_test(follows_no_link_from_the_home_down),
        folder_test(follows_links_above_the_home),
        folder_test(refuses_what_others_can_write),
        folder_test(refuses_what_belongs_to_another),
        folder_test(refuses_what_is_no_file_or_folder),
        folder_test(refuses_network_file_systems),
        folder_test(refuses_paths_that_lead_elsewhere),
        folder_test(refuses_paths_that_are_too_long),
        folder_test(makes_a_file_without_opening_it),
        folder_test(leaves_no_descriptor_behind),
        folder_test(says_which_user_may_not_and_that_paths_may_begin_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
