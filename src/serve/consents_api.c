/*
 * consents_api.c: one customer's consents: what holds, the ledger behind it, a new answer, and restricting all use.
 *
 * The ledger is read from the customer's own history, so it is whole, with undone acts marked. Of each act it says what the
 * record says: who spoke, where, how, what was shown. The texts stand once, by the SHA-256 that the acts name.
 */
#include "serve/api.h"
#include "serve/card.h"
#include "serve/change.h"
#include "serve/consent_acts.h"
#include "serve/timeline.h"

#include "base/clock.h"
#include "trust/consent.h"
#include "trust/reader.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_MAX = 500 };

static void notice_write(struct json_writer *out, const struct event *event)
{
	char hex[CONSENT_SHA256_HEX + 1];
	struct text id = value_text(value_at(event->payload, TEXT("notice.id")));
	json_key(out, TEXT("notice"));
	json_object_begin(out);
	json_put_text(out, "id", id.n ? id : value_text(value_get(event->payload, TEXT("purpose"))));
	json_put_text(out, "version", value_text(value_get(event->payload, TEXT("version"))));
	json_put_text(out, "sha256", consent_act_hash(event, hex));
	json_object_end(out);
}

/* Who spoke, how, and by what: members of an open object. */
static void how_write(struct json_writer *out, const struct event *event)
{
	static const char *const members[] = {"method", "control", "language", "jurisdiction", "evidence"};
	struct text actor = value_text(value_get(event->payload, TEXT("actor")));
	int64_t until;
	json_put_text(out, "actor", actor.n ? actor : TEXT("subject"));
	json_put_bool(out, "verified", !(event->header.flags & EVENT_UNVERIFIED));
	if (event_is_held(event))
		json_put_bool(out, "held", true);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct text text = value_text(value_get(event->payload, text_of(members[i])));
		if (text.n == 0)
			continue;
		json_key(out, text_of(members[i]));
		json_write_text(out, text);
	}
	if (value_int(value_get(event->payload, TEXT("valid_until")), &until))
		json_put_time(out, "valid_until", until);
	notice_write(out, event);
}

static void act_write(struct json_writer *out, const struct consent_taken *act)
{
	const struct event *event = &act->event;
	char id[24];
	json_object_begin(out);
	json_put_text(out, "event", record_format(id, 'e', event->position));
	if (event->header.kind == EVENT_RESTRICT) {
		json_put_text(out, "decision", value_is_true(value_get(event->payload, TEXT("restricted"))) ? TEXT("restricted") : TEXT("lifted"));
		json_put_text(out, "because", value_text(value_get(event->payload, TEXT("because"))));
	} else {
		json_put_text(out, "purpose", consent_act_purpose(act));
		json_put_text(out, "decision", text_of(consent_decision_name(consent_act_decision(act))));
		how_write(out, event);
	}
	json_put_text(out, "channel", text_of(channel_name((enum channel)event->header.channel)));
	json_put_text(out, "source", event->source);
	json_put_time(out, "received", event->header.received_ms);
	json_put_time(out, "occurred", event->header.time_ms);
	json_put_bool(out, "undone", act->undone);
	json_object_end(out);
}

/* The texts of the acts from @from to @to, each once, under its hash. */
static void texts_write(struct json_writer *out, const struct consent_acts *acts, size_t from, size_t to)
{
	json_key(out, TEXT("texts"));
	json_object_begin(out);
	for (size_t i = from; i < to; i++) {
		char hex[CONSENT_SHA256_HEX + 1], other[CONSENT_SHA256_HEX + 1];
		bool is_there = acts->items[i].event.header.kind != EVENT_CONSENT;
		struct text hash = is_there ? (struct text){0} : consent_act_hash(&acts->items[i].event, hex);
		for (size_t before = from; before < i && !is_there; before++)
			is_there = acts->items[before].event.header.kind == EVENT_CONSENT && text_equal(consent_act_hash(&acts->items[before].event, other), hash);
		if (is_there)
			continue;
		json_key(out, hash);
		json_write_text(out, value_text(value_get(acts->items[i].event.payload, TEXT("text"))));
	}
	json_object_end(out);
}

