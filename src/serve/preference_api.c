/*
 * preference_api.c: GET /v1/preference: whom customers would choose among the options open to them, and why.
 *
 * Only customers who agree to the question's purpose now are counted; the others are withheld. A customer weighs what the
 * company earned with them in the last year, by the price list, times how free they are to choose; without a price list
 * everybody weighs the same, and the answer says so.
 */
#include "serve/api.h"
#include "serve/question.h"

#include "base/clock.h"
#include "differentiate/price.h"
#include "engine/customer_rows.h"
#include "interact/voice/ranking.h"
#include "measure/preference.h"
#include "measure/voice.h"
#include "trust/reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EVENTS_MAX = 50 * 1000 * 1000, QUARTERS = 4, YEAR_DAYS = 365 };

/* One customer's newest answer, as this company sees it. */
struct answered {
	struct preference_answer answer;
	struct ranking ranking;
};

struct preferred {
	struct request *request;
	const struct question *question;
	uint32_t us;
	double *money;              /* By customer number: of the last year; NULL: everybody weighs the same. */
	uint32_t money_n;
	struct answered *items;
	size_t n, capacity, withheld;
	int error;
};

/* ---- gathering ---- */

static uint32_t number_of(void *arg, struct text name)
{
	return dictionary_find(arg, name);
}

/* What the company earned with each customer in the last year. */
static int money_gather(struct preferred *all)
{
	struct engine *engine = all->request->server->engine;
	const struct price_list *list = price_list_of(engine_config(engine));
	struct price_index index;
	struct customer_rows rows;
	if (list->n == 0)
		return 0;
	int error = price_index_make(&index, all->request->arena, list, dictionary_count(engine_dictionary(engine)) + 1, number_of, engine_dictionary(engine));
	if (error)
		return error;
	error = customer_rows_take(&rows, engine, all->request->now_ms - (int64_t)YEAR_DAYS * MS_A_DAY, all->request->now_ms + 1, EVENTS_MAX);
	if (!error) {
		all->money_n = rows.customers_n;
		all->money = memory_zero_alloc(rows.customers_n + 1, sizeof *all->money);
		error = all->money ? 0 : ERROR_MEMORY;
	}
	for (size_t i = 0; !error && i < rows.n; i++) {
		const struct customer_row *row = &rows.items[i];
		const struct price_line *line = row->name < index.names_n ? index.lines[(size_t)row->name * CHANNEL_COUNT + row->channel] : NULL;
		if (line && row->customer < all->money_n)
			all->money[row->customer] += price_of(list, line, (enum channel)row->channel, row->value).income;
	}
	customer_rows_free(&rows);
	return error;
}

static double weight_of(const struct preferred *all, uint32_t customer, double freedom)
{
	double money = all->money ? (customer < all->money_n ? fmax(0, all->money[customer]) : 0) : 1;
	return money * freedom;
}

static bool answer_take(void *arg, struct customer *customer)
{
	struct preferred *all = arg;
	struct engine *engine = all->request->server->engine;
	struct answered found;
	if (customer_refresh(engine, customer) != 0 || customer->origin_first == 0)
		return true;
	int64_t now_ms = all->request->now_ms;
	struct text state = reader_learned(engine, customer, &ranking_fold, all->question->purpose, now_ms);
	all->withheld += reader_is_withheld(engine, customer, &ranking_fold, all->question->purpose, now_ms);
	if (!state.n || !ranking_of(state, &found.ranking) || found.ranking.question != all->question->mark)
		return true;
	double rank = ranking_rank(&found.ranking, all->us);
	if (rank == 0)
		return true; /* We were not open to this customer. */
	found.answer = (struct preference_answer){(double)found.ranking.open_n, rank, weight_of(all, customer->number, found.ranking.freedom)};
	all->error = memory_grow(&all->items, &all->capacity, all->n + 1, sizeof *all->items);
	if (!all->error)
		all->items[all->n++] = found;
	return all->error == 0;
}

static int gather(struct preferred *all)
{
	struct engine *engine = all->request->server->engine;
	uint32_t at = 0;
	for (size_t i = 0; i < all->question->options_n; i++)
		if (text_equal(all->question->options[i].name, all->question->us))
			all->us = all->question->options[i].mark;
	int error = money_gather(all);
	if (!error)
		engine_each_customer(engine, &at, SIZE_MAX, answer_take, all);
	return error ? error : all->error;
}

/* ---- the answer ---- */

static bool is_first(const struct answered *item)
{
	return item->answer.rank < 1.5;
}

