/* What customers answer: figures with their intervals against check values, effective net preference, ideas and rankings. */
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "interact/voice/idea.h"
#include "interact/voice/ranking.h"
#include "measure/preference.h"
#include "measure/voice.h"
#include "trust/purpose.h"

#include <math.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

static void nearly(double value, double wanted, double within)
{
	if (fabs(value - wanted) > within)
		fail_msg("%.9f is not %.9f", value, wanted);
}

/* ---- figures ---- */

static struct voice_counts recommendation(uint64_t promoters, uint64_t neutral, uint64_t detractors)
{
	return (struct voice_counts){.n = {[3] = detractors, [8] = neutral, [9] = promoters}};
}

static void recommendation_has_the_adjusted_wald_interval(void **state)
{
	static const struct {
		uint64_t promoters, neutral, detractors;
		double value, se, low, high;
	} checked[] = {{60, 25, 15, .45, .073993, .293431, .580356}, {5, 3, 2, .30, .246982, -.190506, .652044}};
	(void)state;
	for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
		struct voice_counts counts = recommendation(checked[i].promoters, checked[i].neutral, checked[i].detractors);
		struct voice_figure nps = voice_nps(&counts);
		nearly(nps.value, checked[i].value, 1e-9);
		nearly(nps.se, checked[i].se, 1e-6);
		nearly(nps.low, checked[i].low, 1e-6);
		nearly(nps.high, checked[i].high, 1e-6);
		assert_int_equal(nps.n, checked[i].promoters + checked[i].neutral + checked[i].detractors);
	}
}

static void satisfied_are_four_and_five_stars_with_wilsons_interval(void **state)
{
	struct voice_counts stars = {.n = {[1] = 3, [3] = 5, [4] = 30, [5] = 12}};
	struct share share = voice_share(&stars, VOICE_STARS);
	(void)state;
	assert_int_equal(share.k, 42);
	assert_int_equal(share.n, 50);
	nearly(share.low, .714858, 1e-6);
	nearly(share.high, .916626, 1e-6);
	struct voice_counts none = {.n = {[2] = 10}};
	nearly(voice_share(&none, VOICE_STARS).high, .277533, 1e-6);
	struct voice_counts effort = {.n = {[4] = 2, [5] = 1, [7] = 1}};
	assert_int_equal(voice_share(&effort, VOICE_CES).k, 2);
}

static void a_mean_has_its_interval(void **state)
{
	struct voice_counts stars = {.n = {[2] = 1, [4] = 2, [5] = 1}};
	struct voice_figure mean = voice_mean(&stars);
	(void)state;
	nearly(mean.value, 3.75, 1e-12);
	nearly(mean.se, sqrt((1.75 * 1.75 + 2 * .25 * .25 + 1.25 * 1.25) / 3 / 4), 1e-12);
	nearly(mean.high - mean.value, 1.959963984540054 * mean.se, 1e-12);
	struct voice_counts none = {0};
	assert_int_equal(voice_mean(&none).n, 0);
}

static void a_change_is_one_only_beyond_its_interval(void **state)
{
	struct voice_counts worse = {.n = {[2] = 60, [4] = 40}}, better = {.n = {[2] = 20, [4] = 80}}, few = {.n = {[2] = 2, [4] = 8}};
	(void)state;
	struct voice_change change = voice_mean_change(&better, &worse);
	assert_true(change.is_change && change.low > 0);
	nearly(change.value, .8, 1e-9);
	assert_false(voice_mean_change(&few, &few).is_change);
	/* Newcombe 1998, table II: 56/70 less 48/80 by method 10 is .2 (.0524 to .3339). */
	struct voice_change shares = voice_share_change(share_of(56, 70), share_of(48, 80));
	nearly(shares.low, .0524, 5e-5);
	nearly(shares.high, .3339, 5e-5);
	assert_true(shares.is_change);
	struct voice_counts up = recommendation(60, 25, 15), down = recommendation(15, 25, 60), empty = {0};
	assert_true(voice_nps_change(&up, &down).is_change);
	assert_false(voice_nps_change(&up, &up).is_change);
	assert_false(voice_nps_change(&up, &empty).is_change);
}