static void ledger_write(struct json_writer *out, const struct consent_acts *acts, uint64_t before, size_t n)
{
	char id[24];
	size_t from = 0;
	while (before && from < acts->n && acts->items[from].event.position >= before)
		from++;
	size_t to = acts->n - from > n ? from + n : acts->n;
	json_key(out, TEXT("ledger"));
	json_array_begin(out);
	for (size_t i = from; i < to; i++)
		act_write(out, &acts->items[i]);
	json_array_end(out);
	texts_write(out, acts, from, to);
	json_key(out, TEXT("next"));
	if (to < acts->n)
		json_write_text(out, record_format(id, 'e', acts->items[to - 1].event.position));
	else
		json_write_null(out);
	json_put_bool(out, "cut", acts->cut);
}

/* ---- what holds ---- */

static void texts_list_write(struct json_writer *out, const char *key, struct value list)
{
	if (!list.n)
		return;
	json_key(out, text_of(key));
	value_write_json(out, list);
}

static void purpose_write(struct request *request, const struct consent_acts *acts, const struct purpose *purpose, struct text state)
{
	struct json_writer *out = &request->out;
	struct consent_state last;
	char hex[CONSENT_SHA256_HEX + 1];
	json_object_begin(out);
	card_consent_members_write(out, purpose, state, request->now_ms);
	json_put_text(out, "class", text_of(purpose_class_name(purpose->class)));
	json_put_bool(out, "automated", purpose->automated);
	texts_list_write(out, "categories", purpose->categories);
	texts_list_write(out, "recipients", purpose->recipients);
	if (purpose->texts.n) {
		json_put_text(out, "language", purpose->language);
		texts_list_write(out, "texts", purpose->texts);
	}
	if (purpose->retention.n)
		json_put_text(out, "retention", purpose->retention);
	json_put_text(out, "basis", purpose->basis.n ? purpose->basis : TEXT("consent"));
	json_put_text(out, "sha256", consent_text_hash(hex, purpose->text));
	bool any = consent_last(state, purpose, request->now_ms, &last);
	for (size_t i = 0; any && i < acts->n; i++)
		if (acts->items[i].event.position == last.position) {
			json_key(out, TEXT("act"));
			act_write(out, &acts->items[i]);
		}
	json_object_end(out);
}

static void consents_write(struct request *request, const struct consent_acts *acts, struct text state, uint64_t before, size_t n)
{
	struct json_writer *out = &request->out;
	const struct purposes *purposes = purposes_of(engine_config(request->server->engine));
	int64_t since_ms = 0;
	bool restricted = consent_is_restricted(state, &since_ms);
	json_object_begin(out);
	json_put_bool(out, "restricted", restricted);
	if (restricted)
		json_put_time(out, "restricted_since", since_ms);
	json_key(out, TEXT("consents"));
	json_array_begin(out);
	for (size_t i = 0; i < purposes->n; i++)
		purpose_write(request, acts, &purposes->items[i], state);
	json_array_end(out);
	ledger_write(out, acts, before, n);
	json_object_end(out);
}

void api_consents(struct request *request)
{
	int64_t n;
	uint64_t before = 0;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin || !request_number(request, "n", 100, 1, PAGE_MAX, &n))
		return;
	if (http_query(request->http, "before").n && !record_parse(http_query(request->http, "before"), 'e', &before))
		return reply_error(request, 400, "invalid_cursor", "\"before\" must be the \"next\" of the page before.");
	struct consent_acts *acts = consent_acts_new(request->arena);
	if (!acts)
		return reply_failure(request, ERROR_MEMORY);
	struct customer *customer = request_customer_fresh(request, origin);
	if (!customer)
		return;
	struct text state = text_copy(request->arena, reader_service(request->server->engine, customer, &consent_fold));
	customer_unlock(request->server->engine, customer);
	int error = timeline_each(request, origin, HISTORY_EVENTS, 0, consent_acts_take, acts);
	if (error)
		return reply_failure(request, error);
	consent_acts_done(acts);
	consents_write(request, acts, state, before, (size_t)n);
}

