/* manager_api.c: the manager's questions: where do we stand, what do customers do. */
#include "serve/api.h"

#include "base/clock.h"
#include "engine/tally.h"
#include "event/columns.h"
#include "identify/trait.h"
#include "interact/contact.h"
#include "measure/journeys.h"
#include "measure/share.h"
#include "trust/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EVENTS_MAX = 100 * 1000 * 1000, TOP_MAX = 500, GAP_MS = 30 * MS_A_MINUTE };

/* ---- overview ---- */

struct channel_sum {
	uint64_t customers, events;
	int64_t last_ms;
};

struct sums {
	struct request *request;
	struct channel_sum channels[CHANNEL_COUNT];
	uint64_t customers, identified, consented;
};

static bool sum_customer(void *arg, struct customer *customer)
{
	struct sums *sums = arg;
	struct engine *engine = sums->request->server->engine;
	const struct fold_table *table = engine_folds(engine);
	struct contacts contacts;
	if (customer_refresh(engine, customer) != 0 || customer->origin_first == 0 || customer->events == 0)
		return true;
	struct text states = {(const char *)customer->states, customer->states_bytes};
	contacts_read(&contacts, fold_states_get(states, table->n, fold_table_index(table, &contact_fold)));
	struct text identifiers = fold_states_get(states, table->n, fold_table_index(table, &identifier_fold));
	sums->customers++;
	sums->identified += identifier_count(identifiers, IDENTIFIER_USER) > 0;
	sums->consented += reader_consents(engine, customer) != PURPOSE_SERVICE;
	for (unsigned i = 1; i < CHANNEL_COUNT; i++) {
		if (!contacts.channels[i].events)
			continue;
		sums->channels[i].customers++;
		sums->channels[i].events += contacts.channels[i].events;
		if (contacts.channels[i].last_ms > sums->channels[i].last_ms)
			sums->channels[i].last_ms = contacts.channels[i].last_ms;
	}
	return true;
}

static void score_write(struct json_writer *out)
{
	static const char *const titles[] = {
		"Stars from customers", "Stars for contacts", "Customers design with us", "The same service on every channel",
		"Found, answered, undone", "One truth at once", "The consequence before the choice", "Arranges itself, but asks",
		"Explained and exported", "Opt-in only"};
	json_key(out, TEXT("score"));
	json_object_begin(out);
	json_put_null(out, "points");
	json_key(out, TEXT("items"));
	json_array_begin(out);
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
		json_object_begin(out);
		json_put_int(out, "number", (int64_t)i + 1);
		json_put_text(out, "title", text_of(titles[i]));
		json_put_bool(out, "measured", false);
		json_put_null(out, "points");
		json_put_text(out, "why", TEXT("Not measured yet."));
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

static void checklist_write(struct json_writer *out, struct server *server, const struct sums *sums)
{
	const struct config *config = engine_config(server->engine);
	const struct {
		const char *title, *hint;
		bool done;
	} items[] = {
		{"A first event has come in", "Point a Segment SDK at this server, with a write key from `attune init`.", sums->customers > 0},
		{"A customer is known by name", "Send identify with a secret key, or a customer token beside it.", sums->identified > 0},
		{"Purposes are written down", "Write a document of kind purpose and push it: attune apply DIR.", purposes_of(config)->n > 0},
		{"A customer has agreed to something", "Ask, with nothing ticked beforehand.", sums->consented > 0},
		{"A place asks for decisions", "Write a document of kind surface.", config->sections[CONFIG_SURFACES] != NULL},
		{"A decision has been made", "POST /v1/decide.", engine_figures(server->engine).decisions > 0},
	};
	json_key(out, TEXT("checklist"));
	json_array_begin(out);
	for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
		json_object_begin(out);
		json_put_text(out, "title", text_of(items[i].title));
		json_put_bool(out, "done", items[i].done);
		json_put_text(out, "hint", text_of(items[i].hint));
		json_object_end(out);
	}
	json_array_end(out);
}

