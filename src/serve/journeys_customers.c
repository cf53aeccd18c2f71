/* journeys_customers.c: the customers behind a figure about journeys. */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/journeys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE_BYTES = 400, NAME_SHOWN_MAX = 80 };

enum of { OF_ALL, OF_STEP, OF_EDGE, OF_START, OF_END, OF_REPEAT, OF_DROP_OFF, OF_VARIANT, OF_FLOW };

static const struct {
	const char *name;
	bool activity, next; /* Which of the two the query must say. */
} ofs[] = {
	[OF_ALL] = {"all", false, false},     [OF_STEP] = {"step", true, false},         [OF_EDGE] = {"edge", true, true},
	[OF_START] = {"start", true, false},  [OF_END] = {"end", true, false},           [OF_REPEAT] = {"repeat", true, false},
	[OF_DROP_OFF] = {"drop_off", true, false}, [OF_VARIANT] = {"variant", false, false}, [OF_FLOW] = {"flow", true, true},
};
enum { OFS_N = sizeof ofs / sizeof *ofs };

/* Which journeys a figure counts, and whose they are. */
struct figure {
	enum of of;
	uint32_t activity, next;
	int64_t at;                            /* Of the flow: the step that leads to @next; the first is 1. */
	uint64_t hash_low, hash_high;          /* Of the variant. */
	const struct journey_variant *listed;  /* Of the flow: it is drawn from these. */
	size_t listed_n;
	struct behind behind;
};

/* ---- which journeys ---- */

static bool is_step(const struct journey *journey, size_t at, uint32_t from, uint32_t to)
{
	return at >= 1 && at < journey->steps_n && journey->steps[at - 1] == from && journey->steps[at] == to;
}

static size_t times_of(const struct journey *journey, uint32_t activity)
{
	size_t n = 0;
	for (uint32_t i = 0; i < journey->steps_n; i++)
		n += journey->steps[i] == activity;
	return n;
}

static bool has_edge(const struct journey *journey, uint32_t from, uint32_t to)
{
	for (uint32_t i = 1; i < journey->steps_n; i++)
		if (is_step(journey, i, from, to))
			return true;
	return false;
}

static bool is_listed(const struct figure *figure, const struct journey *journey)
{
	for (size_t i = 0; i < figure->listed_n; i++)
		if (figure->listed[i].hash_low == journey->hash_low && figure->listed[i].hash_high == journey->hash_high)
			return true;
	return false;
}

static bool is_counted(const struct figure *figure, const struct journey *journey)
{
	uint32_t first = journey->steps[0], last = journey->steps[journey->steps_n - 1];
	switch (figure->of) {
	case OF_ALL:
		return true;
	case OF_STEP:
		return times_of(journey, figure->activity) > 0;
	case OF_EDGE:
		return has_edge(journey, figure->activity, figure->next);
	case OF_START:
		return first == figure->activity;
	case OF_END:
		return last == figure->activity;
	case OF_REPEAT:
		return times_of(journey, figure->activity) > 1;
	case OF_DROP_OFF:
		return last == figure->activity && !journey->reached;
	case OF_VARIANT:
		return journey->hash_low == figure->hash_low && journey->hash_high == figure->hash_high;
	case OF_FLOW:
		return is_step(journey, (size_t)figure->at, figure->activity, figure->next) && is_listed(figure, journey);
	}
	return false;
}

static void take(void *arg, const struct journey *journey)
{
	struct figure *figure = arg;
	if (journey->customer >= figure->behind.customers_n || figure->behind.customers[journey->customer] || !is_counted(figure, journey))
		return;
	figure->behind.customers[journey->customer] = 1;
	figure->behind.total++;
}

/* ---- the question ---- */

static bool activity_read(struct request *request, const char *key, bool wanted, uint32_t *activity)
{
	struct text name = http_query(request->http, key);
	*activity = wanted ? dictionary_find(engine_dictionary(request->server->engine), name) : 0;
	if (!wanted || *activity)
		return true;
	if (name.n)
		reply_error(request, 404, "no_activity", "No event is called \"%.*s\".", TEXT_ARGS(text_first(name, NAME_SHOWN_MAX)));
	else
		reply_error(request, 400, "no_activity", "Say which with \"%s\", as /v1/journeys names it.", key);
	return false;
}

static bool hash_read(struct request *request, struct figure *figure)
{
	char copy[33] = "", rest;
	struct text hash = http_query(request->http, "variant");
	if (hash.n == 32)
		memcpy(copy, hash.p, 32);
	if (sscanf(copy, "%16" SCNx64 "%16" SCNx64 "%c", &figure->hash_high, &figure->hash_low, &rest) == 2)
		return true;
	reply_error(request, 400, "invalid_variant", "\"variant\" must be the \"variant\" that /v1/journeys names.");
	return false;
}