static void share_members_write(struct json_writer *out, struct share share)
{
	share_put_value(out, share.value, share.low, share.high);
	json_put_int(out, "n", (int64_t)share.n);
}

static void share_write(struct preferred *all, const char *key, struct share share)
{
	struct json_writer *out = &all->request->out;
	json_key(out, text_of(key));
	if ((int64_t)share.n < all->request->server->settings.aggregate_min)
		return json_write_null(out);
	json_object_begin(out);
	share_members_write(out, share);
	json_object_end(out);
}

static void figure_write(struct json_writer *out, const char *key, struct preference_figure figure)
{
	json_key(out, text_of(key));
	json_object_begin(out);
	share_put_value(out, figure.value, figure.low, figure.high);
	json_put_double(out, "se", figure.se);
	json_object_end(out);
}

/* Against each alternative by name: of those to whom both were open, the share that puts us before it. */
static void alternatives_write(struct preferred *all)
{
	struct json_writer *out = &all->request->out;
	json_key(out, TEXT("alternatives"));
	json_array_begin(out);
	for (size_t i = 0; i < all->question->options_n; i++) {
		const struct question_choice *option = &all->question->options[i];
		uint64_t before = 0, both = 0;
		for (size_t k = 0; option->mark != all->us && k < all->n; k++) {
			double theirs = ranking_rank(&all->items[k].ranking, option->mark);
			both += theirs > 0;
			before += theirs > 0 && all->items[k].answer.rank < theirs;
		}
		if (option->mark == all->us)
			continue;
		json_object_begin(out);
		json_put_text(out, "option", option->name);
		json_put_text(out, "title", option->title);
		share_write(all, "us_before", share_of(before, both));
		json_object_end(out);
	}
	json_array_end(out);
}

/* Of those who choose us first and said why, from @from_ms on and before @to_ms. */
static struct share motive_share(const struct preferred *all, uint32_t motive, int64_t from_ms, int64_t to_ms)
{
	uint64_t k = 0, n = 0;
	for (size_t i = 0; i < all->n; i++) {
		const struct ranking *ranking = &all->items[i].ranking;
		if (!is_first(&all->items[i]) || !ranking->motive || ranking->time_ms < from_ms || ranking->time_ms >= to_ms)
			continue;
		n++;
		k += ranking->motive == motive;
	}
	return share_of(k, n);
}

static const struct question_choice *warning_of(const struct question *question)
{
	for (size_t i = 0; i < question->motives_n; i++)
		if (text_equal(question->motives[i].name, question->warning))
			return &question->motives[i];
	return NULL;
}

static void motives_write(struct preferred *all)
{
	struct json_writer *out = &all->request->out;
	json_key(out, TEXT("motives"));
	json_array_begin(out);
	for (size_t i = 0; i < all->question->motives_n; i++) {
		const struct question_choice *motive = &all->question->motives[i];
		json_object_begin(out);
		json_put_text(out, "motive", motive->name);
		json_put_text(out, "title", motive->title);
		json_put_bool(out, "warning", text_equal(motive->name, all->question->warning));
		share_write(all, "share", motive_share(all, motive->mark, 0, INT64_MAX));
		json_object_end(out);
	}
	json_array_end(out);
}

/* The last four quarters of a year, each with the answers given in it. */
static void quarters_write(struct preferred *all)
{
	struct json_writer *out = &all->request->out;
	const struct question_choice *warning = warning_of(all->question);
	json_key(out, TEXT("quarters"));
	json_array_begin(out);
	for (int i = QUARTERS - 1; i >= 0; i--) {
		int64_t to_ms = all->request->now_ms + 1 - (int64_t)i * YEAR_DAYS * MS_A_DAY / QUARTERS, from_ms = to_ms - (int64_t)YEAR_DAYS * MS_A_DAY / QUARTERS;
		uint64_t first = 0, n = 0;
		for (size_t k = 0; k < all->n; k++) {
			bool within = all->items[k].ranking.time_ms >= from_ms && all->items[k].ranking.time_ms < to_ms;
			n += within;
			first += within && is_first(&all->items[k]);
		}
		json_object_begin(out);
		json_put_time(out, "from", from_ms);
		json_put_time(out, "to", to_ms);
		share_write(all, "first", share_of(first, n));
		share_write(all, "warning", motive_share(all, warning ? warning->mark : 0, from_ms, to_ms));
		json_object_end(out);
	}
	json_array_end(out);
}

