/* undo.c: taking acts back. */
#include "serve/undo.h"

#include "base/clock.h"
#include "identify/resolve.h"
#include "interact/voice/idea.h"
#include "interact/voice/question.h"
#include "serve/caller.h"
#include "serve/change.h"
#include "serve/correct.h"
#include "serve/noted.h"
#include "serve/rights.h"
#include "serve/signals.h"

#include <stdlib.h>

/* ---- what can be taken back ---- */

static bool is_own_word(struct text name)
{
	static const char *const names[] = {IDEA_PROPOSED_EVENT, IDEA_SUPPORTED_EVENT, IDEA_WITHDRAWN_EVENT, IDEA_TRIED_EVENT};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (text_equal(name, text_of(names[i])))
			return true;
	return text_equal(name, text_of(question_scales[QUESTION_RANK].event));
}

/* What kind of act a record is. */
enum act { ACT_NONE, ACT_CHOICE, ACT_CONSENT, ACT_RESTRICTION, ACT_CORRECTION, ACT_WORD, ACT_REQUEST, ACT_ANSWER, ACT_MERGE, ACT_SPLIT, ACT_COUNT };

static enum act act_of(const struct event *event)
{
	switch ((enum event_kind)event->header.kind) {
	case EVENT_LAYOUT:
	case EVENT_PREFERENCE:
		return ACT_CHOICE;
	case EVENT_CONSENT:
		return ACT_CONSENT;
	case EVENT_RESTRICT:
		return ACT_RESTRICTION;
	case EVENT_IDENTIFY:
		return correction_of(event, NULL) ? ACT_CORRECTION : ACT_NONE;
	case EVENT_TRACK:
		return is_own_word(event->name) && !(event->header.flags & EVENT_UNVERIFIED) ? ACT_WORD : ACT_NONE;
	case EVENT_REQUEST:
		return text_equal(value_text(value_get(event->payload, TEXT("act"))), TEXT("made")) ? ACT_REQUEST : ACT_ANSWER;
	case EVENT_MERGE:
		return ACT_MERGE;
	case EVENT_SPLIT:
		return ACT_SPLIT;
	default:
		return ACT_NONE;
	}
}

const struct route *undo_route(const struct event *event)
{
	static const char *const paths[ACT_COUNT] = {
		[ACT_CHOICE] = "/v1/customers/{cid}/preferences", [ACT_CONSENT] = "/v1/customers/{cid}/consents",
		[ACT_RESTRICTION] = "/v1/customers/{cid}/restrict", [ACT_CORRECTION] = "/v1/customers/{cid}/correct",
		[ACT_WORD] = "/v1/customers/{cid}/ideas", [ACT_REQUEST] = "/v1/requests", [ACT_ANSWER] = "/v1/requests/{id}",
		[ACT_MERGE] = "/v1/customers/{cid}/merge", [ACT_SPLIT] = "/v1/customers/{cid}/split"};
	enum act act = act_of(event);
	return act ? route_named(HTTP_POST, paths[act]) : NULL;
}

bool undo_is_own(const struct event *event)
{
	const struct route *route = undo_route(event);
	return route && (route->scopes & KEY_CUSTOMER);
}

/* A no of the customer, or of the customer's browser: without it an earlier yes would hold again, and that only the customer can say. */
static bool is_customers_no(const struct event *event)
{
	struct text actor = value_text(value_get(event->payload, TEXT("actor")));
	return event->header.kind == EVENT_CONSENT && text_equal(value_text(value_get(event->payload, TEXT("answer"))), TEXT("no")) &&
	       (actor.n == 0 || text_equal(actor, TEXT("subject")) || text_equal(actor, TEXT("guardian")) || text_equal(actor, TEXT(SIGNALS_GPC_ACTOR)));
}

bool undo_is_late(const struct event *event, int64_t now_ms)
{
	return now_ms - event->header.time_ms >= (int64_t)UNDO_DAYS * MS_A_DAY;
}

/* ---- joining and parting ---- */

/* The origin that @key of @payload names by its id; 0 without. */
static uint32_t origin_named(struct engine *engine, struct value payload, const char *key)
{
	struct origin_id id;
	if (!origin_parse(value_text(value_get(payload, text_of(key))), &id))
		return 0;
	return directory_find(engine_directory(engine), directory_hash_id(id));
}

