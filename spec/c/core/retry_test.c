/* Retries wait a random time within bounds that no number overflows; and all retries together are
 * paid from one budget, which an outage can't overdraw. */
#include "support/slices.h"

#define START (1000 * CS_SEC)
#define NEVER INT64_MAX

/* ---- back-off ---- */

static void backs_off_evenly_up_to_base_times_two_to_the_attempt(void **state)
{
    static const struct {
        int attempt;
        int64_t base_ns, cap_ns, most_ns;
    } rows[] = {
        {1, 200, 20000, 200},
        {2, 200, 20000, 400},
        {3, 200, 20000, 800},
        {7, 200, 20000, 12800},
        {8, 200, 20000, 20000}, /* the cap, not 25600 */
        {9, 200, 20000, 20000},
        {INT32_MAX, 200, 20000, 20000},
        {0, 200, 20000, 200},
        {-5, 200, 20000, 200},
        {INT32_MIN, 200, 20000, 200},
        {1, 30000, 20000, 20000},
        {1, 0, 0, 0},
        {INT32_MAX, 0, 20000, 0},
        {INT32_MAX, 1, INT64_MAX, INT64_MAX},
        {63, 1, INT64_MAX, INT64_C(1) << 62},
        {64, 1, INT64_MAX, INT64_MAX},
        {INT32_MAX, 1, INT64_MAX - 1, INT64_MAX - 1},
        {2, INT64_MAX, INT64_MAX, INT64_MAX},
        {3, -1, 20000, 0},
        {3, 200, -1, 0},
        {3, INT64_MIN, INT64_MIN, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const uint64_t most = (uint64_t)rows[i].most_ns;
        const uint64_t randoms[] = {0, 1, most / 2, most, most + 1, UINT64_MAX};
        for (size_t k = 0; k < COUNT(randoms); k++) {
            int64_t delay =
                cs_backoff_ns(rows[i].attempt, rows[i].base_ns, rows[i].cap_ns, randoms[k]);
            assert_true(delay >= 0 && delay <= rows[i].most_ns);
            assert_true(randoms[k] > most || (uint64_t)delay == randoms[k]); /* all are reached */
        }
    }
}

/* A thousand draws of the library's kind of random bits fill the range evenly. */
static void spreads_over_the_whole_range(void **state)
{
    int tenths[10] = {0};
    uint64_t random = 1;
    (void)state;
    for (int i = 0; i < 10000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t delay = cs_backoff_ns(3, 250 * CS_MS, 20 * CS_SEC, random >> 7);
        tenths[delay * 10 / (CS_SEC + 1)]++;
    }
    for (size_t i = 0; i < COUNT(tenths); i++) {
        assert_in_range(tenths[i], 900, 1100);
    }
}

/* ---- budget ---- */

static void lets_ten_retries_go_at_once_and_then_a_trickle(void **state)
{
    cs_budget b = {0};
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cs_budget_take(&b, NEVER, START), 0);
    }
    assert_int_equal(cs_budget_take(&b, NEVER, START), 2 * CS_SEC);
    assert_int_equal(cs_budget_take(&b, NEVER, START), 4 * CS_SEC);
    assert_int_equal(cs_budget_take(&b, NEVER, START + CS_SEC), 5 * CS_SEC);
    assert_int_equal(cs_budget_take(&b, NEVER, START + 8 * CS_SEC), 0); /* 2 s each have passed */
    assert_int_equal(cs_budget_take(&b, NEVER, START + 8 * CS_SEC), 2 * CS_SEC);
}

/* What would wait longer than its caller can takes nothing from those that come after it. */
static void a_retry_that_cannot_wait_so_long_takes_nothing(void **state)
{
    cs_budget b = {0};
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cs_budget_take(&b, 0, START), 0);
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(cs_budget_take(&b, 2 * CS_SEC - 1, START), 2 * CS_SEC);
        assert_int_equal(cs_budget_take(&b, -1, START), 2 * CS_SEC);
    }
    assert_int_equal(cs_budget_take(&b, 2 * CS_SEC, START), 2 * CS_SEC);
    assert_int_equal(cs_budget_take(&b, NEVER, START), 4 * CS_SEC);
}

/* Ten calls a second fail for a minute, each able to wait 60 s for its retry: the retries that
 * happen, counted at their times, are the ten at first and one each two seconds, all the way
 * through and after, however many calls gave up. */
