/* Worth: what an event is worth to the cent, ranks with their cuts, the profit curve, needs, give and get, the company's stars. */
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "differentiate/stars.h"
#include "differentiate/worth.h"
#include "random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST                                                                                                              \
	"kind: price-list\nname: p\ncurrency: EUR\nminute: {phone: .90, branch: 1.20}\ncustomer_minute: .20\n"                 \
	"goal: {profit: .25, minutes: 5, learns: [Said]}\nlines:\n"                                                            \
	"  - {event: Bought, margin: 22%, cost: 1.10, gives: 10%}\n  - {event: Called, minutes: 6, wastes: 8}\n"               \
	"  - {event: Paid, income: .45, saves: 18}\n  - {event: Paid, channel: branch, income: .45, minutes: 4}\n---\n"        \
	"kind: need\nname: buy\ntitle: Buy\non: [{event: Bought}]\n---\nkind: need\nname: talk\ntitle: Talk\non: [{event: Called}]\n"

enum { BOUGHT = 1, CALLED, PAID, LOOKED, DAY0 = 400 };

struct world {
	struct config *config;
	struct dictionary *names;
	struct worth_question question;
	struct customer_row rows[4000];
	struct customer_rows table;
};

static void problem(void *arg, const struct config_problem *problem)
{
	(void)arg;
	fail_msg("%u:%u: %s", problem->line, problem->column, problem->message);
}

static int recorded(void *arg, uint32_t number, struct text name)
{
	(void)arg, (void)number, (void)name;
	return 0;
}

static int world_open(void **state)
{
	static const struct config_kind *const kind_list[] = {&price_list_kind, &need_kind};
	static const struct config_kinds kinds = {kind_list, 2};
	static const char *const names[] = {"Bought", "Called", "Paid", "Looked"};
	struct config_file file = {TEXT("f"), text_of(LIST)};
	struct config_version version = {.version = 1, .files = &file, .files_n = 1};
	struct world *world = calloc(1, sizeof *world);
	uint32_t number;
	assert_int_equal(config_build(&world->config, &kinds, &version, problem, NULL), 0);
	world->names = dictionary_new();
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(dictionary_number(world->names, text_of(names[i]), recorded, NULL, &number), 0);
	world->question = (struct worth_question){.from_ms = (int64_t)(DAY0 - 365) * MS_A_DAY, .to_ms = (int64_t)DAY0 * MS_A_DAY,
		.prices = price_list_of(world->config), .needs = needs_of(world->config), .names = world->names};
	world->table.items = world->rows;
	*state = world;
	return 0;
}

static int world_close(void **state)
{
	struct world *world = *state;
	config_free(world->config);
	dictionary_free(world->names);
	free(world);
	return 0;
}

/* Rows are given by customer and time; @days before the end. */
static void happened(struct world *world, uint32_t customer, uint16_t name, enum channel channel, int days, int32_t value)
{
	world->rows[world->table.n++] = (struct customer_row){
		.time_ms = world->question.to_ms - (int64_t)days * MS_A_DAY, .customer = customer, .name = name, .value = value, .channel = (uint8_t)channel};
}

static void make(struct world *world, struct worth *worth)
{
	assert_int_equal(worth_make(worth, &world->table, &world->question), 0);
}

static void an_event_is_worth_what_its_line_says(void **state)
{
	struct world *world = *state;
	const struct price_list *list = world->question.prices;
	struct price_exact bought = price_exact_of(list, price_find(list, TEXT("Bought"), CHANNEL_WEB), CHANNEL_WEB, 1890);
	assert_int_equal(bought.income, 41580); /* 22 % of 18.90 are 4.158. */
	assert_int_equal(bought.cost, 11000);
	assert_int_equal(bought.given, 18900);
	struct price_exact called = price_exact_of(list, price_find(list, TEXT("Called"), CHANNEL_PHONE), CHANNEL_PHONE, 0);
	assert_int_equal(called.cost, 54000); /* Six minutes at .90. */
	assert_int_equal(called.lost, 16000);
	assert_int_equal(called.minutes, 600);
	/* A line of its channel beats the one of any. */
	assert_int_equal(price_exact_of(list, price_find(list, TEXT("Paid"), CHANNEL_BRANCH), CHANNEL_BRANCH, 5000).cost, 48000);
	assert_int_equal(price_exact_of(list, price_find(list, TEXT("Paid"), CHANNEL_APP), CHANNEL_APP, 5000).given, 36000);
	assert_null(price_find(list, TEXT("Looked"), CHANNEL_APP));
}

