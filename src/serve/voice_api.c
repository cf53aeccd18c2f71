/* voice_api.c: GET /v1/voice: stars, recommendation and effort, by month and touchpoint, and what asking costs customers. */
#include "serve/api.h"
#include "serve/question.h"

#include "base/clock.h"
#include "engine/customer_rows.h"
#include "interact/touchpoint.h"
#include "measure/voice.h"
#include "trust/reader.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EVENTS_MAX = 50 * 1000 * 1000, MONTHS = 12, DAYS = 30, PLACES_MAX = 40, MOMENTS_MAX = 100 };

/* Answers in one place or time, and how many customers gave them. */
struct cell {
	struct voice_counts counts;
	uint32_t customers, last_customer;
};

struct voiced {
	uint32_t name;               /* Of the answers' event. */
	struct cell now, before, months[MONTHS], places[PLACES_MAX];
	uint16_t place[PLACES_MAX];  /* Touchpoints. */
	size_t places_n;
};

struct asked {
	uint64_t asks, answers, uses;
	uint32_t use_name;
};

struct voice {
	struct request *request;
	struct voiced scales[VOICE_SCALES];
	struct asked asked[QUESTIONS_MAX];
	double remembered, lived;    /* Sums over customers with several ratings. */
	uint32_t remembering;
	int month_now;               /* Months since year 0. */
};

static int month_of(int64_t ms)
{
	struct clock_parts parts = clock_parts_of(ms);
	return parts.year * 12 + parts.month - 1;
}

/* ---- gathering ---- */

static void cell_add(struct cell *cell, const struct customer_row *row, size_t level)
{
	cell->counts.n[level]++;
	cell->customers += cell->last_customer != row->customer; /* Rows come a customer at a time. */
	cell->last_customer = row->customer;
}

static struct cell *place_of(struct voiced *scale, uint16_t touchpoint)
{
	for (size_t i = 0; i < scale->places_n; i++)
		if (scale->place[i] == touchpoint)
			return &scale->places[i];
	if (scale->places_n == PLACES_MAX || touchpoint == 0)
		return NULL;
	scale->place[scale->places_n] = touchpoint;
	return &scale->places[scale->places_n++];
}

static void answer_add(struct voice *voice, enum voice_scale which, const struct customer_row *row)
{
	struct voiced *scale = &voice->scales[which];
	const struct question_scale_of *bounds = &question_scales[which];
	int64_t level = lround(row->value / 100.0), age_ms = voice->request->now_ms - row->time_ms;
	int month = voice->month_now - month_of(row->time_ms);
	struct cell *place = place_of(scale, row->touchpoint);
	if (level < bounds->low || level > bounds->high)
		return; /* No answer on this scale. */
	if (age_ms < (int64_t)DAYS * MS_A_DAY)
		cell_add(&scale->now, row, (size_t)level);
	else if (age_ms < 2 * (int64_t)DAYS * MS_A_DAY)
		cell_add(&scale->before, row, (size_t)level);
	if (month >= 0 && month < MONTHS)
		cell_add(&scale->months[month], row, (size_t)level);
	if (place)
		cell_add(place, row, (size_t)level);
}

/* What one customer remembers of several ratings, and what they were on the whole: from -1 to 1. */
static void course_add(struct voice *voice, const struct customer_row *rows, size_t n)
{
	double moments[MOMENTS_MAX], sum = 0;
	size_t moments_n = 0;
	for (size_t i = 0; i < n; i++)
		if (rows[i].name == voice->scales[VOICE_STARS].name && moments_n < MOMENTS_MAX)
			moments[moments_n++] = voice_moment(rows[i].value / 100.0);
	if (moments_n < 2)
		return;
	for (size_t i = 0; i < moments_n; i++)
		sum += moments[i];
	voice->remembered += voice_peak_end(moments, moments_n);
	voice->lived += sum / (double)moments_n;
	voice->remembering++;
}

static void rows_add(struct voice *voice, const struct customer_rows *rows, size_t questions_n)
{
	for (size_t from = 0; from < rows->n;) {
		size_t to = customer_rows_end(rows, from);
		for (size_t i = from; i < to; i++) {
			const struct customer_row *row = &rows->items[i];
			for (size_t s = 0; s < VOICE_SCALES; s++)
				if (voice->scales[s].name && row->name == voice->scales[s].name)
					answer_add(voice, (enum voice_scale)s, row);
			for (size_t q = 0; q < questions_n; q++)
				voice->asked[q].uses += voice->asked[q].use_name && row->name == voice->asked[q].use_name;
		}
		if (voice->scales[VOICE_STARS].name)
			course_add(voice, &rows->items[from], to - from);
		from = to;
	}
}

