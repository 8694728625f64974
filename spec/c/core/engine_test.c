/* The engine's queue: who is next, what becomes of each outcome, and for how long there is nothing
 * to do; and over a random walk, that it agrees with a model of it that is too simple to be wrong. */
#include "support/slices.h"

#define START (1000 * CS_SEC)

enum { ROOM = 16 };

static cs_engine_call calls[ROOM];
static cs_engine engine;
static cs_error error;

static void fresh(size_t capacity, const cs_engine_options *options)
{
    memset(calls, 0xA5, sizeof calls);
    cs_engine_init(&engine, calls, capacity, options, 42);
}

static void submit(uint64_t id, enum cs_lane lane, int64_t deadline_ns, int64_t now_ns)
{
    assert_int_equal(cs_engine_submit(&engine, id, lane, deadline_ns, now_ns, &error), 0);
}

/* The call that wants a permit now; UINT64_MAX where there is none. */
static uint64_t due(int64_t now_ns)
{
    cs_engine_call call;
    enum cs_engine_due what = cs_engine_due(&engine, now_ns, &call);
    assert_int_not_equal(what, CS_ENGINE_EXPIRED);
    return what == CS_ENGINE_IDLE ? UINT64_MAX : call.id;
}

static enum cs_settlement settle(uint64_t id, enum cs_outcome outcome, int64_t least_wait_ns,
                                 int64_t now_ns)
{
    return cs_engine_settle(&engine, id, outcome, least_wait_ns, now_ns);
}

/* ---- order ---- */

static void the_higher_lane_goes_first_and_then_the_older_call(void **state)
{
    static const uint64_t order[] = {3, 6, 2, 5, 1, 4};
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_AUDIT, START + CS_SEC, START);
    submit(2, CS_LANE_INTERACTIVE, START + CS_SEC, START);
    submit(3, CS_LANE_GATE, START + CS_SEC, START);
    submit(4, CS_LANE_AUDIT, START + CS_SEC, START);
    submit(5, CS_LANE_INTERACTIVE, START + CS_SEC, START);
    submit(6, CS_LANE_GATE, START + CS_SEC, START);
    for (size_t i = 0; i < COUNT(order); i++) {
        assert_int_equal(due(START), order[i]);
        assert_int_equal(due(START), order[i]); /* asking changes nothing */
        assert_int_equal(cs_engine_granted(&engine, order[i]), 1);
    }
    assert_int_equal(due(START), UINT64_MAX);
}

static void a_call_tried_again_keeps_its_place(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_AUDIT, START + 100 * CS_SEC, START);
    submit(2, CS_LANE_AUDIT, START + 100 * CS_SEC, START);
    assert_int_equal(cs_engine_granted(&engine, 1), 1);
    assert_int_equal(settle(1, CS_OUTCOME_RETRY, 0, START), CS_SETTLED_RETRY);
    assert_int_equal(due(START + CS_SEC), 1); /* its back-off, 200 ms at most, is over */
}

static void gives_a_copy_of_the_call(void **state)
{
    cs_engine_call call;
    (void)state;
    fresh(ROOM, NULL);
    submit(7, CS_LANE_AUDIT, START + CS_SEC, START);
    assert_int_equal(cs_engine_due(&engine, START, &call), CS_ENGINE_PERMIT);
    assert_int_equal(call.lane, CS_LANE_AUDIT);
    assert_int_equal(call.deadline_ns, START + CS_SEC);
}

/* ---- lanes, and the quota that they share ---- */

/* One client with more to send in each lane than it may, for five minutes: how often each lane was
 * sent, and the longest time that it was not. */
static void saturate(const cs_quota_rule *rule, const enum cs_lane *lanes, size_t n, int *sent,
                     int64_t *longest_ns)
{
    cs_quota q = {0};
    int64_t last_ns[CS_LANES], end = START + 300 * CS_SEC, permit;
    uint64_t id = 0;
    fresh(ROOM, NULL);
    for (size_t i = 0; i < n; i++) {
        last_ns[lanes[i]] = START;
        submit(id++, lanes[i], INT64_MAX, START);
    }
    for (int64_t now = START; now < end; now += cs_engine_next(&engine, now)) {
        cs_engine_call call;
        while (cs_engine_due(&engine, now, &call) == CS_ENGINE_PERMIT) {
            enum cs_lane lane = (enum cs_lane)call.lane;
            int64_t wait = cs_quota_take(&q, rule, lane, 250 * CS_MS, now, &permit);
            if (wait) {
                cs_engine_blocked(&engine, lane, wait, now);
                continue;
            }
            cs_quota_sent(&q, permit, now);
            cs_engine_granted(&engine, call.id);
            settle(call.id, CS_OUTCOME_DONE, 0, now);
            submit(id++, lane, INT64_MAX, now);
            sent[lane]++;
            longest_ns[lane] =
                now - last_ns[lane] > longest_ns[lane] ? now - last_ns[lane] : longest_ns[lane];
            last_ns[lane] = now;
        }
    }
}

