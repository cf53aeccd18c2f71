/* rights_request.c: requests of a customer, from records that may come in any order. */
#include "trust/rights_request.h"

#include "base/clock.h"

#include <string.h>

enum { MONTHS = 1, MONTHS_EXTENDED = 3 };

static const char *const types[] = {
#define X(symbol, name) [symbol] = name,
	RIGHTS_TYPES(X)
#undef X
};

const char *rights_type_name(enum rights_type type)
{
	return type < RIGHTS_TYPE_COUNT ? types[type] : "unknown";
}

bool rights_type_parse(struct text name, enum rights_type *type)
{
	for (unsigned i = 0; i < RIGHTS_TYPE_COUNT; i++)
		if (text_equal(name, text_of(types[i]))) {
			*type = (enum rights_type)i;
			return true;
		}
	return false;
}

const char *rights_state_name(enum rights_state state)
{
	return state == RIGHTS_DONE ? "done" : state == RIGHTS_REFUSED ? "refused" : "open";
}

/* ---- the state: these, by id ---- */

struct packed {
	uint64_t id;
	int64_t received_ms;          /* 0: its beginning was not seen, or was undone. */
	int64_t until_ms, extended_ms, closed_ms;
	uint64_t extension, closing, decision;
	uint8_t type, state, reserved[6];
};

static bool packed_at(struct text state, size_t i, struct packed *packed)
{
	if ((i + 1) * sizeof *packed > state.n)
		return false;
	memcpy(packed, state.p + i * sizeof *packed, sizeof *packed);
	return true;
}

/* Take the oldest closed one out, or the oldest. */
static void room_make(struct fold_state *state)
{
	struct packed packed;
	struct text view = {(const char *)state->p, state->n};
	size_t i = 0;
	while (packed_at(view, i, &packed) && packed.state == RIGHTS_OPEN)
		i++;
	if (!packed_at(view, i, &packed))
		i = 0;
	memmove(state->p + i * sizeof packed, state->p + (i + 1) * sizeof packed, state->n - (i + 1) * sizeof packed);
	state->n -= (uint32_t)sizeof packed;
}

/* Where @id stands; it is entered when it is new. */
static size_t place_of(struct fold_state *state, uint64_t id, struct packed *packed)
{
	size_t i = 0;
	if (state->n == RIGHTS_REQUESTS_MAX * sizeof *packed) {
		bool there = false;
		for (size_t k = 0; packed_at((struct text){(const char *)state->p, state->n}, k, packed); k++)
			there |= packed->id == id;
		if (!there)
			room_make(state);
	}
	struct text view = {(const char *)state->p, state->n};
	while (packed_at(view, i, packed) && packed->id < id)
		i++;
	if (packed_at(view, i, packed) && packed->id == id)
		return i;
	memmove(state->p + (i + 1) * sizeof *packed, state->p + i * sizeof *packed, state->n - i * sizeof *packed);
	state->n += (uint32_t)sizeof *packed;
	*packed = (struct packed){.id = id};
	return i;
}

static void apply(struct fold_state *state, const struct event *event, const struct fold_context *context)
{
	struct text act = value_text(value_get(event->payload, TEXT("act")));
	enum rights_type type = RIGHTS_ACCESS;
	struct packed packed;
	int64_t request = 0, decision = 0, until = 0;
	bool made = text_equal(act, TEXT("made"));
	(void)context;
	if (made ? !rights_type_parse(value_text(value_get(event->payload, TEXT("type"))), &type)
	         : !value_int(value_get(event->payload, TEXT("request")), &request))
		return;
	size_t i = place_of(state, made ? event->position : (uint64_t)request, &packed);
	if (made) {
		packed.received_ms = event->header.received_ms;
		packed.type = (uint8_t)type;
		packed.decision = value_int(value_get(event->payload, TEXT("decision")), &decision) ? (uint64_t)decision : 0;
	} else if (text_equal(act, TEXT("extended")) && event->position > packed.extension && value_int(value_get(event->payload, TEXT("until")), &until)) {
		packed.extension = event->position;
		packed.until_ms = until;
		packed.extended_ms = event->header.received_ms;
	} else if (!text_equal(act, TEXT("extended")) && event->position > packed.closing) {
		packed.closing = event->position;
		packed.closed_ms = event->header.received_ms;
		packed.state = text_equal(act, TEXT("done")) ? RIGHTS_DONE : RIGHTS_REFUSED;
	}
	memcpy(state->p + i * sizeof packed, &packed, sizeof packed);
}

const struct fold rights_fold = {
	.name = "requests", .version = 1, .bytes_max = RIGHTS_REQUESTS_MAX * sizeof(struct packed),
	.kinds = EVENT_KIND_BIT(EVENT_REQUEST), .apply = apply};

bool rights_next(struct text state, size_t *at, struct rights_request *request)
{
	struct packed packed;
	while (packed_at(state, *at, &packed)) {
		++*at;
		if (packed.received_ms == 0)
			continue;
		*request = (struct rights_request){
			.id = packed.id, .type = (enum rights_type)packed.type, .state = (enum rights_state)packed.state,
			.received_ms = packed.received_ms, .due_ms = packed.extension ? packed.until_ms : clock_months_after(packed.received_ms, MONTHS),
			.extended_ms = packed.extended_ms, .closed_ms = packed.closed_ms, .extension = packed.extension,
			.closing = packed.closing, .decision = packed.decision};
		return true;
	}
	return false;
}

bool rights_find(struct text state, uint64_t id, struct rights_request *request)
{
	for (size_t at = 0; rights_next(state, &at, request);)
		if (request->id == id)
			return true;
	return false;
}

bool rights_is_overdue(const struct rights_request *request, int64_t now_ms)
{
	return request->state == RIGHTS_OPEN && now_ms > request->due_ms;
}

int64_t rights_extended_max(int64_t received_ms)
{
	return clock_months_after(received_ms, MONTHS_EXTENDED);
}

static void text_put(struct buffer *out, const char *key, struct text text)
{
	if (text.n == 0)
		return;
	value_put_key(out, text_of(key));
	value_put_text(out, text);
}

static void int_put(struct buffer *out, const char *key, int64_t number)
{
	if (number == 0)
		return;
	value_put_key(out, text_of(key));
	value_put_int(out, number);
}

int rights_encode(struct buffer *out, const struct rights_act *act)
{
	size_t object = value_open(out, VALUE_OBJECT);
	bool made = strcmp(act->act, "made") == 0;
	text_put(out, "act", text_of(act->act));
	if (made)
		text_put(out, "type", text_of(rights_type_name(act->type)));
	int_put(out, "request", (int64_t)act->request);
	int_put(out, "decision", (int64_t)act->decision);
	int_put(out, "until", act->until_ms);
	text_put(out, "text", act->text);
	text_put(out, "because", act->because);
	text_put(out, "by", act->by);
	value_close(out, object);
	return out->failed ? ERROR_LIMIT : 0;
}
