/* Segments: rules are read, said again and refused with a place; what the fold keeps gives the same members as counting all events. */
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "differentiate/segment/segment.h"
#include "random.h"
#include "trust/purpose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text formatted(struct buffer *out, struct arena *arena, const char *text)
{
	struct rule *rule;
	struct rule_error error;
	if (rule_parse(&rule, arena, text_of(text), &error) != 0)
		fail_msg("%s\n%u: %s", text, error.at, error.message);
	buffer_reset(out);
	rule_format(out, rule);
	return buffer_view(out);
}

static void rules_have_one_canonical_text(void **state)
{
	static const struct {
		const char *text, *canonical;
	} rules[] = {
		{"did \"A\"", "did \"A\""},
		{"DID \"A\" AT LEAST 1 TIMES", "did \"A\""},
		{"did \"A\" at least once in the last 2 weeks", "did \"A\" in the last 14 days"},
		{"did \"A\" at least 3 times in the last 90d", "did \"A\" at least 3 times in the last 90 days"},
		{"saw \"Home\" exactly once", "saw \"Home\" exactly 1 times"},
		{"did \"A\" at most 0 times in the last 90 minutes", "did \"A\" at most 0 times in the last 90 minutes"},
		{"did \"A\" in the last 48 hours", "did \"A\" in the last 2 days"},
		{"did \"A\" where amount>=100 and method is \"card\" and trait.language = \"de\"", "did \"A\" where amount >= 100 and method is \"card\" and trait.language is \"de\""},
		{"did \"A\" where \"did\" is true", "did \"A\" where \"did\" is true"},
		{"did \"A\" where \"two words\" contains \"x\" in the last 1 day", "did \"A\" where \"two words\" contains \"x\" in the last 1 day"},
		{"trait.city is one of (\"a\",\"b\", 3)", "trait.city is one of (\"a\", \"b\", 3)"},
		{"has trait.phone and not has preference.post.day", "has trait.phone and not has preference.post.day"},
		{"consented to marketing or in segment \"Open complaint\"", "consented to marketing or in segment \"Open complaint\""},
		{"((did \"A\"))", "did \"A\""},
		{"did \"A\" or did \"B\" and did \"C\"", "did \"A\" or did \"B\" and did \"C\""},
		{"(did \"A\" or did \"B\") and did \"C\"", "(did \"A\" or did \"B\") and did \"C\""},
		{"not (did \"A\" and did \"B\")", "not (did \"A\" and did \"B\")"},
		{"not not did \"A\"", "not not did \"A\""},
		{"(did \"A\" and did \"B\") and did \"C\"", "(did \"A\" and did \"B\") and did \"C\""},
		{"did \"a \\\"b\\\" \\\\c\"", "did \"a \\\"b\\\" \\\\c\""},
		{"trait.size > -1.5", "trait.size > -1.5"},
		{"did \"A\" and in segment b", "did \"A\" and in segment b"},
		{"did \"Žluť\" where größe is \"ß\"", "did \"Žluť\" where \"größe\" is \"ß\""},
	};
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct buffer out = BUFFER_INIT(1 << 20), again = BUFFER_INIT(1 << 20);
	(void)state;
	arena_init(&arena, 8 << 20);
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		assert_text_equal(formatted(&out, &arena, rules[i].text), rules[i].canonical);
		buffer_char(&out, 0);
		assert_text_equal(formatted(&again, &arena, out.p), rules[i].canonical);
	}
	buffer_free(&out);
	buffer_free(&again);
}

