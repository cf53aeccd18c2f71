/* The five layers: mistakes are said, what nodes add up to, how far a limit reaches, and an experience walked. */
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/unit.h"
#include "interact/touchpoint.h"
#include "measure/layers/walk.h"
#include "random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct config_kind *const kind_list[] = {&touchpoint_kind, &promise_kind, &experience_kind, &interaction_kind, &procedure_kind, &system_kind};
static const struct config_kinds kinds = {kind_list, sizeof kind_list / sizeof *kind_list};
static char said[2000];

static void problem(void *arg, const struct config_problem *problem)
{
	size_t n = strlen(said);
	(void)arg;
	snprintf(said + n, sizeof said - n, "%s%u:%u: %s", n ? "\n" : "", problem->line, problem->column, problem->message);
}

static int build(struct config **config, const char *yaml)
{
	struct config_file file = {TEXT("f"), text_of(yaml)};
	struct config_version version = {.version = 1, .files = &file, .files_n = 1};
	said[0] = 0;
	return config_build(config, &kinds, &version, problem, NULL);
}

#define PICTURE                                                                                                                      \
	"kind: promise\nname: at-once\nsays: At once\nwithin: 15m\nkept: 95%\n---\n"                                                     \
	"kind: experience\nname: safe\nsteps: [block]\npromises: [at-once]\n---\n"                                                       \
	"kind: interaction\nname: block\nat: [app, call]\nneeds: [change]\n---\n"                                                        \
	"kind: touchpoint\nname: app\nchannel: app\nneeds: [gateway]\n---\n"                                                             \
	"kind: touchpoint\nname: call\nchannel: phone\nneeds: [agents]\n---\n"                                                           \
	"kind: procedure\nname: change\nowner: a\ntakes: 4m\nneeds: [cards]\n---\n"                                                      \
	"kind: system\nname: cards\nlimits: {p99: 800ms, availability: 99%, freshness: 2s, capacity: 50/s}\nshould_be: {p99: 100ms}\n---\n" \
	"kind: system\nname: gateway\nlimits: {p99: 200ms, availability: 90%}\n---\n"                                                    \
	"kind: system\nname: agents\nhours: \"08:00-20:00\"\nlimits: {takes: 6m, availability: 80%}\n"

static uint32_t at(const struct layers *layers, const char *id)
{
	const struct layer_node *node = layers_find(layers, text_of(id));
	assert_non_null(node);
	return (uint32_t)(node - layers->nodes);
}

static void mistakes_are_said_with_their_place(void **state)
{
	static const struct {
		const char *yaml, *said;
	} mistakes[] = {
		{"kind: experience\nname: a\nsteps: [b]\n", "3:1: Nothing is called \"b\"."},
		{"kind: experience\nname: a\nsteps: [blok]\n---\nkind: interaction\nname: block\nat: []\n", "3:1: Nothing is called \"blok\"; did you mean \"block\"?"},
		{"kind: experience\nname: a\nsteps: [c]\n---\nkind: system\nname: c\n", "3:1: \"c\" is a system: an experience needs what lies further inside."},
		{"kind: system\nname: c\nneeds: [d]\n---\nkind: procedure\nname: d\n", "3:1: \"d\" is a procedure: a system needs what lies further inside."},
		{"kind: system\nname: c\n---\nkind: procedure\nname: c\n", "2:1: There is a procedure called \"c\" as well: a name stands for one node."},
		{"kind: system\nname: c\nlimits: {p99: soon}\n", "3:10: \"soon\" is not a time such as 800ms."},
		{"kind: system\nname: c\nhours: always\n", "3:1: \"always\" is not 24x7, nightly, 08:00-18:00 or weekdays 09:00-17:00."},
		{"kind: system\nname: c\nmaps: [never]\n", "3:1: maps are is, must-be and should-be."},
		{"kind: system\nname: c\nneeds: [d]\n---\nkind: system\nname: d\nneeds: [e]\n---\nkind: system\nname: e\nneeds: [c]\n", "The needs go round in a circle: "},
		{"kind: experience\nname: a\nsteps: []\npromises: [p]\n", "4:1: There is no promise \"p\" (kind: promise)."},
		{"kind: promise\nname: p\nsays: x\nwithin: soon\n", "4:1: within is a time such as 15m or 2d."},
	};
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		struct config *config = NULL;
		assert_int_equal(build(&config, mistakes[i].yaml), ERROR_INVALID);
		if (!strstr(said, mistakes[i].said))
			fail_msg("%s\nis not: %s", said, mistakes[i].said);
		config_free(config);
	}
}

