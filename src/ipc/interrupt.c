/* interrupt.c - one way to be stopped. */
#include "certstat.h"

#include <signal.h>
#include <stddef.h>

void cs_signals_interrupt(void)
{
    struct sigaction interrupt;
    sigaction(SIGINT, NULL, &interrupt);
    sigaction(SIGTERM, &interrupt, NULL);
    sigaction(SIGHUP, &interrupt, NULL);
}