static void mistakes_have_a_place_and_a_suggestion(void **state)
{
	static const struct {
		const char *text;
		uint32_t at;
		const char *says;
	} mistakes[] = {
		{"", 0, "The rule ends where did, saw"},
		{"did", 3, "stands in quotation marks"},
		{"did Order", 4, "stands in quotation marks"},
		{"did \"A", 4, "no closing quotation mark"},
		{"did \"A\" at lest 3 times", 11, "\"lest\" is not expected here; did you mean \"least\"?"},
		{"did \"A\" at least three times", 17, "how many times should follow"},
		{"did \"A\" at least 33 times", 17, "from 0 to 32"},
		{"did \"A\" at least 0 times", 8, "always so"},
		{"did \"A\" in the last 731 days", 20, "from a minute to 730 days"},
		{"did \"A\" in the last 3 dais", 22, "did you mean \"days\"?"},
		{"did \"A\" adn did \"B\"", 8, "did you mean \"and\"?"},
		{"ddi \"A\"", 0, "did you mean \"did\"?"},
		{"trait.language is de", 18, "\"de\""},
		{"trait.age > \"old\"", 12, "said of numbers"},
		{"trait.x is one of \"a\"", 18, "\"(\""},
		{"language is \"de\"", 0, "a path such as trait.language"},
		{"has language", 4, "begins with trait."},
		{"(did \"A\"", 8, "The rule ends where \")\" should follow."},
		{"did \"A\" and", 11, "The rule ends"},
		{"did \"A\" 5", 8, "and, or, or the end should follow"},
		{"consented marketing", 10, "\"to\""},
		{"in sgment x", 3, "did you mean \"segment\"?"},
	};
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	(void)state;
	arena_init(&arena, 8 << 20);
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		struct rule *rule = NULL;
		struct rule_error error;
		assert_int_equal(rule_parse(&rule, &arena, text_of(mistakes[i].text), &error), ERROR_INVALID);
		if (error.at != mistakes[i].at || !strstr(error.message, mistakes[i].says))
			fail_msg("%s\n%u, not %u: %s", mistakes[i].text, error.at, mistakes[i].at, error.message);
		assert_null(rule);
	}
	struct buffer shown = BUFFER_INIT(1000);
	struct rule *rule;
	struct rule_error error;
	assert_int_equal(rule_parse(&rule, &arena, TEXT("did \"Ž\" at lest 3 times"), &error), ERROR_INVALID);
	rule_error_show(&shown, TEXT("did \"Ž\" at lest 3 times"), &error);
	assert_text_equal(buffer_view(&shown), "did \"Ž\" at lest 3 times\n           ^ \"lest\" is not expected here; did you mean \"least\"?");
	buffer_free(&shown);
}

/* ---- random rules ---- */

static void rule_make(struct buffer *out, uint64_t *seed, int depth)
{
	static const char *const atoms[] = {"did \"A\"", "did \"B\" at least 2 times in the last 30 days", "did \"A\" at most 3 times", "did \"B\" exactly 2 times in the last 10 days",
		"did \"A\" where amount > 50 in the last 60 days", "saw \"A\"", "trait.language is \"de\"", "trait.age >= 40", "has trait.phone", "consented to marketing", "preference.text is not \"huge\"",
		"did \"C\" where way is one of (\"x\", \"y\") and amount <= 20 at least 3 times in the last 90 days"};
	uint32_t what = depth > 3 ? 0 : random_below(seed, 6);
	if (what < 2) {
		buffer_string(out, atoms[random_below(seed, sizeof atoms / sizeof *atoms)]);
	} else if (what == 2) {
		buffer_string(out, "not (");
		rule_make(out, seed, depth + 1);
		buffer_char(out, ')');
	} else {
		for (uint32_t i = 0, n = 2 + random_below(seed, 2), and = random_below(seed, 2); i < n; i++) {
			buffer_string(out, i ? and ? " and (" : " or (" : "(");
			rule_make(out, seed, depth + 1);
			buffer_char(out, ')');
		}
	}
}

