/* What is recommended, and above all what is not: nobody is offered what they have before it is due. */
#include "unit.h"
#include "random.h"

#include "base/clock.h"
#include "customize/recommend.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PRODUCTS = 24, CATEGORIES = 8, DECISIONS = 100000, TODAY = 20000 };

static struct product items[PRODUCTS];
static struct category categories[CATEGORIES];
static uint32_t by_mark[PRODUCTS];
static struct products products = {items, PRODUCTS, categories, CATEGORIES, by_mark};
static char names[PRODUCTS][16];

/* Three products a category; the first half of the categories last, declared or not; two products of each serve one need. */
static void shop_make(void)
{
	for (int i = 0; i < CATEGORIES; i++)
		categories[i] = (struct category){.name = TEXT("c"), .mark = (uint32_t)i + 1, .parent = CATEGORY_NONE, .life_ms = (int64_t)400 * MS_A_DAY,
		                                  .lasts = i % 4 == 0 ? PRODUCT_DURABLE : i % 4 == 1 ? PRODUCT_CONSUMABLE : PRODUCT_LEARNED};
	for (int i = 0; i < PRODUCTS; i++) {
		int n = snprintf(names[i], sizeof names[i], "product-%d", i);
		items[i] = (struct product){.name = {names[i], (size_t)n}, .title = {names[i], (size_t)n}, .mark = (uint32_t)(i + 1) * 7, .category = i / 3,
		                            .need = (uint64_t)(i % 3 == 2 ? 1000 + i : 100 + i / 3), .price_minor = 100};
		by_mark[i] = (uint32_t)i;
	}
}

/* A state of purchase_fold: products in the order of their marks. */
static struct text state_of(const struct purchase *purchases, size_t n)
{
	return (struct text){(const char *)purchases, n * sizeof *purchases};
}

static uint16_t median_of(double days)
{
	return (uint16_t)(1 + round(700 * log(days)));
}

static struct recommend_item one(const struct recommend_input *input, const struct purchase *purchases, size_t n, int today, bool agreed)
{
	struct arena arena;
	struct recommendation out;
	struct recommend_question question = {.products = &products, .inputs = input, .inputs_n = 1, .slots = 4, .purchases = state_of(purchases, n),
	                                      .now_ms = (int64_t)today * MS_A_DAY + MS_A_DAY / 2, .agreed = agreed};
	arena_init(&arena, 1 << 20);
	assert_int_equal(recommend(&out, &arena, &question), 0);
	arena_free(&arena);
	assert_int_equal(out.shown_n + out.withheld_n, 1);
	return out.shown_n ? out.shown[0] : out.withheld[0];
}

static void a_durable_stays_away_until_its_life_ends_or_it_goes_back(void **state)
{
	struct recommend_input kettle = {.product = &items[0], .class = BUYING_DURABLE}, other = {.product = &items[1], .class = BUYING_DURABLE};
	struct recommend_input free_one = {.product = &items[2], .class = BUYING_DURABLE};
	struct purchase bought = {.mark = items[0].mark, .orders = 1, .units = 1, .last_units = 1, .days = {TODAY}};
	(void)state;
	assert_int_equal(one(&kettle, &bought, 1, TODAY, true).verdict, RECOMMEND_OWNED);
	assert_int_equal(one(&kettle, &bought, 1, TODAY, false).verdict, RECOMMEND_OWNED);
	assert_int_equal(one(&other, &bought, 1, TODAY, true).verdict, RECOMMEND_SAME_NEED);
	assert_int_equal(one(&free_one, &bought, 1, TODAY, true).verdict, RECOMMEND_FREE);
	assert_int_equal(one(&kettle, &bought, 1, TODAY + 399, true).verdict, RECOMMEND_OWNED);
	assert_int_equal(one(&kettle, &bought, 1, TODAY + 400, true).verdict, RECOMMEND_FREE);
	bought.returned = 1;
	assert_int_equal(one(&kettle, &bought, 1, TODAY, true).verdict, RECOMMEND_FREE);
	assert_int_equal(one(&other, &bought, 1, TODAY, true).verdict, RECOMMEND_FREE);
}

