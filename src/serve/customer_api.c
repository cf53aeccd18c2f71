/* customer_api.c: who a customer is, what is known, what happened; finding, joining and parting customers. */
#include "serve/api.h"

#include "identify/resolve.h"
#include "identify/trait.h"
#include "serve/card.h"
#include "trust/consent.h"
#include "trust/reader.h"

#include <stdio.h>
#include <string.h>

enum { TIMELINE_MAX = 1000 };

struct customer *request_customer_fresh(struct request *request, uint32_t origin)
{
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer) {
		reply_failure(request, ERROR_NOT_FOUND);
		return NULL;
	}
	int error = customer_refresh(request->server->engine, customer);
	if (!error && customer->origin_first)
		return customer;
	customer_unlock(request->server->engine, customer);
	reply_failure(request, error ? error : ERROR_BUSY);
	return NULL;
}

void customer_card(struct request *request, uint32_t origin)
{
	struct customer *customer = origin ? request_customer_fresh(request, origin) : NULL;
	if (!customer)
		return;
	card_write(request, &request->out, customer);
	customer_unlock(request->server->engine, customer);
}

void api_card(struct request *request)
{
	customer_card(request, request_customer_path(request, request->parameters[0]));
}

struct text customer_name(struct request *request, uint32_t origin, char *copy, size_t max)
{
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	size_t n = 0;
	if (customer) {
		size_t index = fold_table_index(engine_folds(request->server->engine), &trait_fold);
		struct text traits = customer_state(request->server->engine, customer, index, request->arena);
		struct text name = text_cut(trait_display_name(traits, request->arena), max);
		memcpy(copy, name.p, name.n);
		n = name.n;
		customer_unlock(request->server->engine, customer);
	}
	return (struct text){copy, n};
}

/* ---- the timeline ---- */

static void event_write(struct request *request, struct json_writer *out, const struct event *event)
{
	char id[24];
	struct value properties = value_get(event->payload, TEXT("properties"));
	(void)request;
	json_object_begin(out);
	json_put_text(out, "event", record_format(id, 'e', event->position));
	json_put_time(out, "time", event->header.time_ms);
	json_put_time(out, "received", event->header.received_ms);
	json_put_text(out, "kind", text_of(event_kind_name((enum event_kind)event->header.kind)));
	json_put_text(out, "name", event->name);
	json_put_text(out, "channel", text_of(channel_name((enum channel)event->header.channel)));
	json_put_text(out, "touchpoint", event->touchpoint);
	json_put_text(out, "source", event->source);
	bool of_call = event->header.kind >= EVENT_TRACK && event->header.kind <= EVENT_ALIAS;
	if (of_call)
		json_put_text(out, "messageId", value_text(value_get(event->payload, TEXT("messageId"))));
	json_key(out, TEXT("properties"));
	if (event->header.kind == EVENT_IDENTIFY)
		properties = value_get(event->payload, TEXT("traits"));
	if (of_call && properties.n == 0) {
		json_object_begin(out);
		json_object_end(out);
	} else {
		value_write_json(out, of_call ? properties : event->payload);
	}
	json_object_end(out);
}

/* Write at most @n events older than @before (a position, 0: from the newest); *@last is the position of the last one written. */
static int history_write(struct request *request, uint32_t origin, unsigned what, uint64_t before, size_t n, uint64_t *last, bool *more)
{
	struct history history;
	struct event event;
	size_t written = 0;
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = history_start(&history, request->server->engine, customer, request->arena, what);
	customer_unlock(request->server->engine, customer);
	*more = true;
	while (!error && *more) {
		error = history_next(&history, &event, more);
		if (error || !*more || (before && event.position >= before))
			continue;
		if (written == n)
			break;
		event_write(request, &request->out, &event);
		*last = event.position;
		written++;
	}
	return error;
}

static void history_page(struct request *request, const char *key, unsigned what)
{
	int64_t n;
	uint64_t before = 0, last = 0;
	bool more = false;
	char id[24];
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin || !request_number(request, "n", 100, 1, TIMELINE_MAX, &n))
		return;
	if (http_query(request->http, "before").n && !record_parse(http_query(request->http, "before"), 'e', &before))
		return reply_error(request, 400, "invalid_cursor", "\"before\" must be the \"next\" of the page before.");
	json_object_begin(&request->out);
	json_key(&request->out, text_of(key));
	json_array_begin(&request->out);
	int error = history_write(request, origin, what, before, (size_t)n, &last, &more);
	if (error)
		return reply_failure(request, error);
	json_array_end(&request->out);
	json_key(&request->out, TEXT("next"));
	if (more)
		json_write_text(&request->out, record_format(id, 'e', last));
	else
		json_write_null(&request->out);
	json_object_end(&request->out);
}

