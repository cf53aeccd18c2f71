/* inventory_api.c: where customers meet the company: touchpoints and interactions, seen and silent, and what staff said of them. */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/card.h"
#include "serve/inventory_sources.h"

#include "base/clock.h"
#include "engine/customer_rows.h"
#include "interact/note.h"
#include "interact/touchpoint.h"
#include "measure/layers/layers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EVENTS_MAX = 50 * 1000 * 1000, DAYS = 90, SENTENCE_BYTES = 300 };

/* What was seen under one number of the dictionary, or on one channel. */
struct seen {
	uint64_t events;
	uint32_t customers, customer_last;
	int64_t last_ms;
	uint8_t channel;
};

struct taking {
	struct request *request;
	const struct config *config;
	struct seen *touchpoints, *names;
	struct seen channels[CHANNEL_COUNT];
	uint32_t shared[CHANNEL_COUNT][CHANNEL_COUNT];
	uint32_t names_n, customers;
	uint64_t events;
};

static void hit(struct seen *seen, const struct customer_row *row)
{
	seen->events++;
	seen->customers += seen->customer_last != row->customer;
	seen->customer_last = row->customer;
	seen->channel = row->channel;
	if (row->time_ms > seen->last_ms)
		seen->last_ms = row->time_ms;
}

static void customer_take(struct taking *taking, const struct customer_row *rows, size_t n)
{
	bool on[CHANNEL_COUNT] = {false};
	for (size_t i = 0; i < n; i++) {
		if (rows[i].touchpoint && rows[i].touchpoint < taking->names_n)
			hit(&taking->touchpoints[rows[i].touchpoint], &rows[i]);
		if (rows[i].name < taking->names_n)
			hit(&taking->names[rows[i].name], &rows[i]);
		hit(&taking->channels[rows[i].channel], &rows[i]);
		on[rows[i].channel] = true;
	}
	for (unsigned a = 1; a < CHANNEL_COUNT; a++)
		for (unsigned b = a + 1; b < CHANNEL_COUNT; b++)
			taking->shared[a][b] += on[a] && on[b];
	taking->customers++;
	taking->events += n;
}

static int rows_take(struct taking *taking, int64_t days)
{
	struct request *request = taking->request;
	struct customer_rows rows;
	int error = customer_rows_take(&rows, request->server->engine, request->now_ms - days * MS_A_DAY, request->now_ms + 1, EVENTS_MAX);
	for (size_t at = 0, end; !error && at < rows.n; at = end) {
		end = customer_rows_end(&rows, at);
		customer_take(taking, &rows.items[at], end - at);
	}
	customer_rows_free(&rows);
	return error;
}

/* ---- writing ---- */

static void count_put(const struct taking *taking, const char *key, uint32_t customers)
{
	json_key(&taking->request->out, text_of(key));
	if (behind_may_show(taking->request, customers))
		json_write_int(&taking->request->out, customers);
	else
		json_write_null(&taking->request->out);
}

static void seen_put(const struct taking *taking, const struct seen *seen)
{
	struct json_writer *out = &taking->request->out;
	json_put_bool(out, "seen", seen && seen->events > 0);
	json_put_int(out, "events", seen && behind_may_show(taking->request, seen->customers) ? (int64_t)seen->events : 0);
	count_put(taking, "customers", seen ? seen->customers : 0);
	json_key(out, TEXT("last"));
	if (seen && seen->last_ms)
		json_write_time(out, seen->last_ms);
	else
		json_write_null(out);
}

static void notes_put(const struct taking *taking, struct text about)
{
	struct json_writer *out = &taking->request->out;
	struct note note;
	json_key(out, TEXT("notes"));
	json_array_begin(out);
	for (size_t at = 0; note_next(taking->config, &at, &note);) {
		if (!text_equal(note.about, about))
			continue;
		json_object_begin(out);
		json_put_text(out, "note", note.name);
		json_put_text(out, "says", note.says);
		json_put_text(out, "by", note.by);
		json_key(out, TEXT("at"));
		if (note.at_ms)
			json_write_time(out, note.at_ms);
		else
			json_write_null(out);
		json_object_end(out);
	}
	json_array_end(out);
}

