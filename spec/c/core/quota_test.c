/* The quota's promise, against random callers who hold, send, give back, die and pause over virtual
 * time: never more than `rate` calls leave in any window. And what it promises to lanes. */
#include "support/slices.h"

#define START (1000 * CS_SEC) /* time 0 means "never" in the state */

static const cs_quota_rule ten = {.rate = 10, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS};

/* ---- one caller ---- */

static int64_t take(cs_quota *q, const cs_quota_rule *rule, enum cs_lane lane, int64_t now_ns)
{
    int64_t permit = 0;
    int64_t wait = cs_quota_take(q, rule, lane, 250 * CS_MS, now_ns, &permit);
    assert_true(wait >= 0);
    assert_int_equal(wait == 0, permit != 0);
    return wait;
}

/* Takes a permit that must be there and sends at once. */
static void send_now(cs_quota *q, const cs_quota_rule *rule, enum cs_lane lane, int64_t now_ns)
{
    int64_t permit = 0;
    assert_int_equal(cs_quota_take(q, rule, lane, 250 * CS_MS, now_ns, &permit), 0);
    cs_quota_sent(q, permit, now_ns);
}

static void permits_the_rate_at_once_and_then_after_window_and_guard(void **state)
{
    cs_quota q = {0};
    (void)state;
    for (int i = 0; i < 10; i++) {
        send_now(&q, &ten, CS_LANE_INTERACTIVE, START + i);
    }
    assert_int_equal(take(&q, &ten, CS_LANE_INTERACTIVE, START + 10), 1100 * CS_MS - 10);
    assert_int_equal(take(&q, &ten, CS_LANE_INTERACTIVE, START + 1100 * CS_MS - 1), 1);
    assert_int_equal(take(&q, &ten, CS_LANE_INTERACTIVE, START + 1100 * CS_MS), 0);
    assert_int_equal(take(&q, &ten, CS_LANE_INTERACTIVE, START + 1100 * CS_MS), 1);
}

static void books_late_and_corrects_early(void **state)
{
    const cs_quota_rule one = {.rate = 1, .window_ns = CS_SEC, .guard_ns = 0};
    cs_quota q = {0};
    int64_t permit, hold = 250 * CS_MS;
    (void)state;
    assert_int_equal(cs_quota_take(&q, &one, CS_LANE_GATE, hold, START, &permit), 0);
    assert_in_range(permit, START + hold, START + hold + 1024);
    /* not sent yet: the next is due a window after the latest time at which it may leave */
    assert_int_equal(take(&q, &one, CS_LANE_GATE, START), permit + CS_SEC - START);
    cs_quota_sent(&q, permit, START + 7);
    assert_int_equal(take(&q, &one, CS_LANE_GATE, START), CS_SEC + 7);
    /* what it has been corrected to can't be corrected again, nor given back */
    cs_quota_sent(&q, permit, START);
    cs_quota_return(&q, permit);
    assert_int_equal(take(&q, &one, CS_LANE_GATE, START), CS_SEC + 7);
}

static void a_call_that_left_late_is_booked_late(void **state)
{
    const cs_quota_rule one = {.rate = 1, .window_ns = CS_SEC, .guard_ns = 0};
    cs_quota q = {0};
    int64_t permit;
    (void)state;
    assert_int_equal(cs_quota_take(&q, &one, CS_LANE_GATE, 0, START, &permit), 0);
    cs_quota_sent(&q, permit, permit + 5);
    assert_int_equal(take(&q, &one, CS_LANE_GATE, permit), CS_SEC + 5);
    cs_quota_sent(&q, permit, permit);
    assert_int_equal(take(&q, &one, CS_LANE_GATE, permit), CS_SEC + 5);
}

static void a_permit_given_back_is_free_at_once(void **state)
{
    cs_quota q = {0};
    int64_t permits[10], again;
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cs_quota_take(&q, &ten, CS_LANE_GATE, CS_SEC, START, &permits[i]), 0);
    }
    assert_true(take(&q, &ten, CS_LANE_GATE, START) > 0);
    cs_quota_return(&q, permits[4]);
    cs_quota_return(&q, permits[4]); /* once only */
    cs_quota_return(&q, START);      /* and nothing that is none */
    assert_int_equal(cs_quota_take(&q, &ten, CS_LANE_GATE, CS_SEC, START, &again), 0);
    assert_true(take(&q, &ten, CS_LANE_GATE, START) > 0);
}