/* What the forms of each touchpoint had to ask, and what was known already, ever. */
static void forms_write(struct json_writer *out, struct engine *engine)
{
	struct tally tallies[TALLIES_MAX];
	size_t n = engine_tallies(engine, tallies);
	json_key(out, TEXT("forms"));
	json_array_begin(out);
	for (size_t i = 0; i < n; i++) {
		if (tallies[i].n[0] + tallies[i].n[1] == 0)
			continue;
		json_object_begin(out);
		json_put_text(out, "touchpoint", text_of(tallies[i].name));
		json_put_int(out, "asked", (int64_t)tallies[i].n[0]);
		json_put_int(out, "not_asked", (int64_t)tallies[i].n[1]);
		json_object_end(out);
	}
	json_array_end(out);
}

void api_overview(struct request *request)
{
	struct server *server = request->server;
	struct sums *sums = arena_zero_alloc(request->arena, 1, sizeof *sums);
	struct json_writer *out = &request->out;
	uint32_t after = 0;
	char sentence[300];
	if (!sums)
		return reply_failure(request, ERROR_MEMORY);
	sums->request = request;
	engine_each_customer(server->engine, &after, SIZE_MAX, sum_customer, sums);
	struct engine_figures figures = engine_figures(server->engine);
	unsigned channels = 0;
	for (unsigned i = 1; i < CHANNEL_COUNT; i++)
		channels += sums->channels[i].events > 0;
	if (sums->customers == 0)
		snprintf(sentence, sizeof sentence, "Nobody has been seen yet: send the first event.");
	else
		snprintf(sentence, sizeof sentence,
		         "%" PRIu64 " customers are known on %u channels; how personal their service is has not been measured yet.",
		         sums->customers, channels);
	json_object_begin(out);
	json_put_text(out, "sentence", text_of(sentence));
	json_put_text(out, "rests_on", TEXT("every event received so far"));
	json_put_int(out, "customers", (int64_t)sums->customers);
	json_put_int(out, "identified", (int64_t)sums->identified);
	json_put_int(out, "events", (int64_t)figures.events);
	json_put_int(out, "decisions", (int64_t)figures.decisions);
	forms_write(out, server->engine);
	json_key(out, TEXT("quadrant"));
	json_object_begin(out);
	json_put_null(out, "interaction");
	json_put_null(out, "customization");
	json_key(out, TEXT("missing"));
	json_write_raw(out, TEXT("[\"answers to what customers asked\",\"decisions compared with those for a stranger\"]"));
	json_object_end(out);
	score_write(out);
	json_key(out, TEXT("participation"));
	json_object_begin(out);
	bool enough = sums->customers >= (uint64_t)server->settings.aggregate_min;
	json_put_null(out, "value");
	json_put_int(out, "n", (int64_t)sums->customers);
	json_key(out, TEXT("consented"));
	if (enough)
		json_write_int(out, (int64_t)sums->consented);
	else
		json_write_null(out);
	json_put_text(out, "missing", TEXT("Only who agreed to something is counted so far; answers, reviews and ideas are not measured yet."));
	json_object_end(out);
	json_key(out, TEXT("channels"));
	json_array_begin(out);
	for (unsigned i = 1; i < CHANNEL_COUNT; i++) {
		if (!sums->channels[i].events)
			continue;
		json_object_begin(out);
		json_put_text(out, "channel", text_of(channel_name((enum channel)i)));
		json_put_int(out, "customers", (int64_t)sums->channels[i].customers);
		json_put_int(out, "events", (int64_t)sums->channels[i].events);
		json_put_time(out, "last", sums->channels[i].last_ms);
		json_object_end(out);
	}
	json_array_end(out);
	checklist_write(out, server, sums);
	json_object_end(out);
}

/* ---- journeys ---- */

struct mining {
	struct column_event *events;
	size_t n;
	uint32_t *cases, *activities;
	int64_t *times;
	uint32_t cases_n, customers_n;
	struct journeys journeys;
	bool mined;
};

