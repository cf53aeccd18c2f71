/* Roads of made-up customers: each signal where it belongs, and nowhere else. */
#include "unit.h"

#include "base/clock.h"
#include "measure/relationship.h"

#include <math.h>
#include <string.h>

enum { NONE, ORDERED, ACTIVATED, FAILED, CALL, ASKED, STARS, OTHER, NAMES };

#define DAY ((int64_t)MS_A_DAY)
#define assert_near(a, b, by) assert_true(fabs((a) - (b)) <= (by))

static const struct promise_rule week = {.within_ms = 7 * DAY, .kept = 0.9};
static const struct price_line call_line = {.event = {"Call", 4}, .channel = -1, .minutes = 6};
static const struct price_line *lines[NAMES * CHANNEL_COUNT];
static const struct price_index priced = {lines, NAMES};

static struct price_list prices_make(void)
{
	struct price_list prices = {.currency = TEXT("EUR"), .lines = &call_line, .n = 1};
	prices.minute[CHANNEL_PHONE] = 100;
	for (unsigned i = 0; i < CHANNEL_COUNT; i++)
		lines[CALL * CHANNEL_COUNT + i] = &call_line;
	return prices;
}

static struct customer_row row(uint32_t customer, int64_t day, uint16_t name, enum channel channel)
{
	return (struct customer_row){.time_ms = day * DAY, .customer = customer, .name = name, .channel = (uint8_t)channel};
}

static struct journey_rule rule_make(void)
{
	return (struct journey_rule){.name = TEXT("card"), .title = TEXT("Card"), .start = TEXT("Ordered"), .goal = TEXT("Activated"), .fails = {TEXT("Failed")},
	                             .fails_n = 1, .asks = {TEXT("Asked")}, .asks_n = 1, .stars = TEXT("Stars"), .gap_ms = 30 * DAY};
}

struct counted {
	unsigned cases[BROKEN_SIGNALS];
	double cost;
};

static void case_count(void *arg, const struct broken_case *found)
{
	struct counted *counted = arg;
	counted->cases[found->kind]++;
	counted->cost += found->cost;
}

static struct broken_spot find(struct customer_row *rows, size_t n, int64_t now_day, struct counted *counted)
{
	struct price_list prices = prices_make();
	struct journey_rule rule = rule_make();
	struct broken_road road = {.rule = &rule, .start = ORDERED, .goal = ACTIVATED, .stars = STARS, .fails = {FAILED}, .asks = {ASKED}, .promise = &week};
	struct broken_question question = {.roads = &road, .roads_n = 1, .prices = &prices, .index = &priced, .from_ms = 0, .to_ms = now_day * DAY,
	                                   .now_ms = now_day * DAY, .each = case_count, .arg = counted};
	struct customer_rows all = {rows, n, 100};
	struct broken_spot spot;
	*counted = (struct counted){0};
	assert_int_equal(broken_find(&spot, &all, &question), 0);
	return spot;
}

static void an_error_and_a_call_is_a_forced_change_that_costs_money(void **state)
{
	struct customer_row rows[] = {row(1, 1, ORDERED, CHANNEL_APP), row(1, 3, FAILED, CHANNEL_APP), row(1, 4, CALL, CHANNEL_PHONE), row(1, 5, ACTIVATED, CHANNEL_PHONE),
	                              row(2, 1, ORDERED, CHANNEL_APP), row(2, 2, CALL, CHANNEL_PHONE), row(2, 3, ACTIVATED, CHANNEL_APP),
	                              row(3, 1, ORDERED, CHANNEL_APP), row(3, 2, FAILED, CHANNEL_APP), row(3, 3, ACTIVATED, CHANNEL_APP), row(3, 4, CALL, CHANNEL_PHONE)};
	struct counted counted;
	struct broken_spot spot = find(rows, sizeof rows / sizeof *rows, 100, &counted);
	(void)state;
	assert_int_equal(spot.customers, 3);
	assert_int_equal(spot.signals[BROKEN_FAILED].share.k, 2);
	assert_int_equal(spot.signals[BROKEN_FORCED].share.k, 1); /* 2 called without an error, 3 after it was done. */
	assert_int_equal(counted.cases[BROKEN_FORCED], 1);
	assert_near(counted.cost, 600, 1e-9);
	assert_int_equal(spot.signals[BROKEN_LEFT].share.k, 0);
}

static void who_is_late_waited_and_who_never_came_left(void **state)
{
	struct customer_row rows[] = {row(1, 1, ORDERED, CHANNEL_APP), row(1, 20, ACTIVATED, CHANNEL_APP), row(2, 1, ORDERED, CHANNEL_APP), row(2, 90, ACTIVATED, CHANNEL_APP),
	                              row(3, 1, ORDERED, CHANNEL_APP), row(3, 2, ACTIVATED, CHANNEL_APP), row(4, 98, ORDERED, CHANNEL_APP)};
	struct counted counted;
	struct broken_spot spot = find(rows, sizeof rows / sizeof *rows, 100, &counted);
	(void)state;
	assert_int_equal(spot.customers, 4);
	assert_int_equal(spot.signals[BROKEN_LEFT].share.k, 1); /* 2: after the gap it was too late. 4 is still on the way. */
	assert_int_equal(spot.signals[BROKEN_LEFT].share.n, 3);
	assert_int_equal(spot.signals[BROKEN_WAITED].share.k, 2);
	assert_int_equal(spot.signals[BROKEN_WAITED].share.n, 3);
	assert_near(spot.signals[BROKEN_WAITED].baseline, 0.1, 1e-9);
}

