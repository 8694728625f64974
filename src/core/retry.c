/* retry.c - how long to wait before trying again, and how often that may be done in sum. */
#include "certstat.h"

int64_t cs_backoff_ns(int attempt, int64_t base_ns, int64_t cap_ns, uint64_t random)
{
    int64_t most = base_ns < cap_ns ? base_ns : cap_ns;
    for (int i = 1; i < attempt && most > 0 && most < cap_ns; i++) {
        most = most > cap_ns / 2 ? cap_ns : most * 2;
    }
    return most > 0 ? (int64_t)(random % ((uint64_t)most + 1)) : 0;
}

/* Pays in what time has brought since the last look. */
static void refill(cs_budget *b, int64_t now_ns)
{
    if (b->at_ns == 0) {
        b->milli = CS_BUDGET_MAX;
        b->at_ns = now_ns;
    }
    int64_t gained = now_ns > b->at_ns ? (now_ns - b->at_ns) / CS_BUDGET_MILLI_NS : 0;
    if (gained >= CS_BUDGET_MAX - b->milli) {
        b->milli = CS_BUDGET_MAX;
        b->at_ns = now_ns > b->at_ns ? now_ns : b->at_ns;
    } else {
        b->milli += gained;
        b->at_ns += gained * CS_BUDGET_MILLI_NS;
    }
}

int64_t cs_budget_take(cs_budget *b, int64_t most_ns, int64_t now_ns)
{
    refill(b, now_ns);
    int64_t left = b->milli - CS_BUDGET_RETRY;
    int64_t wait_ns = left >= 0 ? 0 : -left * CS_BUDGET_MILLI_NS;
    if (wait_ns <= most_ns) {
        b->milli = left;
    }
    return wait_ns;
}

void cs_budget_reward(cs_budget *b, int64_t now_ns)
{
    refill(b, now_ns);
    b->milli =
        b->milli > CS_BUDGET_MAX - CS_BUDGET_REWARD ? CS_BUDGET_MAX : b->milli + CS_BUDGET_REWARD;
}