static void what_is_not_known_counts_as_durable(void **state)
{
	struct recommend_input unknown = {.product = &items[0], .class = BUYING_UNKNOWN}, no_pace = {.product = &items[0], .class = BUYING_CONSUMABLE};
	struct purchase bought = {.mark = items[0].mark, .orders = 1, .units = 1, .last_units = 1, .days = {TODAY - 300}};
	(void)state;
	assert_int_equal(one(&unknown, &bought, 1, TODAY, true).verdict, RECOMMEND_OWNED);
	assert_int_equal(one(&no_pace, &bought, 1, TODAY, true).verdict, RECOMMEND_OWNED);
}

/* q10 of a median of 30 days and a spread of .25 is 30 exp(-1.2816 × .25) = 21.8 days. */
static void a_consumable_comes_back_when_it_is_likely_to_be_used_up(void **state)
{
	struct recommend_input coffee = {.product = &items[3], .class = BUYING_CONSUMABLE, .median = median_of(30), .spread = 8};
	struct purchase bought = {.mark = items[3].mark, .orders = 1, .units = 1, .last_units = 1, .days = {TODAY}};
	(void)state;
	struct recommend_item early = one(&coffee, &bought, 1, TODAY + 21, true), due = one(&coffee, &bought, 1, TODAY + 27, true);
	assert_int_equal(early.verdict, RECOMMEND_NOT_DUE);
	assert_int_equal(early.until_ms, (int64_t)(TODAY + 22) * MS_A_DAY);
	assert_int_equal(one(&coffee, &bought, 1, TODAY + 22, true).verdict, RECOMMEND_FREE);
	assert_int_equal(due.verdict, RECOMMEND_FREE);
	assert_int_equal(due.due_days, 3);
	assert_text_equal(((struct text){due.why, due.why_n}), "Bought on 4 October; comes back after about 30 days, due in 3 days.");
	assert_true(due.rank > one(&coffee, &bought, 1, TODAY + 22, true).rank); /* The wish grows ... */
	assert_true(one(&coffee, &bought, 1, TODAY + 100, true).rank < due.rank); /* ... and fades once who has stopped. */
	assert_int_equal(one(&coffee, &bought, 1, TODAY + 27, false).rank, 0);   /* Not a guess without consent. */
}

/* mu_c = (n mean + 3 mu) / (n + 3): 3 own intervals of 60 days with a category's 30 make exp((3 ln 60 + 3 ln 30) / 6) = 42.4. */
static void the_own_pace_is_pooled_with_the_categorys(void **state)
{
	struct recommend_input coffee = {.product = &items[3], .class = BUYING_CONSUMABLE, .median = median_of(30), .spread = 8};
	struct purchase bought = {.mark = items[3].mark, .orders = 4, .units = 4, .last_units = 1, .days = {TODAY, TODAY - 60, TODAY - 120, TODAY - 180}};
	(void)state;
	assert_int_equal(one(&coffee, &bought, 1, TODAY, true).due_days, 42);
	assert_int_equal(one(&coffee, &bought, 1, TODAY, false).due_days, 30); /* Without consent the own pace is not looked at. */
	bought.units = 5;
	bought.last_units = 2; /* 2 of what is usually 1.25: 1.6 times as long. */
	assert_int_equal(one(&coffee, &bought, 1, TODAY, true).due_days, 68);
}

/* Wilson (1927): 30 of 100 is .219 to .396; 0 of 36 ends at .0964, 0 of 34 at .1015. */
static void the_class_is_learned_from_who_comes_back(void **state)
{
	double low, high;
	(void)state;
	assert_int_equal(buying_classify(100, 30, &low, &high), BUYING_CONSUMABLE);
	assert_float_equal(low, .2189, .0001);
	assert_float_equal(high, .3958, .0001);
	assert_int_equal(buying_classify(36, 0, &low, &high), BUYING_DURABLE);
	assert_float_equal(high, .0964, .0001);
	assert_int_equal(buying_classify(34, 0, &low, &high), BUYING_UNKNOWN);
	assert_int_equal(buying_classify(10, 2, &low, &high), BUYING_UNKNOWN);
	assert_int_equal(buying_classify(0, 0, &low, &high), BUYING_UNKNOWN);
}