static void the_worst_moment_and_the_end_are_remembered(void **state)
{
	static const double course[] = {.2, -.1, -.8, .1, .6};
	(void)state;
	nearly(voice_peak_end(course, 5), -.10, 1e-12);
	nearly(voice_peak_end(course, 1), .2, 1e-12);
}

/* ---- preference ---- */

static void preference_is_exact(void **state)
{
	/* Five customers: ABC, BA, CBAD, AB, BAC, seen from A. */
	static const struct preference_answer answers[] = {{3, 1, 500}, {2, 2, 200}, {4, 3, 500}, {2, 1, 60}, {3, 2, 600}};
	(void)state;
	struct preference found = preference_measure(answers, 5);
	nearly(found.np.value, 13.333333, 1e-6);
	nearly(found.enp.value, 10.394265, 1e-6);
	nearly(found.enp.se, 29.646, 5e-4);
	nearly(found.n_eff, 3.8287, 5e-5);
	nearly(found.first.value, .40, 1e-12);
	nearly(found.wallet, .406667, 1e-6);
	nearly(found.wallet_weighted, .353047, 1e-6);
	assert_false(found.shown);
	static const double wallets[] = {.4, .3, .2, .1};
	for (int rank = 1; rank <= 4; rank++)
		nearly(preference_wallet(4, rank), wallets[rank - 1], 1e-12);
}

static void preference_is_hidden_while_few_count(void **state)
{
	struct preference_answer answers[60];
	(void)state;
	for (size_t i = 0; i < 60; i++)
		answers[i] = (struct preference_answer){3, 1 + (double)(i % 3), i == 0 ? 1000 : 1};
	assert_false(preference_measure(answers, 60).shown); /* One of them decides everything. */
	answers[0].weight = 1;
	assert_true(preference_measure(answers, 60).shown);
	assert_false(preference_measure(answers, 29).shown);
	assert_int_equal(preference_measure(NULL, 0).n, 0);
	for (size_t i = 0; i < 60; i++)
		answers[i].weight = 0; /* Nobody is free to choose. */
	assert_false(preference_measure(answers, 60).shown);
}

/* ---- folds ---- */

struct bench {
	const struct fold *fold;
	uint8_t room[FOLD_STATE_BYTES_MAX];
	struct fold_state state;
	const struct config *config;
};

static void start(struct bench *bench, const struct fold *fold, const struct config *config)
{
	*bench = (struct bench){.fold = fold, .config = config};
	bench->state = (struct fold_state){.p = bench->room, .capacity = fold->bytes_max};
}

static void apply(struct bench *bench, const char *name, int64_t time_ms, const char *properties)
{
	struct json_parser *parser = json_parser_new(1 << 16, 16);
	struct buffer payload = BUFFER_INIT(1 << 16);
	struct json root;
	static uint64_t position;
	assert_int_equal(json_parse(parser, text_of(properties), &root), 0);
	size_t object = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, TEXT("properties"));
	assert_int_equal(value_put_json(&payload, root, 8), 0);
	value_close(&payload, object);
	struct event event = {.position = ++position, .header = {.kind = EVENT_TRACK, .time_ms = time_ms}, .name = text_of(name),
	                      .payload = {(const uint8_t *)payload.p, payload.n}};
	struct fold_context context = {bench->config};
	bench->fold->apply(&bench->state, &event, &context);
	assert_true(bench->state.n <= bench->fold->bytes_max);
	buffer_free(&payload);
	json_parser_free(parser);
}

static struct text state_of(const struct bench *bench)
{
	return (struct text){(const char *)bench->room, bench->state.n};
}

static struct config *config_of(const char *yaml)
{
	static const struct config_kind *const list[] = {&purpose_kind, &question_kind, &idea_kind};
	static const struct config_kinds kinds = {list, 3};
	struct config_file file = {TEXT("voice.yaml"), text_of(yaml)};
	struct config_version version = {.version = 1, .files = &file, .files_n = 1};
	struct config *config = NULL;
	assert_int_equal(config_build(&config, &kinds, &version, NULL, NULL), 0);
	return config;
}

