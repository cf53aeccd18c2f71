/*
 * voice_words.c: GET /v1/voice/words: what customers said in words, with the peak and the end of what they said it of.
 *
 * An experience is the ratings of one customer without a pause of a month. What is remembered of it is its most intense moment and
 * its last one (voice.h), so both stand beside the words. Words are read from the histories of who agreed to be looked at one by
 * one, those who rated last first, and only while enough customers rate that nobody stands out.
 */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/question.h"
#include "serve/timeline.h"

#include "base/clock.h"
#include "engine/customer_rows.h"
#include "interact/touchpoint.h"
#include "interact/voice/question.h"
#include "measure/voice.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVENTS_MAX = 50 * 1000 * 1000, DAYS = 90, PAUSE_DAYS = 30, LOOKED_AT_MAX = 200, SHOWN_MAX = 30, RATINGS_MAX = 50, WORDS_BYTES_MAX = 500,
       ARENA_BYTES_MAX = 16 * 1024 * 1024 };

struct rater {
	int64_t last_ms;
	uint32_t customer;
};

struct rating {
	int64_t time_ms;
	double stars;
	struct text words;
	uint32_t touchpoint;
};

struct words {
	struct request *request;
	struct request inner;       /* The same, with an arena that is emptied after each customer. */
	struct rater *raters;       /* Who rated last comes first. */
	size_t raters_n;
	struct rating ratings[RATINGS_MAX]; /* Of one customer. */
	size_t ratings_n, shown;
	uint32_t agreed, withheld;
};

/* ---- who rated ---- */

static int compare_raters(const void *a, const void *b)
{
	const struct rater *left = a, *right = b;
	return left->last_ms != right->last_ms ? (left->last_ms < right->last_ms ? 1 : -1) : (left->customer > right->customer) - (left->customer < right->customer);
}

static int raters_find(struct words *words, uint32_t stars)
{
	struct request *request = words->request;
	struct customer_rows rows;
	size_t capacity = 0;
	int error = customer_rows_take(&rows, request->server->engine, request->now_ms - (int64_t)DAYS * MS_A_DAY, request->now_ms + 1, EVENTS_MAX);
	for (size_t at = 0, end; !error && stars && at < rows.n; at = end) {
		int64_t last_ms = 0;
		end = customer_rows_end(&rows, at);
		for (size_t i = at; i < end; i++)
			last_ms = rows.items[i].name == stars ? rows.items[i].time_ms : last_ms;
		if (!last_ms)
			continue;
		error = memory_grow(&words->raters, &capacity, words->raters_n + 1, sizeof *words->raters);
		if (!error)
			words->raters[words->raters_n++] = (struct rater){last_ms, rows.items[at].customer};
	}
	customer_rows_free(&rows);
	if (words->raters_n)
		qsort(words->raters, words->raters_n, sizeof *words->raters, compare_raters);
	return error;
}

/* ---- one customer ---- */

static bool rating_take(void *arg, const struct event *event)
{
	struct words *words = arg;
	const struct question_scale_of *scale = &question_scales[QUESTION_STARS];
	double stars;
	if (event->header.time_ms < words->request->now_ms - (int64_t)DAYS * MS_A_DAY || !text_equal(event->name, text_of(scale->event)) ||
	    !value_double(event_value(event, TEXT("properties.stars")), &stars) || stars < (double)scale->low || stars > (double)scale->high)
		return event->header.received_ms >= words->request->now_ms - (int64_t)(DAYS + 1) * MS_A_DAY; /* Nothing older comes after it. */
	words->ratings[words->ratings_n++] = (struct rating){
		.time_ms = event->header.time_ms, .stars = stars, .touchpoint = event->header.touchpoint,
		.words = text_copy(words->inner.arena, text_first(text_trim(value_text(event_value(event, TEXT("properties.words")))), WORDS_BYTES_MAX))};
	return words->ratings_n < RATINGS_MAX;
}

static int compare_ratings(const void *a, const void *b)
{
	const struct rating *left = a, *right = b;
	return (left->time_ms > right->time_ms) - (left->time_ms < right->time_ms);
}

static void moment_write(struct json_writer *out, const char *key, const struct rating *rating)
{
	json_key(out, text_of(key));
	json_object_begin(out);
	json_put_double(out, "stars", rating->stars);
	json_put_time(out, "time", rating->time_ms);
	json_object_end(out);
}