static void mining_free(struct mining *mining)
{
	memory_free(mining->events);
	memory_free(mining->cases);
	memory_free(mining->activities);
	memory_free(mining->times);
	if (mining->mined)
		journeys_free(&mining->journeys);
}

/* "30m", "2h", "1d" */
static bool gap_parse(struct text text, int64_t *ms)
{
	int64_t n;
	int64_t unit = MS_A_MINUTE;
	if (text.n == 0)
		return true;
	char last = text.p[text.n - 1];
	if (last == 's' || last == 'm' || last == 'h' || last == 'd') {
		unit = last == 's' ? MS_A_SECOND : last == 'm' ? MS_A_MINUTE : last == 'h' ? MS_AN_HOUR : MS_A_DAY;
		text.n--;
	}
	if (text_to_int64(text, &n) != 0 || n < 1 || n > 1000000)
		return false;
	*ms = n * unit;
	return true;
}

/* Rows to columns: a case is a customer as they are joined now; rows outside the filter are left out. */
static int columns_make(struct request *request, struct mining *mining, bool by_channel, enum channel channel, bool by_touchpoint)
{
	struct engine *engine = request->server->engine;
	uint32_t origins = engine_origins(engine);
	mining->cases = memory_alloc(mining->n * sizeof(uint32_t));
	mining->activities = memory_alloc(mining->n * sizeof(uint32_t));
	mining->times = memory_alloc(mining->n * sizeof(int64_t));
	uint8_t *seen = memory_zero_alloc(origins + 1, 1);
	if (!mining->cases || !mining->activities || !mining->times || !seen) {
		memory_free(seen);
		return ERROR_MEMORY;
	}
	size_t kept = 0;
	for (size_t i = 0; i < mining->n; i++) {
		const struct column_event *event = &mining->events[i];
		if (by_channel && event->channel != channel)
			continue;
		uint32_t activity = by_touchpoint && event->touchpoint ? event->touchpoint : event->name;
		struct origin *origin = event->origin <= origins ? engine_origin(engine, event->origin) : NULL;
		if (!origin || activity == 0)
			continue;
		uint32_t customer = atomic_load_explicit(&origin->customer, memory_order_relaxed);
		if (customer > origins)
			continue;
		mining->customers_n += !seen[customer];
		seen[customer] = 1;
		mining->cases[kept] = customer;
		mining->activities[kept] = activity;
		mining->times[kept++] = event->time_ms;
	}
	memory_free(seen);
	mining->n = kept;
	mining->cases_n = origins + 1;
	return 0;
}

/* Rows of fewer than may be shown are left out; false then, so that the answer can say that something is hidden. */
static bool may_show(struct request *request, uint64_t n, bool *hidden)
{
	bool enough = n >= (uint64_t)request->server->settings.aggregate_min;
	*hidden |= n > 0 && !enough;
	return n > 0 && enough;
}

/* Which of an activity's counts are listed. */
enum steps { STEPS_ALL, STEPS_FIRST, STEPS_LAST };

static void steps_write(struct request *request, struct json_writer *out, const char *key, const struct journeys *journeys, enum steps steps,
                        bool *hidden)
{
	struct dictionary *names = engine_dictionary(request->server->engine);
	json_key(out, text_of(key));
	json_array_begin(out);
	for (uint32_t i = 1; i < journeys->by_activity_n; i++) {
		const struct journey_activity *activity = &journeys->by_activity[i];
		uint64_t n = steps == STEPS_ALL ? activity->events : steps == STEPS_FIRST ? activity->starts : activity->ends;
		if (!may_show(request, n, hidden))
			continue;
		json_object_begin(out);
		json_put_text(out, "activity", dictionary_name(names, i));
		json_put_int(out, "n", (int64_t)n);
		json_object_end(out);
	}
	json_array_end(out);
}