#define RESEARCH "kind: purpose\nname: research\ntitle: Ask\ntext: May we?\nversion: 1\n---\n"
#define STARS "kind: question\nname: stars\ntext: How?\nscale: stars\nwhere: m\nafter: {event: Used}\nevery: {uses: 3}\npurpose: research\n---\n"
#define EFFORT "kind: question\nname: effort\ntext: Easy?\nscale: ces\nwhere: m\npurpose: research\n"

static void a_question_costs_nothing_until_it_is_asked(void **state)
{
	struct config *config = config_of(RESEARCH STARS EFFORT);
	struct bench bench;
	struct question_course course;
	(void)state;
	start(&bench, &question_fold, config);
	const struct question *stars = question_find(config, TEXT("stars"));
	apply(&bench, "Used", 1000, "{}");
	apply(&bench, "Question Asked", 1500, "{\"question\": \"made up\"}");
	assert_int_equal(bench.state.n, 0);
	apply(&bench, "Question Asked", 2000, "{\"question\": \"stars\"}");
	apply(&bench, "Used", 3000, "{}");
	apply(&bench, "Rating Given", 4000, "{\"question\": \"stars\", \"stars\": 4}");
	apply(&bench, "Used", 5000, "{}");
	assert_true(question_course(state_of(&bench), stars, &course));
	assert_int_equal(course.uses, 2);
	assert_int_equal(course.asks, 1);
	assert_int_equal(course.answers, 1);
	assert_true(course.answered);
	assert_int_equal(question_last_answer(state_of(&bench)), 4000);
	assert_int_equal(bench.state.n, 20);
	apply(&bench, "Question Asked", 9000, "{\"question\": \"stars\"}");
	assert_true(question_course(state_of(&bench), stars, &course));
	assert_int_equal(course.uses, 0);
	assert_false(course.answered);
	config_free(config);
}

static void a_wish_is_never_or_days_and_only_ever_fewer_than_the_budget(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int32_t days;
	} texts[] = {{"never", -1}, {"90", 90}, {"365", 365}, {"30", 0}, {"1", 0}, {"-5", 0}, {"3650", 3650}, {"3651", 0}, {"often", 0}, {"", 0}, {"99999999999999999999", 0}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct buffer out = BUFFER_INIT(100);
		value_put_text(&out, text_of(texts[i].text));
		assert_int_equal(question_wish((struct value){(const uint8_t *)out.p, out.n}), texts[i].days);
		buffer_free(&out);
	}
	for (int64_t days = 29; days < 33; days++) {
		struct buffer out = BUFFER_INIT(100);
		value_put_int(&out, days);
		assert_int_equal(question_wish((struct value){(const uint8_t *)out.p, out.n}), days > 30 ? days : 0);
		buffer_free(&out);
	}
	assert_int_equal(question_wish((struct value){0}), 0);
}

