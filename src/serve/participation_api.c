/* participation_api.c: GET /v1/customers/{cid}/participation: what one customer took part in, month by month. */
#include "serve/api.h"
#include "serve/behind.h"
#include "serve/participation.h"

#include "base/clock.h"
#include "trust/consent.h"
#include "trust/reader.h"

#include <stdio.h>

enum { HISTORY_MAX = 100 * 1000 };

int participation_read(struct participation *out, bool *may, struct request *request, uint32_t origin)
{
	struct engine *engine = request->server->engine;
	struct customer *customer = customer_lock_of(engine, origin);
	const struct config *config = engine_config(engine);
	struct participation_events events;
	struct customer_rows rows = {0};
	uint16_t said = 0;
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = customer_refresh(engine, customer);
	if (!error && !customer->origin_first)
		error = ERROR_BUSY;
	*may = !error && behind_may_name(engine, customer, purpose_find(config, TEXT("analytics")), request->now_ms);
	if (*may)
		said = participation_said(reader_service(engine, customer, &consent_fold), config, request->now_ms);
	customer_unlock(engine, customer);
	if (!*may)
		return error;
	participation_events_find(&events, engine_dictionary(engine));
	error = customer_rows_of(&rows, engine, origin, request->now_ms - PARTICIPATION_MONTHS * MS_A_MONTH, HISTORY_MAX, request->arena);
	if (!error)
		participation_of(out, &rows, &events, said, request->now_ms);
	customer_rows_free(&rows);
	return error;
}

int64_t participation_until_ms(int64_t now_ms, size_t month)
{
	return now_ms - (int64_t)(PARTICIPATION_MONTHS - 1 - month) * MS_A_MONTH;
}

void participation_say(char out[PARTICIPATION_SENTENCE_BYTES], const struct participation *own)
{
	uint16_t took = participation_took(own);
	const char *between = ": ";
	int came_n = __builtin_popcount(own->came), took_n = __builtin_popcount(took);
	int n = snprintf(out, PARTICIPATION_SENTENCE_BYTES, "in %d of the last twelve months, and took part in %s", came_n, came_n ? "" : "none");
	if (came_n)
		n += snprintf(out + n, PARTICIPATION_SENTENCE_BYTES - (size_t)n, took_n ? "%d of them" : "none of them", took_n);
	for (size_t way = 0; way < PART_WAYS; way++) {
		if (!(own->ways[way] & own->came))
			continue;
		n += snprintf(out + n, PARTICIPATION_SENTENCE_BYTES - (size_t)n, "%s%s", between, participation_words[way].says);
		between = ", ";
	}
	snprintf(out + n, PARTICIPATION_SENTENCE_BYTES - (size_t)n, ".");
}

void participation_write(struct json_writer *out, const struct participation *own, int64_t now_ms)
{
	uint16_t took = participation_took(own);
	json_put_int(out, "came", __builtin_popcount(own->came));
	json_put_int(out, "took_part", __builtin_popcount(took));
	json_key(out, TEXT("months"));
	json_array_begin(out);
	for (size_t month = 0; month < PARTICIPATION_MONTHS; month++) {
		json_object_begin(out);
		json_put_time(out, "until", participation_until_ms(now_ms, month));
		json_put_bool(out, "came", own->came >> month & 1);
		json_put_bool(out, "took_part", took >> month & 1);
		json_key(out, TEXT("in"));
		json_array_begin(out);
		for (size_t way = 0; way < PART_WAYS; way++)
			if (own->ways[way] & own->came & 1u << month)
				json_write_text(out, text_of(participation_words[way].says));
		json_array_end(out);
		json_object_end(out);
	}
	json_array_end(out);
}

void api_customer_participation(struct request *request)
{
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	const struct purpose *purpose = purpose_find(engine_config(request->server->engine), TEXT("analytics"));
	struct json_writer *out = &request->out;
	char says[PARTICIPATION_SENTENCE_BYTES], sentence[PARTICIPATION_SENTENCE_BYTES + 8];
	struct participation own;
	bool may = false;
	if (!origin)
		return;
	int error = participation_read(&own, &may, request, origin);
	if (error)
		return reply_failure(request, error);
	json_object_begin(out);
	if (may) {
		participation_say(says, &own);
		snprintf(sentence, sizeof sentence, "Came %s", says);
		json_put_text(out, "sentence", text_of(sentence));
		participation_write(out, &own, request->now_ms);
	} else {
		json_put_text(out, "sentence", TEXT("Not shown: the customer has not agreed to it."));
		json_put_text(out, "withheld", purpose ? purpose->title : TEXT("analytics"));
	}
	json_object_end(out);
}
