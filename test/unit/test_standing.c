/* Where the company stands: points come from lower bounds, silence counts nothing, and the axes are means of what is measured. */
#include "unit.h"

#include "measure/standing.h"

#include <math.h>

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static void a_point_is_the_lower_bound_over_the_aim(void **state)
{
	struct share none = share_of(0, 0), all = share_of(1000, 1000), half = share_of(500, 1000);
	(void)state;
	assert_near(score_point(SCORE_OPT_IN, &none), 0);
	assert_near(score_point(SCORE_OPT_IN, &all), 1);
	assert_near(score_point(SCORE_OPT_IN, &half), half.low / 0.95);
	assert_true(score_point(SCORE_DESIGN, &half) == 1); /* More than was aimed at is still one point. */
	for (int i = 0; i < SCORE_ITEMS; i++)
		assert_true(score_items[i].aim > 0 && score_items[i].aim <= 1 && score_items[i].title && score_items[i].says && score_items[i].missing);
}

static void few_customers_earn_less_than_many_with_the_same_share(void **state)
{
	struct share few = share_of(8, 10), many = share_of(800, 1000);
	(void)state;
	assert_true(score_point(SCORE_SAME, &few) < score_point(SCORE_SAME, &many));
}

static void an_axis_is_the_mean_of_its_measured_parts(void **state)
{
	struct share parts[] = {share_of(1, 4), share_of(0, 0), share_of(3, 4)};
	(void)state;
	assert_near(axis_mean(parts, 3), 0.5);
	assert_true(isnan(axis_mean(&parts[1], 1)));
	assert_int_equal(quarter_of(0.2, 0.2), 1);
	assert_int_equal(quarter_of(0.5, 0.2), 2);
	assert_int_equal(quarter_of(0.2, 0.5), 3);
	assert_int_equal(quarter_of(0.9, 0.9), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_point_is_the_lower_bound_over_the_aim),
		cmocka_unit_test(few_customers_earn_less_than_many_with_the_same_share),
		cmocka_unit_test(an_axis_is_the_mean_of_its_measured_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
