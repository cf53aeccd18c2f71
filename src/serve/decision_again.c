/* decision_again.c: GET /v1/customers/{cid}/decisions/{decision}: a decision made again from the log, and what would have changed it. */
#include "serve/api.h"
#include "serve/deciding.h"

/* Decide from the states as they were then, at the time it was then. */
int again_decide(struct again *again, const struct imagined *imagined, struct arena *arena, struct decision *decision, struct text *preferences)
{
	struct engine *engine = again->request->server->engine;
	const struct event *record = again->record;
	const struct surface *surface = surface_find(again->config, record->name);
	struct decision_basis basis = decision_basis_of(record->payload);
	struct customer *then = arena_alloc(arena, sizeof *then);
	struct reader reader;
	int64_t at;
	if (!then)
		return ERROR_MEMORY;
	if (!surface || !value_int(value_get(record->payload, TEXT("at")), &at))
		return ERROR_NOT_FOUND;
	int error = past_fold(again->past, &again->customer, imagined, again->config, arena, then);
	if (!error)
		error = reader_open_then(&reader, engine, then, again->config, arena, surface->purpose, at);
	if (!error && again->agreed)
		reader.consents |= surface->purpose;
	if (!error)
		error = decide(decision, &reader, surface, at, &basis);
	if (preferences)
		*preferences = error ? (struct text){0} : reader_state(&reader, &preference_fold);
	return error;
}

static void otherwise_write(struct json_writer *out, const struct otherwise *otherwise)
{
	char id[24];
	json_key(out, TEXT("otherwise"));
	json_object_begin(out);
	json_put_bool(out, "found", otherwise->found);
	json_put_int(out, "tried", (int64_t)otherwise->tried);
	if (otherwise->found) {
		json_put_text(out, "sentence", text_of(otherwise->sentence));
		json_put_bool(out, "agreed", otherwise->agreed);
		if (otherwise->newest) {
			json_put_bool(out, "more", otherwise->more);
			json_put_int(out, "n", (int64_t)otherwise->n);
			json_put_text(out, "event", record_format(id, 'e', otherwise->newest->position));
			json_put_text(out, "name", otherwise->newest->name);
		}
		json_put_int(out, "place", (int64_t)otherwise->place);
		json_put_text(out, "was", otherwise->was);
		json_put_text(out, "would", otherwise->would);
	}
	json_object_end(out);
}

static void again_write(struct again *again, struct deciding *deciding, const struct otherwise *otherwise)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct json_writer *out = &again->request->out;
	const struct event *record = again->record;
	decision_encode(&payload, &deciding->decision);
	struct value now = {(const uint8_t *)payload.p, payload.n};
	json_object_begin(out);
	json_put_bool(out, "same", value_equal(now, record->payload));
	json_put_int(out, "configuration", record->header.configuration);
	json_key(out, TEXT("record"));
	value_write_json(out, record->payload);
	json_key(out, TEXT("answer"));
	deciding->position = record->position;
	deciding_write(again->request, deciding, true);
	otherwise_write(out, otherwise);
	json_object_end(out);
	buffer_free(&payload);
}

/*
 * Gather the past before @again->record of the customer of @origin, and the chains for the events behind it. Errors: ERROR_NOT_FOUND (also
 * when the configuration of then cannot be read), ERROR_MEMORY, ERROR_CORRUPT.
 */
static int again_begin(struct again *again, uint32_t origin, struct history *behind, struct origin_id *cid)
{
	struct request *request = again->request;
	struct engine *engine = request->server->engine;
	struct history events, decisions;
	again->config = configurations_get(&request->server->configurations, engine, again->record->header.configuration);
	struct customer *customer = again->config ? customer_lock_of(engine, origin) : NULL;
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = history_start(&events, engine, customer, request->arena, HISTORY_EVENTS);
	if (!error)
		error = history_start(&decisions, engine, customer, request->arena, HISTORY_DECISIONS);
	if (!error)
		error = history_start(behind, engine, customer, request->arena, HISTORY_EVENTS);
	*cid = customer_id(engine, customer);
	again->customer = *customer;
	customer_unlock(engine, customer);
	return error ? error : past_gather(&again->past, &events, &decisions, again->record->position);
}

int decision_otherwise(struct request *request, uint32_t origin, const struct event *record, struct otherwise *out)
{
	struct again again = {.request = request, .record = record};
	struct history behind;
	struct origin_id cid;
	int error = again_begin(&again, origin, &behind, &cid);
	if (!error)
		error = otherwise_find(out, &again);
	past_free(again.past);
	return error;
}

void api_decision(struct request *request)
{
	struct event record;
	struct again again = {.request = request, .record = &record};
	uint64_t position;
	struct deciding *deciding = arena_zero_alloc(request->arena, 1, sizeof *deciding);
	struct otherwise *otherwise = arena_zero_alloc(request->arena, 1, sizeof *otherwise);
	uint32_t origin = deciding && otherwise ? request_customer_path(request, request->parameters[0]) : 0;
	if (!origin)
		return;
	if (!record_parse(request->parameters[1], 'd', &position) || record_own(request, origin, position, &record) != 0 ||
	    record.header.kind != EVENT_DECISION)
		return reply_error(request, 404, "no_decision", "There is no such decision of this customer.");
	int error = again_begin(&again, origin, &deciding->history, &deciding->cid);
	if (!again.config)
		return reply_error(request, 410, "no_configuration", "The configuration that was in force cannot be read.");
	if (!error)
		error = again_decide(&again, NULL, request->arena, &deciding->decision, &deciding->preferences);
	if (!error)
		error = otherwise_find(otherwise, &again);
	if (error)
		reply_failure(request, error);
	else
		again_write(&again, deciding, otherwise);
	past_free(again.past);
}