static void random_rules_read_back_as_they_were(void **state)
{
	struct buffer text = BUFFER_INIT(1 << 20), first = BUFFER_INIT(1 << 20), second = BUFFER_INIT(1 << 20);
	(void)state;
	for (uint64_t round = 0; round < 500; round++) {
		struct arena arena __attribute__((cleanup(arena_cleanup)));
		uint64_t seed = 4000 + round;
		struct rule *rule;
		struct rule_error error;
		arena_init(&arena, 8 << 20);
		buffer_reset(&text);
		rule_make(&text, &seed, 0);
		if (text.n > RULE_BYTES_MAX || rule_parse(&rule, &arena, buffer_view(&text), &error) == ERROR_INVALID)
			continue; /* More atoms than a rule may have. */
		buffer_reset(&first);
		rule_format(&first, rule);
		buffer_char(&first, 0);
		formatted(&second, &arena, first.p);
		buffer_char(&second, 0);
		if (!text_equal(buffer_view(&first), buffer_view(&second)))
			fail_msg("seed %u: %s\nis %s", (unsigned)(4000 + round), first.p, second.p);
	}
	buffer_free(&text);
	buffer_free(&first);
	buffer_free(&second);
}

/* ---- configuration ---- */

#define PURPOSES                                                                                                          \
	"kind: purpose\nname: marketing\ntitle: m\ntext: t\nversion: 1\n---\nkind: purpose\nname: analytics\ntitle: a\ntext: t\nversion: 1\n---\n"
static char said[4000];

static void problem(void *arg, const struct config_problem *problem)
{
	size_t n = strlen(said);
	(void)arg;
	snprintf(said + n, sizeof said - n, "%s%u:%u: %s", n ? "\n" : "", problem->line, problem->column, problem->message);
}

static int build(struct config **config, const char *yaml)
{
	static const struct config_kind *const kind_list[] = {&purpose_kind, &segment_kind};
	static const struct config_kinds kinds = {kind_list, 2};
	struct config_file file = {TEXT("f"), text_of(yaml)};
	struct config_version version = {.version = 1, .files = &file, .files_n = 1};
	said[0] = 0;
	return config_build(config, &kinds, &version, problem, NULL);
}

#define SEGMENT(name, rule, purpose) "kind: segment\nname: " name "\ntitle: x\nrule: '" rule "'\npurpose: " purpose "\n"

