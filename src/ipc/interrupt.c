/* interrupt.c - one way to be stopped, and one to be asked how far one is. */
#include "certstat.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

void cs_signals_interrupt(void)
{
    struct sigaction interrupt;
    sigaction(SIGINT, NULL, &interrupt);
    interrupt.sa_flags &= ~SA_RESTART;
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &interrupt, NULL);
    sigaction(SIGHUP, &interrupt, NULL);
}

int cs_signal_asked(void)
{
    static const struct timespec at_once = {0, 0};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return sigtimedwait(&set, NULL, &at_once) == SIGUSR1;
}