static void limits_add_up_from_inside_out(void **state)
{
	struct config *config;
	struct limits sums[16];
	(void)state;
	assert_int_equal(build(&config, PICTURE), 0);
	const struct layers *layers = layers_of(config);
	layers_sum(layers, MAP_IS, NULL, sums);
	const struct limits *safe = &sums[at(layers, "safe")], *change = &sums[at(layers, "change")];
	assert_int_equal(change->takes_ms, 4 * MS_A_MINUTE + 800);
	assert_true(fabs(change->availability - .99) < 1e-12);
	/* The customer takes the app, which is open; both must fail for the interaction to fail; the procedure is needed anyhow. */
	assert_int_equal(safe->takes_ms, 4 * MS_A_MINUTE + 800);
	assert_int_equal(safe->closed_ms, -1);
	assert_int_equal(safe->freshness_ms, 2000);
	assert_true(fabs(safe->availability - (1 - .1 * .2) * .99) < 1e-12);
	assert_true(safe->capacity == 50);
	assert_false(promise_is_at_risk(&layers->promises->items[0], &(struct limits){.takes_ms = 1000, .closed_ms = -1, .freshness_ms = -1, .availability = NAN}));
	layers_sum(layers, MAP_SHOULD_BE, NULL, sums);
	assert_int_equal(sums[at(layers, "change")].takes_ms, 4 * MS_A_MINUTE + 100);
	config_free(config);
}

static void a_limit_ripples_to_the_experience_and_its_promise(void **state)
{
	struct config *config;
	struct limits sums[16];
	struct layers_change change;
	bool reached[16];
	char sentence[200];
	(void)state;
	assert_int_equal(build(&config, PICTURE), 0);
	const struct layers *layers = layers_of(config);
	assert_int_equal(layers_change_parse(layers, MAP_IS, TEXT("cards.hours=nightly"), &change, sentence), 0);
	layers_sum(layers, MAP_IS, &change, sums);
	assert_int_equal(sums[at(layers, "safe")].closed_ms, MS_A_DAY);
	assert_true(promise_is_at_risk(&layers->promises->items[0], &sums[at(layers, "safe")]));
	layers_reached(layers, at(layers, "cards"), reached);
	assert_true(reached[at(layers, "safe")] && reached[at(layers, "change")] && reached[at(layers, "block")]);
	assert_false(reached[at(layers, "app")] || reached[at(layers, "agents")]);
	assert_int_equal(layers_change_parse(layers, MAP_IS, TEXT("nobody.hours=nightly"), &change, sentence), ERROR_NOT_FOUND);
	assert_int_equal(layers_change_parse(layers, MAP_IS, TEXT("cards.colour=red"), &change, sentence), ERROR_INVALID);
	assert_non_null(strstr(sentence, "colour"));
	assert_int_equal(layers_change_parse(layers, MAP_IS, TEXT("cards"), &change, sentence), ERROR_INVALID);
	config_free(config);
}

static void a_walk_names_what_cannot(void **state)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct config *config;
	struct walk walk;
	(void)state;
	arena_init(&arena, 8 << 20);
	assert_int_equal(build(&config, PICTURE), 0);
	const struct layers *layers = layers_of(config);
	assert_int_equal(layers_walk(&walk, layers, at(layers, "safe"), MAP_IS, TEXT("app"), &arena), 0);
	assert_int_equal(walk.touchpoints[0], at(layers, "app"));
	assert_int_equal(walk.forced, 0);
	assert_int_equal(walk.within_ms, 15 * MS_A_MINUTE);
	for (size_t i = 0; i < walk.n; i++)
		assert_false(walk.nodes[i].cannot);
	assert_int_equal(layers_walk(&walk, layers, at(layers, "safe"), MAP_IS, TEXT("phone"), &arena), 0);
	assert_int_equal(walk.touchpoints[0], at(layers, "call"));
	size_t cannot = 0;
	for (size_t i = 0; i < walk.n; i++)
		if (walk.nodes[i].cannot) {
			cannot++;
			assert_int_equal(walk.nodes[i].node, at(layers, "agents"));
			assert_non_null(strstr(walk.nodes[i].why, "12 hours"));
		}
	assert_int_equal(cannot, 1);
	assert_int_equal(layers_walk(&walk, layers, at(layers, "safe"), MAP_IS, TEXT("post"), &arena), 0);
	assert_int_equal(walk.forced, 1);
	assert_int_equal(layers_walk(&walk, layers, at(layers, "cards"), MAP_IS, TEXT(""), &arena), ERROR_INVALID);
	config_free(config);
}