/* Callers tell their bookings apart by the permit alone, in Lua as a double. */
static void permits_are_unique_and_exact_as_doubles(void **state)
{
    static const int64_t times[] = {1, 1000, INT64_C(1) << 53, (INT64_C(1) << 53) + 1,
                                    (INT64_C(1) << 62) + 12345};
    const cs_quota_rule rule = {.rate = CS_QUOTA_TIMES, .window_ns = 1, .guard_ns = 0};
    (void)state;
    for (size_t t = 0; t < COUNT(times); t++) {
        cs_quota q = {0};
        int64_t open[CS_QUOTA_TIMES], permit;
        size_t open_n = 0;
        for (int i = 0; i < CS_QUOTA_TIMES; i++) {
            assert_int_equal(cs_quota_take(&q, &rule, CS_LANE_GATE, 12345, times[t], &permit), 0);
            assert_true(permit >= times[t] + 12345);
            assert_int_equal((int64_t)(double)permit, permit);
            for (size_t k = 0; k < open_n; k++) {
                assert_int_not_equal(permit, open[k]);
            }
            if (i % 3 == 0) { /* what was sent may lie where a permit would */
                cs_quota_sent(&q, permit, permit - i % 2);
            } else {
                open[open_n++] = permit;
            }
        }
    }
}

static void a_pause_holds_for_every_lane_and_never_gets_shorter(void **state)
{
    cs_quota q = {0};
    (void)state;
    cs_quota_pause(&q, START + 5 * CS_SEC);
    cs_quota_pause(&q, START + 3 * CS_SEC);
    for (int lane = 0; lane < CS_LANES; lane++) {
        assert_true(take(&q, &ten, (enum cs_lane)lane, START + lane) >= 5 * CS_SEC - lane);
    }
    assert_int_equal(take(&q, &ten, CS_LANE_GATE, START + 5 * CS_SEC - 1), 1);
    assert_int_equal(take(&q, &ten, CS_LANE_GATE, START + 5 * CS_SEC), 0);
}

static void a_clock_that_steps_back_gives_no_credit(void **state)
{
    cs_quota q = {0};
    (void)state;
    for (int i = 0; i < 10; i++) {
        send_now(&q, &ten, CS_LANE_GATE, START + i);
    }
    assert_int_equal(take(&q, &ten, CS_LANE_GATE, START - CS_SEC), 2100 * CS_MS);
    assert_true(take(&q, &ten, CS_LANE_GATE, START + 1099 * CS_MS) > 0);
}

static void the_guard_adapts_where_the_rule_says_so(void **state)
{
    const cs_quota_rule adaptive = {1, CS_SEC, CS_GUARD_ADAPTS};
    cs_quota q = {0};
    (void)state;
    send_now(&q, &adaptive, CS_LANE_GATE, START);
    assert_int_equal(take(&q, &adaptive, CS_LANE_GATE, START), 1100 * CS_MS);
    for (int i = 0; i < CS_GUARD_REPLIES; i++) {
        cs_guard_replied(&q.guard, START, START + 7 * CS_MS);
    }
    assert_int_equal(take(&q, &adaptive, CS_LANE_GATE, START), 1020 * CS_MS);
    cs_guard_throttled(&q.guard, START);
    assert_int_equal(take(&q, &adaptive, CS_LANE_GATE, START), 1040 * CS_MS);
}

/* ---- a state that is lost, and one that can't be believed ---- */

static void a_state_used_up_permits_nothing_for_a_window_and_then_the_rate(void **state)
{
    (void)state;
    for (int64_t rate = 1; rate <= CS_QUOTA_TIMES; rate++) {
        const cs_quota_rule rule = {rate, CS_SEC, 100 * CS_MS};
        cs_quota q;
        int64_t permits = 0, end = START + 1100 * CS_MS;
        memset(&q, 0xA5, sizeof q);
        cs_quota_use_up(&q, START);
        assert_int_equal(cs_quota_plausible(&q, START), 1);
        assert_in_range(take(&q, &rule, CS_LANE_AUDIT, START), 1100 * CS_MS - rate, 1100 * CS_MS);
        while (take(&q, &rule, CS_LANE_AUDIT, end) == 0) {
            permits++;
        }
        assert_int_equal(permits, rate);
    }
}

static void a_state_that_cannot_be_is_not_plausible(void **state)
{
    const int64_t latest = START + CS_SEC;
    cs_quota good = {.count = 3, .times = {START, START + 1, START + 2}}, q;
    struct {
        int64_t *field, value;
    } rows[] = {
        {&q.count, -1},
        {&q.count, CS_QUOTA_TIMES + 1},
        {&q.count, INT64_MIN},
        {&q.count, 4}, /* the fourth is 0 */
        {&q.times[0], -1},
        {&q.times[0], START + 1},
        {&q.times[1], START + 3},
        {&q.times[2], latest + 1},
        {&q.times[2], INT64_MAX},
        {&q.paused_until_ns, latest + 1},
        {&q.paused_until_ns, -1},
        {&q.waiting_since_ns[CS_LANE_GATE], latest + 1},
        {&q.waiting_since_ns[CS_LANE_AUDIT], -1},
        {&q.waiting_until_ns[CS_LANE_AUDIT], -1},
        {&q.waiting_until_ns[CS_LANE_GATE], INT64_MAX},
        {&q.asked_ns[CS_LANE_INTERACTIVE], latest + 1},
        {&q.asked_ns[CS_LANE_AUDIT], INT64_MIN},
        {&q.budget.at_ns, latest + 1},
        {&q.budget.milli, CS_BUDGET_MAX + 1},
        {&q.budget.milli, INT64_MIN},
        {&q.slowest[CS_LANE_GATE].rate, -1},
        {&q.slowest[CS_LANE_GATE].rate, CS_QUOTA_TIMES + 1},
        {&q.slowest[CS_LANE_AUDIT].since_ns, latest + 1},
        {&q.slowest[CS_LANE_AUDIT].since_ns, -1},
        {&q.slowest[CS_LANE_AUDIT].until_ns, -1},
        {&q.slowest[CS_LANE_GATE].until_ns, INT64_MAX},
        {&q.guard.replies, -1},
        {&q.guard.replies, INT64_MAX},
        {&q.guard.replied_ns, latest + 1},
        {&q.guard.extra_ns, -1},
        {&q.guard.extra_ns, INT64_MAX},
        {&q.guard.throttled_ns, latest + 1},
    };
    (void)state;
    assert_int_equal(cs_quota_plausible(&good, latest), 1);
    assert_int_equal(cs_quota_plausible(&(cs_quota){0}, 0), 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        q = good;
        *rows[i].field = rows[i].value;
        assert_int_equal(cs_quota_plausible(&q, latest), 0);
    }
    cs_quota_use_up(&q, START);
    q.count++; /* one more than there is room for, though all before it are in order */
    assert_int_equal(cs_quota_plausible(&q, latest), 0);
}