static void the_budget_holds_for_all_questions(void **state)
{
	struct config *config = config_of(RESEARCH STARS EFFORT);
	struct bench bench;
	(void)state;
	start(&bench, &question_fold, config);
	const struct question *stars = question_find(config, TEXT("stars")), *effort = question_find(config, TEXT("effort"));
	struct question_budget budget = {.consents = PURPOSE_SERVICE, .now_ms = (int64_t)1000 * DAY_MS};
	assert_int_equal(question_may_ask(stars, &budget), QUESTION_NO_CONSENT);
	budget.consents |= stars->purpose;
	assert_int_equal(question_may_ask(stars, &budget), QUESTION_MAY);
	apply(&bench, "Question Asked", budget.now_ms, "{\"question\": \"stars\"}");
	budget.state = state_of(&bench);
	budget.now_ms += (int64_t)29 * DAY_MS;
	assert_int_equal(question_may_ask(effort, &budget), QUESTION_ASKED_LATELY);
	budget.wish = 90;
	assert_int_equal(question_may_ask(effort, &budget), QUESTION_WISHED);
	budget.wish = 0;
	budget.now_ms += (int64_t)2 * DAY_MS;
	assert_int_equal(question_may_ask(effort, &budget), QUESTION_MAY);
	budget.wish = 90; /* The 31st day is within the wish, the 91st is not. */
	assert_int_equal(question_may_ask(effort, &budget), QUESTION_WISHED);
	budget.now_ms += (int64_t)60 * DAY_MS;
	assert_int_equal(question_may_ask(effort, &budget), QUESTION_MAY);
	budget.wish = -1;
	assert_int_equal(question_may_ask(effort, &budget), QUESTION_WISHED);
	budget.wish = 0;
	budget.now_ms -= (int64_t)60 * DAY_MS;
	assert_int_equal(question_may_ask(stars, &budget), QUESTION_FEW_USES);
	for (int i = 0; i < 3; i++)
		apply(&bench, "Used", budget.now_ms, "{}");
	budget.state = state_of(&bench);
	assert_int_equal(question_may_ask(stars, &budget), QUESTION_MAY);
	budget.rests = true;
	assert_int_equal(question_may_ask(stars, &budget), QUESTION_RESTS);
	budget = (struct question_budget){budget.consents, budget.state, true, false, budget.now_ms};
	assert_int_equal(question_may_ask(stars, &budget), QUESTION_COMPLAINT);
	budget.complaint_open = false;
	apply(&bench, "Question Asked", budget.now_ms, "{\"question\": \"effort\"}");
	budget.state = state_of(&bench);
	budget.now_ms += (int64_t)89 * DAY_MS;
	assert_int_equal(question_may_ask(effort, &budget), QUESTION_SAME_LATELY);
	budget.now_ms += (int64_t)2 * DAY_MS;
	assert_int_equal(question_may_ask(effort, &budget), QUESTION_MAY);
	apply(&bench, "Recommendation Given", budget.now_ms - (int64_t)DAY_MS, "{\"value\": 9}");
	budget.state = state_of(&bench);
	assert_int_equal(question_may_ask(effort, &budget), QUESTION_ANSWERED_LATELY);
	config_free(config);
}

static uint32_t mark_in(const struct ranking *ranking, size_t i)
{
	return ranking->open[i];
}

static void the_newest_ranking_counts_and_what_is_not_ranked_ties(void **state)
{
	struct bench bench;
	struct ranking ranking;
	(void)state;
	start(&bench, &ranking_fold, NULL);
	apply(&bench, "Preference Ranked", 5000000, "{\"open\": [\"a\", \"b\", \"c\", \"d\"], \"order\": [\"b\", \"a\"], \"motive\": \"ease\", \"freedom\": 0.5}");
	apply(&bench, "Preference Ranked", 4000000, "{\"open\": [\"a\", \"b\"], \"order\": [\"a\"]}");
	apply(&bench, "Preference Ranked", 6000000, "{\"open\": [\"a\"], \"order\": [\"a\"]}"); /* Nothing to choose from. */
	assert_true(ranking_of(state_of(&bench), &ranking));
	assert_int_equal(ranking.open_n, 4);
	assert_int_equal(ranking.time_ms, 5000000);
	nearly(ranking.freedom, .5, 1e-9);
	nearly(ranking_rank(&ranking, mark_in(&ranking, 0)), 1, 1e-12);
	nearly(ranking_rank(&ranking, mark_in(&ranking, 1)), 2, 1e-12);
	nearly(ranking_rank(&ranking, mark_in(&ranking, 2)), 3.5, 1e-12);
	nearly(ranking_rank(&ranking, mark_in(&ranking, 3)), 3.5, 1e-12);
	nearly(ranking_rank(&ranking, 12345), 0, 1e-12);
}

