/* Formulas, and what a choice leads to: said right, or refused with where and why. */
#include "unit.h"
#include "random.h"

#include "base/clock.h"
#include "customize/preview.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- formulas ---- */

static const struct {
	const char *name;
	struct expression_value value;
} slots[] = {{"a", {EXPRESSION_NUMBER, 7, {0}}}, {"b.c", {EXPRESSION_NUMBER, 2, {0}}}, {"colour", {EXPRESSION_TEXT, 0, TEXT("red")}}, {"unset", {EXPRESSION_NUMBER, 0, {0}}}};
enum { UNSET = 3 };

static int slot_named(void *arg, struct text name, enum expression_type *type)
{
	(void)arg;
	for (int i = 0; i < 4; i++)
		if (text_equal(text_of(slots[i].name), name)) {
			*type = slots[i].value.type;
			return i;
		}
	return -1;
}

static int table_named(void *arg, struct text name)
{
	(void)arg;
	return text_equal(name, TEXT("days")) ? 0 : -1;
}

static bool slot_get(void *arg, int slot, struct expression_value *value)
{
	(void)arg;
	*value = slots[slot].value;
	return slot != UNSET;
}

static bool table_get(void *arg, int table, struct expression_value key, double *value)
{
	(void)arg;
	(void)table;
	*value = 5;
	return text_equal(key.text, TEXT("red"));
}

static const struct expression_names names = {NULL, slot_named, table_named};
static const struct expression_world world = {NULL, slot_get, table_get, NULL};

static int run(const char *source, double *number, struct expression_problem *problem)
{
	struct arena arena;
	struct expression *expression;
	struct expression_value value;
	arena_init(&arena, 1 << 20);
	int error = expression_compile(&expression, &arena, text_of(source), &names, problem);
	if (!error)
		error = expression_evaluate(&value, expression, &world, problem);
	if (!error)
		*number = value.number;
	arena_free(&arena);
	return error;
}

static void formulas_come_to_what_they_say(void **state)
{
	static const struct {
		const char *source;
		double number;
	} cases[] = {
		{"1 + 2 * 3", 7}, {"(1 + 2) * 3", 9}, {"10 - 4 - 3", 3}, {"12 / 4 / 3", 1}, {"-a + 8", 1}, {"- (2 + 3)", -5}, {".5 * 4", 2}, {"a * b.c", 14},
		{"min(3, a, 2)", 2}, {"max(3, a, 2)", 7}, {"if(a > 6, 1, 2)", 1}, {"if(colour = \"red\", days[colour], 9)", 5}, {"if(colour != 'red', 1, 2)", 2},
		{"1 < 2 and 2 <= 2", 1}, {"1 > 2 or 3 >= 3", 1}, {"not (1 = 1)", 0}, {"not 0 and 1", 1}, {"2 = 2 = 1", 1}, {"max(days[\"red\"], 1)", 5},
		{"if(0, if(1, 2, 3), if(0, 4, 5))", 5}, {"1+2-3*4/6", 1},
	};
	struct expression_problem problem;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double number = NAN;
		if (run(cases[i].source, &number, &problem) != 0)
			fail_msg("%s: %s", cases[i].source, problem.message);
		if (number != cases[i].number)
			fail_msg("%s is %g, not %g", cases[i].source, number, cases[i].number);
	}
}

static void what_is_wrong_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *source;
		size_t column;
		const char *says;
	} cases[] = {
		{"1 +", 4, "ends where"}, {"1 2", 3, "should end"}, {"price + 1", 1, "nothing called \"price\""}, {"1 + days(2)", 5, "nothing called"},
		{"colour + 1", 1, "is a text"}, {"1 + (2 * 3", 11, "closing parenthesis"}, {"min(1, 2", 9, "comma or"}, {"if(1, 2)", 8, "three parts"},
		{"if(1, 2, colour)", 10, "Both answers"}, {"hours[1]", 1, "no table"}, {"days[colour", 12, "closing bracket"}, {"a = colour", 5, "cannot be compared"},
		{"\"open", 1, "not closed"}, {"1 # 2", 3, "should end"}, {"# 2", 1, "does not belong"}, {"1.2.3", 1, "no number"}, {"", 1, "ends where"},
	};
	struct expression_problem problem;
	double number;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(run(cases[i].source, &number, &problem), ERROR_INVALID);
		if (problem.column != cases[i].column || !strstr(problem.message, cases[i].says))
			fail_msg("%s: column %zu: %s", cases[i].source, problem.column, problem.message);
	}
}