/* The quota's rule, a permit for a lane that has waited for two seconds, holds for lanes of one
 * client too; and that costs nothing. */
static void no_lane_of_a_client_starves(void **state)
{
    static const enum cs_lane lanes[][3] = {
        {CS_LANE_INTERACTIVE, CS_LANE_AUDIT},
        {CS_LANE_GATE, CS_LANE_AUDIT},
        {CS_LANE_GATE, CS_LANE_INTERACTIVE},
        {CS_LANE_GATE, CS_LANE_INTERACTIVE, CS_LANE_AUDIT},
    };
    static const int64_t rates[] = {1, 2, 3, 10, 400};
    (void)state;
    for (size_t i = 0; i < COUNT(lanes) * COUNT(rates); i++) {
        const cs_quota_rule rule = {rates[i / COUNT(lanes)], CS_SEC, 100 * CS_MS};
        const enum cs_lane *those = lanes[i % COUNT(lanes)];
        size_t n = i % COUNT(lanes) < 3 ? 2 : 3;
        int sent[CS_LANES] = {0}, all = 0;
        int64_t longest_ns[CS_LANES] = {0};
        saturate(&rule, those, n, sent, longest_ns);
        for (size_t k = 0; k < n; k++) {
            assert_in_range(longest_ns[those[k]], 1, (int64_t)n * 2200 * CS_MS);
            all += sent[those[k]];
        }
        assert_true(rule.rate < 3 || sent[those[0]] > 8 * sent[those[1]] / 10);
        int64_t most = rule.rate * 300 * CS_SEC / (rule.window_ns + rule.guard_ns);
        assert_in_range(all, most * 99 / 100, most + rule.rate);
    }
}

/* ---- submitting ---- */

static void refuses_what_it_cannot_queue(void **state)
{
    (void)state;
    fresh(2, NULL);
    submit(1, CS_LANE_GATE, START + 1, START);
    assert_refused(cs_engine_submit(&engine, 1, CS_LANE_GATE, START + 1, START, &error), error,
                   CS_ARGUMENT, "a call of this id is on its way already");
    assert_refused(cs_engine_submit(&engine, 2, CS_LANE_GATE, START, START, &error), error,
                   CS_DEADLINE, "the call's deadline has passed");
    submit(0, CS_LANE_GATE, START + 1, START);
    assert_refused(cs_engine_submit(&engine, 3, CS_LANE_GATE, START + 1, START, &error), error,
                   CS_LIMIT, "too many calls wait at once");
    assert_int_equal(cs_engine_submit(&engine, 3, CS_LANE_GATE, START + 1, START, NULL),
                     error.code);
    cs_engine_cancel(&engine, 1);
    submit(3, CS_LANE_GATE, START + 1, START);
    fresh(0, NULL);
    assert_refused(cs_engine_submit(&engine, 3, CS_LANE_GATE, START + 1, START, &error), error,
                   CS_LIMIT, "too many calls wait at once");
}

/* ---- deadlines ---- */