static void segments_refuse_what_does_not_fit(void **state)
{
	static const struct {
		const char *yaml, *says;
	} mistakes[] = {
		{PURPOSES SEGMENT("a", "did \"A\" at lest 3 times", "analytics"), "At the caret: did \"A\" at ^lest 3 times"},
		{PURPOSES SEGMENT("a", "did \"A\"", "fun"), "There is no purpose \"fun\""},
		{PURPOSES SEGMENT("a", "consented to fun", "analytics"), "There is no purpose \"fun\""},
		{PURPOSES SEGMENT("abc", "in segment abd", "analytics"), "There is no segment \"abd\"; did you mean \"abc\"?"},
		{PURPOSES SEGMENT("a", "in segment a", "analytics"), "comes back to \"a\" itself"},
		{PURPOSES SEGMENT("a", "not in segment b", "analytics") "---\n" SEGMENT("b", "did \"A\" or in segment a", "analytics"), "comes back to \"a\" itself"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		struct config *config = NULL;
		assert_int_equal(build(&config, mistakes[i].yaml), ERROR_INVALID);
		if (!strstr(said, mistakes[i].says))
			fail_msg("%s\nis not: %s", said, mistakes[i].says);
		config_free(config);
	}
}

static void alike_events_of_one_purpose_are_kept_once(void **state)
{
	struct config *config;
	(void)state;
	assert_int_equal(build(&config, PURPOSES SEGMENT("a", "did \"A\" at least 3 times in the last 9 days", "analytics") "---\n"
		SEGMENT("b", "did \"A\" at most 4 times or did \"A\" where x is 1", "analytics") "---\n" SEGMENT("c", "did \"A\"", "marketing")), 0);
	const struct segments *segments = segments_of(config);
	assert_int_equal(segments->tracks_n, 3);
	assert_int_equal(segments->tracks[0].keep, 5);
	assert_int_equal(segments->tracks[1].keep, 1);
	config_free(config);
}

/* ---- the fold ---- */

enum { HISTORY_MAX = 80, NOW_DAY = 20000 };

/* One event of a random history; its payload lies in @bytes. */
struct happening {
	struct event event;
	struct buffer payload;
	int64_t amount;
	uint32_t way;
};

static void happening_make(struct happening *happening, uint64_t *seed, uint64_t masks[2])
{
	static const char *const names[] = {"A", "B", "C"}, *const ways[] = {"x", "y", "z"};
	*happening = (struct happening){.payload = BUFFER_INIT(1000), .amount = random_below(seed, 100), .way = random_below(seed, 3)};
	size_t whole = value_open(&happening->payload, VALUE_OBJECT);
	value_put_key(&happening->payload, TEXT("properties"));
	size_t properties = value_open(&happening->payload, VALUE_OBJECT);
	value_put_key(&happening->payload, TEXT("amount"));
	value_put_int(&happening->payload, happening->amount);
	value_put_key(&happening->payload, TEXT("way"));
	value_put_text(&happening->payload, text_of(ways[happening->way]));
	value_close(&happening->payload, properties);
	value_close(&happening->payload, whole);
	happening->event = (struct event){
		.header = {.kind = random_below(seed, 4) ? EVENT_TRACK : EVENT_PAGE, .time_ms = (int64_t)NOW_DAY * MS_A_DAY - (int64_t)random_below(seed, 100 * 24 * 60) * MS_A_MINUTE,
		           .purposes = 1 | (random_below(seed, 4) ? masks[0] : 0) | (random_below(seed, 2) ? masks[1] : 0)},
		.name = text_of(names[random_below(seed, 3)]), .payload = {(const uint8_t *)happening->payload.p, happening->payload.n}};
}

struct asked {
	const char *name;
	const char *event;
	bool saw;
	enum rule_times times;
	uint32_t n;
	int64_t days;
	int amount_over;       /* Only amounts over it. */
	int way;               /* Only this way; -1: any. */
	int purpose;
};

/* The same questions as in RULES, as plain counting. */
#define RULES                                                                                                             \
	PURPOSES SEGMENT("s0", "did \"A\" at least 3 times in the last 30 days", "analytics") "---\n" SEGMENT("s1", "did \"A\" at most 2 times in the last 20 days", "analytics") "---\n" \
	SEGMENT("s2", "did \"B\" exactly 4 times", "marketing") "---\n" SEGMENT("s3", "did \"C\" where amount > 60 at least 2 times in the last 90 days", "marketing") "---\n" \
	SEGMENT("s4", "saw \"B\" in the last 10 days", "analytics") "---\n" SEGMENT("s5", "did \"A\" where way is \"y\" and amount > 20 exactly 0 times in the last 45 days", "analytics")

static const struct asked questions[] = {
	{"s0", "A", false, TIMES_AT_LEAST, 3, 30, -1, -1, 1}, {"s1", "A", false, TIMES_AT_MOST, 2, 20, -1, -1, 1}, {"s2", "B", false, TIMES_EXACTLY, 4, 0, -1, -1, 0},
	{"s3", "C", false, TIMES_AT_LEAST, 2, 90, 60, -1, 0}, {"s4", "B", true, TIMES_AT_LEAST, 1, 10, -1, -1, 1},    {"s5", "A", false, TIMES_EXACTLY, 0, 45, 20, 1, 1}};

static bool counted(const struct asked *asked, const struct happening *history, size_t n, const uint64_t masks[2], int64_t now_ms)
{
	uint32_t found = 0;
	for (size_t i = 0; i < n; i++) {
		const struct event *event = &history[i].event;
		found += (event->header.kind == EVENT_PAGE) == asked->saw && text_equal(event->name, text_of(asked->event)) && (event->header.purposes & masks[asked->purpose]) &&
		         history[i].amount > asked->amount_over && (asked->way < 0 || (int)history[i].way == asked->way) &&
		         (asked->days == 0 || event->header.time_ms > now_ms - asked->days * MS_A_DAY);
	}
	return asked->times == TIMES_AT_LEAST ? found >= asked->n : asked->times == TIMES_AT_MOST ? found <= asked->n : found == asked->n;
}

static void members_are_those_that_counting_everything_finds(void **state)
{
	struct config *config;
	size_t in = 0, out = 0;
	(void)state;
	assert_int_equal(build(&config, RULES), 0);
	const struct segments *segments = segments_of(config);
	uint64_t masks[2] = {purpose_find(config, TEXT("marketing"))->mask, purpose_find(config, TEXT("analytics"))->mask};
	for (uint64_t round = 0; round < 400; round++) {
		uint64_t seed = 7000 + round;
		struct happening history[HISTORY_MAX];
		uint8_t *bytes = calloc(2, segment_fold.bytes_max);
		struct fold_state folded = {bytes, 0, segment_fold.bytes_max}, other = {bytes + segment_fold.bytes_max, 0, segment_fold.bytes_max};
		struct fold_context context = {config};
		size_t n = random_below(&seed, HISTORY_MAX), order[HISTORY_MAX];
		for (size_t i = 0; i < n; i++) {
			happening_make(&history[i], &seed, masks);
			order[i] = i;
			segment_fold.apply(&folded, &history[i].event, &context);
		}
		for (size_t i = n; i > 1; i--) {
			size_t j = random_below(&seed, (uint32_t)i), swap = order[i - 1];
			order[i - 1] = order[j];
			order[j] = swap;
		}
		for (size_t i = 0; i < n; i++)
			segment_fold.apply(&other, &history[order[i]].event, &context);
		if (folded.n != other.n || memcmp(folded.p, other.p, folded.n) != 0)
			fail_msg("seed %u: another order gives another state", (unsigned)(7000 + round));
		struct segment_facts facts = {.times = {(const char *)folded.p, folded.n}, .consents = 1 | masks[0] | masks[1], .config = config,
		                              .now_ms = (int64_t)NOW_DAY * MS_A_DAY + (int64_t)random_below(&seed, 30 * 24 * 60) * MS_A_MINUTE};
		for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
			bool wanted = counted(&questions[i], history, n, masks, facts.now_ms);
			enum segment_member found = segment_member(segments, segment_find(segments, text_of(questions[i].name)), &facts);
			if (found != (wanted ? SEGMENT_IN : SEGMENT_OUT))
				fail_msg("seed %u: %s is %d, and counted %d", (unsigned)(7000 + round), questions[i].name, found, wanted);
			in += wanted;
			out += !wanted;
		}
		for (size_t i = 0; i < n; i++)
			buffer_free(&history[i].payload);
		free(bytes);
	}
	assert_true(in > 100 && out > 100); /* Both were met often enough to mean something. */
	config_free(config);
}