/* The watched motive in the second half of the year, less in the first. */
static bool warning_change(const struct preferred *all, struct voice_change *change)
{
	const struct question_choice *warning = warning_of(all->question);
	int64_t now_ms = all->request->now_ms + 1, half_ms = (int64_t)YEAR_DAYS * MS_A_DAY / 2;
	if (!warning)
		return false;
	struct share before = motive_share(all, warning->mark, now_ms - 2 * half_ms, now_ms - half_ms);
	struct share now = motive_share(all, warning->mark, now_ms - half_ms, now_ms);
	*change = voice_share_change(now, before);
	return (int64_t)now.n >= all->request->server->settings.aggregate_min && (int64_t)before.n >= all->request->server->settings.aggregate_min;
}

static void warning_write(struct preferred *all)
{
	struct json_writer *out = &all->request->out;
	struct voice_change change;
	json_key(out, TEXT("warning_change"));
	if (!warning_change(all, &change))
		return json_write_null(out);
	json_object_begin(out);
	share_put_value(out, change.value, change.low, change.high);
	json_put_bool(out, "is_change", change.is_change);
	json_object_end(out);
}

static void sentence_write(struct preferred *all, const struct preference *found)
{
	const struct question_choice *warning = warning_of(all->question);
	struct voice_change change;
	char text[400];
	size_t n = 0;
	if (!found->shown) {
		snprintf(text, sizeof text, "Too few customers have said whom they would choose: their answers weigh like those of %.0f, and %d are needed.", found->n_eff, PREFERENCE_N_EFF_MIN);
		return json_put_text(&all->request->out, "sentence", text_of(text));
	}
	n = (size_t)snprintf(text, sizeof text, "%.0f %% would choose us first among those open to them (%.0f to %.0f, %zu answered)", 100 * found->first.value,
	                     100 * found->first.low, 100 * found->first.high, found->n);
	struct share only = motive_share(all, warning ? warning->mark : 0, 0, INT64_MAX);
	if (warning && (int64_t)only.n >= all->request->server->settings.aggregate_min)
		n += (size_t)snprintf(text + n, sizeof text - n, "; %.0f %% of these say “%.*s”%s", 100 * only.value, TEXT_ARGS(text_cut(warning->title, 60)),
		                      !warning_change(all, &change) || !change.is_change ? "" : change.value > 0 ? ", up from half a year ago" : ", down from half a year ago");
	snprintf(text + n, sizeof text - n, ".");
	json_put_text(&all->request->out, "sentence", text_of(text));
}

static void answer_write(struct preferred *all, const struct preference *found)
{
	struct json_writer *out = &all->request->out;
	json_object_begin(out);
	sentence_write(all, found);
	json_put_text(out, "question", all->question->name);
	json_put_text(out, "text", all->question->text);
	json_put_bool(out, "hidden", !found->shown);
	json_put_bool(out, "weighted", all->money != NULL);
	json_put_int(out, "n", found->shown ? (int64_t)found->n : 0);
	json_put_double(out, "n_eff", found->shown ? found->n_eff : 0);
	json_put_int(out, "needed", PREFERENCE_N_EFF_MIN);
	if (found->shown) {
		json_put_int(out, "withheld", (int64_t)all->withheld);
		share_write(all, "first", found->first);
		figure_write(out, "enp", found->enp);
		figure_write(out, "np", found->np);
		json_put_double(out, "wallet", found->wallet);
		json_put_double(out, "wallet_weighted", found->wallet_weighted);
		alternatives_write(all);
		motives_write(all);
		quarters_write(all);
		warning_write(all);
	}
	json_object_end(out);
}

static const struct question *ranking_question(const struct config *config, struct text name)
{
	const struct questions *questions = questions_of(config);
	for (size_t i = 0; i < questions->n; i++)
		if (questions->items[i].scale == QUESTION_RANK && (name.n == 0 || text_equal(questions->items[i].name, name)))
			return &questions->items[i];
	return NULL;
}

void api_preference(struct request *request)
{
	struct preferred all = {.request = request, .question = ranking_question(engine_config(request->server->engine), http_query(request->http, "question"))};
	if (!all.question)
		return reply_error(request, 404, "no_question", "No such question asks for a ranking: write a document of kind question with scale rank.");
	int error = gather(&all);
	struct preference_answer *answers = error ? NULL : arena_alloc(request->arena, (all.n + 1) * sizeof *answers);
	if (!error && !answers)
		error = ERROR_MEMORY;
	for (size_t i = 0; !error && i < all.n; i++)
		answers[i] = all.items[i].answer;
	if (error) {
		reply_failure(request, error);
	} else {
		struct preference found = preference_measure(answers, all.n);
		answer_write(&all, &found);
		questions_looked_at(request->server->engine, QUESTION_RANK, request->now_ms);
	}
	memory_free(all.items);
	memory_free(all.money);
}