static void a_call_that_waits_expires_and_one_that_flies_does_not(void **state)
{
    cs_engine_call call;
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_AUDIT, START + CS_SEC, START);
    submit(2, CS_LANE_AUDIT, START + CS_SEC, START);
    submit(3, CS_LANE_GATE, START + 2 * CS_SEC, START);
    assert_int_equal(cs_engine_granted(&engine, 2), 1);
    assert_int_equal(cs_engine_due(&engine, START + CS_SEC - 1, &call), CS_ENGINE_PERMIT);
    assert_int_equal(cs_engine_due(&engine, START + CS_SEC, &call), CS_ENGINE_EXPIRED);
    assert_int_equal(call.id, 1);
    assert_int_equal(cs_engine_due(&engine, START + CS_SEC, &call), CS_ENGINE_EXPIRED);
    assert_int_equal(call.id, 1); /* until somebody has taken note, and says so */
    cs_engine_cancel(&engine, 1);
    assert_int_equal(due(START + CS_SEC), 3);
    assert_int_equal(engine.n, 2);
    assert_int_equal(settle(2, CS_OUTCOME_DONE, 0, START + 5 * CS_SEC), CS_SETTLED);
    assert_int_equal(engine.n, 1);
    assert_int_equal(settle(1, CS_OUTCOME_RETRY, 0, START), CS_SETTLED); /* it is gone */
}

static void what_would_have_to_wait_beyond_its_deadline_is_over(void **state)
{
    (void)state;
    for (int64_t wait = 10 * CS_SEC - 1; wait <= 10 * CS_SEC; wait++) {
        cs_engine_call call;
        fresh(ROOM, NULL);
        submit(1, CS_LANE_GATE, START + 10 * CS_SEC, START);
        cs_engine_blocked(&engine, CS_LANE_GATE, wait, START);
        assert_int_equal(cs_engine_next(&engine, START), wait < 10 * CS_SEC ? wait : 0);
        assert_int_equal(cs_engine_due(&engine, START, &call),
                         wait < 10 * CS_SEC ? CS_ENGINE_IDLE : CS_ENGINE_EXPIRED);
        fresh(ROOM, NULL);
        submit(1, CS_LANE_GATE, START + 10 * CS_SEC, START);
        cs_engine_granted(&engine, 1);
        assert_int_equal(settle(1, CS_OUTCOME_THROTTLED, wait, START),
                         wait < 10 * CS_SEC ? CS_SETTLED_RETRY : CS_SETTLED_DEADLINE);
        assert_int_equal(engine.n, wait < 10 * CS_SEC);
    }
}

static void waits_without_end_do_not_overflow(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_GATE, INT64_MAX, START);
    cs_engine_blocked(&engine, CS_LANE_GATE, INT64_MAX - 1 - START, START);
    assert_int_equal(due(START), UINT64_MAX);
    assert_int_equal(cs_engine_next(&engine, START), INT64_MAX - 1 - START);
    cs_engine_blocked(&engine, CS_LANE_GATE, INT64_MAX, START); /* beyond every deadline */
    assert_int_equal(cs_engine_next(&engine, START), 0);
    cs_engine_blocked(&engine, CS_LANE_GATE, 0, START);
    assert_int_equal(cs_engine_granted(&engine, 1), 1);
    assert_int_equal(settle(1, CS_OUTCOME_RETRY, INT64_MAX, START), CS_SETTLED_DEADLINE);
    submit(3, CS_LANE_GATE, INT64_MAX, START);
    assert_int_equal(cs_engine_granted(&engine, 3), 1);
    assert_int_equal(settle(3, CS_OUTCOME_THROTTLED, INT64_MAX - START - 1, START),
                     CS_SETTLED_RETRY);
    assert_int_equal(cs_engine_next(&engine, START), INT64_MAX - START - 1);
}

/* ---- attempts ---- */

static void a_call_is_sent_four_times_at_most(void **state)
{
    int64_t now = START;
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_GATE, START + 1000 * CS_SEC, now);
    for (int attempt = 1; attempt <= 4; attempt++) {
        assert_int_equal(due(now), 1);
        assert_int_equal(cs_engine_may_retry(&engine, 1), 0); /* not on its way */
        assert_int_equal(cs_engine_granted(&engine, 1), attempt);
        assert_int_equal(cs_engine_may_retry(&engine, 1), attempt < 4);
        assert_int_equal(settle(1, CS_OUTCOME_RETRY, 0, now),
                         attempt < 4 ? CS_SETTLED_RETRY : CS_SETTLED_ATTEMPTS);
        now += 30 * CS_SEC;
    }
    assert_int_equal(engine.n, 0);
}

