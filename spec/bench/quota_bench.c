/* quota_bench.c - permits of the quota, and calls through the engine, against reading the clock
 * once, which is what each of them needs anyway. */
#include "bench.h"
#include "certstat.h"

enum {
    ROUNDS = 11,
    CALLS = 200000 /* a round */,
    WAITING = 15 /* calls beside the one that moves */
};

static const cs_quota_rule rule = {.rate = 10, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS};
static const int64_t HOLD_NS = 250 * CS_MS,
                     STEP_NS = 110 * CS_MS; /* rate calls in window and guard */

static double time_clock(void)
{
    double start = bench_seconds();
    for (int i = 0; i < CALLS; i++) {
        bench_check(cs_clock_now_ns() > 0, "no clock");
    }
    return bench_seconds() - start;
}

/* Each asks, is granted, and says that it leaves. */
static double time_quota(void)
{
    cs_quota quota = {.count = 0};
    int64_t now_ns = CS_SEC, permit;
    double start = bench_seconds();
    for (int i = 0; i < CALLS; i++, now_ns += STEP_NS) {
        int64_t wait_ns = cs_quota_take(&quota, &rule, CS_LANE_AUDIT, HOLD_NS, now_ns, &permit);
        bench_check(wait_ns == 0, "a permit was due");
        cs_quota_sent(&quota, permit, now_ns);
    }
    return bench_seconds() - start;
}

/* Each is submitted, found due, granted and settled. */
static double time_engine(void)
{
    cs_engine engine;
    cs_engine_call calls[WAITING + 1], call;
    uint64_t id = 0;
    int64_t now_ns = CS_SEC;
    cs_engine_init(&engine, calls, WAITING + 1, &(cs_engine_options){.attempts = 0}, 1);
    while (id < WAITING) {
        cs_engine_submit(&engine, ++id, CS_LANE_AUDIT, INT64_MAX / 2, now_ns, NULL);
    }
    double start = bench_seconds();
    for (int i = 0; i < CALLS; i++, now_ns++) {
        cs_engine_submit(&engine, ++id, CS_LANE_AUDIT, INT64_MAX / 2, now_ns, NULL);
        bench_check(cs_engine_due(&engine, now_ns, &call) == CS_ENGINE_PERMIT, "a call was due");
        cs_engine_granted(&engine, call.id);
        cs_engine_settle(&engine, call.id, CS_OUTCOME_DONE, 0, now_ns);
    }
    return bench_seconds() - start;
}

int main(void)
{
    double clock[ROUNDS], quota[ROUNDS], engine[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        clock[i] = time_clock();
        quota[i] = time_quota();
        engine[i] = time_engine();
    }
    double reads = CALLS / bench_median(clock, ROUNDS);
    bench_line("permits of the quota", CALLS / bench_median(quota, ROUNDS), "clock readings", reads,
               0, "/s");
    bench_line("calls through the engine", CALLS / bench_median(engine, ROUNDS), "clock readings",
               reads, 0, "/s");
    return 0;
}
