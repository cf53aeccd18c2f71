/*
 * collect.c: an event's way in: parsed, checked, its clock corrected, its customer found, appended, answered when durable.
 *
 * One bad event in a batch is refused alone and goes to the dead letters; the good ones beside it are kept. When the
 * server itself cannot take more (429, 503), the whole batch is answered so and may be sent again: messageIds tell what
 * was stored already.
 */
#include "serve/incoming.h"

#include "base/clock.h"
#include "engine/dedupe.h"
#include "interact/touchpoint.h"
#include "serve/caller.h"
#include "serve/dead_letters.h"
#include "trust/retention.h"
#include "serve/segments_left.h"
#include "serve/signals.h"
#include "serve/noted.h"
#include "trust/reader.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* An import lists everything, so that each refused line of a file can be named; and as many warnings as there is room for. */
enum { REFUSED_LISTED_MAX = 100, IMPORT_WARNINGS_MAX = 2000, REFUSALS_BYTES_MAX = 4 * 1024 * 1024, WHAT_BYTES_MAX = 200 };

void incoming_refuse(struct incoming *event, const char *code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(event->message, sizeof event->message, format, args);
	va_end(args);
	event->code = text_of(code);
}

void incoming_warn(struct collect *collect, struct incoming *event, const char *code, struct text what)
{
	struct json_writer *out = &collect->warnings_out;
	atomic_fetch_add_explicit(&collect->server->figures.warnings, 1, memory_order_relaxed);
	if (collect->warned++ >= (collect->import ? IMPORT_WARNINGS_MAX : REFUSED_LISTED_MAX))
		return;
	struct text message_id = text_cut(event->message_id, EVENT_MESSAGE_ID_MAX);
	json_object_begin(out);
	json_put_int(out, "index", (int64_t)event->index);
	json_put_text(out, "messageId", message_id);
	json_put_text(out, "code", text_of(code));
	json_put_text(out, "what", text_cut(what, WHAT_BYTES_MAX));
	json_object_end(out);
}

/* A text, or a number as its digits: some SDKs send numeric ids. */
struct text text_or_number(struct arena *arena, struct json json)
{
	int64_t number;
	if (!json_int(json, &number))
		return text_trim(json_text(json));
	struct buffer digits = BUFFER_INIT(32);
	buffer_int(&digits, number);
	struct text copy = text_copy(arena, buffer_view(&digits));
	buffer_free(&digits);
	return copy;
}

/* ---- checking ---- */

static bool kind_read(struct incoming *event)
{
	static const enum event_kind kinds[] = {EVENT_TRACK, EVENT_PAGE, EVENT_SCREEN, EVENT_IDENTIFY, EVENT_GROUP, EVENT_ALIAS};
	struct text type = json_text(event->of.type);
	if (event->kind)
		return true;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (text_equal(type, text_of(event_kind_name(kinds[i]))))
			event->kind = kinds[i];
	if (!event->kind)
		incoming_refuse(event, "unknown_type", "\"type\" must be track, page, screen, identify, group or alias.");
	return event->kind != 0;
}

static bool name_read(struct incoming *event)
{
	struct text name = json_text(event->of.event);
	if (event->kind == EVENT_PAGE || event->kind == EVENT_SCREEN) {
		name = json_text(event->of.name);
		if (name.n == 0)
			name = json_text(json_get(event->of.properties, TEXT("name")));
		if (name.n == 0)
			name = json_text(json_get(event->of.properties, TEXT("path")));
		if (name.n == 0)
			name = event->kind == EVENT_PAGE ? TEXT("Page") : TEXT("Screen");
		name = text_cut(name, DICTIONARY_NAME_BYTES_MAX);
	} else if (event->kind != EVENT_TRACK) {
		name = (struct text){"", 0};
	} else if (name.n == 0) {
		incoming_refuse(event, "no_event", "A track call needs \"event\", the name of what happened.");
	} else if (name.n > DICTIONARY_NAME_BYTES_MAX) {
		incoming_refuse(event, "name_too_long", "\"event\" may have at most %d bytes.", DICTIONARY_NAME_BYTES_MAX);
	}
	event->name = name;
	return event->code.n == 0;
}

