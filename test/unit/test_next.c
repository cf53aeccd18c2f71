/* test_next.c: the next choice, foreseen from what followed what. */
#include "unit.h"

#include "customize/next.h"
#include "random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SEED = 20260504, OPTIONS = 10 };

union block {
	struct next next;
	unsigned char bytes[NEXT_BYTES_MAX];
};

static const struct next_pace *const pace = &next_pace_default;

static uint16_t first_guess(const struct next *state, size_t options)
{
	double scores[64];
	uint16_t best;
	next_score(state, pace, scores, options);
	return next_best(scores, options, NULL, &best, 1) ? best : NEXT_NONE;
}

static void what_follows_two_choices_beats_what_follows_one(void **state)
{
	(void)state;
	static const uint16_t cycle[] = {0, 1, 2, 0, 1, 2, 3, 1, 4}; /* After 1 comes 2 twice as often as 4; after 3, 1 always 4. */
	union block block;
	next_init(&block.next);
	for (int i = 0; i < 90; i++)
		next_learn(&block.next, pace, cycle[i % 9], NEXT_BYTES_MAX);
	next_learn(&block.next, pace, 3, NEXT_BYTES_MAX);
	next_learn(&block.next, pace, 1, NEXT_BYTES_MAX);
	assert_int_equal(first_guess(&block.next, OPTIONS), 4);
}

static void nothing_is_foreseen_of_a_stranger(void **state)
{
	(void)state;
	union block block;
	double scores[OPTIONS];
	next_init(&block.next);
	assert_int_equal(first_guess(&block.next, OPTIONS), NEXT_NONE);
	next_score(&block.next, pace, scores, OPTIONS);
	for (size_t i = 0; i < OPTIONS; i++)
		assert_true(scores[i] == 0);
}

static void old_ways_fade(void **state)
{
	(void)state;
	union block block;
	next_init(&block.next);
	for (int i = 0; i < 300; i++)
		next_learn(&block.next, pace, (uint16_t)(i % 2), NEXT_BYTES_MAX);
	for (int i = 0; i < 300; i++)
		next_learn(&block.next, pace, (uint16_t)(2 + i % 2), NEXT_BYTES_MAX);
	double scores[OPTIONS];
	next_score(&block.next, pace, scores, OPTIONS);
	assert_true(scores[2] > 0.9 && scores[0] < 0.05);
}

static void what_is_skipped_is_not_suggested(void **state)
{
	(void)state;
	static const double scores[] = {0.1, 0.4, 0, 0.4, 0.2};
	static const bool skip[] = {false, true, false, false, false};
	uint16_t best[4];
	assert_int_equal(next_best(scores, 5, NULL, best, 4), 4);
	assert_int_equal(best[0], 1);
	assert_int_equal(best[1], 3);
	assert_int_equal(best[3], 0);
	assert_int_equal(next_best(scores, 5, skip, best, 2), 2);
	assert_int_equal(best[0], 3);
	assert_int_equal(best[1], 4);
}

static void beliefs_sum_to_one_and_the_limit_holds(void **state)
{
	(void)state;
	printf("seed %d\n", SEED);
	uint64_t seed = SEED;
	for (size_t limit = NEXT_BYTES_LEAST; limit <= NEXT_BYTES_MAX; limit += (NEXT_BYTES_MAX - NEXT_BYTES_LEAST) / 4) {
		struct next *next = test_malloc(limit);
		next_init(next);
		for (int i = 0; i < 5000; i++) {
			double scores[64], sum = 0;
			next_learn(next, pace, (uint16_t)random_below(&seed, 64), limit);
			assert_true(next_bytes(next) <= limit);
			next_score(next, pace, scores, 64);
			for (size_t option = 0; option < 64; option++)
				sum += scores[option];
			assert_true(fabs(sum - 1) < 1e-9);
		}
		test_free(next);
	}
}

static void a_state_works_at_another_address_and_learning_repeats_itself(void **state)
{
	(void)state;
	union block first, second;
	uint64_t seed = SEED;
	next_init(&first.next);
	next_init(&second.next);
	for (int i = 0; i < 3000; i++) {
		uint16_t option = (uint16_t)random_below(&seed, 20);
		union block moved;
		next_learn(&first.next, pace, option, NEXT_BYTES_MAX);
		memcpy(&moved, &second, next_bytes(&second.next));
		next_learn(&moved.next, pace, option, NEXT_BYTES_MAX);
		memcpy(&second, &moved, next_bytes(&moved.next));
	}
	assert_int_equal(next_bytes(&first.next), next_bytes(&second.next));
	assert_memory_equal(&first, &second, next_bytes(&first.next));
}

static void thirty_uses_take_some_hundred_bytes(void **state)
{
	(void)state;
	static const uint16_t path[] = {0, 1, 0, 2, 0, 3, 1, 0, 1, 4};
	union block block;
	next_init(&block.next);
	for (int i = 0; i < 30; i++)
		next_learn(&block.next, pace, path[i % 10], NEXT_BYTES_MAX);
	printf("%zu bytes\n", next_bytes(&block.next));
	assert_true(next_bytes(&block.next) <= 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_follows_two_choices_beats_what_follows_one),
		cmocka_unit_test(nothing_is_foreseen_of_a_stranger),
		cmocka_unit_test(old_ways_fade),
		cmocka_unit_test(what_is_skipped_is_not_suggested),
		cmocka_unit_test(beliefs_sum_to_one_and_the_limit_holds),
		cmocka_unit_test(a_state_works_at_another_address_and_learning_repeats_itself),
		cmocka_unit_test(thirty_uses_take_some_hundred_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