static void what_is_asked_again_and_low_stars_are_seen(void **state)
{
	struct customer_row rows[] = {row(1, 1, ORDERED, CHANNEL_APP), row(1, 2, ACTIVATED, CHANNEL_APP), row(1, 10, ASKED, CHANNEL_PHONE), row(2, 1, ORDERED, CHANNEL_APP),
	                              row(2, 2, STARS, CHANNEL_APP), row(2, 3, ACTIVATED, CHANNEL_APP), row(3, 1, ORDERED, CHANNEL_APP), row(3, 2, STARS, CHANNEL_APP),
	                              row(3, 3, ACTIVATED, CHANNEL_APP), row(3, 60, ASKED, CHANNEL_PHONE)};
	struct counted counted;
	rows[4].value = 200;
	rows[7].value = 400;
	struct broken_spot spot = find(rows, sizeof rows / sizeof *rows, 100, &counted);
	(void)state;
	assert_int_equal(spot.signals[BROKEN_ASKED].share.k, 1); /* That of 3 came long after. */
	assert_int_equal(spot.signals[BROKEN_STARS].share.k, 1);
}

static void roads_that_overlap_end_in_their_order_and_a_customer_counts_once(void **state)
{
	struct customer_row rows[] = {row(1, 1, ORDERED, CHANNEL_APP), row(1, 2, ORDERED, CHANNEL_APP), row(1, 3, FAILED, CHANNEL_APP), row(1, 4, ACTIVATED, CHANNEL_APP),
	                              row(1, 5, ACTIVATED, CHANNEL_APP)};
	struct counted counted;
	struct broken_spot spot = find(rows, sizeof rows / sizeof *rows, 100, &counted);
	(void)state;
	assert_int_equal(spot.customers, 1);
	assert_int_equal(counted.cases[BROKEN_FAILED], 2);
	assert_int_equal(spot.signals[BROKEN_FAILED].share.k, 1);
	assert_int_equal(spot.signals[BROKEN_LEFT].share.k, 0);
}

static void a_break_is_what_lies_surely_above_the_baseline(void **state)
{
	enum { PEOPLE = 100, BAD = 40 };
	struct customer_row rows[PEOPLE * 3];
	struct counted counted;
	size_t n = 0;
	for (uint32_t i = 1; i <= PEOPLE; i++) {
		rows[n++] = row(i, 1, ORDERED, CHANNEL_APP);
		if (i <= BAD)
			rows[n++] = row(i, 2, FAILED, CHANNEL_APP);
		rows[n++] = row(i, 3, ACTIVATED, CHANNEL_APP);
	}
	struct broken_spot spot = find(rows, n, 100, &counted);
	double low = share_of(BAD, PEOPLE).low;
	(void)state;
	assert_near(spot.signals[BROKEN_FAILED].excess, low, 1e-12);
	assert_near(spot.score, 1 - (1 - BROKEN_HARM * low), 1e-12);
	assert_near(spot.signals[BROKEN_FORCED].excess, 0, 0);
	broken_rank(&spot, 1);
	assert_int_equal(spot.signals[0].kind, BROKEN_FAILED);
}

static void a_relationship_grows_with_contacts_and_falls_with_what_breaks(void **state)
{
	struct price_list prices = prices_make();
	struct journey_rule rule = rule_make();
	struct broken_road road = {.rule = &rule, .start = ORDERED, .goal = ACTIVATED, .stars = STARS, .fails = {FAILED}};
	struct broken_question question = {.roads = &road, .roads_n = 1, .prices = &prices, .index = &priced, .from_ms = 0, .to_ms = 366 * DAY, .now_ms = 365 * DAY};
	struct customer_row rows[200];
	struct relationship good, bad, none;
	size_t n = 0;
	(void)state;
	for (int64_t day = 10; day < 330; day += 4)
		rows[n++] = row(1, day, OTHER, CHANNEL_APP);
	struct customer_rows all = {rows, n, 2}, empty = {rows, 0, 2};
	assert_int_equal(relationship_of(&none, &empty, &question, STARS), 0);
	assert_near(none.strength, 50, 1e-9);
	assert_int_equal(relationship_of(&good, &all, &question, STARS), 0);
	assert_int_equal(good.contact_days, n);
	assert_true(good.strength > 60 && good.course[0].strength < good.strength);
	rows[n++] = row(1, 340, ORDERED, CHANNEL_APP);
	rows[n++] = row(1, 345, FAILED, CHANNEL_APP);
	rows[n++] = row(1, 346, CALL, CHANNEL_PHONE);
	all.n = n;
	assert_int_equal(relationship_of(&bad, &all, &question, STARS), 0);
	assert_true(bad.strength < good.strength - 10);
	assert_int_equal(bad.turns[0].kind, MOMENT_BROKEN);
	assert_int_equal(bad.turns[0].signal, BROKEN_FORCED);
	assert_near(bad.course[RELATIONSHIP_MONTHS - 3].strength, good.course[RELATIONSHIP_MONTHS - 3].strength, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_and_a_call_is_a_forced_change_that_costs_money),
		cmocka_unit_test(who_is_late_waited_and_who_never_came_left),
		cmocka_unit_test(what_is_asked_again_and_low_stars_are_seen),
		cmocka_unit_test(roads_that_overlap_end_in_their_order_and_a_customer_counts_once),
		cmocka_unit_test(a_break_is_what_lies_surely_above_the_baseline),
		cmocka_unit_test(a_relationship_grows_with_contacts_and_falls_with_what_breaks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