static void names_its_lanes(void **state)
{
    static const char *const names[] = CS_LANE_NAMES;
    (void)state;
    assert_int_equal(COUNT(names), CS_LANES + 1);
    assert_string_equal(names[CS_LANE_AUDIT], "audit");
    assert_null(names[CS_LANES]);
}

/* ---- lanes ---- */

static void a_waiting_higher_lane_gets_the_next_permit(void **state)
{
    static const enum cs_lane pairs[][2] = {{CS_LANE_GATE, CS_LANE_INTERACTIVE},
                                            {CS_LANE_GATE, CS_LANE_AUDIT},
                                            {CS_LANE_INTERACTIVE, CS_LANE_AUDIT}};
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        enum cs_lane higher = pairs[i][0], lower = pairs[i][1];
        cs_quota q = {0};
        for (int k = 0; k < 10; k++) {
            send_now(&q, &ten, higher, START);
        }
        int64_t due = START + take(&q, &ten, higher, START + CS_MS) + CS_MS;
        assert_int_equal(due, START + 1100 * CS_MS);
        assert_true(take(&q, &ten, lower, due) > 0); /* the higher is late, but waits */
        assert_int_equal(take(&q, &ten, higher, due + 10 * CS_MS), 0);
    }
}

static void a_waiter_that_does_not_come_back_holds_nobody_up(void **state)
{
    cs_quota q = {0};
    (void)state;
    for (int k = 0; k < 10; k++) {
        send_now(&q, &ten, CS_LANE_INTERACTIVE, START);
    }
    int64_t due = START + take(&q, &ten, CS_LANE_GATE, START);
    assert_int_equal(take(&q, &ten, CS_LANE_INTERACTIVE, due), CS_MS);
    assert_int_equal(take(&q, &ten, CS_LANE_INTERACTIVE, due + 249 * CS_MS), CS_MS);
    assert_int_equal(take(&q, &ten, CS_LANE_INTERACTIVE, due + 251 * CS_MS), 0);
}

/* Callers that always want a permit, in this order whenever two want one at the same time; the lower
 * the lane, the later they begin. Counts the permits of each, and how long each waited at most. */
enum { CROWD_MAX = 4 };

struct crowd {
    const cs_quota_rule *rules[CROWD_MAX];
    enum cs_lane lanes[CROWD_MAX];
    size_t n;
    int64_t permits[CROWD_MAX], longest_ns[CROWD_MAX];
};

static void run_crowd(struct crowd *c, int64_t for_ns)
{
    cs_quota q = {0};
    int64_t next[CROWD_MAX], since[CROWD_MAX], now = START;
    for (size_t i = 0; i < c->n; i++) {
        next[i] = since[i] = START + (int64_t)c->lanes[i] * CS_MS;
        c->permits[i] = c->longest_ns[i] = 0;
    }
    while (now < START + for_ns) {
        int64_t soonest = INT64_MAX;
        for (size_t i = 0; i < c->n; i++) {
            int64_t permit;
            if (next[i] <= now) {
                int64_t wait =
                    cs_quota_take(&q, c->rules[i], c->lanes[i], 250 * CS_MS, now, &permit);
                next[i] = now + wait;
                if (wait == 0) {
                    cs_quota_sent(&q, permit, now);
                    next[i] = now + 1;
                    c->permits[i]++;
                }
                int64_t waited = now - since[i];
                c->longest_ns[i] = waited > c->longest_ns[i] ? waited : c->longest_ns[i];
                since[i] = wait ? since[i] : now;
            }
            soonest = next[i] < soonest ? next[i] : soonest;
        }
        now = soonest > now ? soonest : now + 1;
    }
}

/* Two lanes that ask at the very moment at which a permit comes free: without a rule for it the one
 * that happens to be first would get all of them. */
