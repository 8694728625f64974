/* interrupt.c - one way to be stopped, and one to be asked how far one is. */
#include "certstat.h"

#include <signal.h>
#include <stddef.h>

void cs_signals_interrupt(void)
{
    struct sigaction interrupt;
    sigaction(SIGINT, NULL, &interrupt);
    interrupt.sa_flags &= ~SA_RESTART;
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &interrupt, NULL);
    sigaction(SIGHUP, &interrupt, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGXFSZ, &ignore, NULL);
}

static volatile sig_atomic_t asked;

static void note_asked(int number)
{
    (void)number;
    asked = 1;
}

int cs_signal_asked(void)
{
    struct sigaction action = {.sa_handler = note_asked, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    if (!asked) {
        return 0;
    }
    asked = 0;
    return 1;
}
