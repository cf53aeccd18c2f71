/* record.c: records that the server itself makes: preferences, consents, layouts, responses, undo. */
#include "serve/server.h"

#include "trust/reader.h"

#include <stdio.h>
#include <string.h>

bool record_parse(struct text text, char letter, uint64_t *position)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t found = 0;
	if (text.n < 2 || text.n > 17 || text.p[0] != letter)
		return false;
	for (size_t i = 1; i < text.n; i++) {
		const char *digit = memchr(digits, text.p[i], 16);
		if (!digit)
			return false;
		found = found << 4 | (uint64_t)(digit - digits);
	}
	*position = found;
	return found != 0;
}

struct text record_format(char out[24], char letter, uint64_t position)
{
	int n = snprintf(out, 24, "%c%llx", letter, (unsigned long long)position);
	return (struct text){out, (size_t)n};
}

struct event_header request_header(struct request *request, enum event_kind kind, enum channel channel)
{
	struct event_header header = {.kind = (uint16_t)kind, .channel = (uint8_t)channel, .time_ms = request->now_ms,
	                              .received_ms = request->now_ms, .purposes = PURPOSE_SERVICE};
	struct text source = request->caller.key ? text_of(request->caller.key->source) : TEXT("customer");
	if (engine_name(request->server->engine, source, &header.source) != 0)
		header.source = 0;
	return header;
}

int request_append(struct request *request, uint32_t origin, struct engine_write *write, uint64_t *position)
{
	struct engine *engine = request->server->engine;
	struct customer *customer = customer_lock_of(engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = customer->stale ? customer_refresh(engine, customer) : 0;
	if (!error && !customer_has(engine, customer, origin))
		error = ERROR_BUSY;
	if (!error) {
		/* The chain must be one of this customer's origins, whoever it was joined to meanwhile. */
		write->header.purposes |= reader_consents(engine, customer, request->now_ms);
		error = engine_append(engine, customer, origin, write, position);
	}
	customer_unlock(engine, customer);
	if (!error && *position > request->wait_for)
		request->wait_for = *position;
	return error;
}

int record_own(struct request *request, uint32_t origin, uint64_t position, struct event *event)
{
	int error = engine_event(request->server->engine, position, request->arena, event);
	if (error)
		return ERROR_NOT_FOUND;
	struct origin *theirs = engine_origin(request->server->engine, event->header.origin_number);
	struct origin *ours = engine_origin(request->server->engine, origin);
	return theirs && ours && atomic_load(&theirs->customer) == atomic_load(&ours->customer) ? 0 : ERROR_NOT_FOUND;
}