/* @ratings of one experience, the oldest first; without words it is not shown. */
static void experience_write(struct words *words, struct customer *customer, const struct rating *ratings, size_t n)
{
	struct engine *engine = words->request->server->engine;
	struct json_writer *out = &words->request->out;
	double moments[RATINGS_MAX];
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		moments[i] = voice_moment(ratings[i].stars);
		any |= ratings[i].words.n > 0;
	}
	if (!any || words->shown == SHOWN_MAX)
		return;
	words->shown++;
	json_object_begin(out);
	json_key(out, TEXT("customer"));
	customer_row_write(words->request, customer);
	json_put_int(out, "ratings", (int64_t)n);
	moment_write(out, "peak", &ratings[voice_peak(moments, n)]);
	moment_write(out, "end", &ratings[n - 1]);
	json_put_double(out, "remembered", voice_peak_end(moments, n));
	json_key(out, TEXT("said"));
	json_array_begin(out);
	for (size_t i = 0; i < n; i++) {
		if (ratings[i].words.n == 0)
			continue;
		struct text touchpoint = dictionary_name(engine_dictionary(engine), ratings[i].touchpoint);
		json_object_begin(out);
		json_put_time(out, "time", ratings[i].time_ms);
		json_put_double(out, "stars", ratings[i].stars);
		json_put_text(out, "words", ratings[i].words);
		json_put_text(out, "title", touchpoint_title(engine_config(engine), touchpoint));
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

static void experiences_write(struct words *words, uint32_t number)
{
	struct engine *engine = words->request->server->engine;
	struct customer *customer = customer_lock_of(engine, number);
	if (!customer)
		return;
	for (size_t from = 0, to; from < words->ratings_n; from = to) {
		for (to = from + 1; to < words->ratings_n && words->ratings[to].time_ms - words->ratings[to - 1].time_ms < (int64_t)PAUSE_DAYS * MS_A_DAY;)
			to++;
		experience_write(words, customer, &words->ratings[from], to - from);
	}
	customer_unlock(engine, customer);
}

static int customer_words(struct words *words, const struct purpose *purpose, uint32_t number)
{
	struct engine *engine = words->request->server->engine;
	struct customer *customer = customer_lock_of(engine, number);
	bool may = customer && behind_may_name(engine, customer, purpose, words->request->now_ms);
	if (customer)
		customer_unlock(engine, customer);
	words->agreed += may;
	words->withheld += !may;
	if (!may)
		return 0;
	words->ratings_n = 0;
	arena_reset(words->inner.arena);
	int error = timeline_each(&words->inner, number, HISTORY_EVENTS, 0, rating_take, words);
	if (error == ERROR_NOT_FOUND)
		return 0;
	if (words->ratings_n)
		qsort(words->ratings, words->ratings_n, sizeof *words->ratings, compare_ratings);
	experiences_write(words, number);
	return error;
}

/* ---- the answer ---- */

static int words_write(struct words *words, const struct purpose *purpose)
{
	struct request *request = words->request;
	struct json_writer *out = &request->out;
	bool shown = words->raters_n && behind_may_show(request, words->raters_n);
	int error = 0;
	json_object_begin(out);
	json_put_int(out, "days", DAYS);
	json_put_bool(out, "hidden", !shown);
	json_key(out, TEXT("experiences"));
	json_array_begin(out);
	for (size_t i = 0; shown && !error && i < words->raters_n && i < LOOKED_AT_MAX && words->shown < SHOWN_MAX; i++)
		error = customer_words(words, purpose, words->raters[i].customer);
	json_array_end(out);
	json_put_int(out, "agreed", words->agreed);
	json_put_int(out, "withheld", words->withheld);
	json_put_text(out, "purpose", purpose ? purpose->title : TEXT(""));
	json_object_end(out);
	return error;
}

void api_voice_words(struct request *request)
{
	struct engine *engine = request->server->engine;
	struct words *words = arena_zero_alloc(request->arena, 1, sizeof *words);
	struct arena arena;
	if (!words)
		return reply_failure(request, ERROR_MEMORY);
	arena_init(&arena, ARENA_BYTES_MAX);
	words->request = request;
	words->inner = *request;
	words->inner.arena = &arena;
	int error = raters_find(words, dictionary_find(engine_dictionary(engine), text_of(question_scales[QUESTION_STARS].event)));
	if (!error)
		error = words_write(words, purpose_find(engine_config(engine), TEXT("analytics")));
	arena_free(&arena);
	memory_free(words->raters);
	if (error)
		return reply_failure(request, error);
	questions_looked_at(engine, QUESTION_STARS, request->now_ms);
}