static void ranks_are_quintiles_with_their_cuts(void **state)
{
	struct world *world = *state;
	struct worth worth;
	/* Customer i bought i times, the last time i days ago, for i each: more often and for more, but longer ago. */
	for (uint32_t customer = 1; customer <= 10; customer++)
		for (uint32_t i = 0; i < customer; i++)
			happened(world, customer, BOUGHT, CHANNEL_WEB, (int)(customer + customer - 1 - i), (int32_t)(customer * 100));
	happened(world, 11, LOOKED, CHANNEL_WEB, 1, 0);
	make(world, &worth);
	assert_int_equal(worth.buyers, 10);
	assert_int_equal(worth.n, 11);
	for (uint32_t customer = 1; customer <= 10; customer++) {
		const struct worth_customer *own = worth_find(&worth, customer);
		assert_int_equal(own->recency_days, customer);
		assert_int_equal(own->frequency, customer);
		assert_int_equal(own->ranks[MEASURE_FREQUENCY], (customer + 1) / 2);
		assert_int_equal(own->ranks[MEASURE_MONEY], (customer + 1) / 2);
		assert_int_equal(own->ranks[MEASURE_RECENCY], 6 - (customer + 1) / 2);
	}
	assert_int_equal(worth_find(&worth, 11)->ranks[MEASURE_MONEY], 0);
	assert_int_equal(worth_find(&worth, 11)->name, NAME_NONE);
	assert_null(worth_find(&worth, 12));
	assert_int_equal(worth.cuts[MEASURE_FREQUENCY][5].low, 9);
	assert_int_equal(worth.cuts[MEASURE_FREQUENCY][5].high, 10);
	assert_int_equal(worth.cuts[MEASURE_RECENCY][5].low, 1);
	assert_int_equal(worth.cuts[MEASURE_RECENCY][5].high, 2);
	assert_int_equal(worth.cuts[MEASURE_MONEY][1].n, 2);
	worth_free(&worth);
}

static void customers_who_are_alike_share_a_rank(void **state)
{
	struct world *world = *state;
	struct worth worth;
	for (uint32_t customer = 1; customer <= 7; customer++)
		happened(world, customer, PAID, CHANNEL_APP, 3, 100);
	happened(world, 8, PAID, CHANNEL_APP, 3, 100);
	happened(world, 8, PAID, CHANNEL_APP, 3, 100);
	make(world, &worth);
	for (uint32_t customer = 1; customer <= 7; customer++)
		assert_int_equal(worth_find(&worth, customer)->ranks[MEASURE_FREQUENCY], 1);
	assert_int_equal(worth_find(&worth, 8)->ranks[MEASURE_FREQUENCY], 5);
	/* As recent as the others: what decides is how often. */
	assert_int_equal(worth_find(&worth, 8)->ranks[MEASURE_RECENCY], 5);
	worth_free(&worth);
}

static void ranks_have_names(void **state)
{
	static const struct {
		uint8_t ranks[WORTH_MEASURES];
		enum worth_name name;
	} expected[] = {{{5, 5, 5}, NAME_CHAMPION}, {{4, 4, 3}, NAME_CHAMPION}, {{5, 3, 3}, NAME_LOYAL}, {{2, 5, 5}, NAME_LOYAL}, {{5, 1, 1}, NAME_NEW},
	                {{4, 2, 2}, NAME_POTENTIAL}, {{3, 1, 1}, NAME_POTENTIAL}, {{2, 2, 2}, NAME_ATTENTION}, {{1, 5, 5}, NAME_AT_RISK},
	                {{1, 2, 2}, NAME_AT_RISK}, {{1, 1, 1}, NAME_LOST}, {{2, 1, 1}, NAME_HIBERNATING}, {{0, 0, 0}, NAME_NONE}};
	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		if (worth_name_of(expected[i].ranks) != expected[i].name)
			fail_msg("%u%u%u is %s", expected[i].ranks[0], expected[i].ranks[1], expected[i].ranks[2], worth_names[worth_name_of(expected[i].ranks)].name);
}