static void options_replace_the_defaults_where_they_are_positive(void **state)
{
    static const struct {
        cs_engine_options given, used;
    } rows[] = {
        {{0, 0, 0}, {4, 200 * CS_MS, 20 * CS_SEC}},
        {{-1, -1, -1}, {4, 200 * CS_MS, 20 * CS_SEC}},
        {{1, 2, 3}, {1, 2, 3}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        fresh(ROOM, &rows[i].given);
        assert_memory_equal(&engine.options, &rows[i].used, sizeof engine.options);
    }
    fresh(ROOM, &(cs_engine_options){.attempts = 1});
    submit(1, CS_LANE_GATE, START + 1000 * CS_SEC, START);
    cs_engine_granted(&engine, 1);
    assert_int_equal(settle(1, CS_OUTCOME_RETRY, 0, START), CS_SETTLED_ATTEMPTS);
}

/* The wait before attempt n + 1 is at most 200 ms · 2^(n - 1), and as small as 0; where the caller
 * demands more, it is that. */
static void backs_off_with_full_jitter(void **state)
{
    int64_t longest[4] = {0}, shortest[4] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    (void)state;
    fresh(ROOM, NULL);
    for (int i = 0; i < 2000; i++) {
        submit(1, CS_LANE_GATE, START + 1000 * CS_SEC, START);
        for (int n = 1; n <= 3; n++) {
            cs_engine_granted(&engine, 1);
            assert_int_equal(settle(1, CS_OUTCOME_RETRY, 0, START), CS_SETTLED_RETRY);
            int64_t wait = cs_engine_next(&engine, START);
            longest[n] = wait > longest[n] ? wait : longest[n];
            shortest[n] = wait < shortest[n] ? wait : shortest[n];
        }
        cs_engine_cancel(&engine, 1);
    }
    for (int n = 1; n <= 3; n++) {
        int64_t most = (200 * CS_MS) << (n - 1);
        assert_in_range(longest[n], most * 99 / 100, most);
        assert_in_range(shortest[n], 0, most / 100);
    }
    submit(1, CS_LANE_GATE, START + 1000 * CS_SEC, START);
    cs_engine_granted(&engine, 1);
    settle(1, CS_OUTCOME_RETRY, 7 * CS_SEC, START);
    assert_int_equal(cs_engine_next(&engine, START), 7 * CS_SEC);
}

static void seeds_differ(void **state)
{
    int64_t waits[2];
    (void)state;
    for (uint64_t seed = 0; seed < 2; seed++) {
        cs_engine_init(&engine, calls, ROOM, NULL, seed);
        submit(1, CS_LANE_GATE, START + 1000 * CS_SEC, START);
        cs_engine_granted(&engine, 1);
        settle(1, CS_OUTCOME_RETRY, 0, START);
        waits[seed] = cs_engine_next(&engine, START);
    }
    assert_true(waits[0] != waits[1]);
}

/* Processes that were forked with one state draw ids of their own. */
static void waits_differ_by_the_ids_too(void **state)
{
    int64_t waits[2];
    (void)state;
    for (uint64_t id = 0; id < 2; id++) {
        cs_engine_init(&engine, calls, ROOM, NULL, 7);
        submit(id, CS_LANE_GATE, START + 1000 * CS_SEC, START);
        cs_engine_granted(&engine, id);
        settle(id, CS_OUTCOME_RETRY, 0, START);
        waits[id] = cs_engine_next(&engine, START);
    }
    assert_true(waits[0] != waits[1]);
}

static void throttles_are_no_attempts_and_are_counted_by_themselves(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_GATE, START + 1000 * CS_SEC, START);
    for (int throttle = 1; throttle <= 20; throttle++) {
        assert_int_equal(cs_engine_granted(&engine, 1), throttle); /* how often it was sent */
        assert_int_equal(settle(1, CS_OUTCOME_THROTTLED, CS_SEC, START), CS_SETTLED_RETRY);
        assert_int_equal(due(START + CS_SEC - 1), UINT64_MAX);
        assert_int_equal(due(START + CS_SEC), 1);
    }
    for (int attempt = 1; attempt <= 3; attempt++) {
        assert_int_equal(cs_engine_granted(&engine, 1), 20 + attempt);
        assert_int_equal(settle(1, CS_OUTCOME_RETRY, 0, START), CS_SETTLED_RETRY);
    }
    assert_int_equal(cs_engine_granted(&engine, 1), 24);
    assert_int_equal(settle(1, CS_OUTCOME_THROTTLED, 0, START), CS_SETTLED_ATTEMPTS);
    assert_int_equal(engine.n, 0);
}