static uint32_t customer_of(struct engine *engine, uint32_t origin)
{
	return origin ? atomic_load(&engine_origin(engine, origin)->customer) : 0;
}

static int ascending(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;
	return *left < *right ? -1 : *left > *right;
}

/* The origins that the record at @position brought to the customer of @origin and that are there still, the oldest first. */
static size_t origins_brought(struct engine *engine, uint32_t origin, uint64_t position, uint32_t brought[CUSTOMER_ORIGINS_MAX])
{
	size_t n = 0;
	struct customer *customer = customer_lock_of(engine, origin);
	if (!customer)
		return 0;
	for (uint32_t number = customer->origin_first; number && n < CUSTOMER_ORIGINS_MAX; number = engine_origin(engine, number)->next)
		if (engine_origin(engine, number)->moved == position)
			brought[n++] = number;
	customer_unlock(engine, customer);
	if (n)
		qsort(brought, n, sizeof *brought, ascending);
	return n;
}

/* Part all that came, and join it again to the customer it was. */
static int merge_undo(struct request *request, uint32_t origin, const struct event *event)
{
	struct engine *engine = request->server->engine;
	struct event_header header = request_header(request, EVENT_SPLIT, CHANNEL_NONE);
	uint32_t brought[CUSTOMER_ORIGINS_MAX];
	size_t n = origins_brought(engine, origin, event->position, brought);
	int error = n ? 0 : ERROR_CONFLICT;
	for (size_t i = 0; i < n && !error; i++) {
		error = resolve_split(engine, brought[i], &header, TEXT("joining was undone"), &request->wait_for);
		if (!error && i)
			error = resolve_merge(engine, customer_of(engine, brought[0]), brought[i], &header, TEXT("joining was undone"), &request->wait_for);
	}
	return error;
}

static int split_undo(struct request *request, const struct event *event)
{
	struct engine *engine = request->server->engine;
	struct event_header header = request_header(request, EVENT_MERGE, CHANNEL_NONE);
	uint32_t from = origin_named(engine, event->payload, "from"), origin = origin_named(engine, event->payload, "origin");
	if (!from || !origin || engine_origin(engine, origin)->moved != event->position)
		return ERROR_CONFLICT; /* It was joined to somebody since. */
	return resolve_merge(engine, customer_of(engine, from), customer_of(engine, origin), &header, TEXT("parting was undone"), &request->wait_for);
}

/* ---- taking back ---- */

/* The record at @position, of the customer of @origin. What was parted stands with the part: it is of whom it was parted from, too. */
static int event_find(struct request *request, uint32_t origin, uint64_t position, struct event *event)
{
	struct engine *engine = request->server->engine;
	int error = record_own(request, origin, position, event);
	if (error == ERROR_NOT_FOUND && engine_event(engine, position, request->arena, event) == 0 && event->header.kind == EVENT_SPLIT &&
	    customer_of(engine, origin_named(engine, event->payload, "from")) == customer_of(engine, origin))
		error = 0;
	if (error)
		return error;
	const struct route *route = undo_route(event);
	if (!route || (!caller_is_company(request) && !caller_may(&request->caller, route)))
		return ERROR_NOT_FOUND;
	if (!caller_may(&request->caller, route) || (request->caller.staff.n && is_customers_no(event)))
		return ERROR_DENIED;
	return undo_is_late(event, request->now_ms) ? ERROR_LIMIT : 0;
}

int undo_act(struct request *request, uint32_t origin, uint64_t position)
{
	struct event event;
	int error = event_find(request, origin, position, &event);
	if (error)
		return error;
	if (event.header.kind == EVENT_MERGE)
		error = merge_undo(request, origin, &event);
	else if (event.header.kind == EVENT_SPLIT)
		error = split_undo(request, &event);
	else
		error = undo_append(request, origin, position);
	if (!error)
		noted_act(request, &(struct noted){.what = AUDIT_UNDO, .origin = origin,
		                                   .words = text_of(event_kind_name((enum event_kind)event.header.kind))});
	return error;
}