static void the_curve_peaks_before_those_who_cost_more(void **state)
{
	struct world *world = *state;
	struct worth worth;
	/* Ten pay twenty times in the app: 9.00 each. Three call once: -5.40 each. */
	for (uint32_t customer = 1; customer <= 10; customer++)
		for (int i = 0; i < 20; i++)
			happened(world, customer, PAID, CHANNEL_APP, 30 - i, 0);
	for (uint32_t customer = 11; customer <= 13; customer++)
		happened(world, customer, CALLED, CHANNEL_PHONE, 5, 0);
	make(world, &worth);
	assert_int_equal(worth.profit, 10 * 90000 - 3 * 54000);
	assert_int_equal(worth.peak, 10 * 90000);
	assert_int_equal(worth.below, 3);
	assert_int_equal(worth.steps[0].profit, 0);
	assert_int_equal(worth.steps[WORTH_STEPS].customers, 13);
	assert_int_equal(worth.steps[WORTH_STEPS].profit, worth.profit);
	assert_int_equal(worth.steps[WORTH_STEPS / 2].customers, 7);
	assert_int_equal(worth.steps[WORTH_STEPS / 2].profit, 7 * 90000);
	size_t most = 0;
	for (size_t i = 0; i < worth.n; i++)
		most += worth.customers[i].tier == WORTH_MOST;
	assert_int_equal(most, 5); /* Five of ten alike bring half. */
	assert_int_equal(worth_find(&worth, 12)->tier, WORTH_BELOW);
	assert_int_equal(worth_find(&worth, 1)->place, 1);
	worth_free(&worth);
}

static void a_need_is_what_somebody_does_more_than_others(void **state)
{
	struct world *world = *state;
	struct worth worth;
	for (int i = 0; i < 6; i++)
		happened(world, 1, BOUGHT, CHANNEL_WEB, 20 - i, 100);
	for (int i = 0; i < 4; i++)
		happened(world, 2, BOUGHT, CHANNEL_WEB, 20 - i, 100);
	for (int i = 0; i < 3; i++)
		happened(world, 2, CALLED, CHANNEL_PHONE, 10 - i, 0);
	for (int i = 0; i < 4; i++)
		happened(world, 3, CALLED, CHANNEL_PHONE, 10 - i, 0);
	make(world, &worth);
	assert_int_equal(worth_find(&worth, 1)->need, 0);
	/* Four of seven bought, but everybody buys ten of seventeen: 3 of 7 calls are more than 7 of 17. */
	assert_int_equal(worth_find(&worth, 2)->need, 1);
	assert_int_equal(worth_find(&worth, 3)->need, NEED_NONE); /* Four events are not enough. */
	worth_free(&worth);
}

static void what_is_done_is_summed_up_for_both_sides(void **state)
{
	struct world *world = *state;
	struct worth worth;
	happened(world, 1, CALLED, CHANNEL_PHONE, 9, 0);
	happened(world, 1, PAID, CHANNEL_APP, 8, 0);
	happened(world, 1, CALLED, CHANNEL_PHONE, 7, 0);
	happened(world, 2, PAID, CHANNEL_BRANCH, 9, 0);
	happened(world, 2, CALLED, CHANNEL_PHONE, 8, 0);
	happened(world, 2, LOOKED, CHANNEL_APP, 8, 0);
	make(world, &worth);
	assert_int_equal(worth.lines_n, 3);
	assert_text_equal(worth.lines[0].price->event, "Called");
	assert_int_equal(worth.lines[0].n, 3);
	assert_int_equal(worth.lines[0].customers, 2);
	assert_int_equal(worth.lines[0].profit, -3 * 54000); /* It serves neither side. */
	assert_int_equal(worth.lines[0].got, -3 * 16000);
	assert_int_equal(worth.lines[1].got, 36000);
	assert_int_equal(worth.lines[2].channel, CHANNEL_BRANCH);
	assert_int_equal(worth.lines[2].profit, 4500 - 48000);
	worth_free(&worth);
}