static void a_starved_lower_lane_gets_one_permit_and_not_more(void **state)
{
    static const enum cs_lane orders[][2] = {
        {CS_LANE_GATE, CS_LANE_INTERACTIVE},  {CS_LANE_INTERACTIVE, CS_LANE_GATE},
        {CS_LANE_GATE, CS_LANE_AUDIT},        {CS_LANE_AUDIT, CS_LANE_GATE},
        {CS_LANE_INTERACTIVE, CS_LANE_AUDIT}, {CS_LANE_AUDIT, CS_LANE_INTERACTIVE}};
    static const int64_t rates[] = {1, 2, 3, 10, 400};
    (void)state;
    for (size_t i = 0; i < COUNT(orders) * COUNT(rates); i++) {
        const enum cs_lane *order = orders[i % COUNT(orders)];
        cs_quota_rule rule = {.rate = rates[i / COUNT(orders)], .window_ns = CS_SEC};
        struct crowd c = {{&rule, &rule}, {order[0], order[1]}, .n = 2};
        size_t lower = order[0] > order[1] ? 0 : 1, higher = 1 - lower;
        run_crowd(&c, 60 * CS_SEC);
        assert_in_range(c.longest_ns[lower], 1, 4 * CS_SEC);
        assert_in_range(c.permits[lower], 15, 31);
        assert_true(c.permits[lower] + c.permits[higher] >= rule.rate * 60 * 98 / 100);
    }
}

/* Where one permit comes in a while all three starve: they take turns. */
static void those_that_starve_take_turns(void **state)
{
    static const cs_quota_rule slow = {.rate = 1, .window_ns = 10 * CS_SEC};
    struct crowd c = {
        {&slow, &slow, &slow}, {CS_LANE_GATE, CS_LANE_INTERACTIVE, CS_LANE_AUDIT}, .n = 3};
    (void)state;
    run_crowd(&c, 1000 * CS_SEC);
    for (int lane = 0; lane < CS_LANES; lane++) {
        assert_in_range(c.longest_ns[lane], 1, 41 * CS_SEC);
        assert_in_range(c.permits[lane], 25, 50);
    }
}

static void no_lane_starves_among_three(void **state)
{
    struct crowd c = {
        {&ten, &ten, &ten}, {CS_LANE_GATE, CS_LANE_INTERACTIVE, CS_LANE_AUDIT}, .n = 3};
    (void)state;
    run_crowd(&c, 120 * CS_SEC);
    assert_in_range(c.longest_ns[CS_LANE_AUDIT], 1, 5 * CS_SEC);
    assert_in_range(c.longest_ns[CS_LANE_INTERACTIVE], 1, 5 * CS_SEC);
    assert_true(c.permits[CS_LANE_GATE] > 8 * c.permits[CS_LANE_INTERACTIVE]);
    assert_true(c.permits[CS_LANE_GATE] > 8 * c.permits[CS_LANE_AUDIT]);
}

/* A caller that may have two permits a second waits for a second in which nobody else has more than
 * one, which never came beside a caller that takes ten: 59 of 60 seconds without a permit. */
static void a_lower_rate_does_not_starve_beside_a_higher_one(void **state)
{
    static const enum cs_lane lanes[] = {CS_LANE_GATE, CS_LANE_INTERACTIVE, CS_LANE_AUDIT};
    static const int64_t rates[] = {1, 2, 5, 9};
    (void)state;
    for (size_t i = 0; i < COUNT(rates) * CS_LANES * CS_LANES; i++) {
        const cs_quota_rule slow = {rates[i / CS_LANES / CS_LANES], CS_SEC, 100 * CS_MS};
        struct crowd c = {
            {&ten, &slow}, {lanes[i % CS_LANES], lanes[i / CS_LANES % CS_LANES]}, .n = 2};
        run_crowd(&c, 120 * CS_SEC);
        assert_in_range(c.longest_ns[1], 1, 12 * CS_SEC);
        assert_in_range(c.longest_ns[0], 1, 3 * CS_SEC);
        /* a lane above the other keeps it waiting, as ever */
        assert_true(c.lanes[1] < c.lanes[0] || c.permits[0] + c.permits[1] >= 120 * 10 * 10 / 11);
    }
}

static void of_several_that_are_slow_each_gets_its_turn(void **state)
{
    static const cs_quota_rule two = {.rate = 2, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS},
                               five = {.rate = 5, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS};
    struct crowd c = {{&ten, &five, &two, &two},
                      {CS_LANE_INTERACTIVE, CS_LANE_INTERACTIVE, CS_LANE_GATE, CS_LANE_AUDIT},
                      .n = 4};
    (void)state;
    run_crowd(&c, 600 * CS_SEC);
    assert_in_range(c.longest_ns[0], 1, 5 * CS_SEC);
    for (size_t i = 1; i < c.n; i++) {
        assert_in_range(c.longest_ns[i], 1, 25 * CS_SEC);
    }
}