/* The slow way: down from a node, by hand. */
static int64_t takes_by_hand(const struct layers *layers, uint32_t node)
{
	int64_t most = -1;
	for (size_t i = 0; i < layers->nodes[node].needs_n; i++) {
		int64_t need = takes_by_hand(layers, layers->nodes[node].needs[i]);
		most = need > most ? need : most;
	}
	int64_t own = layers->nodes[node].own[MAP_IS].takes_ms;
	return most < 0 ? own : (own > 0 ? own : 0) + most;
}

static void random_pictures_add_up_as_by_hand(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < 50; round++) {
		uint64_t seed = 77 + round;
		struct buffer yaml = BUFFER_INIT(1 << 20);
		unsigned n = 3 + random_below(&seed, 40);
		for (unsigned i = 0; i < n; i++) {
			buffer_format(&yaml, "%skind: system\nname: s%u\nlimits: {takes: %us}\nneeds: [", i ? "---\n" : "", i, random_below(&seed, 50));
			for (unsigned j = i + 1, put = 0; j < n; j++)
				if (random_below(&seed, 10) == 0)
					buffer_format(&yaml, "%ss%u", put++ ? ", " : "", j);
			buffer_string(&yaml, "]\n");
		}
		buffer_char(&yaml, 0);
		struct config *config;
		assert_int_equal(build(&config, yaml.p), 0);
		const struct layers *layers = layers_of(config);
		struct limits *sums = calloc(layers->n, sizeof *sums);
		layers_sum(layers, MAP_IS, NULL, sums);
		for (uint32_t i = 0; i < layers->n; i++)
			if (sums[i].takes_ms != takes_by_hand(layers, i))
				fail_msg("seed %u, node %u", (unsigned)(77 + round), i);
		free(sums);
		config_free(config);
		buffer_free(&yaml);
	}
}

static void lengths_of_time_are_read_and_said(void **state)
{
	static const struct {
		const char *text, *said;
		int64_t ms;
	} times[] = {{"800ms", "800 ms", 800}, {"90s", "1 minute 30 seconds", 90000}, {"15m", "15 minutes", 900000}, {"24h", "1 day", MS_A_DAY},
	             {"10d", "10 days", 10 * MS_A_DAY}, {"2w", "2 weeks", 14 * MS_A_DAY}, {"0s", "no time", 0}, {"61m", "1 hour 1 minute", 3660000}};
	int64_t ms;
	double share;
	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		struct buffer out = BUFFER_INIT(100);
		assert_int_equal(duration_parse(text_of(times[i].text), &ms), 0);
		assert_int_equal(ms, times[i].ms);
		duration_say(&out, ms);
		assert_text_equal(buffer_view(&out), times[i].said);
		buffer_free(&out);
	}
	assert_int_equal(duration_parse(TEXT("m"), &ms), ERROR_INVALID);
	assert_int_equal(duration_parse(TEXT("-5m"), &ms), ERROR_INVALID);
	assert_int_equal(duration_parse(TEXT("5 m"), &ms), ERROR_INVALID);
	assert_int_equal(duration_parse(TEXT("99999999999999w"), &ms), ERROR_INVALID);
	assert_int_equal(share_parse(TEXT("99.5%"), &share), 0);
	assert_true(fabs(share - .995) < 1e-12);
	assert_int_equal(share_parse(TEXT("101%"), &share), ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_said_with_their_place),
		cmocka_unit_test(limits_add_up_from_inside_out),
		cmocka_unit_test(a_limit_ripples_to_the_experience_and_its_promise),
		cmocka_unit_test(a_walk_names_what_cannot),
		cmocka_unit_test(random_pictures_add_up_as_by_hand),
		cmocka_unit_test(lengths_of_time_are_read_and_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
