/* decide_api.c: POST /v1/decide, and what a customer changes: preferences, consents, layouts, undo. */
#include "serve/api.h"
#include "serve/buying_models.h"
#include "serve/caller.h"
#include "serve/change.h"
#include "serve/deciding.h"
#include "serve/question.h"
#include "serve/signals.h"
#include "serve/undo.h"

#include "base/clock.h"
#include "base/code.h"
#include "customize/habit.h"
#include "trust/consent.h"

#include <stdio.h>
#include <string.h>

enum { BECAUSE_MAX = 12, BECAUSE_WALK_MAX = 300 };

/* ---- deciding ---- */

static int decision_append(struct request *request, struct customer *customer, uint32_t origin, const struct decision *decision,
                           enum channel channel, uint64_t consents, uint64_t *position)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_DECISION, channel)};
	int error = engine_name(request->server->engine, decision->surface->name, &write.header.name);
	write.header.purposes = consents;
	/* The time is read under the customer's lock: decisions of one customer are in order, whichever thread makes them. */
	write.header.time_ms = write.header.received_ms = clock_now_ms();
	decision_encode(&payload, decision);
	write.payload = buffer_view(&payload);
	if (!error)
		error = payload.failed ? ERROR_MEMORY : engine_append(request->server->engine, customer, origin, &write, position);
	buffer_free(&payload);
	return error;
}

/* A move that the owner of the menu allowed to be made without asking: recorded, announced, undoable. */
static int automatic_append(struct request *request, struct customer *customer, uint32_t origin, struct decision *decision,
                            enum channel channel)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_LAYOUT, channel)};
	uint64_t position = 0;
	layout_encode(&payload, decision->surface, &decision->automatic);
	write.payload = buffer_view(&payload);
	int error = payload.failed ? ERROR_MEMORY : engine_append(request->server->engine, customer, origin, &write, &position);
	buffer_free(&payload);
	if (!error && decision->automatic.kind == MENU_OP_DEMOTE && decision->moved_n < 4)
		decision->moved[decision->moved_n++] =
			(struct layout_moved){decision->automatic.option, decision->now_ms, position};
	return error;
}

static bool in_slot(const struct decision *decision, int64_t time_ms)
{
	struct clock_parts a = clock_parts_of(time_ms), b = clock_parts_of(decision->now_ms);
	int days = a.day - b.day;
	return decision->slot == USUAL_ANY_TIME || (decision->slot == USUAL_WEEKDAY && a.weekday == b.weekday) ||
	       (decision->slot == USUAL_DAY_OF_MONTH && days >= -1 && days <= 1);
}

/* The events behind a usual choice, newest first. The history is walked without the lock. */
static void because_write(struct request *request, struct history *history, const struct decision *decision)
{
	struct event event;
	bool more = true;
	size_t written = 0;
	char id[24], text[160], day[CLOCK_TEXT_BYTES];
	json_key(&request->out, TEXT("because"));
	json_array_begin(&request->out);
	bool reads = history_stream(history) == 0;
	for (size_t i = 0; reads && i < BECAUSE_WALK_MAX && written < BECAUSE_MAX && more; i++) {
		if (history_next(history, &event, &more) != 0 || !more)
			break;
		if (event.header.kind != EVENT_TRACK || !text_equal(event.name, decision->surface->event) ||
		    !(event.header.purposes & decision->surface->purpose) || !in_slot(decision, event.header.time_ms))
			continue;
		struct buffer value = BUFFER_INIT(1024), with = BUFFER_INIT(1024);
		habit_texts(decision->surface, &event, &value, &with);
		clock_format(day, event.header.time_ms);
		int n = snprintf(text, sizeof text, "%.10s: %.*s", day, TEXT_ARGS(text_cut(buffer_view(&value), 100)));
		json_object_begin(&request->out);
		json_put_text(&request->out, "event", record_format(id, 'e', event.position));
		json_put_text(&request->out, "name", event.name);
		json_put_time(&request->out, "time", event.header.time_ms);
		json_put_text(&request->out, "text", ((struct text){text, (size_t)n}));
		json_object_end(&request->out);
		buffer_free(&value);
		buffer_free(&with);
		written++;
	}
	json_array_end(&request->out);
}