static bool is_object_or_absent(struct json json)
{
	enum json_type type = json_type_of(json);
	return type == JSON_OBJECT || type == JSON_ABSENT || type == JSON_NULL;
}

void incoming_pick(struct incoming *event)
{
#define X(name) TEXT(#name),
	static const struct text members[] = {INCOMING_MEMBERS(X)}, in_context[] = {INCOMING_CONTEXT(X)};
#undef X
	json_pick(event->json, members, sizeof members / sizeof *members, (struct json *)&event->of);
	json_pick(event->of.context, in_context, sizeof in_context / sizeof *in_context, (struct json *)&event->in);
}

/* What is said where, and of which type it has to be: a consent that cannot be read must not pass for one that was not given. */
static bool fields_check(struct incoming *event)
{
	const struct {
		struct json value;
		const char *name;
	} objects[] = {{event->of.properties, "properties"}, {event->of.traits, "traits"}, {event->of.context, "context"},
	               {event->of.integrations, "integrations"}, {event->in.traits, "context.traits"}, {event->in.consent, "context.consent"},
	               {event->in.consentManagement, "context.consentManagement"},
	               {json_get(event->in.consent, TEXT("categoryPreferences")), "context.consent.categoryPreferences"}},
	  lists[] = {{event->in.externalIds, "context.externalIds"},
	             {json_get(event->in.consentManagement, TEXT("allowedConsentIds")), "context.consentManagement.allowedConsentIds"},
	             {json_get(event->in.consentManagement, TEXT("deniedConsentIds")), "context.consentManagement.deniedConsentIds"}},
	  ids[] = {{event->of.userId, "userId"}, {event->of.anonymousId, "anonymousId"}, {event->of.groupId, "groupId"},
	           {event->of.previousId, "previousId"}, {event->of.messageId, "messageId"}};
	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
		if (!is_object_or_absent(objects[i].value)) {
			incoming_refuse(event, "wrong_type", "\"%s\" must be an object.", objects[i].name);
			return false;
		}
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (json_type_of(lists[i].value) > JSON_NULL && json_type_of(lists[i].value) != JSON_ARRAY) {
			incoming_refuse(event, "wrong_type", "\"%s\" must be a list.", lists[i].name);
			return false;
		}
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		enum json_type type = json_type_of(ids[i].value);
		int64_t whole;
		if (type == JSON_BOOL || type == JSON_ARRAY || type == JSON_OBJECT || (type == JSON_DOUBLE && !json_int(ids[i].value, &whole))) {
			incoming_refuse(event, "wrong_type", "\"%s\" must be a text.", ids[i].name);
			return false;
		}
	}
	return true;
}

static bool ids_read(struct collect *collect, struct incoming *event)
{
	struct arena *arena = collect->request->arena;
	event->user_id = text_or_number(arena, event->of.userId);
	event->anonymous_id = text_or_number(arena, event->of.anonymousId);
	event->message_id = text_or_number(arena, event->of.messageId);
	if (event->message_id.n > EVENT_MESSAGE_ID_MAX) {
		incoming_refuse(event, "message_id_too_long", "\"messageId\" may have at most %d bytes.", EVENT_MESSAGE_ID_MAX);
		return false;
	}
	if (event->user_id.n == 0 && event->anonymous_id.n == 0) {
		incoming_refuse(event, "no_user_anon_id", "An event needs \"userId\" or \"anonymousId\".");
		return false;
	}
	if (event->kind == EVENT_GROUP && json_type_of(event->of.groupId) <= JSON_NULL) {
		incoming_refuse(event, "no_group", "A group call needs \"groupId\".");
		return false;
	}
	if (event->kind == EVENT_ALIAS &&
	    (event->user_id.n == 0 || text_or_number(arena, event->of.previousId).n == 0)) {
		incoming_refuse(event, "no_previous", "An alias call needs \"previousId\" and \"userId\".");
		return false;
	}
	if (event->message_id.n == 0) {
		char *made = arena_alloc(arena, 33);
		struct origin_id random;
		if (!made)
			return false;
		origin_random(&random);
		event->message_id = text_of(origin_format(made, random));
	}
	return true;
}

