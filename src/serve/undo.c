/* undo.c: taking acts back. */
#include "serve/undo.h"

#include "base/clock.h"
#include "identify/resolve.h"
#include "interact/voice/idea.h"
#include "interact/voice/question.h"
#include "serve/change.h"
#include "serve/correct.h"
#include "serve/noted.h"
#include "serve/rights.h"

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

enum undo_by undo_by_whom(const struct event *event)
{
	switch ((enum event_kind)event->header.kind) {
	case EVENT_LAYOUT:
	case EVENT_PREFERENCE:
	case EVENT_CONSENT:
	case EVENT_RESTRICT:
		return UNDO_CUSTOMER;
	case EVENT_IDENTIFY:
		return correction_of(event, NULL) ? UNDO_CUSTOMER : UNDO_NOBODY;
	case EVENT_TRACK:
		return is_own_word(event->name) && !(event->header.flags & EVENT_UNVERIFIED) ? UNDO_CUSTOMER : UNDO_NOBODY;
	case EVENT_REQUEST:
		return text_equal(value_text(value_get(event->payload, TEXT("act"))), TEXT("made")) ? UNDO_CUSTOMER : UNDO_COMPANY;
	case EVENT_MERGE:
	case EVENT_SPLIT:
		return UNDO_COMPANY;
	default:
		return UNDO_NOBODY;
	}
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
	enum undo_by by = undo_by_whom(event);
	if (by == UNDO_NOBODY || (by == UNDO_COMPANY && !caller_is_company(request)))
		return ERROR_NOT_FOUND;
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
