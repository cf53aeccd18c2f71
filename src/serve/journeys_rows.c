/* journeys_rows.c: reading a question about journeys, and gathering the events that it is about. */
#include "serve/journeys.h"

#include "base/clock.h"
#include "base/unit.h"
#include "event/columns.h"

#include <string.h>

enum { EVENTS_MAX = 100 * 1000 * 1000, DAYS = 90, TOP = 60, GAP_MS = 30 * MS_A_MINUTE };

static bool refuse(struct request *request, int status, const char *code, const char *message)
{
	reply_error(request, status, code, "%s", message);
	return false;
}

/* What a journey is cut by, and what it is for. */
static bool cut_read(struct request *request, struct journeys_question *question)
{
	struct text cut = http_query(request->http, "cut"), goal = http_query(request->http, "goal");
	int64_t gap = GAP_MS;
	if (http_query_has(request->http, "gap") && (duration_parse(http_query(request->http, "gap"), &gap) != 0 || gap == 0))
		return refuse(request, 400, "invalid_gap", "\"gap\" must be a time such as 30m, 2h or 1d.");
	bool by_goal = text_equal(cut, TEXT("goal")), by_property = text_equal(cut, TEXT("property"));
	bool by_gap = !cut.n || text_equal(cut, TEXT("gap"));
	if (!by_gap && !by_goal && !by_property && !text_equal(cut, TEXT("customer")))
		return refuse(request, 400, "invalid_cut", "\"cut\" must be gap, goal, property or customer.");
	if (by_property)
		question->property = http_query(request->http, "property");
	if (by_property && !question->property.n)
		return refuse(request, 400, "no_property", "To cut by a property, say which: property=order_id.");
	if (by_goal && !goal.n)
		return refuse(request, 400, "no_goal", "To cut at a goal, say which: goal=Bill Paid.");
	question->options.goal = JOURNEYS_NO_ACTIVITY;
	if (goal.n) {
		question->options.goal = dictionary_find(engine_dictionary(request->server->engine), goal);
		if (!question->options.goal) {
			reply_error(request, 404, "no_goal", "No event is called \"%.*s\".", TEXT_ARGS(text_first(goal, 80)));
			return false;
		}
	}
	bool gap_too = (by_goal || by_property) && http_query_has(request->http, "gap");
	question->options.cut_at_goal = by_goal;
	question->options.cut_gap_ms = by_gap || gap_too ? gap : 0;
	return true;
}

bool journeys_question_read(struct request *request, struct journeys_question *question)
{
	struct text channel = http_query(request->http, "channel");
	*question = (struct journeys_question){.by_channel = channel.n > 0};
	if (!request_time(request, "from", request->now_ms - DAYS * (int64_t)MS_A_DAY, &question->from_ms) ||
	    !request_time(request, "to", request->now_ms + 1, &question->to_ms) ||
	    !request_number(request, "top", TOP, 1, JOURNEYS_TOP_MAX, &question->top))
		return false;
	if (channel.n && !channel_parse(channel, &question->channel)) {
		reply_error(request, 400, "invalid_channel", "There is no channel \"%.*s\".", TEXT_ARGS(text_first(channel, 40)));
		return false;
	}
	question->by_touchpoint = text_equal(http_query(request->http, "by"), TEXT("touchpoint"));
	return cut_read(request, question);
}

uint32_t journeys_customer_of(struct engine *engine, uint32_t origin)
{
	uint32_t origins = engine_origins(engine);
	struct origin *found = origin <= origins ? engine_origin(engine, origin) : NULL;
	uint32_t customer = found ? atomic_load_explicit(&found->customer, memory_order_relaxed) : 0;
	return customer <= origins && !customer_is_set_aside(engine, customer) ? customer : 0;
}

int journeys_rows_reserve(struct journeys_rows *rows, size_t n)
{
	rows->cases = memory_alloc(n * sizeof *rows->cases);
	rows->activities = memory_alloc(n * sizeof *rows->activities);
	rows->times = memory_alloc(n * sizeof *rows->times);
	return rows->cases && rows->activities && rows->times ? 0 : ERROR_MEMORY;
}

static bool is_asked(const struct journeys_question *question, uint8_t channel)
{
	return !question->by_channel || channel == question->channel;
}

/* A case is a customer as they are joined now; events outside the question are left out. */
static int rows_of_customers(struct engine *engine, const struct journeys_question *question, const struct column_event *events,
                             size_t n, struct journeys_rows *rows)
{
	int error = journeys_rows_reserve(rows, n);
	for (size_t i = 0; !error && i < n; i++) {
		const struct column_event *event = &events[i];
		uint32_t activity = question->by_touchpoint && event->touchpoint ? event->touchpoint : event->name;
		uint32_t customer = is_asked(question, event->channel) && activity ? journeys_customer_of(engine, event->origin) : 0;
		if (!customer)
			continue;
		rows->cases[rows->n] = customer;
		rows->activities[rows->n] = activity;
		rows->times[rows->n++] = event->time_ms;
	}
	rows->cases_n = engine_origins(engine) + 1;
	return error;
}

/* Too much was asked: say what would be less. */
static bool refuse_many(struct request *request, const struct journeys_question *question)
{
	if (question->property.n)
		reply_error(request, 422, "too_many_events", "Cutting by a property reads every event: %lld at most. Ask for a shorter time.",
		            (long long)request->server->settings.journeys_read_max);
	else
		reply_error(request, 422, "too_many_events", "That is more than %d events. Ask for a shorter time.", EVENTS_MAX);
	return false;
}

bool journeys_rows_make(struct request *request, const struct journeys_question *question, struct journeys_rows *rows)
{
	struct engine *engine = request->server->engine;
	struct column_event *events;
	size_t n;
	*rows = (struct journeys_rows){0};
	int error = columns_select(engine_columns(engine), question->from_ms, question->to_ms, EVENTS_MAX, &events, &n);
	if (!error) {
		error = question->property.n ? journeys_rows_by_property(request, question, events, n, rows)
		                             : rows_of_customers(engine, question, events, n, rows);
		memory_free(events);
	}
	if (error == ERROR_LIMIT)
		return refuse_many(request, question);
	if (error)
		reply_failure(request, error);
	return error == 0;
}

void journeys_rows_free(struct journeys_rows *rows)
{
	memory_free(rows->cases);
	memory_free(rows->activities);
	memory_free(rows->times);
	memory_free(rows->customers);
	*rows = (struct journeys_rows){0};
}

int journeys_rows_mine(struct request *request, const struct journeys_question *question, const struct journeys_rows *rows,
                       struct journeys *out)
{
	struct dictionary *names = engine_dictionary(request->server->engine);
	struct journeys_columns columns = {.cases = rows->cases, .activities = rows->activities, .times_ms = rows->times, .n = rows->n,
	                                   .cases_n = rows->cases_n, .activities_n = dictionary_count(names) + 1, .customers = rows->customers};
	return journeys_mine(out, &columns, &question->options);
}