/* timestamp = receivedAt − (sentAt − originalTimestamp): the sender's clock may be wrong, its differences are not. */
static bool time_read(struct collect *collect, struct incoming *event)
{
	struct event_header *header = &event->write.header;
	struct json stamp = event->of.timestamp;
	int64_t received = collect->request->now_ms, time = received, sent = collect->sent_ms;
	header->received_ms = received;
	if (json_type_of(stamp) <= JSON_NULL)
		stamp = event->of.originalTimestamp;
	if (json_type_of(stamp) > JSON_NULL && clock_parse(json_text(stamp), &time) != 0) {
		incoming_refuse(event, "invalid_time", "\"timestamp\" must be an ISO 8601 time such as 2026-05-03T07:00:00.000Z.");
		return false;
	}
	if (clock_parse(json_text(event->of.sentAt), &sent) != 0)
		sent = collect->sent_ms;
	if (!collect->import && sent && time != received && received != sent) {
		time += received - sent;
		header->flags |= EVENT_CLOCK_CORRECTED;
	}
	if (time > received || time < 0) {
		time = received;
		header->flags |= EVENT_CLOCK_CLAMPED;
	}
	header->time_ms = time;
	return true;
}

/* These may be left out, and are left out when they are no text; the sender is told. */
static void texts_check(struct collect *collect, struct incoming *event)
{
	const struct {
		struct json value;
		const char *name;
	} texts[] = {{event->in.channel, "context.channel"}, {event->in.touchpoint, "context.touchpoint"}, {event->in.source, "context.source"},
	             {event->in.token, "context.token"}, {event->of.name, "name"}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (json_type_of(texts[i].value) > JSON_NULL && !json_is_text(texts[i].value))
			incoming_warn(collect, event, "wrong_type", text_of(texts[i].name));
}

static void place_read(struct collect *collect, struct incoming *event)
{
	const struct config *config = engine_config(collect->engine);
	struct event_header *header = &event->write.header;
	enum channel channel;
	struct text said = json_text(event->in.channel);
	if (said.n == 0)
		said = json_text(json_get(collect->context, TEXT("channel")));
	if (!channel_parse(said, &channel))
		channel = source_channel(config, collect->source);
	header->channel = (uint8_t)channel;
	struct text touchpoint = json_text(event->in.touchpoint);
	if (touchpoint.n == 0)
		touchpoint = touchpoint_of(config, event->kind, event->name, channel);
	event->touchpoint = text_cut(touchpoint, DICTIONARY_NAME_BYTES_MAX);
	if (collect->trusted)
		event->own_source = text_cut(json_text(event->in.source), DICTIONARY_NAME_BYTES_MAX);
}

/* ---- one event ---- */

static bool is_no(const struct incoming *event)
{
	const struct value payload = {(const uint8_t *)event->write.payload.p, event->write.payload.n};
	return event->write.header.kind == EVENT_CONSENT && text_equal(value_text(value_get(payload, TEXT("answer"))), TEXT("no"));
}

/* The customer is locked: what stands beside the event first, then the event. */
static int append(struct collect *collect, struct incoming *event, struct customer *customer, uint32_t origin, struct segments_left *left)
{
	uint64_t position = 0, may = UINT64_MAX;
	struct event_header *header = &event->write.header;
	bool is_consent = header->kind == EVENT_CONSENT, signals = signals_are_there(collect, event);
	int error = 0;
	left->n = 0;
	left->reason = NULL;
	if (is_consent || signals)
		error = engine_prompt_check(customer);
	if (error)
		return error;
	event->claim = (struct claim){.is_vouched = !(header->flags & EVENT_UNVERIFIED), .kind = (enum event_kind)header->kind, .is_no = is_no(event)};
	if (!event->claim.is_vouched)
		event->claim.is_of_known = claim_is_of_known(reader_service(collect->engine, customer, &identifier_fold));
	if (is_consent)
		segments_left_before(left, collect->request, customer, UINT64_MAX, "consent");
	if (signals)
		error = signals_apply(collect, event, customer, origin, &may, left);
	header->flags |= claim_flags(&event->claim);
	header->purposes = reader_consents(collect->engine, customer, collect->request->now_ms) & may;
	if (!error) /* First: the event comes last of all, so that nothing is stored of one that has to be sent again. */
		error = incoming_confirm(collect, event, customer);
	if (!error)
		error = incoming_names(collect, event);
	if (!error)
		error = engine_append(collect->engine, customer, origin, &event->write, &position);
	if (!error)
		collect->wait_for = position > collect->wait_for ? position : collect->wait_for;
	segments_left_after(left, collect->request, customer);
	return error;
}

static int store(struct collect *collect, struct incoming *event)
{
	uint32_t origin;
	struct segments_left left;
	int error = incoming_owner(collect, event, &origin);
	if (error)
		return error;
	struct customer *customer = customer_lock_of(collect->engine, origin);
	if (!customer)
		return ERROR_BUSY;
	error = customer->stale ? customer_refresh(collect->engine, customer) : 0;
	if (error || !customer_has(collect->engine, customer, origin)) {
		customer_unlock(collect->engine, customer);
		return error ? error : ERROR_BUSY;
	}
	error = append(collect, event, customer, origin, &left);
	customer_unlock(collect->engine, customer);
	if (left.n)
		segments_left_tell(&left, collect->server);
	return error;
}

/* What may not be kept so long does not come in. */
static bool is_kept(struct collect *collect, struct incoming *event)
{
	const struct event seen = {.header = event->write.header, .name = event->name};
	if (retention_keeps(engine_config(collect->engine), &seen, collect->request->now_ms))
		return true;
	incoming_refuse(event, "too_old", "It happened longer ago than such events are kept.");
	return false;
}

static bool prepare(struct collect *collect, struct incoming *event, struct buffer *out)
{
	if (json_type_of(event->json) != JSON_OBJECT) {
		incoming_refuse(event, "wrong_type", "An event must be an object.");
		return false;
	}
	incoming_pick(event);
	if (!kind_read(event) || !fields_check(event) || !ids_read(collect, event) || !name_read(event) || !time_read(collect, event))
		return false;
	texts_check(collect, event);
	event->verified = incoming_is_vouched(collect, event);
	place_read(collect, event);
	event->write.header.kind = (uint16_t)event->kind;
	event->write.header.message_hash = dedupe_hash(collect->scope, event->message_id);
	if (collect->import)
		event->write.header.flags |= EVENT_IMPORTED;
	return incoming_encode(collect, event, out) && statement_read(collect, event, out) && incoming_names_fit(collect, event) && is_kept(collect, event);
}

static struct text event_json(struct arena *arena, struct json json)
{
	struct buffer values = BUFFER_INIT(4 * EVENT_BYTES_MAX), out = BUFFER_INIT(8 * EVENT_BYTES_MAX);
	struct json_writer writer = JSON_WRITER(&out);
	struct text copy = {"", 0};
	if (value_put_json(&values, json, VALUE_DEPTH_MAX) == 0) {
		value_write_json(&writer, (struct value){(const uint8_t *)values.p, values.n});
		copy = text_copy(arena, buffer_view(&out));
	}
	buffer_free(&values);
	buffer_free(&out);
	return copy;
}

static void refused_note(struct collect *collect, struct incoming *event)
{
	struct json_writer *out = &collect->refusals_out;
	struct text message = text_of(event->message), json = event_json(collect->request->arena, event->json);
	struct resolve_request named = {.n = 0};
	incoming_named(collect, event, &named);
	dead_letters_add(collect->server->dead_letters, &(struct dead_letter){
		.time_ms = collect->request->now_ms, .source = collect->source, .code = event->code.p, .message = message, .event = json,
		.named = named.identifiers, .named_n = named.n});
	atomic_fetch_add_explicit(&collect->server->figures.events_rejected, 1, memory_order_relaxed);
	collect->refused++;
	if (collect->listed++ >= REFUSED_LISTED_MAX && !collect->import)
		return;
	struct text message_id = text_cut(event->message_id, EVENT_MESSAGE_ID_MAX);
	json_object_begin(out);
	json_put_int(out, "index", (int64_t)event->index);
	json_put_text(out, "messageId", message_id);
	json_put_text(out, "code", event->code);
	json_put_text(out, "message", message);
	json_object_end(out);
}

/* Store an event unless it was seen before. The lock of its messageId is held. */
static int store_once(struct collect *collect, struct incoming *event)
{
	struct dedupe *dedupe = engine_dedupe(collect->engine);
	const int64_t received_ms = engine_receipt_ms(collect->engine, collect->request->now_ms);
	bool seen;
	int error = dedupe_note(dedupe, event->write.header.message_hash, received_ms, &seen);
	if (error)
		return error;
	if (seen) {
		/* The original was appended before: its position is below the end. */
		uint64_t end = log_end(engine_log(collect->engine));
		collect->wait_for = end > collect->wait_for ? end : collect->wait_for;
		collect->duplicates++;
		atomic_fetch_add_explicit(&collect->server->figures.events_duplicate, 1, memory_order_relaxed);
		return 0;
	}
	error = store(collect, event);
	if (event->erased) {
		atomic_fetch_add_explicit(&collect->server->figures.events_suppressed, 1, memory_order_relaxed);
		return 0; /* Taken and dropped: who sent it can do nothing about it. */
	}
	if (!error) {
		collect->accepted++;
		collect->consents += event->write.header.kind == EVENT_CONSENT;
		atomic_fetch_add_explicit(&collect->server->figures.events_accepted, 1, memory_order_relaxed);
		return 0;
	}
	dedupe_forget(dedupe, event->write.header.message_hash, received_ms);
	return error;
}

/* Take in one event. 0 also when it was refused or seen before; otherwise the server cannot take it now. */
static int event_take(struct collect *collect, struct json json, enum event_kind kind, size_t index)
{
	struct incoming event = {.json = json, .kind = kind, .index = index};
	int error = ERROR_BUSY;
	if (prepare(collect, &event, thread_buffer())) {
		/* Else a second copy on another connection could be answered before the first is in the log. */
		pthread_mutex_t *lock = &collect->server->message_locks[event.write.header.message_hash % MESSAGE_LOCKS];
		pthread_mutex_lock(lock);
		error = store_once(collect, &event);
		pthread_mutex_unlock(lock);
	}
	if (error == ERROR_DAMAGED && event.code.n == 0)
		incoming_refuse(&event, "damaged", "%s", error_sentence(error));
	if (event.code.n == 0)
		return error;
	refused_note(collect, &event);
	return 0;
}

/* ---- calls ---- */

/*
 * Within what messageIds are told apart: a source, for its secret keys; else one public key, one customer, or one of staff. So nobody can use
 * up the ids of a sender who is trusted more.
 */
static struct identifier_hash message_scope(struct engine *engine, const struct caller *caller)
{
	if (caller->key && caller->key->scope == KEY_SECRET)
		return dedupe_scope(text_of(caller->key->source));
	if (caller->key)
		return directory_hash(engine_directory(engine), TEXT("messages of key"), text_of(caller->key->id));
	return caller->staff.n ? directory_hash(engine_directory(engine), TEXT("messages of staff"), caller->staff) :
	                         directory_hash(engine_directory(engine), TEXT("messages of customer"), caller->subject);
}

static bool collect_start(struct collect *collect, struct request *request, struct json root, bool import)
{
	if (request->caller.scope == KEY_NONE)
		request_caller(request, json_text(json_get(root, TEXT("writeKey"))));
	if (!request_permitted(request))
		return false;
	*collect = (struct collect){.request = request, .server = request->server, .engine = request->server->engine};
	collect->trusted = request->caller.scope == KEY_SECRET;
	collect->scope = message_scope(collect->engine, &request->caller);
	collect->source = request->caller.key ? text_of(request->caller.key->source) : request->caller.staff.n ? TEXT("console") : TEXT("customer");
	collect->import = import;
	collect->gpc = signals_gpc_said(request) && !import; /* A file has no browser. */
	collect->refusals = BUFFER_INIT(REFUSALS_BYTES_MAX);
	collect->refusals_out = JSON_WRITER(&collect->refusals);
	collect->warnings = BUFFER_INIT(REFUSALS_BYTES_MAX);
	collect->warnings_out = JSON_WRITER(&collect->warnings);
	if (clock_parse(json_text(json_get(root, TEXT("sentAt"))), &collect->sent_ms) != 0)
		collect->sent_ms = 0;
	int error = engine_name(collect->engine, collect->source, &collect->source_number);
	if (error)
		reply_failure(request, error);
	json_array_begin(&collect->refusals_out);
	json_array_begin(&collect->warnings_out);
	return error == 0;
}

void collect_drop(struct collect *collect)
{
	if (!collect)
		return;
	buffer_free(&collect->refusals);
	buffer_free(&collect->warnings);
}

/* Begin a call with @events events, or go on with one that was put off. NULL: an answer stands already. */
static struct collect *collect_begin(struct request *request, struct json root, size_t events, bool import)
{
	struct collect *collect = request->collect;
	if (collect)
		return collect;
	if (!(collect = arena_zero_alloc(request->arena, 1, sizeof *collect))) {
		reply_failure(request, ERROR_MEMORY);
		return NULL;
	}
	request->collect = collect; /* Dropped with the request. */
	if (!collect_start(collect, request, root, import) || !collect_is_within_rates(collect, events))
		return NULL;
	return collect;
}

static void collect_end(struct collect *collect, int error)
{
	struct request *request = collect->request;
	json_array_end(&collect->refusals_out);
	json_array_end(&collect->warnings_out);
	if (error == ERROR_LIMIT)
		reply_error(request, 429, "memory_max", "No room for new customers: raise memory_max, or send later.");
	else if (error)
		reply_failure(request, error);
	else {
		struct json_writer *out = &request->out;
		json_object_begin(out);
		json_put_bool(out, "success", true);
		if (collect->duplicates)
			json_put_int(out, "duplicates", (int64_t)collect->duplicates);
		if (collect->refused) {
			json_put_int(out, "accepted", (int64_t)collect->accepted);
			json_put_int(out, "refused", (int64_t)collect->refused);
			json_key(out, TEXT("rejected"));
			json_write_raw(out, buffer_view(&collect->refusals));
		}
		if (collect->warned) {
			json_key(out, TEXT("warnings"));
			json_write_raw(out, buffer_view(&collect->warnings));
		}
		json_object_end(out);
		request->wait_for = collect->wait_for;
	}
}

/* The first refusal as the answer: one event, and what is wrong with it is the status. */
static void refusal_reply(struct collect *collect)
{
	struct request *request = collect->request;
	struct json refusals, first;
	struct json_cursor cursor = {0};
	json_array_end(&collect->refusals_out);
	if (json_parse(thread_parser(), buffer_view(&collect->refusals), &refusals) != 0 || !json_next_item(&cursor, refusals, &first))
		return reply_failure(request, ERROR_MEMORY);
	reply_error(request, 400, text_terminated(request->arena, json_text(json_get(first, TEXT("code")))), "%.*s",
	            TEXT_ARGS(json_text(json_get(first, TEXT("message")))));
}

static void one(struct request *request, enum event_kind kind)
{
	struct json root;
	if (!body_inflate(request) || !request_json(request, &root))
		return;
	struct collect *collect = collect_begin(request, root, 1, false);
	if (!collect)
		return;
	int error = 0;
	if (collect->next) {
		/* It was taken in before it was put off. */
	} else if (request->http->body.n > EVENT_BYTES_MAX) {
		struct incoming large = {.json = root};
		incoming_refuse(&large, "event_too_large", "An event may have at most %d KB.", EVENT_BYTES_MAX / 1024);
		refused_note(collect, &large);
	} else {
		error = event_take(collect, root, kind, 0);
	}
	if (error == ERROR_LATER)
		return;
	collect->next = 1;
	if (!error && collect->refused)
		return refusal_reply(collect);
	collect_end(collect, error);
}

/* The consents of an import are one entry of the audit log. */
static void import_note(struct collect *collect)
{
	char words[80];
	int n = snprintf(words, sizeof words, "an import of %zu consent%s", collect->consents, collect->consents == 1 ? "" : "s");
	noted_act(collect->request, &(struct noted){.what = AUDIT_CONSENT, .words = {words, (size_t)n}});
}

/* Take in the events of @batch from where they were left. */
static int events_take(struct collect *collect, struct json batch)
{
	struct json_cursor cursor = {0};
	struct json item;
	int error = 0;
	for (size_t index = 0; !error && json_next_item(&cursor, batch, &item); index++) {
		if (index < collect->next)
			continue;
		size_t warned = collect->warned, warnings_n = collect->warnings.n;
		struct json_writer warnings_out = collect->warnings_out;
		if (index >= COLLECT_BATCH_EVENTS_MAX) {
			struct incoming beyond = {.json = item, .index = index};
			incoming_refuse(&beyond, "too_many_events", "A batch may have at most %d events.", COLLECT_BATCH_EVENTS_MAX);
			refused_note(collect, &beyond);
		} else {
			error = event_take(collect, item, (enum event_kind)0, index);
		}
		if (error == ERROR_LATER) { /* It comes again, and with it what there is to warn of. */
			collect->warned = warned;
			collect->warnings.n = warnings_n;
			collect->warnings_out = warnings_out;
		} else {
			collect->next = index + 1;
		}
	}
	return error;
}

static void many(struct request *request, bool import)
{
	struct json root, batch;
	if (!body_inflate(request))
		return;
	if (request->http->body.n > COLLECT_BATCH_BYTES_MAX)
		return reply_error(request, 400, "batch_too_large", "A batch may have at most %d KB.", COLLECT_BATCH_BYTES_MAX / 1000);
	if (!request_json(request, &root))
		return;
	batch = json_get(root, TEXT("batch"));
	struct collect *collect = collect_begin(request, root, json_count(batch), import);
	if (!collect)
		return;
	collect->context = json_get(root, TEXT("context"));
	if (json_type_of(batch) != JSON_ARRAY)
		return reply_error(request, 400, "no_batch", "\"batch\" must be a list of events.");
	int error = events_take(collect, batch);
	if (error == ERROR_LATER)
		return;
	if (import && collect->consents)
		import_note(collect);
	collect_end(collect, error);
}

void collect_track(struct request *request) { one(request, EVENT_TRACK); }
void collect_page(struct request *request) { one(request, EVENT_PAGE); }
void collect_screen(struct request *request) { one(request, EVENT_SCREEN); }
void collect_identify(struct request *request) { one(request, EVENT_IDENTIFY); }
void collect_group(struct request *request) { one(request, EVENT_GROUP); }
void collect_alias(struct request *request) { one(request, EVENT_ALIAS); }
void collect_batch(struct request *request) { many(request, false); }
void collect_import(struct request *request) { many(request, true); }