static void a_call_is_too_late_six_times_at_most(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_GATE, START + 1000 * CS_SEC, START);
    for (int late = 1; late <= 7; late++) {
        assert_int_equal(due(START), 1);
        assert_int_equal(cs_engine_granted(&engine, 1), 1); /* nothing of it was sent */
        assert_int_equal(settle(1, CS_OUTCOME_LATE, 0, START),
                         late < 7 ? CS_SETTLED_RETRY : CS_SETTLED_ATTEMPTS);
    }
}

static void again_is_at_once_and_ends_too(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_GATE, START + 1000 * CS_SEC, START);
    for (int attempt = 1; attempt <= 4; attempt++) {
        assert_int_equal(cs_engine_granted(&engine, 1), attempt);
        assert_int_equal(settle(1, CS_OUTCOME_AGAIN, 0, START), CS_SETTLED_RETRY);
        assert_int_equal(due(START), 1);
    }
    cs_engine_granted(&engine, 1);
    assert_int_equal(settle(1, CS_OUTCOME_AGAIN, 0, START), CS_SETTLED_ATTEMPTS);
}

static void done_and_failed_end_a_call(void **state)
{
    (void)state;
    for (int outcome = CS_OUTCOME_DONE; outcome <= CS_OUTCOME_FAILED; outcome++) {
        fresh(ROOM, NULL);
        submit(1, CS_LANE_GATE, START + CS_SEC, START);
        cs_engine_granted(&engine, 1);
        assert_int_equal(settle(1, (enum cs_outcome)outcome, 5, START), CS_SETTLED);
        assert_int_equal(engine.n, 0);
        submit(1, CS_LANE_GATE, START + CS_SEC, START); /* its id is free */
    }
}

static void a_negative_wait_is_none(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_GATE, START + CS_SEC, START);
    cs_engine_granted(&engine, 1);
    assert_int_equal(settle(1, CS_OUTCOME_THROTTLED, -5, START), CS_SETTLED_RETRY);
    assert_int_equal(due(START), 1);
}

/* ---- one flight at a time ---- */

static void a_call_on_its_way_is_not_sent_again(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_GATE, START + CS_SEC, START);
    assert_int_equal(cs_engine_granted(&engine, 1), 1);
    assert_int_equal(cs_engine_granted(&engine, 1), 0);
    assert_int_equal(engine.n, 1);
    assert_int_equal(due(START), UINT64_MAX);
    assert_int_equal(cs_engine_next(&engine, START), INT64_MAX);
    assert_int_equal(settle(1, CS_OUTCOME_AGAIN, 0, START), CS_SETTLED_RETRY);
    assert_int_equal(cs_engine_granted(&engine, 1), 2);
}

static void an_outcome_of_a_call_that_is_not_on_its_way_changes_nothing(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_GATE, START + CS_SEC, START);
    for (int outcome = CS_OUTCOME_DONE; outcome <= CS_OUTCOME_LATE; outcome++) {
        assert_int_equal(settle(1, (enum cs_outcome)outcome, 0, START), CS_SETTLED);
        assert_int_equal(settle(2, (enum cs_outcome)outcome, 0, START), CS_SETTLED);
    }
    assert_int_equal(due(START), 1);
    assert_int_equal(cs_engine_granted(&engine, 1), 1);
    assert_int_equal(cs_engine_granted(&engine, 2), 0);
}

static void a_cancelled_call_is_forgotten_in_whatever_state(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    submit(1, CS_LANE_GATE, START + CS_SEC, START);
    submit(2, CS_LANE_GATE, START + CS_SEC, START);
    cs_engine_granted(&engine, 1);
    cs_engine_cancel(&engine, 1);
    cs_engine_cancel(&engine, 2);
    cs_engine_cancel(&engine, 3);
    assert_int_equal(engine.n, 0);
    assert_int_equal(settle(1, CS_OUTCOME_RETRY, 0, START), CS_SETTLED);
    assert_int_equal(cs_engine_next(&engine, START), INT64_MAX);
}

/* ---- next ---- */

