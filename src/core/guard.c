/* guard.c - by how much the travel times of two calls may differ, judged by how long replies take. */
#include "certstat.h"

static const int64_t FIRST_NS = 100 * CS_MS, LEAST_NS = 20 * CS_MS, MOST_NS = 250 * CS_MS;
static const int64_t MARGIN_NS = 10 * CS_MS;
static const int64_t STALE_NS = 600 * CS_SEC; /* networks change */
static const int64_t HALF_LIFE_NS = 60 * CS_SEC;
static const int64_t BURST_NS = CS_SEC;

static int64_t clamp(int64_t number, int64_t least, int64_t most)
{
    return number < least ? least : number > most ? most : number;
}

static int64_t spread_of(const cs_guard *g, int64_t n)
{
    uint32_t least = UINT32_MAX, most = 0;
    for (int64_t i = 0; i < n; i++) {
        least = g->reply_us[i] < least ? g->reply_us[i] : least;
        most = g->reply_us[i] > most ? g->reply_us[i] : most;
    }
    return n ? (int64_t)(most - least) * 1000 : 0;
}

/* What is left of what the last throttle added. */
static int64_t extra_at(const cs_guard *g, int64_t now_ns)
{
    int64_t halvings = now_ns > g->throttled_ns ? (now_ns - g->throttled_ns) / HALF_LIFE_NS : 0;
    return halvings < 63 ? g->extra_ns >> halvings : 0;
}

int64_t cs_guard_ns(const cs_guard *g, int64_t now_ns)
{
    int64_t n = now_ns - g->replied_ns > STALE_NS ? 0 : clamp(g->replies, 0, CS_GUARD_REPLIES);
    int64_t least = n < CS_GUARD_REPLIES ? FIRST_NS : LEAST_NS;
    return clamp(clamp(spread_of(g, n) + MARGIN_NS, least, MOST_NS) + extra_at(g, now_ns), least,
                 MOST_NS);
}

void cs_guard_replied(cs_guard *g, int64_t sent_ns, int64_t first_byte_ns)
{
    int64_t us = clamp((first_byte_ns - sent_ns) / 1000, 0, UINT32_MAX);
    if (first_byte_ns - g->replied_ns > STALE_NS) {
        g->replies = 0;
    }
    g->reply_us[g->replies++ % CS_GUARD_REPLIES] = (uint32_t)us;
    g->replied_ns = first_byte_ns > g->replied_ns ? first_byte_ns : g->replied_ns;
}

void cs_guard_throttled(cs_guard *g, int64_t now_ns)
{
    if (now_ns - g->throttled_ns >= BURST_NS) {
        g->extra_ns = clamp(extra_at(g, now_ns) + cs_guard_ns(g, now_ns), 0, MOST_NS);
        g->throttled_ns = now_ns;
    }
}