static void edges_write(struct request *request, struct json_writer *out, const struct journeys *journeys, size_t top, bool *hidden)
{
	struct dictionary *names = engine_dictionary(request->server->engine);
	json_key(out, TEXT("edges"));
	json_array_begin(out);
	for (size_t i = 0; i < journeys->edges_n && i < top; i++) {
		const struct journey_edge *edge = &journeys->edges[i];
		if (!may_show(request, edge->count, hidden))
			continue;
		json_object_begin(out);
		json_put_text(out, "from", dictionary_name(names, edge->from));
		json_put_text(out, "to", dictionary_name(names, edge->to));
		json_put_int(out, "n", (int64_t)edge->count);
		json_put_double(out, "p50_ms", edge->wait_p50_ms);
		json_put_double(out, "p90_ms", edge->wait_p90_ms);
		json_object_end(out);
	}
	json_array_end(out);
}

static void variants_write(struct request *request, struct json_writer *out, const struct journeys *journeys, size_t top, bool *hidden)
{
	struct dictionary *names = engine_dictionary(request->server->engine);
	json_key(out, TEXT("variants"));
	json_array_begin(out);
	for (size_t i = 0; i < journeys->variants_n; i++) {
		const struct journey_variant *variant = &journeys->variants[i];
		if (i >= top || !may_show(request, variant->count, hidden))
			break;
		json_object_begin(out);
		json_key(out, TEXT("activities"));
		json_array_begin(out);
		for (uint32_t s = 0; s < variant->steps_n; s++)
			json_write_text(out, dictionary_name(names, journeys->steps[variant->steps_at + s]));
		json_array_end(out);
		json_put_int(out, "n", (int64_t)variant->count);
		json_put_double(out, "median_ms", variant->duration_p50_ms);
		json_object_end(out);
	}
	json_array_end(out);
}

static void repeats_write(struct request *request, struct json_writer *out, const struct journeys *journeys, bool goal, bool *hidden)
{
	struct dictionary *names = engine_dictionary(request->server->engine);
	json_key(out, TEXT("repeats"));
	json_array_begin(out);
	for (uint32_t i = 1; i < journeys->by_activity_n; i++) {
		if (!may_show(request, journeys->by_activity[i].repeated, hidden))
			continue;
		json_object_begin(out);
		json_put_text(out, "activity", dictionary_name(names, i));
		json_put_int(out, "cases", (int64_t)journeys->by_activity[i].repeated);
		json_object_end(out);
	}
	json_array_end(out);
	json_key(out, TEXT("drop_off"));
	json_array_begin(out);
	for (uint32_t i = 1; goal && i < journeys->by_activity_n; i++) {
		const struct journey_activity *activity = &journeys->by_activity[i];
		if (!may_show(request, activity->dropped, hidden))
			continue;
		struct share share = share_of(activity->dropped, activity->journeys);
		json_object_begin(out);
		json_put_text(out, "activity", dictionary_name(names, i));
		json_put_int(out, "n", (int64_t)activity->dropped);
		json_put_int(out, "of", (int64_t)activity->journeys);
		json_put_double(out, "low", share.low);
		json_put_double(out, "high", share.high);
		json_object_end(out);
	}
	json_array_end(out);
}

