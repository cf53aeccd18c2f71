/* Where the company stands: points come from lower bounds, silence counts nothing, and the axes are means of what is measured. */
#include "unit.h"

#include "base/clock.h"
#include "measure/participation.h"
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

/* Days before now, newest month last. */
static void who_takes_part_is_counted_in_the_months_in_which_they_came(void **state)
{
	const int64_t now_ms = 400 * (int64_t)MS_A_DAY;
	enum { RATED = 3, VOTED = 5, OTHER = 7 };
	const struct participation_events events = {.items = {{RATED, 1 << PART_ANSWERED}, {VOTED, 1 << PART_VOTED}}, .n = 2};
	struct customer_row items[] = {
		{.time_ms = now_ms - 380 * (int64_t)MS_A_DAY, .name = RATED}, /* More than twelve months ago. */
		{.time_ms = now_ms - 100 * (int64_t)MS_A_DAY, .name = OTHER}, {.time_ms = now_ms - 45 * (int64_t)MS_A_DAY, .name = VOTED},
		{.time_ms = now_ms - 40 * (int64_t)MS_A_DAY, .name = RATED}, {.time_ms = now_ms + 5, .name = OTHER}};
	const struct customer_rows rows = {.items = items, .n = sizeof items / sizeof *items, .customers_n = 2};
	struct participation own;
	(void)state;
	participation_of(&own, &rows, &events, 1u << 11 | 1u << 4, now_ms); /* Said something this month, and seven months ago without coming. */
	assert_int_equal(own.came, 1u << 8 | 1u << 10 | 1u << 11);
	assert_int_equal(own.ways[PART_ANSWERED], 1u << 10);
	assert_int_equal(own.ways[PART_VOTED], 1u << 10);
	assert_int_equal(participation_took(&own), 1u << 10 | 1u << 11);
}

static void a_month_ends_where_the_next_begins(void **state)
{
	const int64_t now_ms = 1000 * MS_A_MONTH;
	(void)state;
	assert_int_equal(participation_month(now_ms, now_ms), PARTICIPATION_MONTHS - 1);
	assert_int_equal(participation_month(now_ms, now_ms - MS_A_MONTH + 1), PARTICIPATION_MONTHS - 1);
	assert_int_equal(participation_month(now_ms, now_ms - MS_A_MONTH), PARTICIPATION_MONTHS - 2);
	assert_int_equal(participation_month(now_ms, now_ms - 12 * MS_A_MONTH + 1), 0);
	assert_int_equal(participation_month(now_ms, now_ms - 12 * MS_A_MONTH), PARTICIPATION_MONTHS);
	assert_int_equal(participation_month(now_ms, now_ms + MS_A_MONTH), PARTICIPATION_MONTHS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_point_is_the_lower_bound_over_the_aim),
		cmocka_unit_test(few_customers_earn_less_than_many_with_the_same_share),
		cmocka_unit_test(an_axis_is_the_mean_of_its_measured_parts),
		cmocka_unit_test(who_takes_part_is_counted_in_the_months_in_which_they_came),
		cmocka_unit_test(a_month_ends_where_the_next_begins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