static void the_slowest_of_a_lane_gets_its_turn(void **state)
{
    static const cs_quota_rule two = {.rate = 2, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS},
                               five = {.rate = 5, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS};
    struct crowd c = {{&ten, &five, &two}, {CS_LANE_AUDIT, CS_LANE_AUDIT, CS_LANE_AUDIT}, .n = 3};
    (void)state;
    run_crowd(&c, 120 * CS_SEC);
    assert_in_range(c.longest_ns[1], 1, 12 * CS_SEC);
    assert_in_range(c.longest_ns[2], 1, 12 * CS_SEC);
}

/* Where a faster one waits in the same lane, and was there before. */
static void who_is_slower_takes_the_place_of_the_slowest(void **state)
{
    const cs_quota_rule two = {.rate = 2, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS},
                        five = {.rate = 5, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS};
    cs_quota q = {0};
    int64_t now = START;
    (void)state;
    for (; now < START + 10625 * CS_MS; now += 125 * CS_MS) {
        send_now(&q, &ten, CS_LANE_INTERACTIVE, now);
        if (now >= START + 625 * CS_MS) { /* too many have left by now for both */
            assert_true(take(&q, &five, CS_LANE_INTERACTIVE, now) > 0);
            assert_true(take(&q, &two, CS_LANE_INTERACTIVE, now) > 0);
        }
    }
    int64_t due = now + take(&q, &two, CS_LANE_INTERACTIVE, now);
    assert_int_equal(now + take(&q, &ten, CS_LANE_INTERACTIVE, now), due + CS_MS);
}

static void a_slow_waiter_that_does_not_come_back_holds_nobody_up(void **state)
{
    const cs_quota_rule two = {.rate = 2, .window_ns = CS_SEC, .guard_ns = 100 * CS_MS};
    cs_quota q = {0};
    int64_t now = START;
    (void)state;
    /* never fewer than eight within 1.1 s: the slow one waits from the second round on */
    for (; now < START + 10125 * CS_MS; now += 125 * CS_MS) {
        send_now(&q, &ten, CS_LANE_INTERACTIVE, now);
        take(&q, &two, CS_LANE_INTERACTIVE, now);
    }
    int64_t due = now + take(&q, &two, CS_LANE_INTERACTIVE, now);
    assert_int_equal(now + take(&q, &ten, CS_LANE_INTERACTIVE, now), due + CS_MS);
    assert_int_equal(take(&q, &ten, CS_LANE_INTERACTIVE, due + 250 * CS_MS), CS_MS);
    assert_int_equal(take(&q, &ten, CS_LANE_INTERACTIVE, due + 250 * CS_MS + 1), 0);
}

/* Who waits for a window of a minute, and dies, once kept the lanes below from sending for as long. */
static void a_longer_window_of_another_holds_nobody_up(void **state)
{
    static const cs_quota_rule minute = {.rate = 1, .window_ns = 60 * CS_SEC};
    (void)state;
    for (int lane = 0; lane < CS_LANES; lane++) {
        cs_quota q = {0};
        send_now(&q, &ten, CS_LANE_INTERACTIVE, START);
        assert_true(take(&q, &minute, (enum cs_lane)lane, START + CS_MS) > 59 * CS_SEC);
        for (int64_t s = 1; s < 58; s++) {
            send_now(&q, &ten, CS_LANE_AUDIT, START + s * CS_SEC);
        }
    }
}

/* Audit that takes all it can, and a gate that asks now and then: two permits are always free. */
static void audit_leaves_two_permits_free_while_a_higher_lane_asks(void **state)
{
    static const enum cs_lane higher[] = {CS_LANE_GATE, CS_LANE_INTERACTIVE};
    (void)state;
    for (size_t i = 0; i < COUNT(higher); i++) {
        cs_quota q = {0};
        send_now(&q, &ten, higher[i], START);
        int64_t now = START + 3 * CS_SEC;
        for (int k = 0; k < 8; k++) {
            send_now(&q, &ten, CS_LANE_AUDIT, now + k);
        }
        assert_int_equal(take(&q, &ten, CS_LANE_AUDIT, now + 8), 1100 * CS_MS - 8);
        send_now(&q, &ten, higher[i], now + 500 * CS_MS); /* there they are */
        send_now(&q, &ten, higher[i], now + 500 * CS_MS);
        assert_int_equal(take(&q, &ten, higher[i], now + 500 * CS_MS), 600 * CS_MS);
    }
}

static void audit_uses_all_permits_once_no_higher_lane_has_asked_for_ten_seconds(void **state)
{
    static const struct {
        int64_t after_ns;
        int permits;
    } rows[] = {{10 * CS_SEC - 11, 8}, {10 * CS_SEC, 10}, {60 * CS_SEC, 10}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_quota q = {0};
        int64_t now = START + rows[i].after_ns;
        int permits = 0;
        send_now(&q, &ten, CS_LANE_INTERACTIVE, START);
        while (take(&q, &ten, CS_LANE_AUDIT, now + permits) == 0) {
            permits++;
        }
        assert_int_equal(permits, rows[i].permits);
    }
}