/* Everything that happens under the customer's lock. */
static int decide_locked(struct request *request, struct deciding *deciding, struct customer *customer, uint32_t origin,
                         const struct surface *surface, enum channel channel, int64_t now_ms, bool explain)
{
	struct engine *engine = request->server->engine;
	struct reader reader;
	struct decision *decision = &deciding->decision;
	int error = reader_open(&reader, engine, customer, request->arena, surface->purpose, now_ms);
	if (!error && !customer_has(engine, customer, origin))
		error = ERROR_BUSY;
	if (!error) {
		struct decision_basis basis = {.model = buying_models_get(request->server->buying)};
		if (surface->type == SURFACE_QUESTION)
			basis.resting = questions_resting(engine, reader.config, now_ms);
		error = decide(decision, &reader, surface, now_ms, &basis);
	}
	if (error)
		return error;
	deciding->preferences = reader_state(&reader, &preference_fold);
	deciding->cid = customer_id(engine, customer);
	if (decision->has_automatic)
		error = automatic_append(request, customer, origin, decision, channel);
	if (!error)
		error = decision_append(request, customer, origin, decision, channel, reader.consents, &deciding->position);
	if (!error && decision->ask.kind == SUGGESTION_QUESTION)
		error = question_asked_append(request, customer, origin, decision->ask.question, channel, reader.consents);
	if (!error && explain && decision->guess && surface->type == SURFACE_USUAL)
		error = history_start(&deciding->history, engine, customer, request->arena, HISTORY_EVENTS);
	return error;
}

int decision_make(struct request *request, uint32_t origin, const struct surface *surface, enum channel channel,
                  struct decision *decision, uint64_t *position)
{
	struct deciding *deciding = arena_zero_alloc(request->arena, 1, sizeof *deciding);
	struct customer *customer = deciding ? customer_lock_of(request->server->engine, origin) : NULL;
	if (!customer)
		return deciding ? ERROR_NOT_FOUND : ERROR_MEMORY;
	int error = decide_locked(request, deciding, customer, origin, surface, channel, request->now_ms, false);
	customer_unlock(request->server->engine, customer);
	*decision = deciding->decision;
	*position = deciding->position;
	return error;
}

void deciding_write(struct request *request, struct deciding *deciding, bool explain)
{
	struct json_writer *out = &request->out;
	char id[24], cid[33];
	json_object_begin(out);
	json_put_text(out, "decision", record_format(id, 'd', deciding->position));
	json_put_text(out, "customer", text_of(origin_format(cid, deciding->cid)));
	json_put_time(out, "at", deciding->decision.now_ms);
	decision_write(out, &deciding->decision, deciding->preferences, deciding->position);
	if (explain && deciding->history.heads_n)
		because_write(request, &deciding->history, &deciding->decision);
	else if (explain)
		json_key(out, TEXT("because")), json_array_begin(out), json_array_end(out);
	json_object_end(out);
}

