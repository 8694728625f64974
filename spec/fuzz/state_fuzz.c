/* state_fuzz.c - a quota read from a file is used only if it is plausible: then, whatever its bytes
 * are, no function leaves its bounds or overflows a number, and its times stay ascending.
 *
 * The input is the state's bytes, and after them one byte for each thing that happens to it. */
#include "fuzz.h"

#define HOLD_NS  (250 * CS_MS)
#define AHEAD_NS (120 * CS_SEC)

static const cs_quota_rule rules[] = {
    {.rate = 1, .window_ns = CS_SEC, .guard_ns = CS_GUARD_ADAPTS},
    {.rate = CS_QUOTA_TIMES, .window_ns = 86400 * CS_SEC, .guard_ns = 86400 * CS_SEC},
};

static void happen(cs_quota *quota, unsigned char event, int64_t now_ns)
{
    int64_t permit = 0;
    switch (event % 8) {
    case 0:
    case 1:
        HOLDS(cs_quota_take(quota, &rules[event % 2], (enum cs_lane)(event / 8 % CS_LANES), HOLD_NS,
                            now_ns, &permit) >= 0);
        break;
    case 2:
        cs_quota_sent(quota, quota->times[event % CS_QUOTA_TIMES], now_ns);
        break;
    case 3:
        cs_quota_return(quota, quota->times[event % CS_QUOTA_TIMES]);
        break;
    case 4:
        cs_quota_pause(quota, now_ns + event * CS_MS);
        cs_guard_throttled(&quota->guard, now_ns);
        break;
    case 5:
        cs_guard_replied(&quota->guard, now_ns - event * CS_MS, now_ns);
        HOLDS(cs_guard_ns(&quota->guard, now_ns) <= 250 * CS_MS);
        break;
    case 6:
        HOLDS(cs_budget_take(&quota->budget, 60 * CS_SEC, now_ns) >= 0);
        break;
    default:
        cs_budget_reward(&quota->budget, now_ns);
    }
}

static void check_state(const cs_quota *quota)
{
    HOLDS(quota->count >= 0 && quota->count <= CS_QUOTA_TIMES);
    for (int64_t i = 1; i < quota->count; i++) {
        HOLDS(quota->times[i - 1] < quota->times[i]);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static cs_quota quota;
    int64_t now_ns = 1000000 * CS_SEC;
    if (size < sizeof quota) {
        return 0;
    }
    memcpy(&quota, data, sizeof quota);
    if (!cs_quota_plausible(&quota, now_ns + AHEAD_NS)) {
        return 0;
    }
    for (size_t i = sizeof quota; i < size; i++) {
        now_ns += data[i] * CS_MS;
        happen(&quota, data[i], now_ns);
        check_state(&quota);
    }
    return 0;
}