/* With a long window, waiting for it is not starving: the two stay free. */
static void audit_that_waits_for_its_window_is_not_starved(void **state)
{
    const cs_quota_rule minute = {.rate = 10, .window_ns = 60 * CS_SEC, .guard_ns = CS_SEC};
    cs_quota q = {0};
    (void)state;
    send_now(&q, &minute, CS_LANE_GATE, START);
    for (int k = 0; k < 7; k++) {
        send_now(&q, &minute, CS_LANE_AUDIT, START + k);
    }
    for (int64_t s = 1; s < 10; s++) {
        assert_true(take(&q, &minute, CS_LANE_AUDIT, START + s * CS_SEC) > 0);
    }
    send_now(&q, &minute, CS_LANE_GATE, START + 10 * CS_SEC);
    send_now(&q, &minute, CS_LANE_GATE, START + 10 * CS_SEC);
}

static void a_rate_of_one_or_two_keeps_nothing_free(void **state)
{
    (void)state;
    for (int64_t rate = 1; rate <= 3; rate++) {
        cs_quota_rule rule = {.rate = rate, .window_ns = CS_SEC, .guard_ns = 0};
        cs_quota q = {0};
        int64_t permits = 0, now = START + 3 * CS_SEC;
        send_now(&q, &rule, CS_LANE_GATE, START);
        while (take(&q, &rule, CS_LANE_AUDIT, now + permits) == 0) {
            permits++;
        }
        assert_int_equal(permits, rate == 3 ? 1 : rate);
    }
}

/* ---- the property ---- */

enum { CALLERS = 40, SENT_MAX = 1 << 20 };

enum doing { IDLE, WAITS, HOLDS, LEFT };

struct caller {
    enum doing doing;
    enum cs_lane lane;
    int64_t permit, granted_ns, next_ns;
};

struct world {
    cs_quota q;
    cs_quota_rule rule;
    uint64_t random;
    struct caller callers[CALLERS];
    int64_t *sent;
    size_t sent_n, demands, deaths, given_back, pauses, late;
};

/* splitmix64 */
static uint64_t roll(struct world *w, uint64_t sides)
{
    uint64_t z = w->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % sides;
}

static int64_t pick_hold(struct world *w)
{
    static const int64_t holds[] = {0, 1, 777, 250 * CS_MS, 250 * CS_MS, 500 * CS_MS, 2 * CS_SEC};
    return holds[roll(w, COUNT(holds))];
}

static void ask(struct world *w, struct caller *c, int64_t now)
{
    /* a caller who was held up between looking at the clock and asking */
    int64_t looked = roll(w, 16) ? now : now - (int64_t)roll(w, (uint64_t)(3 * w->rule.window_ns));
    int64_t wait = cs_quota_take(&w->q, &w->rule, c->lane, pick_hold(w), looked, &c->permit);
    assert_true(wait >= 0);
    w->demands++;
    if (wait == 0) {
        assert_true(c->permit >= looked);
        for (size_t i = 0; i < CALLERS; i++) { /* nobody else holds this permit */
            const struct caller *other = &w->callers[i];
            assert_false(other != c && other->doing == HOLDS && other->permit == c->permit);
        }
        c->doing = HOLDS;
        c->granted_ns = now;
        int64_t left_ns = c->permit > now ? c->permit - now : 0;
        c->next_ns = now + (int64_t)roll(w, (uint64_t)left_ns + 2);
        return;
    }
    c->doing = WAITS;
    /* exactly when told, too early, or too late */
    c->next_ns =
        now + wait + (int64_t)(roll(w, 8) ? 0 : roll(w, 400 * CS_MS)) - (roll(w, 8) ? 0 : wait / 2);
}

static void act(struct world *w, struct caller *c, int64_t now)
{
    if (c->doing != HOLDS && c->doing != LEFT) {
        ask(w, c, now);
        return;
    }
    int tells = c->doing == LEFT;
    c->doing = IDLE;
    c->next_ns = now + (int64_t)roll(w, (uint64_t)(2 * w->rule.window_ns));
    if (tells) {
        cs_quota_sent(&w->q, c->permit, now);
        return;
    }
    switch (roll(w, 10)) {
    case 0: /* dies: never heard of again; a new one takes its place. Did its call leave? */
        w->deaths++;
        if (now <= c->permit && roll(w, 2)) {
            w->sent[w->sent_n++] = now;
        }
        break;
    case 1:
        w->given_back++;
        cs_quota_return(&w->q, c->permit);
        break;
    default:
        if (now > c->permit) { /* too late: not sent, given back */
            w->late++;
            cs_quota_return(&w->q, c->permit);
        } else {
            w->sent[w->sent_n++] = now;
            if (roll(w, 4)) {
                cs_quota_sent(&w->q, c->permit, now);
            } else { /* held up before it can tell: its permit may be over by then */
                c->doing = LEFT;
                c->next_ns = now + (int64_t)roll(w, (uint64_t)CS_SEC);
            }
            cs_guard_replied(&w->q.guard, now, now + (int64_t)roll(w, 80 * CS_MS));
        }
    }
    if (roll(w, 500) == 0) {
        w->pauses++;
        cs_quota_pause(&w->q, now + (int64_t)roll(w, (uint64_t)(3 * CS_SEC)));
        cs_guard_throttled(&w->q.guard, now);
    }
}