static void a_vote_counts_once_and_can_be_taken_back(void **state)
{
	struct config *config = config_of("kind: idea\nname: notes\nstatus: trying\nwhere: branch 3\ndecided_by: Mara\ndecided: 2026-11-02\n");
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct bench proposer, voter, turned;
	struct idea_list list;
	(void)state;
	arena_init(&arena, 16 << 20);
	start(&proposer, &idea_fold, config);
	start(&voter, &idea_fold, config);
	start(&turned, &idea_fold, config);
	apply(&proposer, "Idea Proposed", 1000, "{\"idea\": \"notes\", \"title\": \"Notes by size\", \"text\": \"I cannot see them.\"}");
	apply(&voter, "Idea Supported", 2000, "{\"idea\": \"notes\"}");
	apply(&voter, "Idea Supported", 3000, "{\"idea\": \"notes\"}");
	apply(&voter, "Idea Tried", 3500, "{\"idea\": \"notes\"}");
	apply(&voter, "Idea Proposed", 4000, "{\"idea\": \"notes\", \"title\": \"Mine\"}");
	apply(&voter, "Idea Proposed", 4000, "{\"idea\": \"Not An Id\", \"title\": \"Mine\"}");
	apply(&turned, "Idea Support Withdrawn", 6000, "{\"idea\": \"notes\"}");
	apply(&turned, "Idea Supported", 5000, "{\"idea\": \"notes\"}"); /* Came late. */
	assert_int_equal(idea_list_begin(&list, &arena), 0);
	assert_int_equal(idea_list_add(&list, state_of(&voter), 2), 0);
	assert_int_equal(idea_list_add(&list, state_of(&proposer), 1), 0);
	assert_int_equal(idea_list_add(&list, state_of(&turned), 3), 0);
	idea_list_finish(&list, config);
	assert_int_equal(list.n, 1);
	const struct idea *idea = idea_list_find(&list, TEXT("notes"));
	assert_non_null(idea);
	assert_int_equal(idea->votes, 1);
	assert_int_equal(idea->tried, 1);
	assert_int_equal(idea->proposer, 1); /* Who said it first. */
	assert_true(text_equal(idea->title, TEXT("Notes by size")));
	assert_true(text_equal(idea_status(idea), TEXT("trying")));
	assert_true(text_equal(idea->answer->where, TEXT("branch 3")));
	assert_false(idea_is_overdue(idea, 1000 + (int64_t)20 * DAY_MS));
	config_free(config);
}

static void an_idea_without_an_answer_is_new_and_then_overdue(void **state)
{
	struct arena arena __attribute__((cleanup(arena_cleanup)));
	struct bench bench;
	struct idea_list list;
	(void)state;
	arena_init(&arena, 16 << 20);
	start(&bench, &idea_fold, NULL);
	apply(&bench, "Idea Proposed", 1000, "{\"idea\": \"lamp\", \"title\": \"A lamp\"}");
	apply(&bench, "Idea Proposed", 500, "{\"idea\": \"lamp\", \"title\": \"An older word\"}");
	apply(&bench, "Idea Supported", 2000, "{\"idea\": \"nobody-proposed-this\"}");
	assert_int_equal(idea_list_begin(&list, &arena), 0);
	assert_int_equal(idea_list_add(&list, state_of(&bench), 1), 0);
	idea_list_finish(&list, NULL);
	assert_int_equal(list.n, 1);
	assert_true(text_equal(list.items[0].title, TEXT("A lamp")));
	assert_int_equal(list.items[0].proposed_ms, 500);
	assert_true(text_equal(idea_status(&list.items[0]), TEXT("new")));
	assert_false(idea_is_overdue(&list.items[0], 500 + (int64_t)14 * DAY_MS));
	assert_true(idea_is_overdue(&list.items[0], 501 + (int64_t)14 * DAY_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recommendation_has_the_adjusted_wald_interval),
		cmocka_unit_test(satisfied_are_four_and_five_stars_with_wilsons_interval),
		cmocka_unit_test(a_mean_has_its_interval),
		cmocka_unit_test(a_change_is_one_only_beyond_its_interval),
		cmocka_unit_test(the_worst_moment_and_the_end_are_remembered),
		cmocka_unit_test(preference_is_exact),
		cmocka_unit_test(preference_is_hidden_while_few_count),
		cmocka_unit_test(a_question_costs_nothing_until_it_is_asked),
		cmocka_unit_test(a_wish_is_never_or_days_and_only_ever_fewer_than_the_budget),
		cmocka_unit_test(the_budget_holds_for_all_questions),
		cmocka_unit_test(the_newest_ranking_counts_and_what_is_not_ranked_ties),
		cmocka_unit_test(a_vote_counts_once_and_can_be_taken_back),
		cmocka_unit_test(an_idea_without_an_answer_is_new_and_then_overdue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