/* 40 have both of a pair, 10 of each have one alone, 30 something else, all today: 40 / sqrt(50 × 50) × 40 / 50 = .64. */
static void what_goes_together_is_shrunk_and_needs_consent(void **state)
{
	struct purchase other = {.mark = items[6].mark, .orders = 1, .units = 1, .days = {TODAY}};

	struct buying_builder *builder;
	struct buying_model *model;
	struct purchase both[] = {{.mark = items[0].mark, .orders = 1, .units = 1, .days = {TODAY}}, {.mark = items[3].mark, .orders = 1, .units = 1, .days = {TODAY}}};
	(void)state;
	assert_int_equal(buying_begin(&builder, &products, (int64_t)TODAY * MS_A_DAY), 0);
	for (int i = 0; i < 40; i++)
		buying_add(builder, state_of(both, 2), true);
	for (int i = 0; i < 10; i++) {
		buying_add(builder, state_of(both, 1), true);
		buying_add(builder, state_of(both + 1, 1), true);
		buying_add(builder, state_of(both, 2), false); /* Who did not agree counts for how many bought it, not for what goes with what. */
	}
	for (int i = 0; i < 30; i++)
		buying_add(builder, state_of(&other, 1), true);
	assert_int_equal(buying_end(builder, &model), 0);
	assert_float_equal(buying_similarity(model, items[0].mark, items[3].mark), .64, 1e-6);
	assert_float_equal(buying_similarity(model, items[3].mark, items[0].mark), .64, 1e-6);
	assert_float_equal(buying_similarity(model, items[0].mark, items[6].mark), 0, 0);
	assert_int_equal(buying_buyers(model, items[0].mark), 60);
	assert_int_equal(model->customers, 100);
	buying_free(model);
}

/* Half of all have one, half the other, a quarter both: that says nothing, however many they are. Nor do nine say anything. */
static void what_is_together_by_chance_or_seldom_teaches_nothing(void **state)
{
	struct buying_builder *builder;
	struct buying_model *model;
	struct purchase all[] = {{.mark = items[0].mark, .units = 1, .days = {TODAY}}, {.mark = items[3].mark, .units = 1, .days = {TODAY}},
	                         {.mark = items[6].mark, .units = 1, .days = {TODAY}}, {.mark = items[9].mark, .units = 1, .days = {TODAY}}};
	(void)state;
	assert_int_equal(buying_begin(&builder, &products, (int64_t)TODAY * MS_A_DAY), 0);
	for (int i = 0; i < 400; i++)
		buying_add(builder, i % 4 == 0 ? state_of(all, 2) : i % 4 == 3 ? state_of(all + 2, 1) : state_of(all + i % 4 - 1, 1), true);
	for (int i = 0; i < 9; i++)
		buying_add(builder, state_of(all + 2, 2), true);
	assert_int_equal(buying_end(builder, &model), 0);
	assert_float_equal(buying_similarity(model, items[0].mark, items[3].mark), 0, 0);
	assert_float_equal(buying_similarity(model, items[6].mark, items[9].mark), 0, 0);
	buying_free(model);
}

static void an_input_survives_the_record(void **state)
{
	struct recommend_input input = {.product = &items[5], .score = 201, .taught = true, .class = BUYING_CONSUMABLE, .median = 8191, .spread = 63}, back;
	(void)state;
	assert_true(recommend_unpack(&back, &products, recommend_pack(&input, RECOMMEND_NOT_DUE)));
	assert_memory_equal(&back, &input, sizeof back);
	assert_false(recommend_unpack(&back, &products, (uint64_t)3 << 32));
}

