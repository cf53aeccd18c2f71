/* Moves: what they are worth, in which order they come, and what became of what was predicted. */
#include "unit.h"

#include "base/clock.h"
#include "measure/roadmap.h"

#include <math.h>

#define assert_near(a, b, by) assert_true(fabs((a) - (b)) <= (by))

static struct broken_signal signal_of(uint64_t k, uint64_t n, double baseline)
{
	return (struct broken_signal){.measured = true, .share = share_of(k, n), .baseline = baseline};
}

static void opportunity_is_importance_and_what_is_missing(void **state)
{
	(void)state;
	assert_near(roadmap_opportunity(9, 3), 15, 0);
	assert_near(roadmap_opportunity(5, 8), 5, 0);
}

static void a_small_sample_sinks_by_itself(void **state)
{
	struct broken_signal few = signal_of(4, 10, 0.1), many = signal_of(400, 1000, 0.1), none = signal_of(0, 0, 0), fine = signal_of(5, 100, 0.1);
	struct move_gain small = roadmap_gain(&few, DAYS_A_MONTH), large = roadmap_gain(&many, DAYS_A_MONTH);
	(void)state;
	assert_near(small.people, 10 * 0.3 * ROADMAP_RECOVER, 1e-9);
	assert_near(large.people, 1000 * 0.3 * ROADMAP_RECOVER, 1e-9);
	assert_true(small.low / small.people < large.low / large.people);
	assert_true(large.low > 0.9 * large.people && small.low > 0);
	assert_near(roadmap_gain(&none, 30).people, 0, 0);
	assert_near(roadmap_gain(&fine, 30).people, 0, 0); /* Below what is usual. */
}

static void what_must_be_comes_first_then_worth_a_week(void **state)
{
	const struct move_order must = {true, 0, NAN}, good = {false, 10, 1}, slow = {false, 30, 6}, unknown = {false, 100, NAN};
	(void)state;
	assert_true(roadmap_compare(&must, &good) < 0);
	assert_true(roadmap_compare(&good, &slow) < 0);
	assert_true(roadmap_compare(&slow, &unknown) < 0);
	assert_true(roadmap_compare(&unknown, &must) > 0);
	assert_int_equal(roadmap_compare(&good, &good), 0);
}

static void a_prediction_is_hit_when_it_lies_in_the_interval_or_was_outdone(void **state)
{
	struct share after = share_of(20, 100), few = share_of(1, 10);
	(void)state;
	assert_int_equal(roadmap_verdict(&after, 0.25), MOVE_HIT); /* Outdone. */
	assert_int_equal(roadmap_verdict(&after, 0.15), MOVE_HIT);
	assert_int_equal(roadmap_verdict(&after, 0.05), MOVE_MISSED);
	assert_int_equal(roadmap_verdict(&few, 0.05), MOVE_TOO_EARLY);
	assert_int_equal(roadmap_verdict(&after, NAN), MOVE_TOO_EARLY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opportunity_is_importance_and_what_is_missing),
		cmocka_unit_test(a_small_sample_sinks_by_itself),
		cmocka_unit_test(what_must_be_comes_first_then_worth_a_week),
		cmocka_unit_test(a_prediction_is_hit_when_it_lies_in_the_interval_or_was_outdone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