static void what_has_no_value_says_so(void **state)
{
	struct expression_problem problem;
	double number;
	(void)state;
	assert_int_equal(run("1 / (a - 7)", &number, &problem), ERROR_NOT_FOUND);
	assert_int_equal(run("1 + unset", &number, &problem), ERROR_NOT_FOUND);
	assert_string_equal(problem.message, "\"unset\" is not known.");
	assert_int_equal(problem.column, 5);
	assert_int_equal(run("days['green']", &number, &problem), ERROR_NOT_FOUND);
	assert_int_equal(run("if(1, 2, unset)", &number, &problem), 0); /* What is not needed is not looked at. */
}

static void no_formula_is_too_deep_or_too_long(void **state)
{
	char deep[4000] = "", *at = deep;
	struct expression_problem problem;
	double number;
	(void)state;
	for (int i = 0; i < 100; i++)
		*at++ = '(';
	*at = 0;
	assert_int_equal(run(deep, &number, &problem), ERROR_INVALID);
	assert_non_null(strstr(problem.message, "nested deeper"));
	at = deep;
	for (int i = 0; i < 300; i++)
		at += sprintf(at, "1+");
	strcpy(at, "1");
	assert_int_equal(run(deep, &number, &problem), ERROR_INVALID);
	assert_non_null(strstr(problem.message, "longer than"));
}

/* Any bytes are compiled or refused, and never more. */
static void nonsense_is_refused(void **state)
{
	static const char pieces[][8] = {"1", "a", "(", ")", "[", "]", "+", "-", "*", "/", "if(", "min(", ",", "days[", "\"", "'x'", "not ", "and ", "<", "=", "!=", ".", " ", "\xc4"};
	uint64_t seed = (uint64_t)time(NULL);
	size_t compiled = 0;
	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 20000; i++) {
		char source[300] = "";
		struct expression_problem problem = {0};
		double number;
		for (uint32_t n = 1 + random_below(&seed, 9); n; n--)
			strcat(source, pieces[random_below(&seed, sizeof pieces / sizeof *pieces)]);
		int error = run(source, &number, &problem);
		compiled += error == 0;
		assert_true(error == 0 || error == ERROR_NOT_FOUND || (error == ERROR_INVALID && problem.message[0] && problem.column >= 1 && problem.column <= strlen(source) + 1));
	}
	assert_true(compiled > 100);
}

/* ---- consequences ---- */

static const char *const shop =
	"kind: product\nname: grey\ntitle: Grey lamp\nneed: light\nprice: 39\ncurrency: EUR\nlead: 2d\nattributes: {colour: grey}\n---\n"
	"kind: product\nname: red\ntitle: Red lamp\nneed: light\nprice: 39\ncurrency: EUR\nlead: 4d\nattributes: {colour: red}\n---\n"
	"kind: product\nname: blue\ntitle: Blue lamp\nneed: light\nprice: 39\ncurrency: EUR\nlead: 2d\nattributes: {colour: blue}\n---\n"
	"kind: product\nname: gold\ntitle: Gold lamp\nneed: light\nprice: 99\ncurrency: EUR\nlead: 2d\nattributes: {colour: gold}\n---\n"
	"kind: product\nname: fast\ntitle: Kettle\nneed: tea\nprice: 1\ncurrency: EUR\nlead: 0d\n---\n"
	"kind: consequence\nname: delivery\ninputs:\n  product: {is: product}\n  speed: {is: choice, of: {standard: standard delivery, express: express delivery}, standard: standard}\n"
	"tables:\n  days: {standard: 1, express: 0}\n  fee: {standard: 0, express: 5}\n"
	"outputs:\n  arrives: {value: \"product.lead + days[speed]\", unit: days, says: Arrives, better: less}\n"
	"  price: {value: \"product.price + fee[speed]\", unit: EUR, says: Costs, better: less}\n";