/* Its times ascend, and no booking lies further ahead than the longest hold, with a step for each
 * that wanted the same time. */
static void check_state(const cs_quota *q, int64_t now_ns)
{
    assert_int_equal(cs_quota_plausible(q, now_ns + 3 * CS_SEC), 1);
}

/* Calls are noted as they leave, so in the order of time: of any rate + 1 in a row the last leaves
 * more than a window, and the guard, after the first. */
static void check_windows(const struct world *w)
{
    size_t rate = (size_t)w->rule.rate;
    int64_t guard_ns = w->rule.guard_ns == CS_GUARD_ADAPTS ? 20 * CS_MS : w->rule.guard_ns;
    for (size_t i = rate; i < w->sent_n; i++) {
        assert_true(w->sent[i] >= w->sent[i - 1]);
        assert_true(w->sent[i] - w->sent[i - rate] >= w->rule.window_ns + guard_ns);
    }
}

static void run_world(struct world *w, size_t demands)
{
    for (size_t i = 0; i < CALLERS; i++) {
        w->callers[i].lane = (enum cs_lane)roll(w, CS_LANES);
        w->callers[i].next_ns = START + (int64_t)roll(w, (uint64_t)CS_SEC);
    }
    while (w->demands < demands && w->sent_n < SENT_MAX) {
        struct caller *next = &w->callers[0];
        for (size_t i = 1; i < CALLERS; i++) {
            next = w->callers[i].next_ns < next->next_ns ? &w->callers[i] : next;
        }
        int64_t now = next->next_ns;
        act(w, next, now);
        if (w->demands % 64 == 0) {
            check_state(&w->q, now);
        }
    }
    check_windows(w);
}

static void never_permits_more_than_the_rate_in_any_window(void **state)
{
    static const struct {
        cs_quota_rule rule;
        size_t demands;
    } rows[] = {
        {{1, CS_SEC, 100 * CS_MS}, 100000},       {{2, CS_SEC, 0}, 100000},
        {{3, CS_SEC, 20 * CS_MS}, 100000},        {{10, CS_SEC, 100 * CS_MS}, 200000},
        {{10, CS_SEC, CS_GUARD_ADAPTS}, 1000000}, {{10, 60 * CS_SEC, CS_SEC}, 100000},
        {{400, CS_SEC, 100 * CS_MS}, 200000},     {{399, 100 * CS_MS, 1}, 100000},
        {{400, 10 * CS_MS, 0}, 100000},           {{10, 1, 0}, 50000},
    };
    int64_t *sent = (int64_t *)malloc(SENT_MAX * sizeof *sent);
    (void)state;
    assert_non_null(sent);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w = {.rule = rows[i].rule, .random = 20261124 + i, .sent = sent};
        run_world(&w, rows[i].demands);
        assert_true(w.demands >= rows[i].demands); /* and all of it has happened */
        assert_true(w.sent_n > 100 && w.deaths > 10 && w.given_back > 10 && w.pauses > 0);
        assert_true(w.late > 0 || rows[i].rule.window_ns < CS_MS);
    }
    free(sent);
}

/* Callers that come when they were told and send at once lose nothing. */
static void uses_what_it_may_under_saturation(void **state)
{
    static const int64_t rates[] = {1, 2, 3, 10, 400};
    (void)state;
    for (size_t i = 0; i < COUNT(rates) * CS_LANES; i++) {
        cs_quota_rule rule = {rates[i / CS_LANES], CS_SEC, 100 * CS_MS};
        struct crowd c = {{&rule}, {(enum cs_lane)(i % CS_LANES)}, .n = 1};
        run_crowd(&c, 300 * CS_SEC);
        int64_t most = rule.rate * 300 * CS_SEC / (rule.window_ns + rule.guard_ns);
        assert_in_range(c.permits[0], most * 99 / 100, most + rule.rate);
    }
}

/* ---- at the server's door ---- */

enum { MINUTE_CALLS = 1000 };

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sends whenever it may for a minute. A call takes 0 to 80 ms to the door, and its reply 5 back: the
 * replies are told to the quota as they come. */
static size_t send_for_a_minute(struct world *w, int64_t *arrivals)
{
    int64_t replies[MINUTE_CALLS][2]; /* sent, first byte */
    size_t n = 0, replied = 0;
    for (int64_t now = START; now < START + 60 * CS_SEC;) {
        for (; replied < n && replies[replied][1] <= now; replied++) { /* nearly in this order */
            cs_guard_replied(&w->q.guard, replies[replied][0], replies[replied][1]);
        }
        int64_t permit;
        int64_t wait = cs_quota_take(&w->q, &w->rule, CS_LANE_AUDIT, 250 * CS_MS, now, &permit);
        if (wait == 0) {
            cs_quota_sent(&w->q, permit, now);
            arrivals[n] = now + (int64_t)roll(w, 80 * CS_MS);
            replies[n][0] = now;
            replies[n][1] = arrivals[n] + 5 * CS_MS;
            n++;
        }
        now += wait ? wait : 100000;
    }
    qsort(arrivals, n, sizeof *arrivals, by_time);
    return n;
}