void api_timeline(struct request *request)
{
	history_page(request, "events", HISTORY_EVENTS);
}

void api_decisions(struct request *request)
{
	history_page(request, "decisions", HISTORY_DECISIONS);
}

/* ---- identity, consents, export ---- */

void api_identity(struct request *request)
{
	struct reader reader;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? request_customer_fresh(request, origin) : NULL;
	char cid[33];
	if (!customer)
		return;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE);
	if (!error) {
		struct text identifiers = reader_state(&reader, &identifier_fold);
		json_object_begin(&request->out);
		json_put_text(&request->out, "cid", text_of(origin_format(cid, customer_id(request->server->engine, customer))));
		card_identifiers_write(request, &request->out, identifiers);
		card_origins_write(request, &request->out, customer, identifiers);
		json_object_end(&request->out);
	}
	customer_unlock(request->server->engine, customer);
	if (error)
		reply_failure(request, error);
}

void api_consents(struct request *request)
{
	struct reader reader;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? request_customer_fresh(request, origin) : NULL;
	if (!customer)
		return;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE);
	json_object_begin(&request->out);
	if (!error)
		card_consents_write(&request->out, reader.config, reader_state(&reader, &consent_fold));
	json_object_end(&request->out);
	customer_unlock(request->server->engine, customer);
	if (error)
		reply_failure(request, error);
}

void api_export(struct request *request)
{
	uint64_t last;
	bool more;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? request_customer_fresh(request, origin) : NULL;
	struct json_writer *out = &request->out;
	if (!customer)
		return;
	json_object_begin(out);
	json_put_time(out, "exported", request->now_ms);
	json_key(out, TEXT("customer"));
	card_write(request, out, customer);
	customer_unlock(request->server->engine, customer);
	json_key(out, TEXT("events"));
	json_array_begin(out);
	int error = history_write(request, origin, HISTORY_EVENTS, 0, CUSTOMER_EVENTS_MAX, &last, &more);
	json_array_end(out);
	json_key(out, TEXT("decisions"));
	json_array_begin(out);
	if (!error)
		error = history_write(request, origin, HISTORY_DECISIONS, 0, CUSTOMER_EVENTS_MAX, &last, &more);
	if (error)
		return reply_failure(request, error);
	json_array_end(out);
	json_object_end(out);
}

/* ---- joining and parting ---- */

void api_merge(struct request *request)
{
	struct json root;
	uint64_t position;
	uint32_t a = request_customer_path(request, request->parameters[0]);
	if (!a || !request_json(request, &root))
		return;
	struct text with = json_text(json_get(root, TEXT("with")));
	uint32_t b = request_customer_path(request, with);
	if (!b)
		return;
	a = atomic_load(&engine_origin(request->server->engine, a)->customer);
	b = atomic_load(&engine_origin(request->server->engine, b)->customer);
	struct event_header header = request_header(request, EVENT_MERGE, CHANNEL_NONE);
	struct text because = json_text(json_get(root, TEXT("because")));
	int error = resolve_merge(request->server->engine, a, b, &header, because.n ? because : TEXT("a person said so"), &position);
	if (error)
		return reply_failure(request, error);
	request->wait_for = position;
	customer_card(request, a < b ? a : b);
}

void api_split(struct request *request)
{
	struct json root;
	uint64_t position;
	uint32_t customer = request_customer_path(request, request->parameters[0]);
	if (!customer || !request_json(request, &root))
		return;
	struct text part = json_text(json_get(root, TEXT("origin")));
	uint32_t origin = request_customer_path(request, part);
	if (!origin)
		return;
	struct engine *engine = request->server->engine;
	if (atomic_load(&engine_origin(engine, origin)->customer) != atomic_load(&engine_origin(engine, customer)->customer))
		return reply_error(request, 409, "conflict", "That origin does not belong to that customer.");
	struct event_header header = request_header(request, EVENT_SPLIT, CHANNEL_NONE);
	struct text because = json_text(json_get(root, TEXT("because")));
	int error = resolve_split(engine, origin, &header, because.n ? because : TEXT("a person said so"), &position);
	if (error == ERROR_CONFLICT)
		return reply_error(request, 409, "conflict", "The oldest origin stays: part one of the others from it.");
	if (error)
		return reply_failure(request, error);
	request->wait_for = position;
	customer_card(request, origin);
}
