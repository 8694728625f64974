/* quota.c - at most `rate` calls in any window, counted where they leave.
 *
 * The rule: a call may leave when the rate-th newest time is window + guard ago. A permit is booked
 * at the latest time at which its call may leave and corrected to the one by which it had left; so
 * of any rate + 1 calls the one granted last leaves at least window + guard after the first of the
 * others, whatever their order. */
#include "certstat.h"

#include <string.h>

#define STARVED_NS  (2 * CS_SEC)  /* a lane that has waited so long goes first */
#define RESERVE_NS  (10 * CS_SEC) /* so long after a higher lane asked the audit lane leaves */
#define RESERVE     2             /* permits of each window free */
#define COMEBACK_NS (250 * CS_MS) /* how late a waiter may come back and still be one */
#define PATIENCE_NS (10 * CS_SEC) /* a slower caller that has waited so long goes first */
#define STEP_NS     1024 /* 2^53 steps reach beyond INT64_MAX: a permit is exact as a double */

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Where `time` belongs: the number of times before it. */
static size_t position(const cs_quota *q, int64_t time)
{
    size_t at = (size_t)q->count;
    while (at > 0 && q->times[at - 1] >= time) {
        at--;
    }
    return at;
}

static void remove_at(cs_quota *q, size_t at)
{
    q->count--;
    memmove(&q->times[at], &q->times[at + 1], ((size_t)q->count - at) * sizeof *q->times);
}

/* Books `time`, or the next free time after it in such steps; returns which. */
static int64_t insert(cs_quota *q, int64_t time, int64_t step_ns)
{
    if (q->count == CS_QUOTA_TIMES) {
        remove_at(q, 0);
    }
    size_t at = position(q, time);
    for (; at < (size_t)q->count && q->times[at] <= time; at++) {
        time += q->times[at] == time ? step_ns : 0;
    }
    memmove(&q->times[at + 1], &q->times[at], ((size_t)q->count - at) * sizeof *q->times);
    q->times[at] = time;
    q->count++;
    return time;
}

static int waits(const cs_quota *q, int lane, int64_t now_ns)
{
    return q->waiting_since_ns[lane] && now_ns <= q->waiting_until_ns[lane];
}

/* A lane that waits longer than its window lasts does so because others take the permits. */
static int starves(const cs_quota *q, const cs_quota_rule *rule, int lane, int64_t now_ns)
{
    return waits(q, lane, now_ns) && now_ns - q->waiting_since_ns[lane] >=
                                         greater(STARVED_NS, rule->window_ns + rule->guard_ns);
}

/* When `other`, which waits, may be given a permit. */
static int64_t due_of(const cs_quota *q, int other)
{
    return q->waiting_until_ns[other] - COMEBACK_NS;
}

/* Whether somebody who waits until `due_ns` is worth waiting for: with a longer window than one's own
 * that may be hours. Bookings usually lie no further ahead than a waiter may come late. */
static int is_near(const cs_quota_rule *rule, int64_t due_ns, int64_t now_ns)
{
    return due_ns - now_ns <= rule->window_ns + rule->guard_ns + COMEBACK_NS;
}

/* Whether `other` gets a permit before `lane` does: those that starve go first, the longest waiting
 * of them before the others; then the higher. For a lower lane nobody waits before it may be given
 * one. */
static int goes_first(const cs_quota *q, const cs_quota_rule *rule, int other, int lane,
                      int64_t now_ns)
{
    int hungry = starves(q, rule, other, now_ns), self = starves(q, rule, lane, now_ns);
    if (!waits(q, other, now_ns) || !is_near(rule, due_of(q, other), now_ns) ||
        (other > lane && due_of(q, other) > now_ns)) {
        return 0;
    }
    if (hungry && self && q->waiting_since_ns[other] != q->waiting_since_ns[lane]) {
        return q->waiting_since_ns[other] < q->waiting_since_ns[lane];
    }
    return hungry != self ? hungry : other < lane;
}

/* Whether the slowest waiter of a lane has waited so long that those who are faster leave it the next
 * permit. */
static int is_out_of_patience(const cs_quota *q, int lane, int64_t now_ns)
{
    const struct cs_quota_waiter *w = &q->slowest[lane];
    return w->rate && now_ns <= w->until_ns && now_ns - w->since_ns >= PATIENCE_NS;
}

/* When a caller that others go before is to ask again; 0: none does. */
static int64_t held_up_until(const cs_quota *q, const cs_quota_rule *rule, int lane, int64_t now_ns)
{
    for (int other = 0; other < CS_LANES; other++) {
        const struct cs_quota_waiter *w = &q->slowest[other];
        int64_t due_ns = w->until_ns - COMEBACK_NS;
        if (w->rate < rule->rate && is_out_of_patience(q, other, now_ns) &&
            is_near(rule, due_ns, now_ns)) {
            return greater(due_ns, now_ns) + CS_MS;
        }
        if (other != lane && goes_first(q, rule, other, lane, now_ns)) {
            return greater(due_of(q, other), now_ns) + CS_MS;
        }
    }
    return 0;
}

static int64_t usable_rate(const cs_quota *q, const cs_quota_rule *rule, int lane, int64_t now_ns)
{
    if (lane == CS_LANE_AUDIT && rule->rate > RESERVE && !starves(q, rule, lane, now_ns)) {
        for (int higher = 0; higher < lane; higher++) {
            if (q->asked_ns[higher] && now_ns - q->asked_ns[higher] < RESERVE_NS) {
                return rule->rate - RESERVE;
            }
        }
    }
    return rule->rate;
}