static void holds_at_the_door_where_travel_times_differ_from_the_first_call_on(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world w = {.rule = {10, CS_SEC, CS_GUARD_ADAPTS}, .random = seed};
        int64_t arrivals[MINUTE_CALLS];
        size_t n = send_for_a_minute(&w, arrivals);
        assert_in_range(n, 60 * 85 / 10, MINUTE_CALLS);
        for (size_t i = 10; i < n; i++) {
            assert_true(arrivals[i] - arrivals[i - 10] >= CS_SEC);
        }
    }
}

/* ---- for people ---- */

static void a_look_takes_nothing(void **state)
{
    const cs_quota_rule adapts = {.rate = 10, .window_ns = CS_SEC, .guard_ns = CS_GUARD_ADAPTS};
    cs_quota q = {0};
    cs_quota_view view;
    (void)state;
    for (int i = 0; i < 3; i++) {
        send_now(&q, &ten, CS_LANE_INTERACTIVE, START + i);
    }
    assert_int_equal(take(&q, &ten, CS_LANE_AUDIT, START), 0); /* booked, not sent */
    cs_quota before = q;
    cs_quota_look(&q, &adapts, START + 3, &view);
    assert_memory_equal(&before, &q, sizeof q);
    assert_int_equal(view.rate, 10);
    assert_int_equal(view.free, 6);
    assert_int_equal(view.guard_ns, 100 * CS_MS);
    assert_int_equal(view.paused_ns, 0);
    cs_quota_look(&q, &ten, START + 1100 * CS_MS + 1, &view);
    assert_int_equal(view.free, 8);
    const cs_quota_rule one = {.rate = 1, .window_ns = CS_SEC, .guard_ns = 0};
    cs_quota_look(&q, &one, START + 3, &view);
    assert_int_equal(view.free, 0);
    cs_quota_pause(&q, START + 5 * CS_SEC);
    cs_quota_look(&q, &ten, START + 2 * CS_SEC, &view);
    assert_int_equal(view.free, 0);
    assert_int_equal(view.paused_ns, 3 * CS_SEC);
    cs_quota_look(&q, &ten, START + 5 * CS_SEC, &view);
    assert_int_equal(view.free, 10);
    assert_int_equal(view.paused_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_the_rate_at_once_and_then_after_window_and_guard),
        cmocka_unit_test(books_late_and_corrects_early),
        cmocka_unit_test(a_call_that_left_late_is_booked_late),
        cmocka_unit_test(a_permit_given_back_is_free_at_once),
        cmocka_unit_test(permits_are_unique_and_exact_as_doubles),
        cmocka_unit_test(a_pause_holds_for_every_lane_and_never_gets_shorter),
        cmocka_unit_test(a_clock_that_steps_back_gives_no_credit),
        cmocka_unit_test(the_guard_adapts_where_the_rule_says_so),
        cmocka_unit_test(a_state_used_up_permits_nothing_for_a_window_and_then_the_rate),
        cmocka_unit_test(a_state_that_cannot_be_is_not_plausible),
        cmocka_unit_test(names_its_lanes),
        cmocka_unit_test(a_waiting_higher_lane_gets_the_next_permit),
        cmocka_unit_test(a_waiter_that_does_not_come_back_holds_nobody_up),
        cmocka_unit_test(a_starved_lower_lane_gets_one_permit_and_not_more),
        cmocka_unit_test(no_lane_starves_among_three),
        cmocka_unit_test(those_that_starve_take_turns),
        cmocka_unit_test(a_lower_rate_does_not_starve_beside_a_higher_one),
        cmocka_unit_test(of_several_that_are_slow_each_gets_its_turn),
        cmocka_unit_test(the_slowest_of_a_lane_gets_its_turn),
        cmocka_unit_test(who_is_slower_takes_the_place_of_the_slowest),
        cmocka_unit_test(a_slow_waiter_that_does_not_come_back_holds_nobody_up),
        cmocka_unit_test(a_longer_window_of_another_holds_nobody_up),
        cmocka_unit_test(audit_leaves_two_permits_free_while_a_higher_lane_asks),
        cmocka_unit_test(audit_uses_all_permits_once_no_higher_lane_has_asked_for_ten_seconds),
        cmocka_unit_test(audit_that_waits_for_its_window_is_not_starved),
        cmocka_unit_test(a_rate_of_one_or_two_keeps_nothing_free),
        cmocka_unit_test(never_permits_more_than_the_rate_in_any_window),
        cmocka_unit_test(uses_what_it_may_under_saturation),
        cmocka_unit_test(a_look_takes_nothing),
        cmocka_unit_test(holds_at_the_door_where_travel_times_differ_from_the_first_call_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