/* How often each question was asked of and answered by one customer. */
static bool asked_add(void *arg, struct customer *customer)
{
	struct voice *voice = arg;
	struct engine *engine = voice->request->server->engine;
	const struct questions *questions = questions_of(engine_config(engine));
	if (customer_refresh(engine, customer) != 0 || customer->origin_first == 0 || customer->set_aside)
		return true;
	struct text state = reader_service(engine, customer, &question_fold);
	for (size_t i = 0; state.n && i < questions->n; i++) {
		struct question_course course;
		if (!question_course(state, &questions->items[i], &course))
			continue;
		voice->asked[i].asks += course.asks;
		voice->asked[i].answers += course.answers;
	}
	return true;
}

static int voice_gather(struct voice *voice)
{
	struct request *request = voice->request;
	struct engine *engine = request->server->engine;
	const struct dictionary *names = engine_dictionary(engine);
	const struct questions *questions = questions_of(engine_config(engine));
	struct customer_rows rows;
	uint32_t at = 0;
	for (size_t s = 0; s < VOICE_SCALES; s++)
		voice->scales[s].name = dictionary_find(names, text_of(question_scales[s].event));
	for (size_t q = 0; q < questions->n; q++)
		voice->asked[q].use_name = questions->items[q].use.n ? dictionary_find(names, questions->items[q].use) : 0;
	voice->month_now = month_of(request->now_ms);
	int error = customer_rows_take(&rows, engine, request->now_ms - (int64_t)365 * MS_A_DAY, request->now_ms + 1, EVENTS_MAX);
	if (!error)
		rows_add(voice, &rows, questions->n);
	customer_rows_free(&rows);
	if (!error)
		engine_each_customer(engine, &at, SIZE_MAX, asked_add, voice);
	return error;
}

/* ---- the answer ---- */

static bool may_show(const struct voice *voice, uint64_t customers)
{
	return (int64_t)customers >= voice->request->server->settings.aggregate_min;
}

/* The figure by which a scale is judged: NPS from -1 to 1, else the mean. */
static struct voice_figure figure_of(enum voice_scale scale, const struct voice_counts *counts)
{
	return scale == VOICE_NPS ? voice_nps(counts) : voice_mean(counts);
}

static void figure_write(struct json_writer *out, struct voice_figure figure)
{
	share_put_value(out, figure.value, figure.low, figure.high);
	json_put_int(out, "n", (int64_t)figure.n);
}

/* {..., "hidden"} of one cell, into an object that is open. */
static void cell_write(const struct voice *voice, enum voice_scale scale, const struct cell *cell)
{
	struct json_writer *out = &voice->request->out;
	bool shown = may_show(voice, cell->customers);
	json_put_bool(out, "hidden", !shown);
	if (!shown)
		return;
	figure_write(out, figure_of(scale, &cell->counts));
	json_put_int(out, "customers", cell->customers);
	if (scale == VOICE_NPS)
		return;
	struct share share = voice_share(&cell->counts, scale);
	json_key(out, TEXT("share"));
	json_object_begin(out);
	share_put_value(out, share.value, share.low, share.high);
	json_object_end(out);
}

static void change_write(const struct voice *voice, enum voice_scale scale)
{
	struct json_writer *out = &voice->request->out;
	const struct cell *now = &voice->scales[scale].now, *before = &voice->scales[scale].before;
	json_key(out, TEXT("change"));
	if (!may_show(voice, now->customers) || !may_show(voice, before->customers))
		return json_write_null(out);
	struct voice_change change = scale == VOICE_NPS ? voice_nps_change(&now->counts, &before->counts)
	                                                : voice_mean_change(&now->counts, &before->counts);
	json_object_begin(out);
	share_put_value(out, change.value, change.low, change.high);
	json_put_bool(out, "is_change", change.is_change);
	json_object_end(out);
}

static void months_write(const struct voice *voice, enum voice_scale scale)
{
	struct json_writer *out = &voice->request->out;
	json_key(out, TEXT("months"));
	json_array_begin(out);
	for (int i = MONTHS - 1; i >= 0; i--) {
		char month[16];
		int number = voice->month_now - i;
		snprintf(month, sizeof month, "%04d-%02d", number / 12, number % 12 + 1);
		json_object_begin(out);
		json_put_text(out, "month", text_of(month));
		cell_write(voice, scale, &voice->scales[scale].months[i]);
		json_object_end(out);
	}
	json_array_end(out);
}

static void places_write(const struct voice *voice, enum voice_scale which)
{
	struct engine *engine = voice->request->server->engine;
	struct json_writer *out = &voice->request->out;
	const struct voiced *scale = &voice->scales[which];
	json_key(out, TEXT("touchpoints"));
	json_array_begin(out);
	for (size_t i = 0; i < scale->places_n; i++) {
		struct text name = dictionary_name(engine_dictionary(engine), scale->place[i]);
		json_object_begin(out);
		json_put_text(out, "touchpoint", name);
		json_put_text(out, "title", touchpoint_title(engine_config(engine), name));
		cell_write(voice, which, &scale->places[i]);
		json_object_end(out);
	}
	json_array_end(out);
}

static double goal_of(const struct questions *questions, size_t scale)
{
	for (size_t i = 0; i < questions->n; i++)
		if ((size_t)questions->items[i].scale == scale && isfinite(questions->items[i].goal))
			return questions->items[i].goal;
	return NAN;
}