static void says_how_long_there_is_nothing_to_do(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    assert_int_equal(cs_engine_next(&engine, START), INT64_MAX);
    submit(1, CS_LANE_GATE, START + 10 * CS_SEC, START);
    assert_int_equal(cs_engine_next(&engine, START), 0);
    cs_engine_blocked(&engine, CS_LANE_GATE, 3 * CS_SEC, START);
    assert_int_equal(cs_engine_next(&engine, START), 3 * CS_SEC);
    assert_int_equal(cs_engine_next(&engine, START + CS_SEC), 2 * CS_SEC);
    assert_int_equal(cs_engine_next(&engine, START + 4 * CS_SEC), 0);
    submit(2, CS_LANE_AUDIT, START + 10 * CS_SEC, START); /* another lane */
    assert_int_equal(cs_engine_next(&engine, START), 0);
    cs_engine_blocked(&engine, CS_LANE_AUDIT, CS_SEC, START);
    assert_int_equal(cs_engine_next(&engine, START), CS_SEC);
    cs_engine_unblocked(&engine);
    assert_int_equal(cs_engine_next(&engine, START), 0);
    assert_int_equal(due(START), 1);
    cs_engine_blocked(&engine, CS_LANE_GATE, 3 * CS_SEC, START);
    submit(3, CS_LANE_GATE, START + CS_SEC, START); /* can't be sent in its time */
    assert_int_equal(cs_engine_next(&engine, START), 0);
}

static void assert_waiting(int64_t ahead_ns, int64_t now_ns, size_t n, uint64_t expected)
{
    uint64_t first = 99;
    assert_int_equal(cs_engine_waiting(&engine, ahead_ns, now_ns, &first), n);
    assert_int_equal(first, expected);
}

static void says_who_waits_for_a_permit_alone(void **state)
{
    (void)state;
    fresh(ROOM, NULL);
    assert_waiting(CS_SEC, START, 0, 0);
    submit(1, CS_LANE_AUDIT, INT64_MAX, START);
    submit(2, CS_LANE_AUDIT, INT64_MAX, START);
    submit(3, CS_LANE_GATE, INT64_MAX, START);
    assert_waiting(0, START, 3, 3);
    cs_engine_granted(&engine, 3); /* is on its way */
    assert_waiting(0, START, 2, 1);
    settle(3, CS_OUTCOME_THROTTLED, 5 * CS_SEC, START); /* waits for more than a permit */
    assert_waiting(10 * CS_SEC, START, 2, 1);
    assert_waiting(0, START + 5 * CS_SEC, 3, 3);
    cs_engine_blocked(&engine, CS_LANE_AUDIT, 2 * CS_SEC, START);
    assert_waiting(2 * CS_SEC - 1, START, 0, 0);
    assert_waiting(2 * CS_SEC, START, 2, 1);
    assert_waiting(CS_SEC, START + CS_SEC, 2, 1);
    cs_engine_cancel(&engine, 1);
    assert_waiting(2 * CS_SEC, START, 1, 2);
}

static void names_outcomes_and_settlements(void **state)
{
    static const char *const outcomes[] = CS_OUTCOME_NAMES;
    static const char *const settled[] = CS_SETTLED_NAMES;
    (void)state;
    assert_int_equal(COUNT(outcomes), CS_OUTCOME_LATE + 2);
    assert_string_equal(outcomes[CS_OUTCOME_THROTTLED], "throttled");
    assert_string_equal(outcomes[CS_OUTCOME_LATE], "late");
    assert_null(outcomes[CS_OUTCOME_LATE + 1]);
    assert_int_equal(COUNT(settled), CS_SETTLED_DEADLINE + 1);
    assert_string_equal(settled[CS_SETTLED_DEADLINE], "deadline");
}

/* ---- the model ---- */

enum { IDS = 24, STEPS = 300000 };

struct model_call {
    int there, flying, lane, sent, throttles, late;
    uint64_t order;
    int64_t deadline_ns, earliest_ns, latest_ns; /* it is due between these, by jitter */
};

struct walk {
    struct model_call calls[IDS];
    size_t n;
    uint64_t order, random;
    int64_t now_ns, blocked_until_ns[CS_LANES];
    size_t granted, expired, settled[4];
};

/* splitmix64 */
static uint64_t roll(struct walk *w, uint64_t sides)
{
    uint64_t z = w->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % sides;
}

