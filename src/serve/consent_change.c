/* consent_change.c: appending what a customer agrees to, takes back, restricts. */
#include "serve/change.h"

#include "base/clock.h"
#include "trust/reader.h"

static struct text named(struct arena *arena, struct json member, struct text key)
{
	return json_type_of(member) == JSON_OBJECT ? json_text(json_get(member, key)) : text_or_number(arena, member);
}

void consent_members_read(struct arena *arena, struct json members, struct consent_act *act)
{
	struct json notice = json_get(members, TEXT("notice")), control = json_get(members, TEXT("control"));
	struct json preset = json_get(control, TEXT("preset")), until = json_get(members, TEXT("valid_until"));
	*act = (struct consent_act){ /* Whatever "preset" says but false, the control was not left alone. */
		.purpose = json_text(json_get(members, TEXT("purpose"))), .preset = json_type_of(preset) > JSON_NULL && json_bool(preset, true),
		.text = json_text(json_get(members, TEXT("text"))), .version = text_or_number(arena, json_get(members, TEXT("version"))),
		.notice = named(arena, notice, TEXT("id")), .control = named(arena, control, TEXT("id")),
		.method = json_text(json_get(members, TEXT("method"))), .language = json_text(json_get(members, TEXT("language"))),
		.jurisdiction = json_text(json_get(members, TEXT("jurisdiction"))), .evidence = json_text(json_get(members, TEXT("evidence")))};
	if (act->version.n == 0)
		act->version = text_or_number(arena, json_get(notice, TEXT("version")));
	if (json_type_of(until) > JSON_NULL && clock_parse(json_text(until), &act->valid_until_ms) != 0)
		act->valid_until_ms = -1;
}

/* Lock the customer of @origin for appending: the chain must be one of this customer's origins. */
static struct customer *customer_for(struct request *request, uint32_t origin, int *error)
{
	struct engine *engine = request->server->engine;
	struct customer *customer = customer_lock_of(engine, origin);
	*error = customer ? customer->stale ? customer_refresh(engine, customer) : 0 : ERROR_NOT_FOUND;
	if (customer && !*error && !customer_has(engine, customer, origin))
		*error = ERROR_BUSY;
	if (customer && *error) {
		customer_unlock(engine, customer);
		customer = NULL;
	}
	return customer;
}

/* Afterwards, unlocked: what to wait for, and whom to tell. */
static void done(struct request *request, uint64_t position, const struct segments_left *left)
{
	if (position > request->wait_for)
		request->wait_for = position;
	segments_left_tell(left, request->server);
}

int consent_append(struct request *request, uint32_t origin, const struct consent_act *act, enum channel channel,
                   uint64_t *position, struct segments_left *left)
{
	struct engine *engine = request->server->engine;
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_CONSENT, channel)};
	struct consent_act timed = *act;
	timed.time_ms = request->now_ms;
	left->n = 0;
	int error = consent_encode(&payload, engine_config(engine), &timed);
	write.payload = buffer_view(&payload);
	struct customer *customer = error ? NULL : customer_for(request, origin, &error);
	if (customer) {
		uint64_t mask = purpose_find(engine_config(engine), act->purpose)->mask;
		segments_left_before(left, request, customer, act->yes ? 0 : mask, "consent");
		write.header.purposes |= reader_consents(engine, customer, request->now_ms);
		error = engine_append(engine, customer, origin, &write, position);
		if (!error)
			segments_left_after(left, request, customer);
		customer_unlock(engine, customer);
	}
	if (!error)
		done(request, *position, left);
	buffer_free(&payload);
	return error;
}

/* One record for @origin; lifting needs one for every origin that restricts, for each counts alone when customers are parted. */
static int restrict_all(struct request *request, struct customer *customer, uint32_t origin, struct engine_write *write, bool restricted, uint64_t *position)
{
	struct engine *engine = request->server->engine;
	struct text state = text_copy(request->arena, reader_service(engine, customer, &consent_fold));
	size_t at = 0;
	int error = 0;
	if (consent_is_restricted(state, NULL) == restricted)
		return 0;
	if (restricted)
		return engine_append(engine, customer, origin, write, position);
	while (!error && consent_restricted_next(state, &at, &origin))
		error = engine_append(engine, customer, origin, write, position);
	return error;
}

int restrict_append(struct request *request, uint32_t origin, bool restricted, struct text because, enum channel channel,
                    uint64_t *position, struct segments_left *left)
{
	struct engine *engine = request->server->engine;
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_RESTRICT, channel)};
	left->n = 0;
	*position = 0;
	int error = consent_restrict_encode(&payload, restricted, because, request->caller.scope == KEY_CUSTOMER ? TEXT("subject") : (struct text){"", 0});
	write.payload = buffer_view(&payload);
	struct customer *customer = error ? NULL : customer_for(request, origin, &error);
	if (customer) {
		segments_left_before(left, request, customer, restricted ? UINT64_MAX : 0, "restricted");
		error = restrict_all(request, customer, origin, &write, restricted, position);
		if (!error)
			segments_left_after(left, request, customer);
		customer_unlock(engine, customer);
	}
	if (!error)
		done(request, *position, left);
	buffer_free(&payload);
	return error;
}
