/* share threads|children HOME URL SECONDS - eight callers at full demand in one process, each with a
 * quota file and a transport of its own; or eight children of a process that had the file open, each
 * with the copy it inherited. They ask for URL, which may refuse them: what counts is when they
 * come. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "certstat.h"

enum { CALLERS = 8 };

static const char *home, *url;
static int64_t end_ns;

static void check(int failed, const char *what, const cs_error *error)
{
    if (failed) {
        fprintf(stderr, "share: %s: %s\n", what, error ? error->message : strerror(errno));
        exit(1);
    }
}

static cs_quota_file *open_quota(void)
{
    static const cs_quota_rule rule = {
        .rate = 10, .window_ns = CS_SEC, .guard_ns = CS_GUARD_ADAPTS};
    cs_quota_file *quota;
    cs_error error;
    check(cs_quota_file_new(&quota, home, "quota/default", &rule, &error), "quota", &error);
    return quota;
}

static void pause_for(int64_t ns)
{
    struct timespec t = {ns / CS_SEC, ns % CS_SEC};
    nanosleep(&t, NULL);
}

static int64_t await_permit(cs_quota_file *quota)
{
    int64_t wait_ns, permit;
    cs_error error;
    for (;;) {
        check(cs_quota_file_take(quota, CS_LANE_AUDIT, 250 * CS_MS, cs_clock_now_ns(), &wait_ns,
                                 &permit, &error),
              "take", &error);
        if (wait_ns == 0) {
            return permit;
        }
        pause_for(wait_ns);
    }
}

/* One request, with all that is known of it told to the quota. */
static void ask(cs_net *net, cs_quota_file *quota, int64_t permit)
{
    cs_net_request request = {
        .method = CS_LITERAL("GET"), .url = cs_slice_of(url), .not_after_ns = permit};
    cs_net_event event;
    cs_error error;
    check(cs_net_start(net, &request, &error), "start", &error);
    while (cs_net_live(net)) {
        check(cs_net_step(net, CS_SEC, &error), "step", &error);
        while (cs_net_collect(net, &event)) {
            if (event.kind == CS_NET_SENT) {
                cs_quota_file_sent(quota, permit, event.left_ns);
            } else if (event.kind == CS_NET_REPLY) {
                cs_quota_file_replied(quota, event.sent_ns, event.first_byte_ns);
            } else if (event.too_late) {
                cs_quota_file_return(quota, permit);
            } else {
                check(1, "request", &event.error);
            }
        }
    }
}

static void *call(void *argument)
{
    cs_quota_file *quota = argument ? (cs_quota_file *)argument : open_quota();
    cs_net *net;
    cs_error error;
    check(cs_net_new(&net, &(cs_net_options){.allow_http = 0}, &error), "net", &error);
    while (cs_clock_now_ns() < end_ns) {
        ask(net, quota, await_permit(quota));
    }
    cs_net_close(net);
    cs_quota_file_close(quota);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        check(pthread_create(&threads[i], NULL, call, NULL), "pthread_create", NULL);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void run_children(void)
{
    cs_quota_file *quota = open_quota();
    cs_quota_file_return(quota, await_permit(quota)); /* its descriptor is open now */
    for (int i = 0; i < CALLERS; i++) {
        pid_t child = fork();
        check(child < 0, "fork", NULL);
        if (child == 0) {
            call(quota);
            exit(0);
        }
    }
    for (int status = 0; wait(&status) > 0;) {
        if (status != 0) { /* it has said why */
            exit(1);
        }
    }
    cs_quota_file_close(quota);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: share threads|children HOME URL SECONDS\n", stderr);
        return 2;
    }
    home = argv[2];
    url = argv[3];
    end_ns = cs_clock_now_ns() + atoi(argv[4]) * CS_SEC;
    strcmp(argv[1], "threads") == 0 ? run_threads() : run_children();
    return 0;
}