/* The people, programs and buildings that a touchpoint rests on. */
static void rests_put(const struct taking *taking, struct text id)
{
	struct json_writer *out = &taking->request->out;
	const struct layers *layers = layers_of(taking->config);
	const struct layer_node *node = layers_find(layers, id);
	bool *needed = node ? arena_alloc(taking->request->arena, layers->n + 1) : NULL;
	json_key(out, TEXT("rests_on"));
	json_array_begin(out);
	if (needed)
		layers_needed(layers, MAP_IS, (uint32_t)(node - layers->nodes), needed);
	for (size_t i = 0; needed && i < layers->n; i++) {
		if (!needed[i] || layers->nodes[i].layer != LAYER_SYSTEM)
			continue;
		json_object_begin(out);
		json_put_text(out, "system", layers->nodes[i].id);
		json_put_text(out, "title", layers->nodes[i].title);
		json_put_text(out, "sort", layers->nodes[i].sort);
		json_object_end(out);
	}
	json_array_end(out);
}

static void touchpoint_put(const struct taking *taking, struct text name, struct text channel, struct text owner, const struct seen *seen, bool configured)
{
	struct json_writer *out = &taking->request->out;
	json_object_begin(out);
	json_put_text(out, "touchpoint", name);
	json_put_text(out, "title", touchpoint_title(taking->config, name));
	json_put_text(out, "channel", channel);
	json_put_text(out, "owner", owner);
	json_put_bool(out, "configured", configured);
	seen_put(taking, seen);
	rests_put(taking, name);
	notes_put(taking, name);
	json_object_end(out);
}

static unsigned touchpoints_write(const struct taking *taking, unsigned *silent)
{
	struct dictionary *names = engine_dictionary(taking->request->server->engine);
	const struct config_document *document;
	unsigned n = 0;
	json_key(&taking->request->out, TEXT("touchpoints"));
	json_array_begin(&taking->request->out);
	for (size_t at = 0; (document = config_next(taking->config, TEXT("touchpoint"), &at)); n++) {
		uint32_t number = dictionary_find(names, document->name);
		const struct seen *seen = number && number < taking->names_n ? &taking->touchpoints[number] : NULL;
		*silent += !seen || !seen->events;
		touchpoint_put(taking, document->name, value_text(value_get(document->body, TEXT("channel"))),
		               value_text(value_get(document->body, TEXT("owner"))), seen, true);
	}
	for (uint32_t number = 1; number < taking->names_n; number++) {
		const struct seen *seen = &taking->touchpoints[number];
		struct text name = dictionary_name(names, number);
		if (!seen->events || config_find(taking->config, TEXT("touchpoint"), name))
			continue;
		touchpoint_put(taking, name, text_of(channel_name((enum channel)seen->channel)), (struct text){"", 0}, seen, false);
		n++;
	}
	json_array_end(&taking->request->out);
	return n;
}

/* What is seen of an interaction: the events that it is recognised by. */
static struct seen interaction_seen(const struct taking *taking, const struct layer_node *node)
{
	struct dictionary *names = engine_dictionary(taking->request->server->engine);
	struct value_cursor cursor = {0};
	struct value item;
	struct seen all = {0};
	while (value_next_item(&cursor, value_get(node->document->body, TEXT("events")), &item)) {
		uint32_t number = dictionary_find(names, value_text(item));
		if (!number || number >= taking->names_n)
			continue;
		all.events += taking->names[number].events;
		all.customers = taking->names[number].customers > all.customers ? taking->names[number].customers : all.customers; /* At least so many. */
		all.last_ms = taking->names[number].last_ms > all.last_ms ? taking->names[number].last_ms : all.last_ms;
	}
	return all;
}

