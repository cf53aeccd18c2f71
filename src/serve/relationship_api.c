/* relationship_api.c: how strong the relationship with one customer is. */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/broken.h"

#include "base/clock.h"
#include "measure/relationship.h"
#include "trust/purpose.h"

#include <inttypes.h>
#include <stdio.h>

enum { HISTORY_MAX = 100 * 1000, SENTENCE_BYTES = 400, DAYS_BACK = 366 };

static void moment_write(const struct broken_look *looking, const struct moment *moment)
{
	struct json_writer *out = &looking->request->out;
	char text[200];
	json_object_begin(out);
	json_put_time(out, "time", moment->time_ms);
	json_put_double(out, "effect", moment->effect);
	if (moment->kind == MOMENT_STARS)
		snprintf(text, sizeof text, "Gave %" PRId32 " of 5 stars", moment->stars);
	else
		snprintf(text, sizeof text, "%.*s: %s", TEXT_ARGS(text_first(looking->roads[moment->road].rule->title, 80)),
		         moment->kind == MOMENT_GOAL ? "done" : broken_signal_words(moment->signal));
	json_put_text(out, "what", text_of(text));
	if (moment->kind != MOMENT_STARS)
		json_put_text(out, "spot", looking->roads[moment->road].rule->name);
	json_object_end(out);
}

/* The month after which it stood most below the month before; 0: it never fell. */
static int worst_month(const struct relationship *relationship)
{
	int worst = 0;
	double most = 1;
	for (int i = 1; i < RELATIONSHIP_MONTHS; i++) {
		double fell = relationship->course[i - 1].strength - relationship->course[i].strength;
		if (fell > most) {
			most = fell;
			worst = i;
		}
	}
	return worst;
}

static void relationship_say(char sentence[SENTENCE_BYTES], const struct relationship *relationship)
{
	int worst = worst_month(relationship);
	double now = relationship->strength;
	const char *how = now >= 80 ? "Strong" : now >= 60 ? "Good" : now >= 45 ? "Loose" : "Strained";
	if (worst)
		snprintf(sentence, SENTENCE_BYTES, "%s: %.0f of 100; it fell most in one month from %.0f to %.0f.", how, now,
		         relationship->course[worst - 1].strength, relationship->course[worst].strength);
	else
		snprintf(sentence, SENTENCE_BYTES, "%s: %.0f of 100, and it never fell in a month.", how, now);
}

static void relationship_write(const struct broken_look *looking, const struct relationship *relationship)
{
	struct json_writer *out = &looking->request->out;
	char sentence[SENTENCE_BYTES];
	int worst = worst_month(relationship);
	relationship_say(sentence, relationship);
	json_object_begin(out);
	json_put_text(out, "sentence", text_of(sentence));
	json_put_double(out, "strength", relationship->strength);
	json_put_int(out, "contact_days", relationship->contact_days);
	json_key(out, TEXT("course"));
	json_array_begin(out);
	for (int i = 0; i < RELATIONSHIP_MONTHS; i++) {
		json_object_begin(out);
		json_put_time(out, "until", relationship->course[i].time_ms);
		json_put_double(out, "strength", relationship->course[i].strength);
		json_put_bool(out, "fell_most", worst == i && i > 0);
		json_object_end(out);
	}
	json_array_end(out);
	json_key(out, TEXT("turns"));
	json_array_begin(out);
	for (size_t i = 0; i < relationship->turns_n; i++)
		moment_write(looking, &relationship->turns[i]);
	json_array_end(out);
	json_object_end(out);
}

static bool relationship_may(struct request *request, uint32_t origin)
{
	struct customer *customer = request_customer_fresh(request, origin);
	if (!customer)
		return false;
	const struct purpose *purpose = purpose_find(engine_config(request->server->engine), TEXT("analytics"));
	bool may = behind_may_name(request->server->engine, customer, purpose, request->now_ms);
	customer_unlock(request->server->engine, customer);
	if (!may) {
		json_object_begin(&request->out);
		json_put_text(&request->out, "sentence", TEXT("Not shown: the customer has not agreed to it."));
		json_key(&request->out, TEXT("withheld"));
		json_write_text(&request->out, purpose ? purpose->title : TEXT("analytics"));
		json_object_end(&request->out);
	}
	return may;
}

void api_relationship(struct request *request)
{
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct broken_look looking;
	struct relationship relationship;
	struct customer_rows rows = {0};
	uint32_t stars = 0;
	if (!origin || !relationship_may(request, origin) || !broken_look_begin(request, &looking))
		return;
	looking.question.from_ms = request->now_ms - (int64_t)DAYS_BACK * MS_A_DAY;
	for (size_t i = 0; i < looking.question.roads_n && !stars; i++)
		stars = looking.roads[i].stars;
	int error = customer_rows_of(&rows, request->server->engine, origin, looking.question.from_ms, HISTORY_MAX, request->arena);
	if (!error)
		error = relationship_of(&relationship, &rows, &looking.question, stars);
	customer_rows_free(&rows);
	if (error)
		return reply_failure(request, error);
	relationship_write(&looking, &relationship);
}
