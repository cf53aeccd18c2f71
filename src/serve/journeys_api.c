/* journeys_api.c: what customers really did: the steps, the ways between them, the usual courses and where they end. */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/journeys.h"

#include "base/unit.h"
#include "measure/share.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What is being answered; @hidden is set once a figure was left out because too few customers stand behind it. */
struct answer {
	struct request *request;
	struct json_writer *out;
	const struct journeys_question *question;
	const struct journeys_rows *rows;
	const struct journeys *journeys;
	bool hidden;
};

/* A figure @n of so many customers: is it listed? */
static bool may_list(struct answer *answer, uint64_t n, uint32_t customers)
{
	bool enough = behind_may_show(answer->request, customers);
	answer->hidden |= n > 0 && !enough;
	return n > 0 && enough;
}

static struct text name_of(struct answer *answer, uint32_t activity)
{
	return dictionary_name(engine_dictionary(answer->request->server->engine), activity);
}

/* Which of an activity's counts are listed. */
enum steps { STEPS_ALL, STEPS_FIRST, STEPS_LAST };

static void steps_write(struct answer *answer, const char *key, enum steps steps)
{
	json_key(answer->out, text_of(key));
	json_array_begin(answer->out);
	for (uint32_t i = 1; i < answer->journeys->by_activity_n; i++) {
		const struct journey_activity *activity = &answer->journeys->by_activity[i];
		const struct journey_people *people = &activity->customers;
		uint64_t n = steps == STEPS_ALL ? activity->events : steps == STEPS_FIRST ? activity->starts : activity->ends;
		uint32_t customers = steps == STEPS_ALL ? people->all : steps == STEPS_FIRST ? people->starts : people->ends;
		if (!may_list(answer, n, customers))
			continue;
		json_object_begin(answer->out);
		json_put_text(answer->out, "activity", name_of(answer, i));
		json_put_int(answer->out, "n", (int64_t)n);
		json_put_int(answer->out, "customers", customers);
		json_object_end(answer->out);
	}
	json_array_end(answer->out);
}

static void edges_write(struct answer *answer)
{
	struct json_writer *out = answer->out;
	int64_t listed = 0;
	json_key(out, TEXT("edges"));
	json_array_begin(out);
	for (size_t i = 0; i < answer->journeys->edges_n && listed < answer->question->top; i++) {
		const struct journey_edge *edge = &answer->journeys->edges[i];
		if (!may_list(answer, edge->count, edge->customers))
			continue;
		listed++;
		json_object_begin(out);
		json_put_text(out, "from", name_of(answer, edge->from));
		json_put_text(out, "to", name_of(answer, edge->to));
		json_put_int(out, "n", (int64_t)edge->count);
		json_put_int(out, "customers", edge->customers);
		json_put_double(out, "p50_ms", edge->wait_p50_ms);
		json_put_double(out, "p90_ms", edge->wait_p90_ms);
		json_object_end(out);
	}
	json_array_end(out);
}

static void variants_write(struct answer *answer)
{
	struct json_writer *out = answer->out;
	int64_t listed = 0;
	char hash[33];
	json_key(out, TEXT("variants"));
	json_array_begin(out);
	for (size_t i = 0; i < answer->journeys->variants_n && listed < answer->question->top; i++) {
		const struct journey_variant *variant = &answer->journeys->variants[i];
		if (!may_list(answer, variant->count, variant->customers))
			continue;
		listed++;
		json_object_begin(out);
		json_key(out, TEXT("activities"));
		json_array_begin(out);
		for (uint32_t s = 0; s < variant->steps_n; s++)
			json_write_text(out, name_of(answer, answer->journeys->steps[variant->steps_at + s]));
		json_array_end(out);
		json_put_int(out, "n", (int64_t)variant->count);
		json_put_int(out, "customers", variant->customers);
		snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, variant->hash_high, variant->hash_low);
		json_put_text(out, "variant", text_of(hash));
		json_put_double(out, "median_ms", variant->duration_p50_ms);
		json_object_end(out);
	}
	json_array_end(out);
}

static void repeats_write(struct answer *answer)
{
	struct json_writer *out = answer->out;
	json_key(out, TEXT("repeats"));
	json_array_begin(out);
	for (uint32_t i = 1; i < answer->journeys->by_activity_n; i++) {
		const struct journey_activity *activity = &answer->journeys->by_activity[i];
		if (!may_list(answer, activity->repeated, activity->customers.repeated))
			continue;
		json_object_begin(out);
		json_put_text(out, "activity", name_of(answer, i));
		json_put_int(out, "cases", (int64_t)activity->repeated);
		json_put_int(out, "customers", activity->customers.repeated);
		json_object_end(out);
	}
	json_array_end(out);
}

