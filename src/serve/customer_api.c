/* customer_api.c: who a customer is and what is known; joining and parting customers. */
#include "serve/api.h"

#include "identify/resolve.h"
#include "identify/trait.h"
#include "serve/card.h"
#include "serve/noted.h"
#include "trust/consent.h"
#include "trust/reader.h"

#include <stdio.h>
#include <string.h>

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

void customer_card(struct request *request, uint32_t origin, uint64_t undo)
{
	char id[24];
	struct customer *customer = origin ? request_customer_fresh(request, origin) : NULL;
	if (!customer)
		return;
	json_object_begin(&request->out);
	card_members_write(request, &request->out, customer, request->caller.scope == KEY_CUSTOMER ? PURPOSE_OWN : PURPOSE_SERVICE);
	if (undo)
		json_put_text(&request->out, "undo", record_format(id, 'u', undo));
	json_object_end(&request->out);
	customer_unlock(request->server->engine, customer);
}

void api_card(struct request *request)
{
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (origin && noted_opening(request, origin, "card"))
		customer_card(request, origin, 0);
}

struct text customer_name(struct request *request, uint32_t origin, char *copy, size_t max)
{
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	size_t n = 0;
	if (customer) {
		struct text traits = reader_service(request->server->engine, customer, &trait_fold);
		struct text name = text_cut(trait_display_name(traits, request->arena), max);
		memcpy(copy, name.p, name.n);
		n = name.n;
		customer_unlock(request->server->engine, customer);
	}
	return (struct text){copy, n};
}

/* ---- identity ---- */

void api_identity(struct request *request)
{
	struct reader reader;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct customer *customer = origin ? request_customer_fresh(request, origin) : NULL;
	char cid[33];
	if (!customer)
		return;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE, request->now_ms);
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
	noted_act(request, &(struct noted){.what = AUDIT_JOIN, .origin = a, .reason = because, .words = TEXT("joined two customers")});
	customer_card(request, a < b ? a : b, position);
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
	noted_act(request, &(struct noted){.what = AUDIT_PART, .origin = origin, .reason = because, .words = TEXT("parted from another customer")});
	customer_card(request, origin, position);
}