static void give_and_get_makes_four_cells_of_those_who_agreed(void **state)
{
	struct world *world = *state;
	struct worth worth;
	happened(world, 1, PAID, CHANNEL_APP, 1, 0);        /* .45, got 3.60 */
	happened(world, 2, PAID, CHANNEL_BRANCH, 1, 0);     /* -4.35, got 0 */
	happened(world, 3, BOUGHT, CHANNEL_WEB, 1, 10000);  /* 20.90, got 10.00 */
	happened(world, 4, PAID, CHANNEL_APP, 2, 0);        /* 4.95 - 5.40, got 39.60 - 1.60 */
	for (int i = 0; i < 10; i++)
		happened(world, 4, PAID, CHANNEL_APP, 1, 0);
	happened(world, 4, CALLED, CHANNEL_PHONE, 1, 0);
	happened(world, 5, BOUGHT, CHANNEL_WEB, 1, 90000);
	make(world, &worth);
	for (size_t i = 0; i < 4; i++)
		worth.customers[i].may = true;
	assert_int_equal(worth_reciprocity(&worth, 2), 0);
	assert_int_equal(worth.may, 4);
	assert_int_equal(worth.customers[4].cell, CELL_NONE);
	assert_int_equal(worth.cells[CELL_NONE], 1);
	assert_int_equal(worth.customers[0].cell, CELL_GIVE_BACK); /* Second of four in profit, third in what was got. */
	assert_int_equal(worth.customers[1].cell, CELL_SIMPLIFY);
	assert_int_equal(worth.customers[2].cell, CELL_KEEP);
	assert_int_equal(worth.customers[3].cell, CELL_EARN);
	/* Places of profit 3 1 4 2, of what was got 2 1 3 4: 1 - 6 * (1 + 0 + 1 + 4) / (4 * 15). */
	assert_true(fabs(worth.agreement - 0.4) < 0.002);
	worth_free(&worth);
}

static void profit_is_the_sum_of_its_lines_for_random_histories(void **state)
{
	struct world *world = *state;
	(void)state;
	for (uint64_t round = 0; round < 20; round++) {
		uint64_t seed = 900 + round;
		int64_t wanted = 0;
		struct worth worth;
		world->table.n = 0;
		for (uint32_t customer = 1; customer <= 60; customer++)
			for (uint32_t i = 0, n = random_below(&seed, 20); i < n; i++) {
				uint16_t name = (uint16_t)(1 + random_below(&seed, 4));
				enum channel channel = (enum channel)(1 + random_below(&seed, CHANNEL_COUNT - 1));
				int32_t value = (int32_t)random_below(&seed, 100000) - 20000;
				const struct price_line *line = price_find(world->question.prices, dictionary_name(world->names, name), channel);
				happened(world, customer, name, channel, (int)(n - i), value);
				if (line)
					wanted += price_exact_of(world->question.prices, line, channel, value).income - price_exact_of(world->question.prices, line, channel, value).cost;
			}
		make(world, &worth);
		if (worth.profit != wanted || worth.steps[WORTH_STEPS].profit != wanted)
			fail_msg("seed %u: %lld is not %lld", (unsigned)(900 + round), (long long)worth.profit, (long long)wanted);
		for (size_t i = 1; i < worth.n; i++)
			assert_true(worth.by_profit[i - 1]->profit >= worth.by_profit[i]->profit);
		worth_free(&worth);
	}
}

/* ---- stars ---- */

/* Three customers with 1, 2 and 3 contacts: the variance of the ratio, written out. */
static void the_mean_of_stars_has_the_interval_of_its_customers(void **state)
{
	static const struct { uint64_t stars, n; } own[] = {{5, 1}, {6, 2}, {9, 3}};
	struct stars_sum sum = {0}, one = {0}, none = {0};
	double apart = 0, mean = 20.0 / 6;
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		stars_sum_add(&sum, own[i].stars, own[i].n, 100, 50);
		double off = (double)own[i].stars - mean * (double)own[i].n;
		apart += off * off;
	}
	struct stars_mean found = stars_mean_of(&sum);
	double half = 1.959964 * sqrt(apart * 3 / 2) / 6;
	assert_true(fabs(found.value - mean) < 1e-12 && fabs(found.low - (mean - half)) < 1e-9 && fabs(found.high - fmin(5, mean + half)) < 1e-9);
	assert_true(sum.contacts == 6 && sum.customers == 3 && sum.profit == 300 && sum.minutes == 150);
	stars_sum_add(&one, 4, 1, 0, 0);
	found = stars_mean_of(&one);
	assert_true(found.value == 4 && found.low == 1 && found.high == 5); /* Of one customer nothing follows for others. */
	assert_true(isnan(stars_mean_of(&none).value));
}