void api_decide(struct request *request)
{
	struct json root, when;
	struct deciding *deciding = arena_alloc(request->arena, sizeof *deciding);
	int64_t now_ms = request->now_ms;
	enum channel channel = CHANNEL_NONE;
	if (!deciding)
		return reply_failure(request, ERROR_MEMORY);
	if (!request_json(request, &root))
		return;
	if (request->caller.scope == KEY_NONE) {
		request_caller(request, json_text(json_get(root, TEXT("writeKey"))));
		if (!request_permitted(request))
			return;
	}
	struct text name = json_text(json_get(root, TEXT("surface")));
	const struct surface *surface = surface_find(engine_config(request->server->engine), name);
	if (!surface)
		return reply_error(request, 404, "no_surface", "There is no surface \"%.*s\"; surfaces are configured (kind: surface).",
		                   TEXT_ARGS(text_cut(name, 80)));
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	when = json_get(json_get(root, TEXT("context")), TEXT("now"));
	if (json_type_of(when) != JSON_ABSENT &&
	    (request->caller.scope != KEY_SECRET || clock_parse(json_text(when), &now_ms) != 0))
		return reply_error(request, 400, "invalid_time", "\"context.now\" must be a time, and needs a secret key.");
	bool explain = json_bool(json_get(root, TEXT("explain")), request->caller.scope == KEY_CUSTOMER);
	uint32_t origin = request_customer_body(request, json_get(root, TEXT("customer")));
	if (!origin)
		return;
	int error = signals_heed(request, origin, channel);
	if (error)
		return reply_failure(request, error);
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return reply_failure(request, ERROR_NOT_FOUND);
	deciding->history = (struct history){0};
	error = decide_locked(request, deciding, customer, origin, surface, channel, now_ms, explain);
	customer_unlock(request->server->engine, customer);
	if (error)
		return reply_failure(request, error);
	if (json_bool(json_get(root, TEXT("durable")), false))
		request->wait_for = deciding->position; /* Newer than a signal that was noted. */
	deciding_write(request, deciding, explain);
	atomic_fetch_add_explicit(&request->server->figures.decisions, 1, memory_order_relaxed);
}

/* ---- what a customer changes ---- */

static void done_write(struct request *request, uint64_t undo)
{
	char id[24];
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	if (undo)
		json_put_text(&request->out, "undo", record_format(id, 'u', undo));
	json_object_end(&request->out);
}

void api_undo(struct request *request)
{
	struct json root;
	uint64_t position;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin || !request_json(request, &root))
		return;
	if (!record_parse(json_text(json_get(root, TEXT("undo"))), 'u', &position))
		return reply_error(request, 400, "no_undo", "\"undo\" must be the id that the change was answered with.");
	int error = undo_act(request, origin, position);
	if (error == ERROR_NOT_FOUND)
		return reply_error(request, 404, "no_undo", "There is nothing to undo under that id.");
	if (error == ERROR_DENIED)
		return reply_error(request, 403, request->caller.staff.n ? "outside_role" : "denied", "Whoever may not do an act may not undo it either, and a customer's no is the customer's own to undo.");
	if (error == ERROR_LIMIT)
		return reply_error(request, 409, "too_late", "That was more than %d days ago: it can be changed anew, but not undone.", UNDO_DAYS);
	if (error == ERROR_CONFLICT)
		return reply_error(request, 409, "conflict", "These customers were joined or parted otherwise since: undo that first.");
	if (error)
		return reply_failure(request, error);
	done_write(request, 0);
}

void api_preferences(struct request *request)
{
	struct json root;
	uint64_t undo = 0;
	enum channel channel = CHANNEL_NONE;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin || !request_json(request, &root))
		return;
	struct json set = json_get(root, TEXT("set"));
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	if (json_type_of(set) != JSON_OBJECT || json_count(set) == 0)
		return reply_error(request, 400, "nothing_set", "\"set\" must be an object such as {\"cash.receipt\": \"no\"}.");
	struct json_cursor cursor = {0};
	struct json value;
	struct text name;
	while (json_next_member(&cursor, set, &name, &value)) {
		const char *refusal = product_setting_refusal(request, name, value);
		if (refusal)
			return reply_error(request, 422, "invalid_setting", "%s", refusal);
		const enum code_kind kind = code_kind_of(name);
		char room[CODE_BYTES_MAX];
		if (kind != CODE_NONE && json_type_of(value) > JSON_NULL && code_read(kind, json_text(value), room).n == 0)
			return reply_error(request, 400, "invalid_preference", "The preference \"%.*s\" must be %s, or null to take it back.", TEXT_ARGS(name), code_allowed(kind));
	}
	int error = preferences_apply(request, origin, set, channel, &undo);
	if (error == ERROR_INVALID)
		return reply_error(request, 400, "invalid_preference", "One of these cannot be set so: menus take a mode (no, ask, do) or an order of their options.");
	if (error)
		return reply_failure(request, error);
	done_write(request, undo);
}
