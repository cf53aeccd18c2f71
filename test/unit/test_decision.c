/* The record of a decision: never longer than its bound, and never the same for two decisions. */
#include "unit.h"

#include "customize/decision.h"

#include <stdio.h>
#include <string.h>

enum { LONG_BYTES = 180 };

static char option_names[MENU_OPTIONS_MAX][LONG_BYTES], title_names[MENU_OPTIONS_MAX][LONG_BYTES];

/* A menu of 64 options whose names begin alike and are @bytes long, with characters of several bytes. */
static void long_menu(struct surface *surface, size_t bytes)
{
	*surface = (struct surface){.name = TEXT("home"), .type = SURFACE_MENU, .purpose_name = TEXT("personalisation"),
	                            .menu = {.options_n = MENU_OPTIONS_MAX, .home_n = MENU_HOME_MAX}};
	for (int i = 0; i < MENU_OPTIONS_MAX; i++) {
		memset(option_names[i], 'x', LONG_BYTES);
		char digits[8];
		int n = snprintf(digits, sizeof digits, "%02d", i);
		memcpy(option_names[i] + bytes - (size_t)n, digits, (size_t)n);
		surface->options[i] = (struct text){option_names[i], bytes};
		for (size_t at = 0; at + 2 <= bytes; at += 2)
			memcpy(title_names[i] + at, "\xc4\x8d", 2); /* č */
		surface->titles[i] = (struct text){title_names[i], bytes / 2 * 2};
		surface->marks[i] = (uint32_t)(i + 1) * 2654435761u;
	}
}

/* Everything a menu's decision can hold, at its bounds. */
static void full_decision(struct decision *decision, const struct surface *surface)
{
	static const char *const withheld[READER_WITHHELD_MAX] = {"habits", "menus", "suggestions", "preferences", "contacts", "matters",
	                                                          "identifiers", "traits"};
	*decision = (struct decision){.surface = surface, .now_ms = 1790000000000, .guess = true, .suggestions_n = DECISION_SUGGESTIONS,
	                              .suggestions = {20, 21, 22}, .withheld_n = READER_WITHHELD_MAX,
	                              .ask = {.kind = SUGGESTION_PROMOTE, .option = 20, .over = 3, .text_n = DECISION_WHY_BYTES - 1},
	                              .why_n = DECISION_WHY_BYTES - 1};
	memcpy(decision->withheld, withheld, sizeof withheld);
	for (size_t i = 0; i + 2 < DECISION_WHY_BYTES; i += 2) {
		memcpy(decision->ask.text + i, "\xc4\x8d", 2);
		memcpy(decision->why + i, "\xc4\x8d", 2);
	}
	decision->why[decision->why_n - 1] = decision->ask.text[decision->ask.text_n - 1] = '.';
	decision->menu.home_n = MENU_HOME_MAX;
	for (uint16_t i = 0; i < MENU_HOME_MAX; i++)
		decision->menu.home[i] = i;
}

static struct text encoded(struct buffer *out, const struct decision *decision)
{
	buffer_reset(out);
	decision_encode(out, decision);
	assert_false(out->failed);
	assert_true(out->n <= DECISION_BYTES_MAX);
	assert_true(value_check(buffer_view(out)));
	return buffer_view(out);
}

static void record_of_64_long_options_keeps_within_its_bound(void **state)
{
	struct surface surface;
	struct decision decision;
	struct buffer out = BUFFER_INIT(32 * 1024), other = BUFFER_INIT(32 * 1024);
	(void)state;
	for (size_t bytes = 4; bytes <= LONG_BYTES; bytes += 11) {
		long_menu(&surface, bytes);
		full_decision(&decision, &surface);
		encoded(&out, &decision);
		struct value record = {(const uint8_t *)out.p, out.n};
		assert_true(value_type_of(value_get(record, TEXT("rest"))) == VALUE_INT);
		assert_int_equal(decision_option_of(&surface, value_at(record, TEXT("ask.option"))), 20);
		assert_int_equal(decision_option_of(&surface, value_at(record, TEXT("ask.over"))), 3);
		/* What the record itself has no room for still tells two decisions apart. */
		decision.why[decision.why_n - 1] = '!';
		assert_false(text_equal(buffer_view(&out), encoded(&other, &decision)));
		full_decision(&decision, &surface);
		assert_true(text_equal(buffer_view(&out), encoded(&other, &decision)));
	}
	buffer_free(&out);
	buffer_free(&other);
}