static void scales_write(const struct voice *voice)
{
	struct json_writer *out = &voice->request->out;
	const struct questions *questions = questions_of(engine_config(voice->request->server->engine));
	json_key(out, TEXT("scales"));
	json_array_begin(out);
	for (size_t s = 0; s < VOICE_SCALES; s++) {
		json_object_begin(out);
		json_put_text(out, "scale", text_of(question_scales[s].name));
		json_put_double(out, "goal", goal_of(questions, s));
		json_key(out, TEXT("now"));
		json_object_begin(out);
		cell_write(voice, (enum voice_scale)s, &voice->scales[s].now);
		json_object_end(out);
		change_write(voice, (enum voice_scale)s);
		months_write(voice, (enum voice_scale)s);
		places_write(voice, (enum voice_scale)s);
		json_object_end(out);
	}
	json_array_end(out);
}

static void remembered_write(const struct voice *voice)
{
	struct json_writer *out = &voice->request->out;
	json_key(out, TEXT("remembered"));
	if (!may_show(voice, voice->remembering))
		return json_write_null(out);
	json_object_begin(out);
	json_put_double(out, "peak_and_end", voice->remembered / voice->remembering);
	json_put_double(out, "mean", voice->lived / voice->remembering);
	json_put_int(out, "customers", voice->remembering);
	json_object_end(out);
}

/* A count of customers' acts, null where it is too small to be shown. */
static void count_write(const struct voice *voice, const char *key, uint64_t n)
{
	json_key(&voice->request->out, text_of(key));
	if (n == 0 || may_show(voice, n))
		json_write_int(&voice->request->out, (int64_t)n);
	else
		json_write_null(&voice->request->out);
}

static void question_put(const struct voice *voice, const struct question *question, const struct asked *asked)
{
	struct request *request = voice->request;
	struct json_writer *out = &request->out;
	struct question_use use = question_use_of(request->server->engine, question, request->now_ms);
	json_object_begin(out);
	json_put_text(out, "question", question->name);
	json_put_text(out, "text", question->text);
	json_put_text(out, "scale", text_of(question_scales[question->scale].name));
	json_put_text(out, "touchpoint", question->where);
	json_put_text(out, "title", touchpoint_title(engine_config(request->server->engine), question->where));
	json_put_int(out, "every_uses", question->every_uses);
	count_write(voice, "asks", asked->asks);
	count_write(voice, "answers", asked->answers);
	count_write(voice, "uses", asked->uses);
	json_put_int(out, "looked_at", (int64_t)use.days);
	json_key(out, TEXT("last_looked_at"));
	if (use.days)
		json_write_time(out, use.last_ms);
	else
		json_write_null(out);
	json_put_bool(out, "rests", use.rests);
	json_object_end(out);
}

static void sentence_write(const struct voice *voice)
{
	const struct cell *now = &voice->scales[VOICE_STARS].now;
	double goal = goal_of(questions_of(engine_config(voice->request->server->engine)), VOICE_STARS);
	struct voice_figure mean = voice_mean(&now->counts);
	char text[300], against[100] = "";
	if (isfinite(goal))
		snprintf(against, sizeof against, mean.low > goal ? ", above the goal of %.1f" : mean.high < goal ? ", below the goal of %.1f" : "; whether the goal of %.1f is met cannot be told yet", goal);
	if (may_show(voice, now->customers))
		snprintf(text, sizeof text, "Customers give %.2f of 5 stars in the last %d days (%.2f to %.2f, %" PRIu64 " answers)%s.", mean.value, DAYS, mean.low,
		         mean.high, mean.n, against);
	else
		snprintf(text, sizeof text, "Too few customers have answered in the last %d days: %" PRId64 " are needed.", DAYS, voice->request->server->settings.aggregate_min);
	json_put_text(&voice->request->out, "sentence", text_of(text));
}

void api_voice(struct request *request)
{
	struct engine *engine = request->server->engine;
	const struct questions *questions = questions_of(engine_config(engine));
	struct voice *voice = arena_zero_alloc(request->arena, 1, sizeof *voice);
	int error = ERROR_MEMORY;
	if (voice) {
		voice->request = request;
		error = voice_gather(voice);
	}
	if (error)
		return reply_failure(request, error);
	json_object_begin(&request->out);
	sentence_write(voice);
	json_put_int(&request->out, "days", DAYS);
	scales_write(voice);
	remembered_write(voice);
	json_key(&request->out, TEXT("questions"));
	json_array_begin(&request->out);
	for (size_t i = 0; i < questions->n; i++)
		question_put(voice, &questions->items[i], &voice->asked[i]);
	json_array_end(&request->out);
	json_object_end(&request->out);
	/* Somebody looks at them: said in the next answer, so that a question that rested is seen to have rested. */
	for (size_t s = 0; s < VOICE_SCALES; s++)
		questions_looked_at(engine, (enum question_scale)s, request->now_ms);
}