static void walk_submit(struct walk *w)
{
    uint64_t id = roll(w, IDS);
    struct model_call *m = &w->calls[id];
    enum cs_lane lane = (enum cs_lane)roll(w, CS_LANES);
    int64_t deadline = w->now_ns + (int64_t)roll(w, 60 * CS_SEC) - CS_SEC;
    int expected = m->there                ? CS_ARGUMENT
                   : w->n == ROOM          ? CS_LIMIT
                   : deadline <= w->now_ns ? CS_DEADLINE
                                           : CS_OK;
    int rc = cs_engine_submit(&engine, id, lane, deadline, w->now_ns, &error);
    assert_int_equal(CS_CLASS(rc), expected);
    if (rc == 0) {
        *m = (struct model_call){.there = 1,
                                 .lane = (int)lane,
                                 .order = w->order++,
                                 .deadline_ns = deadline,
                                 .earliest_ns = w->now_ns,
                                 .latest_ns = w->now_ns};
        w->n++;
    }
}

/* What the engine offers is a call that waits, may be due, and behind none that surely is. */
static void walk_due(struct walk *w)
{
    cs_engine_call call;
    enum cs_engine_due what = cs_engine_due(&engine, w->now_ns, &call);
    struct model_call *m = &w->calls[call.id % IDS];
    for (size_t i = 0; i < IDS; i++) {
        const struct model_call *other = &w->calls[i];
        if (!other->there || other->flying) {
            continue;
        }
        int64_t blocked_until_ns = w->blocked_until_ns[other->lane];
        if (other->deadline_ns <= w->now_ns || other->deadline_ns <= blocked_until_ns) {
            assert_int_equal(what, CS_ENGINE_EXPIRED);
        }
        if (other->latest_ns <= w->now_ns && blocked_until_ns <= w->now_ns) {
            assert_int_not_equal(what, CS_ENGINE_IDLE);
            assert_true(what != CS_ENGINE_PERMIT || other == m || m->lane < other->lane ||
                        (m->lane == other->lane && m->order < other->order));
        }
    }
    if (what == CS_ENGINE_IDLE) {
        return;
    }
    assert_true(call.id < IDS && m->there && !m->flying);
    if (what == CS_ENGINE_EXPIRED) {
        assert_true(m->deadline_ns <= w->now_ns || m->deadline_ns <= w->blocked_until_ns[m->lane]);
        cs_engine_cancel(&engine, call.id);
        m->there = 0;
        w->n--;
        w->expired++;
        return;
    }
    assert_true(m->earliest_ns <= w->now_ns && w->blocked_until_ns[m->lane] <= w->now_ns);
    if (roll(w, 3)) {
        m->flying = 1;
        assert_int_equal(cs_engine_granted(&engine, call.id), ++m->sent);
        w->granted++;
    } else {
        int64_t wait = (int64_t)roll(w, 2 * CS_SEC);
        cs_engine_blocked(&engine, (enum cs_lane)m->lane, wait, w->now_ns);
        w->blocked_until_ns[m->lane] = w->now_ns + wait;
    }
}

static void walk_settle(struct walk *w)
{
    uint64_t id = roll(w, IDS);
    struct model_call *m = &w->calls[id];
    enum cs_outcome outcome = (enum cs_outcome)(2 + roll(w, 4));
    int64_t least = (int64_t)roll(w, CS_SEC), jitter = 0;
    int exhausted = 0;
    if (roll(w, 4) == 0) {
        outcome = (enum cs_outcome)roll(w, 2);
    }
    enum cs_settlement found = settle(id, outcome, least, w->now_ns);
    w->settled[found]++;
    if (!m->there || !m->flying) {
        assert_int_equal(found, CS_SETTLED);
        return;
    }
    int attempts = m->sent - m->throttles; /* those that count */
    if (outcome == CS_OUTCOME_RETRY) {
        exhausted = attempts >= 4;
        jitter = (200 * CS_MS) << (attempts - 1);
    } else if (outcome == CS_OUTCOME_THROTTLED) {
        exhausted = ++m->throttles > 20;
    } else if (outcome == CS_OUTCOME_LATE) {
        exhausted = ++m->late > 6;
        m->sent--;
    } else if (outcome == CS_OUTCOME_AGAIN) {
        exhausted = attempts > 4;
    }
    if (outcome <= CS_OUTCOME_FAILED) {
        assert_int_equal(found, CS_SETTLED);
    } else if (exhausted) {
        assert_int_equal(found, CS_SETTLED_ATTEMPTS);
    } else if (least >= m->deadline_ns - w->now_ns) {
        assert_int_equal(found, CS_SETTLED_DEADLINE);
    } else {
        assert_true(found == CS_SETTLED_RETRY ||
                    (found == CS_SETTLED_DEADLINE && jitter >= m->deadline_ns - w->now_ns));
    }
    m->flying = 0;
    m->there = found == CS_SETTLED_RETRY;
    w->n -= m->there ? 0 : 1;
    m->earliest_ns = w->now_ns + least;
    m->latest_ns = w->now_ns + (least > jitter ? least : jitter);
}

