/* terminal.c - who reads what this process writes. */
#include "certstat.h"

#include <unistd.h>

int cs_terminal_is(int fd)
{
    return isatty(fd);
}