static void an_outage_gets_a_bounded_trickle_that_goes_on(void **state)
{
    static int retries[180];
    cs_budget b = {0};
    int sum = 0;
    (void)state;
    for (int i = 0; i < 600; i++) {
        int64_t at = START + i * 100 * CS_MS, wait = cs_budget_take(&b, 60 * CS_SEC, at);
        if (wait <= 60 * CS_SEC) {
            retries[(at + wait - START) / CS_SEC]++;
        }
    }
    for (int s = 0; s < 60; s++) {
        sum += retries[s];
    }
    assert_in_range(sum, 39, 41);
    for (int s = 2; s < 118; s++) { /* never more than one a second, never none in three */
        assert_true(retries[s] <= 1);
        assert_true(retries[s] + retries[s + 1] + retries[s + 2] >= 1);
    }
    /* a call that fails two minutes later finds the budget as it would be had nobody given up */
    assert_int_equal(cs_budget_take(&b, 60 * CS_SEC, START + 120 * CS_SEC), 0);
}

static void is_full_again_after_a_while(void **state)
{
    cs_budget b = {0};
    (void)state;
    for (int i = 0; i < 10; i++) {
        cs_budget_take(&b, NEVER, START);
    }
    for (int64_t after = 20; after <= 2000; after *= 10) {
        cs_budget copy = b;
        int free = 0;
        while (cs_budget_take(&copy, 0, START + after * CS_SEC) == 0) {
            free++;
        }
        assert_int_equal(free, 10); /* ten after 20 s, and no more after 2000 */
    }
    b = (cs_budget){0};
    for (int i = 0; i < 10; i++) {
        cs_budget_take(&b, NEVER, START);
    }
    assert_int_equal(cs_budget_take(&b, 0, START + 2 * CS_SEC - 2 * CS_MS), 2 * CS_MS);
    assert_int_equal(cs_budget_take(&b, 0, START + 2 * CS_SEC), 0);
}

static void ten_successes_pay_for_one_retry(void **state)
{
    cs_budget b = {0};
    (void)state;
    for (int i = 0; i < 10; i++) {
        cs_budget_take(&b, NEVER, START);
    }
    for (int i = 0; i < 9; i++) {
        cs_budget_reward(&b, START);
    }
    assert_int_equal(cs_budget_take(&b, 0, START), 200 * CS_MS);
    cs_budget_reward(&b, START);
    assert_int_equal(cs_budget_take(&b, 0, START), 0);
    for (int i = 0; i < 1000; i++) { /* and never for more than ten */
        cs_budget_reward(&b, START);
        assert_true(b.milli <= CS_BUDGET_MAX);
    }
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cs_budget_take(&b, 0, START), 0);
    }
    assert_int_equal(cs_budget_take(&b, 0, START), 2 * CS_SEC);
}

/* Time that is looked at often is not lost to rounding. */
static void counts_every_nanosecond(void **state)
{
    cs_budget b = {0};
    (void)state;
    for (int i = 0; i < 10; i++) {
        cs_budget_take(&b, NEVER, START);
    }
    for (int64_t at = START; at < START + 2 * CS_SEC; at += 1999999) {
        cs_budget_take(&b, -1, at);
    }
    assert_int_equal(cs_budget_take(&b, 0, START + 2 * CS_SEC), 0);
}

static void a_clock_that_steps_back_gives_and_takes_nothing(void **state)
{
    cs_budget b = {0};
    (void)state;
    for (int i = 0; i < 10; i++) {
        cs_budget_take(&b, NEVER, START);
    }
    assert_int_equal(cs_budget_take(&b, 0, START - 500 * CS_SEC), 2 * CS_SEC);
    assert_int_equal(cs_budget_take(&b, 0, START + CS_SEC), CS_SEC);
    b = (cs_budget){0};
    cs_budget_reward(&b, START);
    assert_int_equal(cs_budget_take(&b, 0, START - 500 * CS_SEC), 0);
    assert_int_equal(b.milli, 9000);
    assert_int_equal(cs_budget_take(&b, 0, INT64_MAX), 0);
    assert_int_equal(b.milli, 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backs_off_evenly_up_to_base_times_two_to_the_attempt),
        cmocka_unit_test(spreads_over_the_whole_range),
        cmocka_unit_test(lets_ten_retries_go_at_once_and_then_a_trickle),
        cmocka_unit_test(a_retry_that_cannot_wait_so_long_takes_nothing),
        cmocka_unit_test(an_outage_gets_a_bounded_trickle_that_goes_on),
        cmocka_unit_test(is_full_again_after_a_while),
        cmocka_unit_test(ten_successes_pay_for_one_retry),
        cmocka_unit_test(counts_every_nanosecond),
        cmocka_unit_test(a_clock_that_steps_back_gives_and_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