static void nothing_that_is_watched_costs_nothing(void **state)
{
	struct config *config;
	uint8_t bytes[100];
	struct fold_state folded = {bytes, 0, sizeof bytes};
	struct event event = {.header = {.kind = EVENT_TRACK, .time_ms = MS_A_DAY, .purposes = ~(uint64_t)0}, .name = TEXT("Other")};
	(void)state;
	assert_int_equal(build(&config, RULES), 0);
	segment_fold.apply(&folded, &event, &(struct fold_context){config});
	assert_int_equal(folded.n, 0);
	event.name = TEXT("B");
	segment_fold.apply(&folded, &event, &(struct fold_context){config});
	assert_int_equal(folded.n, 6);
	event.header.purposes = 1; /* Came before the customer agreed. */
	segment_fold.apply(&folded, &event, &(struct fold_context){config});
	assert_int_equal(folded.n, 6);
	config_free(config);
}

/* ---- three values, and reasons ---- */

static void says_into(void *arg, const struct rule *atom, enum truth truth, struct text says)
{
	struct buffer *out = arg;
	(void)atom;
	buffer_format(out, "%d %.*s|", truth, TEXT_ARGS(says));
}

static void what_is_not_known_makes_no_member(void **state)
{
	struct config *config;
	struct buffer reasons = BUFFER_INIT(4000);
	uint8_t bytes[200];
	struct fold_state folded = {bytes, 0, sizeof bytes};
	(void)state;
	assert_int_equal(build(&config, PURPOSES SEGMENT("de", "trait.language is \"de\"", "analytics") "---\n" SEGMENT("not-de", "not trait.language is \"de\"", "analytics") "---\n"
		SEGMENT("ads", "did \"A\" at least 2 times in the last 30 days", "marketing") "---\n" SEGMENT("not-ads", "not in segment ads", "analytics") "---\n"
		SEGMENT("either", "in segment ads or not has trait.language", "analytics")), 0);
	const struct segments *segments = segments_of(config);
	uint64_t marketing = purpose_find(config, TEXT("marketing"))->mask, analytics = purpose_find(config, TEXT("analytics"))->mask;
	struct segment_facts facts = {.consents = 1 | analytics, .now_ms = 100 * (int64_t)MS_A_DAY, .config = config};
	assert_int_equal(segment_member(segments, segment_find(segments, TEXT("de")), &facts), SEGMENT_OUT);
	assert_int_equal(segment_member(segments, segment_find(segments, TEXT("not-de")), &facts), SEGMENT_OUT);
	assert_int_equal(segment_member(segments, segment_find(segments, TEXT("ads")), &facts), SEGMENT_WITHHELD);
	assert_int_equal(segment_member(segments, segment_find(segments, TEXT("not-ads")), &facts), SEGMENT_OUT);
	assert_int_equal(segment_member(segments, segment_find(segments, TEXT("either")), &facts), SEGMENT_IN);
	struct event event = {.header = {.kind = EVENT_TRACK, .time_ms = 80 * (int64_t)MS_A_DAY, .purposes = marketing}, .name = TEXT("A")};
	segment_fold.apply(&folded, &event, &(struct fold_context){config});
	facts.times = (struct text){(const char *)folded.p, folded.n};
	facts.consents |= marketing;
	assert_int_equal(segment_member(segments, segment_find(segments, TEXT("not-ads")), &facts), SEGMENT_IN);
	segment_each_reason(segments, segment_find(segments, TEXT("ads")), &facts, says_into, &reasons);
	event.header.time_ms = 90 * (int64_t)MS_A_DAY;
	segment_fold.apply(&folded, &event, &(struct fold_context){config});
	facts.times.n = folded.n;
	segment_each_reason(segments, segment_find(segments, TEXT("ads")), &facts, says_into, &reasons);
	assert_text_equal(buffer_view(&reasons), "0 1 of 2; the next one enters|2 2 of 2; leaves on 21 April 1970 unless it happens again|");
	facts.now_ms = 110 * (int64_t)MS_A_DAY - 1000;
	assert_int_equal(segment_member(segments, segment_find(segments, TEXT("ads")), &facts), SEGMENT_IN);
	facts.now_ms += 1000; /* To the second. */
	assert_int_equal(segment_member(segments, segment_find(segments, TEXT("ads")), &facts), SEGMENT_OUT);
	buffer_free(&reasons);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_have_one_canonical_text), cmocka_unit_test(mistakes_have_a_place_and_a_suggestion),
		cmocka_unit_test(random_rules_read_back_as_they_were), cmocka_unit_test(segments_refuse_what_does_not_fit),
		cmocka_unit_test(alike_events_of_one_purpose_are_kept_once), cmocka_unit_test(members_are_those_that_counting_everything_finds),
		cmocka_unit_test(nothing_that_is_watched_costs_nothing), cmocka_unit_test(what_is_not_known_makes_no_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