/* ---- the invariant ---- */

/* Some purchases, in the order of their marks, with days before and after now. */
static size_t purchases_draw(struct purchase *purchases, uint64_t *seed)
{
	size_t n = 0;
	for (int i = 0; i < PRODUCTS; i++) {
		if (random_below(seed, 4))
			continue;
		struct purchase *one = &purchases[n++];
		*one = (struct purchase){.mark = items[i].mark, .orders = (uint16_t)(1 + random_below(seed, 6)), .last_units = (uint16_t)(1 + random_below(seed, 3))};
		one->units = (uint16_t)(one->orders + one->last_units - 1);
		one->returned = random_below(seed, 5) ? 0 : (uint16_t)random_below(seed, one->units + 2u);
		uint16_t day = (uint16_t)(TODAY - random_below(seed, 500));
		for (size_t d = 0; d < PURCHASE_DAYS && d < one->orders; d++, day = (uint16_t)(day - 1 - random_below(seed, 90)))
			one->days[d] = day;
	}
	return n;
}

/* The days since the newest purchase for the need of @product that was not given back; -1: none. Plainly, for comparison. */
static int days_since(const struct product *product, const struct purchase *purchases, size_t n)
{
	int newest = 0;
	for (size_t i = 0; i < n; i++)
		for (int p = 0; p < PRODUCTS; p++)
			if (items[p].mark == purchases[i].mark && items[p].need == product->need && purchases[i].units > purchases[i].returned &&
			    purchases[i].days[0] > newest)
				newest = purchases[i].days[0];
	return newest ? TODAY - newest : -1;
}

/* The earliest a consumable may come back: no customer's pooled pace is below the shortest own or the category's, halved at most. */
static double earliest(const struct recommend_input *input, const struct purchase *purchases, size_t n)
{
	double shortest = exp((input->median - 1) / 700.0), spread = input->spread / 32.0 < .1 ? .1 : input->spread / 32.0;
	uint16_t days[PRODUCTS * PURCHASE_DAYS];
	size_t days_n = 0;
	for (size_t i = 0; i < n; i++)
		for (int p = 0; p < PRODUCTS; p++)
			if (items[p].mark == purchases[i].mark && items[p].need == input->product->need && purchases[i].units > purchases[i].returned)
				for (size_t d = 0; d < PURCHASE_DAYS && purchases[i].days[d]; d++)
					days[days_n++] = purchases[i].days[d];
	for (size_t a = 0; a < days_n; a++)
		for (size_t b = 0; b < days_n; b++)
			if (days[a] > days[b] && days[a] - days[b] < shortest)
				shortest = days[a] - days[b];
	return shortest * .5 * exp(-1.2816 * spread);
}

static void inputs_draw(struct recommend_input *inputs, uint64_t *seed)
{
	for (int i = 0; i < PRODUCTS; i++) {
		enum product_lasts lasts = categories[items[i].category].lasts;
		inputs[i] = (struct recommend_input){.product = &items[i], .score = (uint8_t)random_below(seed, 256), .taught = random_below(seed, 2),
		                                     .class = lasts == PRODUCT_DURABLE ? BUYING_DURABLE : lasts == PRODUCT_CONSUMABLE ? BUYING_CONSUMABLE
		                                                                                      : (enum buying_class)random_below(seed, 3),
		                                     .median = random_below(seed, 8) ? median_of(10 + random_below(seed, 90)) : 0,
		                                     .spread = (uint8_t)random_below(seed, 40)};
	}
}