static char said[400];

static void problem_say(void *arg, const struct config_problem *problem)
{
	(void)arg;
	snprintf(said, sizeof said, "%u:%u %s", problem->line, problem->column, problem->message);
}

static int build(struct config **config, const char *text)
{
	static const struct config_kind *const kinds[] = {&category_kind, &product_kind, &consequence_kind};
	static const struct config_kinds table = {kinds, 3};
	struct config_file file = {TEXT("shop.yaml"), text_of(text)};
	struct config_version version = {.version = 1, .files = &file, .files_n = 1};
	said[0] = 0;
	return config_build(config, &table, &version, problem_say, NULL);
}

static void choose(struct preview *preview, struct consequence_state *state, const char *product, const char *speed)
{
	state->choices[0].product = product_find(preview->products, text_of(product));
	state->choices[1].text = text_of(speed);
	assert_non_null(state->choices[0].product);
}

/* A Saturday: in 3 days it is Tuesday, in 5 Thursday. */
static const int64_t SATURDAY_MS = 1795219200000;

static void a_change_is_said_with_what_would_be_better(void **state)
{
	struct config *config;
	struct arena arena;
	struct expression_problem problem;
	struct buffer words = BUFFER_INIT(1024);
	(void)state;
	assert_int_equal(build(&config, shop), 0);
	arena_init(&arena, 1 << 20);
	struct preview preview = {.consequence = consequence_find(config, TEXT("delivery")), .products = products_of(config), .now_ms = SATURDAY_MS};
	assert_int_equal(clock_parts_of(SATURDAY_MS).weekday, 5);
	choose(&preview, &preview.present, "grey", "standard");
	choose(&preview, &preview.changed, "red", "standard");
	assert_int_equal(preview_make(&preview, &arena, &problem), 0);
	preview_sentence(&words, &preview);
	assert_text_equal(buffer_view(&words), "Arrives Thursday instead of Tuesday.");
	/* Blue beats gold; express red costs more; both together is sooner than either. A kettle is no lamp. */
	assert_int_equal(preview.alternatives_n, 2);
	buffer_reset(&words);
	preview_alternative_say(&words, &preview, &preview.alternatives[0]);
	assert_text_equal(buffer_view(&words), "the blue one: Tuesday");
	buffer_reset(&words);
	preview_alternative_say(&words, &preview, &preview.alternatives[1]);
	assert_text_equal(buffer_view(&words), "the blue one with express delivery: Monday, 44.00 EUR");
	choose(&preview, &preview.changed, "grey", "express");
	assert_int_equal(preview_make(&preview, &arena, &problem), 0);
	buffer_reset(&words);
	preview_sentence(&words, &preview);
	assert_text_equal(buffer_view(&words), "Arrives Monday instead of Tuesday; costs 44.00 EUR instead of 39.00 EUR.");
	choose(&preview, &preview.changed, "grey", "standard");
	assert_int_equal(preview_make(&preview, &arena, &problem), 0);
	buffer_reset(&words);
	preview_sentence(&words, &preview);
	assert_text_equal(buffer_view(&words), "Nothing else changes.");
	buffer_free(&words);
	arena_free(&arena);
	config_free(config);
}

static bool beats(const struct consequence_outcome *a, const struct consequence_outcome *b)
{
	return a->outputs[0] <= b->outputs[0] && a->outputs[1] <= b->outputs[1] && (a->outputs[0] < b->outputs[0] || a->outputs[1] < b->outputs[1]);
}