static void record_of_a_short_menu_keeps_every_name(void **state)
{
	struct surface surface;
	struct decision decision;
	struct buffer out = BUFFER_INIT(4096);
	(void)state;
	long_menu(&surface, 8);
	full_decision(&decision, &surface);
	decision.menu.home_n = 6;
	decision.why_n = 40;
	decision.ask.text_n = 60;
	decision.withheld_n = 1;
	encoded(&out, &decision);
	struct value record = {(const uint8_t *)out.p, out.n}, item;
	struct value_cursor cursor = {0};
	size_t n = 0;
	while (value_next_item(&cursor, value_get(record, TEXT("home")), &item))
		assert_true(text_equal(value_text(item), surface.options[n++]));
	assert_int_equal(n, 6);
	assert_true(text_equal(value_text(value_at(record, TEXT("ask.option"))), surface.options[20]));
	assert_int_equal(decision_option_of(&surface, value_at(record, TEXT("ask.option"))), 20);
	assert_int_equal(decision_option_of(&surface, value_get(record, TEXT("nothing"))), MENU_NONE);
	assert_int_equal(value_type_of(value_get(record, TEXT("rest"))), VALUE_ABSENT);
	buffer_free(&out);
}

static void record_of_long_values_keeps_the_first(void **state)
{
	struct surface surface = {.name = TEXT("machine"), .type = SURFACE_USUAL, .purpose_name = TEXT("personalisation")};
	struct decision decision = {.surface = &surface, .now_ms = 1790000000000, .options_n = DECISION_OPTIONS_MAX};
	struct buffer out = BUFFER_INIT(64 * 1024), values[DECISION_OPTIONS_MAX];
	char digits[4000];
	(void)state;
	for (size_t length = 1; length < sizeof digits; length = length * 3 + 1) {
		for (size_t i = 0; i < DECISION_OPTIONS_MAX; i++) {
			memset(digits, '0' + (int)i % 10, sizeof digits);
			values[i] = BUFFER_INIT(8192);
			value_put_text(&values[i], (struct text){digits, length});
			decision.options[i] = (struct decision_option){.value = {(const uint8_t *)values[i].p, values[i].n}};
		}
		encoded(&out, &decision);
		struct value record = {(const uint8_t *)out.p, out.n}, first;
		struct value_cursor cursor = {0};
		if (length < 100) {
			assert_true(value_next_item(&cursor, value_get(record, TEXT("options")), &first));
			assert_int_equal(value_text(value_get(first, TEXT("value"))).n, length);
		}
		for (size_t i = 0; i < DECISION_OPTIONS_MAX; i++)
			buffer_free(&values[i]);
	}
	buffer_free(&out);
}

/* Whatever the names are, what the arrangement needs is all there. */
static void record_of_a_recommendation_keeps_every_input(void **state)
{
	static struct product products[RECOMMEND_SLOTS_MAX];
	struct surface surface = {.name = {option_names[0], LONG_BYTES}, .type = SURFACE_RECOMMEND, .purpose_name = TEXT("personalisation")};
	struct decision decision;
	struct buffer out = BUFFER_INIT(32 * 1024);
	(void)state;
	for (size_t bytes = 4; bytes <= LONG_BYTES; bytes += 44) {
		full_decision(&decision, &surface);
		decision.ask.kind = 0;
		decision.recommendation.considered_n = RECOMMEND_CONSIDERED_MAX;
		decision.recommendation.shown_n = RECOMMEND_SLOTS_MAX;
		for (size_t i = 0; i < RECOMMEND_CONSIDERED_MAX; i++)
			decision.recommendation.considered[i] = UINT64_MAX - i;
		for (size_t i = 0; i < RECOMMEND_SLOTS_MAX; i++) {
			memset(option_names[i], 'x', LONG_BYTES);
			products[i].name = (struct text){option_names[i], bytes};
			decision.recommendation.shown[i].input.product = &products[i];
		}
		encoded(&out, &decision);
		struct value record = {(const uint8_t *)out.p, out.n}, item;
		struct value_cursor cursor = {0};
		size_t n = 0;
		int64_t packed;
		while (value_next_item(&cursor, value_get(record, TEXT("considered")), &item)) {
			assert_true(value_int(item, &packed));
			assert_true((uint64_t)packed == UINT64_MAX - n++);
		}
		assert_int_equal(n, RECOMMEND_CONSIDERED_MAX);
	}
	buffer_free(&out);
}

static void a_cut_leaves_no_half_character(void **state)
{
	static const char text[] = "a\xc4\x8d\xe2\x82\xac\xf0\x9f\x98\x80z"; /* a, č, €, a face, z */
	size_t wanted[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
	(void)state;
	for (size_t n = 0; n < sizeof wanted / sizeof *wanted; n++)
		assert_int_equal(text_whole((struct text){text, n}).n, wanted[n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_of_64_long_options_keeps_within_its_bound),
		cmocka_unit_test(record_of_a_short_menu_keeps_every_name),
		cmocka_unit_test(record_of_a_recommendation_keeps_every_input),
		cmocka_unit_test(record_of_long_values_keeps_the_first),
		cmocka_unit_test(a_cut_leaves_no_half_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