static void walk_cancel(struct walk *w)
{
    uint64_t id = roll(w, IDS);
    cs_engine_cancel(&engine, id);
    w->n -= (size_t)w->calls[id].there;
    w->calls[id].there = 0;
}

/* Nothing becomes due or expires before next() is over. */
static void walk_on(struct walk *w)
{
    int64_t next = cs_engine_next(&engine, w->now_ns);
    int waiting = 0;
    assert_true(next >= 0);
    for (size_t i = 0; i < IDS; i++) {
        const struct model_call *m = &w->calls[i];
        if (m->there && !m->flying) {
            waiting = 1;
            assert_true(m->deadline_ns <= w->now_ns || next <= m->deadline_ns - w->now_ns);
        }
    }
    assert_int_equal(next == INT64_MAX, !waiting);
    w->now_ns += next < CS_SEC && roll(w, 2) ? next : (int64_t)roll(w, 300 * CS_MS);
}

static void agrees_with_the_model(void **state)
{
    struct walk w = {.random = 20261124, .now_ns = START};
    (void)state;
    fresh(ROOM, NULL);
    for (int i = 0; i < STEPS; i++) {
        switch (roll(&w, 8)) {
        case 0:
        case 1:
            walk_submit(&w);
            break;
        case 2:
        case 3:
        case 4:
            walk_due(&w);
            break;
        case 5:
            walk_settle(&w);
            break;
        case 6:
            walk_on(&w);
            break;
        default:
            roll(&w, 20) == 0 ? walk_cancel(&w) : walk_settle(&w);
            if (roll(&w, 20) == 0) {
                cs_engine_unblocked(&engine);
                memset(w.blocked_until_ns, 0, sizeof w.blocked_until_ns);
            }
        }
        assert_int_equal(engine.n, w.n);
    }
    assert_true(w.granted > 1000 && w.expired > 100); /* all of it has happened */
    for (size_t i = 0; i < COUNT(w.settled); i++) {
        assert_true(w.settled[i] > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_higher_lane_goes_first_and_then_the_older_call),
        cmocka_unit_test(a_call_tried_again_keeps_its_place),
        cmocka_unit_test(gives_a_copy_of_the_call),
        cmocka_unit_test(no_lane_of_a_client_starves),
        cmocka_unit_test(refuses_what_it_cannot_queue),
        cmocka_unit_test(a_call_that_waits_expires_and_one_that_flies_does_not),
        cmocka_unit_test(what_would_have_to_wait_beyond_its_deadline_is_over),
        cmocka_unit_test(waits_without_end_do_not_overflow),
        cmocka_unit_test(a_call_is_sent_four_times_at_most),
        cmocka_unit_test(options_replace_the_defaults_where_they_are_positive),
        cmocka_unit_test(backs_off_with_full_jitter),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(waits_differ_by_the_ids_too),
        cmocka_unit_test(throttles_are_no_attempts_and_are_counted_by_themselves),
        cmocka_unit_test(a_call_is_too_late_six_times_at_most),
        cmocka_unit_test(again_is_at_once_and_ends_too),
        cmocka_unit_test(done_and_failed_end_a_call),
        cmocka_unit_test(a_negative_wait_is_none),
        cmocka_unit_test(a_call_on_its_way_is_not_sent_again),
        cmocka_unit_test(an_outcome_of_a_call_that_is_not_on_its_way_changes_nothing),
        cmocka_unit_test(a_cancelled_call_is_forgotten_in_whatever_state),
        cmocka_unit_test(says_how_long_there_is_nothing_to_do),
        cmocka_unit_test(says_who_waits_for_a_permit_alone),
        cmocka_unit_test(names_outcomes_and_settlements),
        cmocka_unit_test(agrees_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