/* Where journeys ended without the goal; nothing without one. */
static void drop_off_write(struct answer *answer)
{
	struct json_writer *out = answer->out;
	json_key(out, TEXT("drop_off"));
	json_array_begin(out);
	for (uint32_t i = 1; i < answer->journeys->by_activity_n; i++) {
		const struct journey_activity *activity = &answer->journeys->by_activity[i];
		if (!may_list(answer, activity->dropped, activity->customers.dropped))
			continue;
		struct share share = share_of(activity->dropped, activity->journeys);
		json_object_begin(out);
		json_put_text(out, "activity", name_of(answer, i));
		json_put_int(out, "n", (int64_t)activity->dropped);
		json_put_int(out, "of", (int64_t)activity->journeys);
		json_put_int(out, "customers", activity->customers.dropped);
		json_put_double(out, "low", share.low);
		json_put_double(out, "high", share.high);
		json_object_end(out);
	}
	json_array_end(out);
}

static void sentence_write(struct answer *answer, bool few)
{
	const struct journeys *journeys = answer->journeys;
	int64_t least = answer->request->server->settings.aggregate_min;
	char sentence[300], cases[COUNT_TEXT_BYTES], customers[COUNT_TEXT_BYTES], courses[COUNT_TEXT_BYTES];
	if (journeys->events == 0 && answer->rows->without)
		snprintf(sentence, sizeof sentence, "No event in this time carries the property \"%.*s\": check its name.",
		         TEXT_ARGS(text_first(answer->question->property, 80)));
	else if (journeys->events == 0)
		snprintf(sentence, sizeof sentence, "No journeys in this time: choose another, or send events.");
	else if (few)
		snprintf(sentence, sizeof sentence, "Too few customers to show: %" PRId64 " are needed.", least);
	else if (answer->question->options.goal == JOURNEYS_NO_ACTIVITY)
		snprintf(sentence, sizeof sentence, "%s journeys by %s customers took %s different courses.", count_text(cases, journeys->cases),
		         count_text(customers, journeys->customers), count_text(courses, journeys->variants_n));
	else if (behind_may_show(answer->request, journeys->customers_reached))
		snprintf(sentence, sizeof sentence, "%s of %s journeys reached the goal.", count_text(courses, journeys->reached), count_text(cases, journeys->cases));
	else
		snprintf(sentence, sizeof sentence, "Fewer than %" PRId64 " customers reached the goal in %" PRIu64 " journeys.", least,
		         journeys->cases);
	json_put_text(answer->out, "sentence", text_of(sentence));
}

/* How much a cut by property left out, and which properties the configured journeys go by. */
static void without_write(struct answer *answer)
{
	const struct config *config = engine_config(answer->request->server->engine);
	const struct config_document *document;
	size_t at = 0;
	if (may_list(answer, answer->rows->without, answer->rows->without_customers))
		json_put_int(answer->out, "without", (int64_t)answer->rows->without);
	json_key(answer->out, TEXT("properties"));
	json_array_begin(answer->out);
	while ((document = config_next(config, TEXT("journey"), &at)))
		if (value_text(value_get(document->body, TEXT("property"))).n)
			json_write_text(answer->out, value_text(value_get(document->body, TEXT("property"))));
	json_array_end(answer->out);
}

static void journeys_write(struct answer *answer)
{
	static const struct journeys none = {0};
	const struct journeys *journeys = answer->journeys;
	struct json_writer *out = answer->out;
	bool few = !behind_may_show(answer->request, journeys->customers);
	json_object_begin(out);
	sentence_write(answer, few);
	json_put_int(out, "customers", journeys->customers);
	json_put_int(out, "cases", few ? 0 : (int64_t)journeys->cases);
	json_put_int(out, "events", few ? 0 : (int64_t)journeys->events);
	json_put_int(out, "arcs", few ? 0 : (int64_t)journeys->arcs);
	if (few)
		answer->journeys = &none;
	answer->hidden = few;
	steps_write(answer, "activities", STEPS_ALL);
	edges_write(answer);
	steps_write(answer, "starts", STEPS_FIRST);
	steps_write(answer, "ends", STEPS_LAST);
	variants_write(answer);
	repeats_write(answer);
	drop_off_write(answer);
	without_write(answer);
	json_put_bool(out, "hidden", answer->hidden);
	json_object_end(out);
}

void api_journeys(struct request *request)
{
	struct journeys_question question;
	struct journeys_rows rows __attribute__((cleanup(journeys_rows_free))) = {0};
	struct journeys journeys;
	if (!journeys_question_read(request, &question))
		return;
	if (!journeys_rows_make(request, &question, &rows))
		return;
	int error = journeys_rows_mine(request, &question, &rows, &journeys);
	if (error)
		return reply_failure(request, error);
	struct answer answer = {.request = request, .out = &request->out, .question = &question, .rows = &rows, .journeys = &journeys};
	journeys_write(&answer);
	journeys_free(&journeys);
}