/* A caller with a lower rate than another waits for a moment in which fewer calls have left, which
 * never comes while that one takes all it may, whatever their lanes. So the slowest of a lane that
 * waits is kept. */
static void note_slowest(struct cs_quota_waiter *w, int64_t rate, int64_t due_ns, int64_t now_ns)
{
    int gone = !w->rate || now_ns > w->until_ns;
    if (gone || rate < w->rate) {
        w->since_ns = now_ns;
        w->rate = rate;
    }
    if (rate == w->rate) {
        w->until_ns = due_ns + COMEBACK_NS;
    }
}

int64_t cs_quota_take(cs_quota *q, const cs_quota_rule *given, enum cs_lane who, int64_t hold_ns,
                      int64_t now_ns, int64_t *permit)
{
    int lane = (int)who;
    cs_quota_rule rule = *given;
    if (rule.guard_ns == CS_GUARD_ADAPTS) {
        rule.guard_ns = cs_guard_ns(&q->guard, now_ns);
    }
    int64_t rate = usable_rate(q, &rule, lane, now_ns);
    int64_t due = greater(q->paused_until_ns, held_up_until(q, &rule, lane, now_ns));
    if (q->count >= rate) {
        due = greater(due, q->times[q->count - rate] + rule.window_ns + rule.guard_ns);
    }
    q->asked_ns[lane] = now_ns;
    if (now_ns < due) {
        if (!waits(q, lane, now_ns)) {
            q->waiting_since_ns[lane] = now_ns;
        }
        q->waiting_until_ns[lane] = due + COMEBACK_NS;
        note_slowest(&q->slowest[lane], rule.rate, due, now_ns);
        return due - now_ns;
    }
    q->waiting_since_ns[lane] = 0;
    if (q->slowest[lane].rate == rule.rate) {
        q->slowest[lane].rate = 0;
    }
    *permit = insert(q, (now_ns + hold_ns + STEP_NS - 1) / STEP_NS * STEP_NS, STEP_NS);
    return 0;
}

void cs_quota_look(const cs_quota *q, const cs_quota_rule *rule, int64_t now_ns, cs_quota_view *out)
{
    int64_t guard_ns =
        rule->guard_ns == CS_GUARD_ADAPTS ? cs_guard_ns(&q->guard, now_ns) : rule->guard_ns;
    int64_t taken = 0;
    for (int64_t i = 0; i < q->count; i++) {
        taken += q->times[i] + rule->window_ns + guard_ns > now_ns;
    }
    *out = (cs_quota_view){
        .rate = rule->rate,
        .free = now_ns < q->paused_until_ns ? 0 : greater(rule->rate - taken, 0),
        .guard_ns = guard_ns,
        .paused_ns = greater(q->paused_until_ns - now_ns, 0),
    };
}

/* The index of a booking, or count where there is none. */
static size_t find(const cs_quota *q, int64_t permit)
{
    size_t at = position(q, permit);
    return at < (size_t)q->count && q->times[at] == permit ? at : (size_t)q->count;
}

void cs_quota_sent(cs_quota *q, int64_t permit, int64_t left_ns)
{
    size_t at = find(q, permit);
    if (at < (size_t)q->count) {
        remove_at(q, at);
        insert(q, left_ns, 1);
    }
}

void cs_quota_return(cs_quota *q, int64_t permit)
{
    size_t at = find(q, permit);
    if (at < (size_t)q->count) {
        remove_at(q, at);
    }
}

void cs_quota_pause(cs_quota *q, int64_t until_ns)
{
    q->paused_until_ns = greater(q->paused_until_ns, until_ns);
}

void cs_quota_use_up(cs_quota *q, int64_t at_ns)
{
    *q = (cs_quota){.count = CS_QUOTA_TIMES};
    for (int64_t i = 0; i < CS_QUOTA_TIMES; i++) {
        q->times[i] = at_ns - (CS_QUOTA_TIMES - 1) + i;
    }
}

/* More than retries can have taken beyond what the budget had; a limit for damaged states alone. */
#define DEBT INT64_C(1000000000)

static int within(int64_t number, int64_t most)
{
    return number >= 0 && number <= most;
}

int cs_quota_plausible(const cs_quota *q, int64_t latest_ns)
{
    int fine = within(q->count, CS_QUOTA_TIMES) && within(q->paused_until_ns, latest_ns) &&
               within(q->budget.at_ns, latest_ns) && q->budget.milli >= -DEBT &&
               q->budget.milli <= CS_BUDGET_MAX && within(q->guard.replies, INT64_MAX - 1) &&
               within(q->guard.replied_ns, latest_ns) && within(q->guard.extra_ns, CS_SEC) &&
               within(q->guard.throttled_ns, latest_ns);
    for (int64_t i = 0; fine && i < q->count; i++) {
        fine = within(q->times[i], latest_ns) && (i == 0 || q->times[i - 1] < q->times[i]);
    }
    for (int lane = 0; fine && lane < CS_LANES; lane++) {
        fine = within(q->waiting_since_ns[lane], latest_ns) &&
               within(q->asked_ns[lane], latest_ns) &&
               within(q->waiting_until_ns[lane], INT64_MAX / 2) &&
               within(q->slowest[lane].rate, CS_QUOTA_TIMES) &&
               within(q->slowest[lane].since_ns, latest_ns) &&
               within(q->slowest[lane].until_ns, INT64_MAX / 2);
    }
    return fine;
}