/* Against every state there is: none of the alternatives is beaten, each is better in something, and there is one whenever something is. */
static void alternatives_are_never_beaten(void **state)
{
	static const char *const products[] = {"grey", "red", "blue", "gold"}, *const speeds[] = {"standard", "express"};
	struct config *config;
	struct arena arena;
	struct expression_problem problem;
	(void)state;
	assert_int_equal(build(&config, shop), 0);
	arena_init(&arena, 1 << 20);
	for (int present = 0; present < 8; present++)
		for (int changed = 0; changed < 8; changed++) {
			struct preview preview = {.consequence = consequence_find(config, TEXT("delivery")), .products = products_of(config), .now_ms = SATURDAY_MS};
			bool is_any = false;
			choose(&preview, &preview.present, products[present / 2], speeds[present % 2]);
			choose(&preview, &preview.changed, products[changed / 2], speeds[changed % 2]);
			arena_reset(&arena);
			assert_int_equal(preview_make(&preview, &arena, &problem), 0);
			for (int other = 0; other < 8; other++) {
				struct consequence_state there = {0};
				struct consequence_outcome outcome;
				choose(&preview, &there, products[other / 2], speeds[other % 2]);
				assert_int_equal(consequence_outcome(&outcome, preview.consequence, preview.products, &there, SATURDAY_MS, NULL, &problem), 0);
				bool better = outcome.outputs[0] < preview.then.outputs[0] || outcome.outputs[1] < preview.then.outputs[1];
				is_any |= better && other != present;
				for (size_t a = 0; a < preview.alternatives_n && other != present; a++)
					assert_false(beats(&outcome, &preview.alternatives[a].outcome));
			}
			for (size_t a = 0; a < preview.alternatives_n; a++) {
				const struct consequence_outcome *outcome = &preview.alternatives[a].outcome;
				assert_true(outcome->outputs[0] < preview.then.outputs[0] || outcome->outputs[1] < preview.then.outputs[1]);
			}
			assert_true((preview.alternatives_n > 0) == is_any);
		}
	arena_free(&arena);
	config_free(config);
}

static void what_cannot_be_configured_is_said_with_its_line(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"kind: consequence\nname: c\ninputs: {n: {is: number, from: 1, to: 2}}\noutputs:\n  x: {value: \"n + m\"}\n", "x, column 5: There is nothing called \"m\" here."},
		{"kind: consequence\nname: c\ninputs: {n: {is: hat}}\noutputs:\n  x: {value: \"1\"}\n", "is a product, a choice or a number"},
		{"kind: consequence\nname: c\ninputs: {n: {is: choice, of: {a: A}, standard: b}}\noutputs:\n  x: {value: \"1\"}\n", "The standard of \"n\""},
		{"kind: consequence\nname: c\ninputs: {n: {is: choice, of: {a: A}}}\noutputs:\n  x: {value: \"n\"}\n", "an output is a number"},
		{"kind: product\nname: p\ntitle: P\ncategory: c\n", "There is no category \"c\""},
		{"kind: product\nname: p\ntitle: P\nsettings: {s: {from: 1, to: 5, standard: 9}}\n", "The standard of \"s\""},
		{"kind: category\nname: a\ntitle: A\nparent: b\n---\nkind: category\nname: b\ntitle: B\nparent: a\n", "in a ring"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct config *config;
		assert_int_equal(build(&config, cases[i].text), ERROR_INVALID);
		if (!strstr(said, cases[i].says))
			fail_msg("case %zu: %s", i, said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formulas_come_to_what_they_say),
		cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
		cmocka_unit_test(what_has_no_value_says_so),
		cmocka_unit_test(no_formula_is_too_deep_or_too_long),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_change_is_said_with_what_would_be_better),
		cmocka_unit_test(alternatives_are_never_beaten),
		cmocka_unit_test(what_cannot_be_configured_is_said_with_its_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
