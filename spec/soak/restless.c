/* restless HOME - notes something in the quota file of HOME again and again, without a pause, so that
 * whoever stops it finds it inside the lock most of the time. Prints its process id. */
#include <stdio.h>
#include <unistd.h>

#include "certstat.h"

int main(int argc, char **argv)
{
    static const cs_quota_rule rule = {
        .rate = 10, .window_ns = CS_SEC, .guard_ns = CS_GUARD_ADAPTS};
    cs_quota_file *quota;
    cs_error error;
    if (argc != 2) {
        fputs("usage: restless HOME\n", stderr);
        return 2;
    }
    if (cs_quota_file_new(&quota, argv[1], "quota/default", &rule, &error) != 0) {
        fprintf(stderr, "restless: %s\n", error.message);
        return 1;
    }
    printf("%d\n", (int)getpid());
    fflush(stdout);
    for (;;) {
        cs_quota_file_reward(quota, cs_clock_now_ns());
    }
}
