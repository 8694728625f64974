/* engine.c - the queue of one client as a state machine over call ids. A client has some hundred
 * calls at most, so one array is scanned where larger queues would want lists. */
#include "certstat.h"

#define THROTTLES_MAX 20 /* how often one call may be throttled */
#define LATE_MAX      6  /* how often it may miss its permit */

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void cs_engine_init(cs_engine *e, cs_engine_call *calls, size_t capacity,
                    const cs_engine_options *options, uint64_t seed)
{
    *e = (cs_engine){.calls = calls, .capacity = capacity, .random = seed};
    if (options) {
        e->options = *options;
    }
    if (e->options.attempts <= 0) {
        e->options.attempts = 4;
    }
    if (e->options.base_ns <= 0) {
        e->options.base_ns = 200 * CS_MS;
    }
    if (e->options.cap_ns <= 0) {
        e->options.cap_ns = 20 * CS_SEC;
    }
}

/* splitmix64 (Steele, Lea, Flood 2014): jitter needs to differ between processes, not to be secret.
 * Those that were forked with one state differ by the ids of their calls. */
static uint64_t next_random(cs_engine *e, uint64_t id)
{
    uint64_t z = (e->random += UINT64_C(0x9e3779b97f4a7c15)) ^ id;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static cs_engine_call *find(cs_engine *e, uint64_t id)
{
    for (size_t i = 0; i < e->n; i++) {
        if (e->calls[i].id == id) {
            return &e->calls[i];
        }
    }
    return NULL;
}

static void drop(cs_engine *e, cs_engine_call *call)
{
    *call = e->calls[--e->n];
}

int cs_engine_submit(cs_engine *e, uint64_t id, enum cs_lane lane, int64_t deadline_ns,
                     int64_t now_ns, cs_error *error)
{
    if (find(e, id)) {
        return cs_fail(error, CS_ARGUMENT, 0, "a call of this id is on its way already", NULL);
    }
    if (e->n == e->capacity) {
        return cs_fail(error, CS_LIMIT, 0, "too many calls wait at once", NULL);
    }
    if (deadline_ns <= now_ns) {
        return cs_fail(error, CS_DEADLINE, 0, "the call's deadline has passed", NULL);
    }
    e->calls[e->n++] = (cs_engine_call){
        .id = id,
        .order = e->next_order++,
        .deadline_ns = deadline_ns,
        .not_before_ns = now_ns,
        .lane = (int)lane,
    };
    return 0;
}

static int goes_before(const cs_engine_call *a, const cs_engine_call *b)
{
    return a->lane != b->lane ? a->lane < b->lane : a->order < b->order;
}

/* When the quota may be asked for this call's lane again. */
static int64_t blocked_until(const cs_engine *e, const cs_engine_call *call)
{
    return e->blocked_until_ns[call->lane];
}

enum cs_engine_due cs_engine_due(cs_engine *e, int64_t now_ns, cs_engine_call *out)
{
    cs_engine_call *best = NULL;
    for (size_t i = 0; i < e->n; i++) {
        cs_engine_call *call = &e->calls[i];
        if (call->flying) {
            continue;
        }
        if (call->deadline_ns <= now_ns || call->deadline_ns <= blocked_until(e, call)) {
            *out = *call;
            return CS_ENGINE_EXPIRED;
        }
        if (call->not_before_ns <= now_ns && blocked_until(e, call) <= now_ns &&
            (!best || goes_before(call, best))) {
            best = call;
        }
    }
    if (!best) {
        return CS_ENGINE_IDLE;
    }
    *out = *best;
    return CS_ENGINE_PERMIT;
}

size_t cs_engine_waiting(const cs_engine *e, int64_t ahead_ns, int64_t now_ns, uint64_t *first)
{
    const cs_engine_call *best = NULL;
    size_t n = 0;
    for (size_t i = 0; i < e->n; i++) {
        const cs_engine_call *call = &e->calls[i];
        if (!call->flying && call->not_before_ns <= now_ns &&
            blocked_until(e, call) - ahead_ns <= now_ns) {
            best = !best || goes_before(call, best) ? call : best;
            n++;
        }
    }
    *first = best ? best->id : 0;
    return n;
}

int cs_engine_granted(cs_engine *e, uint64_t id)
{
    cs_engine_call *call = find(e, id);
    if (!call || call->flying) {
        return 0;
    }
    call->flying = 1;
    return ++call->attempts + call->throttles;
}

void cs_engine_blocked(cs_engine *e, enum cs_lane lane, int64_t wait_ns, int64_t now_ns)
{
    e->blocked_until_ns[lane] = now_ns + lesser(wait_ns, INT64_MAX - now_ns);
}

void cs_engine_unblocked(cs_engine *e)
{
    for (int lane = 0; lane < CS_LANES; lane++) {
        e->blocked_until_ns[lane] = 0;
    }
}

/* Queues a call again: 1; or drops it, because the wait is beyond its deadline: 0. */
static int requeue(cs_engine *e, cs_engine_call *call, int64_t wait_ns, int64_t now_ns)
{
    if (wait_ns >= call->deadline_ns - now_ns) {
        drop(e, call);
        return 0;
    }
    call->flying = 0;
    call->not_before_ns = now_ns + wait_ns;
    return 1;
}

static int has_attempts(const cs_engine *e, const cs_engine_call *call)
{
    return call->attempts < e->options.attempts;
}

int cs_engine_may_retry(cs_engine *e, uint64_t id)
{
    const cs_engine_call *call = find(e, id);
    return call && call->flying && has_attempts(e, call);
}

enum cs_settlement cs_engine_settle(cs_engine *e, uint64_t id, enum cs_outcome outcome,
                                    int64_t least_wait_ns, int64_t now_ns)
{
    cs_engine_call *call = find(e, id);
    int64_t wait_ns = least_wait_ns > 0 ? least_wait_ns : 0;
    int exhausted = 0;
    if (!call || !call->flying) {
        return CS_SETTLED;
    }
    if (outcome == CS_OUTCOME_DONE || outcome == CS_OUTCOME_FAILED) {
        drop(e, call);
        return CS_SETTLED;
    }
    if (outcome == CS_OUTCOME_RETRY) {
        exhausted = !has_attempts(e, call);
        int64_t delay_ns = cs_backoff_ns(call->attempts, e->options.base_ns, e->options.cap_ns,
                                         next_random(e, id));
        wait_ns = wait_ns > delay_ns ? wait_ns : delay_ns;
    } else if (outcome == CS_OUTCOME_THROTTLED) {
        call->attempts--;
        exhausted = ++call->throttles > THROTTLES_MAX;
    } else if (outcome == CS_OUTCOME_LATE) {
        call->attempts--;
        exhausted = ++call->late > LATE_MAX;
    } else { /* again: the caller sees to it that this ends */
        exhausted = call->attempts > e->options.attempts;
    }
    if (exhausted) {
        drop(e, call);
        return CS_SETTLED_ATTEMPTS;
    }
    return requeue(e, call, wait_ns, now_ns) ? CS_SETTLED_RETRY : CS_SETTLED_DEADLINE;
}

void cs_engine_cancel(cs_engine *e, uint64_t id)
{
    cs_engine_call *call = find(e, id);
    if (call) {
        drop(e, call);
    }
}

int64_t cs_engine_next(const cs_engine *e, int64_t now_ns)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < e->n; i++) {
        const cs_engine_call *call = &e->calls[i];
        if (call->flying) {
            continue;
        }
        int64_t blocked_ns = blocked_until(e, call);
        int64_t at = call->not_before_ns > blocked_ns ? call->not_before_ns : blocked_ns;
        next =
            lesser(next, call->deadline_ns <= blocked_ns ? now_ns : lesser(at, call->deadline_ns));
    }
    if (next == INT64_MAX) {
        return next;
    }
    return next > now_ns ? next - now_ns : 0;
}