static void stars_follow_from_money_minutes_and_what_was_learned(void **state)
{
	static const struct {
		int64_t profit, minutes;
		const char *learned, *says;
		uint8_t stars;
	} expected[] = {
		{0, 0, "", "Brought nothing and cost nothing.", 3},
		{4300, 0, "", "Brought 0.43 EUR in no minutes of staff.", 4},
		{4300, 0, "the address", "Brought 0.43 EUR in no minutes of staff, and we learned the address.", 5},
		{-54000, 600, "", "Cost 5.40 EUR in 6 minutes of staff, where 5 is the goal.", 1},
		{-48000, 400, "", "Cost 4.80 EUR in 4 minutes of staff.", 2},
		{2000, 100, "", "Brought 0.20 EUR in 1 minute of staff.", 3},
		{90000, 900, "the phone", "Brought 9.00 EUR in 9 minutes of staff, where 5 is the goal, and we learned the phone.", 4},
	};
	struct world *world = *state;
	const struct price_goal *goal = &world->question.prices->goal;
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		struct buffer says = BUFFER_INIT(400);
		struct stars_contact contact = {.profit = expected[i].profit, .minutes = expected[i].minutes, .learned = text_of(expected[i].learned),
		                                .learned_n = expected[i].learned[0] != 0, .events = 1};
		stars_say(&says, &contact, goal, TEXT("EUR"));
		assert_text_equal(buffer_view(&says), expected[i].says);
		assert_int_equal(stars_of(&contact, goal), expected[i].stars);
		buffer_free(&says);
	}
}

static void events_of_one_channel_without_a_pause_are_one_contact(void **state)
{
	struct world *world = *state;
	struct stars_contact contacts[8];
	struct stars_event events[] = {
		{.time_ms = 0, .channel = CHANNEL_APP, .name = TEXT("home")},
		{.time_ms = 1000, .channel = CHANNEL_PHONE, .name = TEXT("Called"), .profit = -54000, .minutes = 600},
		{.time_ms = 2000, .channel = CHANNEL_APP, .name = TEXT("Paid"), .profit = 4300},
		{.time_ms = 2500, .channel = CHANNEL_POST, .name = TEXT("Letter"), .profit = -800, .ours = true},
		{.time_ms = STARS_GAP_MS + 2000, .channel = CHANNEL_APP, .name = TEXT("home")},
	};
	size_t n = stars_judge(contacts, 8, events, sizeof events / sizeof *events, &world->question.prices->goal);
	assert_int_equal(n, 3);
	assert_int_equal(contacts[0].events, 2);
	assert_text_equal(contacts[0].name, "Paid");
	assert_int_equal(contacts[0].stars, 4);
	assert_int_equal(contacts[1].stars, 1);
	assert_int_equal(contacts[2].start_ms, STARS_GAP_MS + 2000);
	/* With room for two, the oldest goes. */
	n = stars_judge(contacts, 2, events, sizeof events / sizeof *events, &world->question.prices->goal);
	assert_int_equal(n, 2);
	assert_int_equal(contacts[1].start_ms, STARS_GAP_MS + 2000);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)
	const struct CMUnitTest tests[] = {
		WITH(an_event_is_worth_what_its_line_says), WITH(ranks_are_quintiles_with_their_cuts), WITH(customers_who_are_alike_share_a_rank),
		cmocka_unit_test(ranks_have_names), WITH(the_curve_peaks_before_those_who_cost_more), WITH(a_need_is_what_somebody_does_more_than_others), WITH(what_is_done_is_summed_up_for_both_sides),
		WITH(give_and_get_makes_four_cells_of_those_who_agreed), WITH(profit_is_the_sum_of_its_lines_for_random_histories),
		WITH(stars_follow_from_money_minutes_and_what_was_learned), cmocka_unit_test(the_mean_of_stars_has_the_interval_of_its_customers), WITH(events_of_one_channel_without_a_pause_are_one_contact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