static void nobody_is_offered_what_they_have_before_it_is_due(void **state)
{
	uint64_t seed = (uint64_t)time(NULL), begun = seed;
	struct arena arena;
	size_t shown = 0, withheld = 0, returning = 0;
	(void)state;
	print_message("seed %llu\n", (unsigned long long)begun);
	arena_init(&arena, 1 << 20);
	for (int decision = 0; decision < DECISIONS; decision++) {
		struct purchase purchases[PRODUCTS];
		struct recommend_input inputs[PRODUCTS];
		struct recommendation out;
		size_t n = purchases_draw(purchases, &seed);
		inputs_draw(inputs, &seed);
		struct recommend_question question = {.products = &products, .inputs = inputs, .inputs_n = PRODUCTS, .slots = 1 + random_below(&seed, 8),
		                                      .purchases = state_of(purchases, n), .now_ms = (int64_t)TODAY * MS_A_DAY + 1000,
		                                      .agreed = random_below(&seed, 2)};
		arena_reset(&arena);
		assert_int_equal(recommend(&out, &arena, &question), 0);
		shown += out.shown_n;
		withheld += out.withheld_n;
		for (size_t i = 0; i < out.shown_n; i++) {
			const struct recommend_input *input = &out.shown[i].input;
			int days = days_since(input->product, purchases, n);
			if (days < 0)
				continue;
			returning++;
			if (input->class == BUYING_CONSUMABLE && days < 400)
				assert_true(days + 1e-9 >= earliest(input, purchases, n));
			else
				assert_true(days >= 400);
		}
		for (size_t i = 0; i < out.withheld_n; i++)
			assert_true(days_since(out.withheld[i].input.product, purchases, n) >= 0);
	}
	arena_free(&arena);
	assert_true(shown > DECISIONS && withheld > DECISIONS && returning > DECISIONS / 10); /* The claim was put to the test. */
}

/* From the record's 64 bits a product alone the same is recommended, in whatever order they come. */
static void the_record_gives_the_same_answer_again(void **state)
{
	uint64_t seed = (uint64_t)time(NULL), begun = seed;
	struct arena arena;
	(void)state;
	print_message("seed %llu\n", (unsigned long long)begun);
	arena_init(&arena, 1 << 20);
	for (int decision = 0; decision < 2000; decision++) {
		struct purchase purchases[PRODUCTS];
		struct recommend_input inputs[PRODUCTS], again[RECOMMEND_CONSIDERED_MAX];
		struct recommendation first, second;
		size_t n = purchases_draw(purchases, &seed);
		inputs_draw(inputs, &seed);
		struct recommend_question question = {.products = &products, .inputs = inputs, .inputs_n = PRODUCTS, .slots = 5,
		                                      .purchases = state_of(purchases, n), .now_ms = (int64_t)TODAY * MS_A_DAY + 1000, .agreed = decision % 2};
		arena_reset(&arena);
		assert_int_equal(recommend(&first, &arena, &question), 0);
		for (size_t i = 0; i < first.considered_n; i++)
			assert_true(recommend_unpack(&again[first.considered_n - 1 - i], &products, first.considered[i]));
		question.inputs = again;
		question.inputs_n = first.considered_n;
		assert_int_equal(recommend(&second, &arena, &question), 0);
		assert_int_equal(second.considered_n, first.considered_n);
		assert_memory_equal(second.considered, first.considered, first.considered_n * sizeof *first.considered);
		for (size_t i = 0; i < first.shown_n; i++)
			assert_string_equal(second.shown[i].why, first.shown[i].why);
	}
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_durable_stays_away_until_its_life_ends_or_it_goes_back),
		cmocka_unit_test(what_is_not_known_counts_as_durable),
		cmocka_unit_test(a_consumable_comes_back_when_it_is_likely_to_be_used_up),
		cmocka_unit_test(the_own_pace_is_pooled_with_the_categorys),
		cmocka_unit_test(the_class_is_learned_from_who_comes_back),
		cmocka_unit_test(what_goes_together_is_shrunk_and_needs_consent),
		cmocka_unit_test(what_is_together_by_chance_or_seldom_teaches_nothing),
		cmocka_unit_test(an_input_survives_the_record),
		cmocka_unit_test(nobody_is_offered_what_they_have_before_it_is_due),
		cmocka_unit_test(the_record_gives_the_same_answer_again),
	};
	shop_make();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