static void journeys_write(struct request *request, const struct mining *mining, bool goal, size_t top)
{
	const struct journeys *journeys = &mining->journeys;
	struct json_writer *out = &request->out;
	char sentence[300];
	bool few = mining->customers_n < (uint64_t)request->server->settings.aggregate_min;
	if (mining->n == 0)
		snprintf(sentence, sizeof sentence, "No journeys in this time: choose another, or send events.");
	else if (few)
		snprintf(sentence, sizeof sentence, "Too few customers to show: %" PRId64 " are needed.", request->server->settings.aggregate_min);
	else if (goal)
		snprintf(sentence, sizeof sentence, "%" PRIu64 " of %" PRIu64 " journeys reached the goal.", journeys->reached, journeys->cases);
	else
		snprintf(sentence, sizeof sentence, "%" PRIu64 " journeys by %u customers took %zu different courses.", journeys->cases,
		         mining->customers_n, journeys->variants_n);
	json_object_begin(out);
	json_put_text(out, "sentence", text_of(sentence));
	json_put_int(out, "customers", mining->customers_n);
	json_put_int(out, "cases", few ? 0 : (int64_t)journeys->cases);
	json_put_int(out, "events", few ? 0 : (int64_t)journeys->events);
	json_put_int(out, "arcs", few ? 0 : (int64_t)journeys->arcs);
	struct journeys none = {0};
	const struct journeys *shown = few ? &none : journeys;
	bool hidden = few;
	steps_write(request, out, "activities", shown, STEPS_ALL, &hidden);
	edges_write(request, out, shown, top, &hidden);
	steps_write(request, out, "starts", shown, STEPS_FIRST, &hidden);
	steps_write(request, out, "ends", shown, STEPS_LAST, &hidden);
	variants_write(request, out, shown, top, &hidden);
	repeats_write(request, out, shown, goal && !few, &hidden);
	json_put_bool(out, "hidden", hidden);
	json_object_end(out);
}

void api_journeys(struct request *request)
{
	struct mining mining __attribute__((cleanup(mining_free))) = {0};
	struct journeys_options options = {.goal = JOURNEYS_NO_ACTIVITY};
	struct text cut = http_query(request->http, "cut"), goal = http_query(request->http, "goal");
	struct text channel_text = http_query(request->http, "channel");
	enum channel channel = CHANNEL_NONE;
	int64_t from, to, top, gap = GAP_MS;
	if (!request_time(request, "from", request->now_ms - 90 * (int64_t)MS_A_DAY, &from) ||
	    !request_time(request, "to", request->now_ms + 1, &to) || !request_number(request, "top", 60, 1, TOP_MAX, &top))
		return;
	if (!gap_parse(http_query(request->http, "gap"), &gap))
		return reply_error(request, 400, "invalid_gap", "\"gap\" must be a time such as 30m, 2h or 1d.");
	if (channel_text.n && !channel_parse(channel_text, &channel))
		return reply_error(request, 400, "invalid_channel", "There is no channel \"%.*s\".", TEXT_ARGS(text_cut(channel_text, 40)));
	if (cut.n && !text_equal(cut, TEXT("gap")) && !text_equal(cut, TEXT("goal")) && !text_equal(cut, TEXT("customer")))
		return reply_error(request, 400, "invalid_cut", "\"cut\" must be gap, goal or customer.");
	if (goal.n) {
		options.goal = dictionary_find(engine_dictionary(request->server->engine), goal);
		if (!options.goal)
			return reply_error(request, 404, "no_goal", "No event is called \"%.*s\".", TEXT_ARGS(text_cut(goal, 80)));
	}
	if (text_equal(cut, TEXT("goal")) && !goal.n)
		return reply_error(request, 400, "no_goal", "To cut at a goal, say which: goal=Bill Paid.");
	options.cut_at_goal = text_equal(cut, TEXT("goal"));
	options.cut_gap_ms = text_equal(cut, TEXT("customer")) || (options.cut_at_goal && !http_query_has(request->http, "gap")) ? 0 : gap;
	int error = columns_select(engine_columns(request->server->engine), from, to, EVENTS_MAX, &mining.events, &mining.n);
	if (!error)
		error = columns_make(request, &mining, channel_text.n > 0, channel,
		                     text_equal(http_query(request->http, "by"), TEXT("touchpoint")));
	struct journeys_columns columns = {.cases = mining.cases, .activities = mining.activities, .times_ms = mining.times, .n = mining.n,
	                                   .cases_n = mining.cases_n, .activities_n = dictionary_count(engine_dictionary(request->server->engine)) + 1};
	if (!error)
		error = journeys_mine(&mining.journeys, &columns, &options);
	mining.mined = error == 0;
	if (error)
		return reply_failure(request, error);
	journeys_write(request, &mining, options.goal != JOURNEYS_NO_ACTIVITY, (size_t)top);
}
