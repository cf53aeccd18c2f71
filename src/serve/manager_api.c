/* manager_api.c: the manager's first question: where do we stand. */
#include "serve/api.h"
#include "serve/standing.h"

#include "engine/tally.h"
#include "identify/trait.h"
#include "interact/contact.h"
#include "trust/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
	struct contacts contacts;
	if (customer_refresh(engine, customer) != 0 || customer->origin_first == 0 || customer->events == 0 || customer->set_aside)
		return true;
	contacts_read(&contacts, reader_service(engine, customer, &contact_fold));
	struct text identifiers = reader_service(engine, customer, &identifier_fold);
	sums->customers++;
	sums->identified += identifier_count(identifiers, IDENTIFIER_USER) > 0;
	sums->consented += reader_consents(engine, customer, sums->request->now_ms) != PURPOSE_SERVICE;
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

/* How many customers; null when they are too few to be shown. */
static void count_write(struct request *request, const char *key, uint64_t customers)
{
	json_key(&request->out, text_of(key));
	if (behind_may_show(request, customers))
		json_write_int(&request->out, (int64_t)customers);
	else
		json_write_null(&request->out);
}

void api_overview(struct request *request)
{
	struct server *server = request->server;
	struct sums *sums = arena_zero_alloc(request->arena, 1, sizeof *sums);
	struct json_writer *out = &request->out;
	uint32_t after = 0;
	char sentence[400];
	struct standing standing;
	if (!sums)
		return reply_failure(request, ERROR_MEMORY);
	sums->request = request;
	engine_each_customer(server->engine, &after, SIZE_MAX, sum_customer, sums);
	struct engine_figures figures = engine_figures(server->engine);
	unsigned channels = 0;
	for (unsigned i = 1; i < CHANNEL_COUNT; i++)
		channels += sums->channels[i].events > 0;
	int error = standing_take(request, &standing, SCORE_ITEMS, NULL);
	if (error)
		return reply_failure(request, error);
	if (sums->customers == 0)
		snprintf(sentence, sizeof sentence, "Nobody has been seen yet: send the first event.");
	else
		standing_say(request, &standing, sums->customers, channels, sentence, sizeof sentence);
	json_object_begin(out);
	json_put_text(out, "sentence", text_of(sentence));
	json_put_text(out, "rests_on", TEXT("Every event received so far."));
	json_put_int(out, "customers", (int64_t)sums->customers);
	count_write(request, "identified", sums->identified);
	json_put_int(out, "events", (int64_t)figures.events);
	json_put_int(out, "decisions", (int64_t)figures.decisions);
	count_write(request, "agreed", sums->consented);
	forms_write(out, server->engine);
	standing_write(request, &standing);
	json_key(out, TEXT("channels"));
	json_array_begin(out);
	for (unsigned i = 1; i < CHANNEL_COUNT; i++) {
		if (!sums->channels[i].events)
			continue;
		json_object_begin(out);
		json_put_text(out, "channel", text_of(channel_name((enum channel)i)));
		count_write(request, "customers", sums->channels[i].customers);
		if (behind_may_show(request, sums->channels[i].customers))
			json_put_int(out, "events", (int64_t)sums->channels[i].events);
		else
			json_put_null(out, "events");
		json_put_time(out, "last", sums->channels[i].last_ms);
		json_object_end(out);
	}
	json_array_end(out);
	checklist_write(out, server, sums);
	json_object_end(out);
}
