/* The guard follows what replies take, no faster than they come, within its bounds, and a throttle
 * widens it for a while. */
#include "support/slices.h"

#define START (1000 * CS_SEC)

/* A reply that took so long came then. */
static void reply(cs_guard *g, int64_t now_ns, int64_t took_ns)
{
    cs_guard_replied(g, now_ns - took_ns, now_ns);
}

/* n replies, one each 100 ms from START, evenly from `least` to `most`; returns when the last came. */
static int64_t reply_often(cs_guard *g, int64_t n, int64_t least_ns, int64_t most_ns)
{
    int64_t now = START;
    for (int64_t i = 0; i < n; i++) {
        now += 100 * CS_MS;
        reply(g, now, least_ns + (most_ns - least_ns) * i / (n - 1));
    }
    return now;
}

static void begins_with_100_ms(void **state)
{
    cs_guard g = {0};
    (void)state;
    assert_int_equal(cs_guard_ns(&g, START), 100 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, 0), 100 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, INT64_C(1) << 62), 100 * CS_MS);
}

static void is_the_spread_of_a_hundred_replies_and_10_ms(void **state)
{
    static const struct {
        int64_t least_ms, most_ms, guard_ms;
    } rows[] = {
        {5, 5, 20},    {5, 15, 20},   {5, 16, 21},     {0, 80, 90},    {1000, 1080, 90},
        {0, 240, 250}, {0, 241, 250}, {0, 60000, 250}, {300, 300, 20},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cs_guard g = {0};
        int64_t now = reply_often(&g, 100, rows[i].least_ms * CS_MS, rows[i].most_ms * CS_MS);
        assert_int_equal(cs_guard_ns(&g, now), rows[i].guard_ms * CS_MS);
    }
}

static void shrinks_below_100_ms_once_a_hundred_have_come_and_grows_at_once(void **state)
{
    cs_guard g = {0};
    (void)state;
    int64_t now = reply_often(&g, 99, 5 * CS_MS, 6 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now), 100 * CS_MS);
    reply(&g, now, 5 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now), 20 * CS_MS);
    cs_guard few = {0};
    reply(&few, now, 5 * CS_MS);
    reply(&few, now, 145 * CS_MS);
    assert_int_equal(cs_guard_ns(&few, now), 150 * CS_MS);
}

static void forgets_what_came_before_the_last_hundred(void **state)
{
    cs_guard g = {0};
    (void)state;
    reply(&g, START, 155 * CS_MS);
    int64_t now = reply_often(&g, 99, 5 * CS_MS, 6 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now), 160 * CS_MS);
    reply(&g, now, 5 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now), 20 * CS_MS);
}

static void begins_anew_after_ten_minutes_without_a_reply(void **state)
{
    cs_guard g = {0};
    (void)state;
    int64_t now = reply_often(&g, 100, 0, 200 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now + 600 * CS_SEC), 210 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now + 600 * CS_SEC + 1), 100 * CS_MS);
    reply(&g, now + 600 * CS_SEC + 1, CS_MS);
    assert_int_equal(g.replies, 1);
    assert_int_equal(cs_guard_ns(&g, now + 600 * CS_SEC + 1), 100 * CS_MS);
}

static void takes_odd_times_as_the_nearest_that_can_be(void **state)
{
    cs_guard g = {0};
    (void)state;
    cs_guard_replied(&g, START, START - 1000); /* before it left */
    assert_int_equal(g.reply_us[0], 0);
    cs_guard_replied(&g, 0, 6000 * CS_SEC);
    assert_int_equal(g.reply_us[0], UINT32_MAX);
    reply(&g, START, 1999); /* whole microseconds; and one that comes late does not set time back */
    assert_int_equal(g.reply_us[1], 1);
    assert_int_equal(g.replied_ns, 6000 * CS_SEC);
}

static void a_throttle_doubles_it_and_half_of_that_goes_each_minute(void **state)
{
    cs_guard g = {0};
    (void)state;
    int64_t now = reply_often(&g, 100, 0, 30 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now), 40 * CS_MS);
    cs_guard_throttled(&g, now);
    assert_int_equal(cs_guard_ns(&g, now), 80 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now + 60 * CS_SEC - 1), 80 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now + 60 * CS_SEC), 60 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now + 120 * CS_SEC), 50 * CS_MS);
    assert_int_equal(cs_guard_ns(&g, now + 599 * CS_SEC), 40 * CS_MS + (40 * CS_MS >> 9));
    cs_guard_throttled(&g, now + 60 * CS_SEC);
    assert_int_equal(cs_guard_ns(&g, now + 60 * CS_SEC), 120 * CS_MS);
    /* nor do a hundred years overflow anything */
    assert_int_equal(cs_guard_ns(&g, now + 3155760000 * CS_SEC), 100 * CS_MS);
}

static void throttles_of_one_burst_count_once_and_never_lead_beyond_250_ms(void **state)
{
    cs_guard g = {0};
    (void)state;
    for (int64_t ms = 0; ms < 1000; ms++) {
        cs_guard_throttled(&g, START + ms * CS_MS);
    }
    assert_int_equal(cs_guard_ns(&g, START + CS_SEC), 200 * CS_MS);
    cs_guard_throttled(&g, START - CS_SEC); /* seen late */
    assert_int_equal(cs_guard_ns(&g, START + CS_SEC), 200 * CS_MS);
    for (int64_t s = 1; s < 100; s++) {
        cs_guard_throttled(&g, START + s * CS_SEC);
        assert_int_equal(cs_guard_ns(&g, START + s * CS_SEC), 250 * CS_MS);
    }
    assert_in_range(g.extra_ns, 0, 250 * CS_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_100_ms),
        cmocka_unit_test(is_the_spread_of_a_hundred_replies_and_10_ms),
        cmocka_unit_test(shrinks_below_100_ms_once_a_hundred_have_come_and_grows_at_once),
        cmocka_unit_test(forgets_what_came_before_the_last_hundred),
        cmocka_unit_test(begins_anew_after_ten_minutes_without_a_reply),
        cmocka_unit_test(takes_odd_times_as_the_nearest_that_can_be),
        cmocka_unit_test(a_throttle_doubles_it_and_half_of_that_goes_each_minute),
        cmocka_unit_test(throttles_of_one_burst_count_once_and_never_lead_beyond_250_ms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