static void interactions_write(const struct taking *taking)
{
	struct json_writer *out = &taking->request->out;
	const struct layers *layers = layers_of(taking->config);
	json_key(out, TEXT("interactions"));
	json_array_begin(out);
	for (size_t i = 0; i < layers->n; i++) {
		const struct layer_node *node = &layers->nodes[i];
		if (node->layer != LAYER_INTERACTION || node->removed[MAP_IS])
			continue;
		struct seen seen = interaction_seen(taking, node);
		bool named = value_get(node->document->body, TEXT("events")).n > 0;
		json_object_begin(out);
		json_put_text(out, "interaction", node->id);
		json_put_text(out, "title", node->title);
		json_put_bool(out, "recognised", named);
		seen_put(taking, &seen);
		json_key(out, TEXT("at"));
		json_array_begin(out);
		for (size_t j = 0; j < node->any_n; j++)
			json_write_text(out, layers->nodes[node->needs[j]].id);
		json_array_end(out);
		notes_put(taking, node->id);
		json_object_end(out);
	}
	json_array_end(out);
}

static void shared_write(const struct taking *taking)
{
	struct json_writer *out = &taking->request->out;
	json_key(out, TEXT("shared"));
	json_array_begin(out);
	for (unsigned a = 1; a < CHANNEL_COUNT; a++)
		for (unsigned b = a + 1; b < CHANNEL_COUNT; b++) {
			if (!taking->shared[a][b] || !behind_may_show(taking->request, taking->shared[a][b]))
				continue;
			json_object_begin(out);
			json_put_text(out, "one", text_of(channel_name((enum channel)a)));
			json_put_text(out, "other", text_of(channel_name((enum channel)b)));
			json_put_int(out, "customers", taking->shared[a][b]);
			json_put_int(out, "of_one", taking->channels[a].customers);
			json_put_int(out, "of_other", taking->channels[b].customers);
			json_object_end(out);
		}
	json_array_end(out);
}

void api_inventory(struct request *request)
{
	struct taking *taking = arena_zero_alloc(request->arena, 1, sizeof *taking);
	int64_t days;
	unsigned silent = 0, notes = 0;
	char sentence[SENTENCE_BYTES];
	struct note note;
	if (!request_number(request, "days", DAYS, 1, 730, &days))
		return;
	if (!taking)
		return reply_failure(request, ERROR_MEMORY);
	*taking = (struct taking){.request = request, .config = engine_config(request->server->engine),
	                          .names_n = dictionary_count(engine_dictionary(request->server->engine)) + 1};
	taking->touchpoints = arena_zero_alloc(request->arena, taking->names_n, sizeof *taking->touchpoints);
	taking->names = arena_zero_alloc(request->arena, taking->names_n, sizeof *taking->names);
	int error = taking->touchpoints && taking->names ? rows_take(taking, days) : ERROR_MEMORY;
	if (error)
		return reply_failure(request, error);
	for (size_t at = 0; note_next(taking->config, &at, &note);)
		notes++;
	json_object_begin(&request->out);
	unsigned n = touchpoints_write(taking, &silent);
	interactions_write(taking);
	shared_write(taking);
	error = inventory_sources_write(request);
	if (error)
		return reply_failure(request, error);
	snprintf(sentence, sizeof sentence, "%u touchpoints; %u of them gave no sign in %" PRId64 " days, and staff has %u note%s.", n, silent, days, notes,
	         notes == 1 ? "" : "s");
	json_put_text(&request->out, "sentence", text_of(n ? sentence : "No touchpoint is known yet: write documents of kind touchpoint, or send events that name one."));
	json_put_int(&request->out, "days", days);
	count_put(taking, "customers", taking->customers);
	json_put_int(&request->out, "events", (int64_t)taking->events);
	json_object_end(&request->out);
}
