/* quota_fuzz.c - whoever asks, sends late, gives permits back or is killed: at most `rate` calls leave in any window of
 * window + guard, and the state stays ascending and within its bounds.
 *
 * Each three bytes of the input are one event: what happens, to which permit, and how much time passes before. */
#include "fuzz.h"

#define MOST    512
#define HOLD_NS (250 * CS_MS)

static const cs_quota_rule rule = {.rate = 5, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS};

struct history {
    int64_t sent[MOST], open[MOST];
    size_t sent_n, open_n;
};

static void check_state(const cs_quota *quota)
{
    HOLDS(quota->count >= 0 && quota->count <= CS_QUOTA_TIMES);
    for (int64_t i = 1; i < quota->count; i++) {
        HOLDS(quota->times[i - 1] <= quota->times[i]);
    }
}

/* Calls leave in the order of time, so the newest decides. */
static void note_sent(struct history *h, int64_t at_ns)
{
    size_t rate = (size_t)rule.rate;
    h->sent[h->sent_n++] = at_ns;
    if (h->sent_n > rate) {
        HOLDS(at_ns - h->sent[h->sent_n - 1 - rate] >= rule.window_ns + rule.guard_ns);
    }
}

static void happen(cs_quota *quota, struct history *h, const unsigned char *event, int64_t now_ns)
{
    size_t which = h->open_n ? event[1] % h->open_n : 0;
    int64_t permit = h->open_n ? h->open[which] : 0;
    if (event[0] % 4 == 0 || !h->open_n) {
        enum cs_lane lane = (enum cs_lane)(event[1] % CS_LANES);
        int64_t wait = cs_quota_take(quota, &rule, lane, HOLD_NS, now_ns, &permit);
        HOLDS(wait >= 0);
        if (wait == 0) {
            HOLDS(permit >= now_ns);
            h->open[h->open_n++] = permit;
        }
        return;
    }
    h->open[which] = h->open[--h->open_n];
    if (event[0] % 4 == 1 && now_ns <= permit) {
        cs_quota_sent(quota, permit, now_ns);
        note_sent(h, now_ns);
    } else if (event[0] % 4 == 2) {
        cs_quota_return(quota, permit);
    } /* else its owner died */
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static cs_quota quota;
    static struct history history;
    int64_t now_ns = CS_SEC;
    memset(&quota, 0, sizeof quota);
    history.sent_n = history.open_n = 0;
    for (size_t i = 0; i + 3 <= size && i / 3 < MOST; i += 3) {
        now_ns += (int64_t)data[i + 2] * CS_MS;
        happen(&quota, &history, data + i, now_ns);
        check_state(&quota);
    }
    return 0;
}