static bool figure_read(struct request *request, const struct journeys_question *question, struct figure *figure)
{
	struct text of = http_query(request->http, "of");
	size_t which = 0;
	while (which < OFS_N && !text_equal(of, text_of(ofs[which].name)))
		which++;
	if (which == OFS_N) {
		reply_error(request, 400, "invalid_of", "\"of\" must be all, step, edge, start, end, repeat, drop_off, variant or flow.");
		return false;
	}
	figure->of = (enum of)which;
	if (figure->of == OF_DROP_OFF && question->options.goal == JOURNEYS_NO_ACTIVITY) {
		reply_error(request, 400, "no_goal", "Journeys are given up only where a goal is named: goal=Bill Paid.");
		return false;
	}
	return activity_read(request, "activity", ofs[which].activity, &figure->activity) &&
	       activity_read(request, "next", ofs[which].next, &figure->next) &&
	       request_number(request, "at", 1, 1, UINT16_MAX, &figure->at) && (figure->of != OF_VARIANT || hash_read(request, figure));
}

/* ---- the answer ---- */

static void sentence_make(struct request *request, const struct figure *figure, char out[SENTENCE_BYTES])
{
	static const char *const says[] = {
		[OF_STEP] = "came to", [OF_EDGE] = "went from", [OF_START] = "began with", [OF_END] = "ended with",
		[OF_REPEAT] = "came back within one journey to", [OF_DROP_OFF] = "ended without the goal at", [OF_FLOW] = "went from"};
	struct dictionary *names = engine_dictionary(request->server->engine);
	struct text activity = text_first(dictionary_name(names, figure->activity), NAME_SHOWN_MAX);
	struct text next = text_first(dictionary_name(names, figure->next), NAME_SHOWN_MAX);
	const char *who = figure->behind.total == 1 ? "customer" : "customers";
	if (!behind_may_show(request, figure->behind.total))
		snprintf(out, SENTENCE_BYTES, "Too few customers to show: %" PRId64 " are needed.", request->server->settings.aggregate_min);
	else if (figure->of == OF_VARIANT || figure->of == OF_ALL)
		snprintf(out, SENTENCE_BYTES, "%u %s took %s.", figure->behind.total, who, figure->of == OF_ALL ? "these journeys" : "this path");
	else if (figure->of == OF_FLOW)
		snprintf(out, SENTENCE_BYTES, "%u %s went from %.*s to %.*s at step %" PRId64 ".", figure->behind.total, who, TEXT_ARGS(activity),
		         TEXT_ARGS(next), figure->at);
	else
		snprintf(out, SENTENCE_BYTES, "%u %s %s %.*s%s%.*s.", figure->behind.total, who, says[figure->of], TEXT_ARGS(activity),
		         next.n ? " to " : "", TEXT_ARGS(next));
}

static void customers_write(struct request *request, const struct figure *figure)
{
	char sentence[SENTENCE_BYTES];
	sentence_make(request, figure, sentence);
	behind_reply(request, &figure->behind, sentence);
}

/* The flow is drawn from the variants that are listed: those alone are counted. */
static int flow_list(struct request *request, const struct journeys_question *question, const struct journeys_rows *rows,
                     struct figure *figure)
{
	struct journeys journeys;
	int error = journeys_rows_mine(request, question, rows, &journeys);
	if (error)
		return error;
	struct journey_variant *listed = arena_alloc(request->arena, (size_t)question->top * sizeof *listed);
	for (size_t i = 0; listed && i < journeys.variants_n && figure->listed_n < (size_t)question->top; i++)
		if (behind_may_show(request, journeys.variants[i].customers))
			listed[figure->listed_n++] = journeys.variants[i];
	figure->listed = listed;
	journeys_free(&journeys);
	return listed ? 0 : ERROR_MEMORY;
}

void api_journeys_customers(struct request *request)
{
	struct journeys_question question;
	struct journeys_rows rows __attribute__((cleanup(journeys_rows_free))) = {0};
	struct journeys journeys;
	struct figure figure = {.behind.customers_n = engine_origins(request->server->engine) + 1};
	if (!journeys_question_read(request, &question) || !figure_read(request, &question, &figure) ||
	    !journeys_rows_make(request, &question, &rows))
		return;
	int error = figure.of == OF_FLOW ? flow_list(request, &question, &rows, &figure) : 0;
	figure.behind.customers = error ? NULL : memory_zero_alloc(figure.behind.customers_n, 1);
	if (!error && !figure.behind.customers)
		error = ERROR_MEMORY;
	question.options.each = take;
	question.options.each_arg = &figure;
	if (!error)
		error = journeys_rows_mine(request, &question, &rows, &journeys);
	if (error) {
		reply_failure(request, error);
	} else {
		journeys_free(&journeys);
		customers_write(request, &figure);
	}
	memory_free(figure.behind.customers);
}