/* ---- changing ---- */

static void done_write(struct request *request, uint64_t undo, const struct segments_left *left)
{
	char id[24];
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	if (undo)
		json_put_text(&request->out, "undo", record_format(id, 'u', undo));
	if (left->n)
		segments_left_write(left, &request->out);
	json_object_end(&request->out);
}

static struct text staff_actor(struct request *request)
{
	static const char agent[] = "agent:";
	const size_t n = sizeof agent - 1 + request->caller.staff.n;
	char *actor = arena_alloc(request->arena, n);
	if (!actor)
		return TEXT("agent:unnamed");
	memcpy(actor, agent, sizeof agent - 1);
	memcpy(actor + sizeof agent - 1, request->caller.staff.p, request->caller.staff.n);
	return (struct text){actor, n};
}

/* The customer speaks for themselves, whatever their program says. */
static bool act_read(struct request *request, struct json root, struct consent_act *act)
{
	const char *code;
	char message[CONSENT_MESSAGE_BYTES];
	struct text answer = json_text(json_get(root, TEXT("answer"))), actor = json_text(json_get(root, TEXT("actor")));
	consent_members_read(request->arena, root, act);
	act->yes = text_equal(answer, TEXT("yes"));
	act->actor = actor;
	if (request->caller.staff.n) /* Who is signed in answers under their own name. */
		act->actor = staff_actor(request);
	if (!act->yes && !text_equal(answer, TEXT("no")))
		reply_error(request, 400, "no_answer", "\"answer\" must be yes or no.");
	else if (request->caller.scope == KEY_CUSTOMER && actor.n && !text_equal(actor, TEXT("subject")))
		reply_error(request, 422, "invalid_actor", "A customer's token speaks for the customer alone: leave \"actor\" out.");
	else if (!consent_is_acceptable(engine_config(request->server->engine), act, &code, message))
		reply_error(request, 422, code, "%s", message);
	else
		return true;
	return false;
}

void api_consents_post(struct request *request)
{
	struct json root;
	struct consent_act act;
	uint64_t undo = 0;
	enum channel channel = CHANNEL_NONE;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct segments_left *left = arena_alloc(request->arena, sizeof *left);
	if (!origin || !request_json(request, &root))
		return;
	if (!left)
		return reply_failure(request, ERROR_MEMORY);
	if (!act_read(request, root, &act))
		return;
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	int error = consent_append(request, origin, &act, channel, &undo, left);
	if (error)
		return reply_failure(request, error);
	done_write(request, undo, left);
}

void api_restrict(struct request *request)
{
	struct json root;
	uint64_t position;
	enum channel channel = CHANNEL_NONE;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	struct segments_left *left = arena_alloc(request->arena, sizeof *left);
	if (!origin || !request_json(request, &root))
		return;
	if (!left)
		return reply_failure(request, ERROR_MEMORY);
	struct json restricted = json_get(root, TEXT("restricted"));
	struct text because = json_text(json_get(root, TEXT("because")));
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	if (json_type_of(restricted) != JSON_BOOL)
		return reply_error(request, 400, "no_answer", "\"restricted\" must be true or false.");
	int error = restrict_append(request, origin, json_bool(restricted, false), text_cut(because, 1000), channel, &position, left);
	if (error)
		return reply_failure(request, error);
	done_write(request, position, left);
}

/* ---- the browser's signal ---- */

void api_gpc(struct request *request)
{
	char day[CLOCK_TEXT_BYTES];
	clock_format(day, request->server->started_ms);
	json_object_begin(&request->out);
	json_put_bool(&request->out, "gpc", strcmp(request->server->settings.gpc, "off") != 0);
	json_put_text(&request->out, "lastUpdate", text_first(text_of(day), 10));
	json_object_end(&request->out);
}
