/* rights.c: requests of customers: their records, and the list of all. */
#include "serve/rights.h"

#include "base/memory.h"
#include "serve/api.h"
#include "serve/noted.h"
#include "trust/reader.h"

#include <stdlib.h>

/* ---- one customer ---- */

int rights_state_read(struct request *request, uint32_t origin, struct text *state)
{
	struct reader reader;
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE, request->now_ms);
	if (!error)
		*state = reader_state(&reader, &rights_fold);
	customer_unlock(request->server->engine, customer);
	return error;
}

int rights_make(struct request *request, uint32_t origin, const struct rights_act *act, enum channel channel, uint64_t *position)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_REQUEST, channel)};
	struct rights_request known;
	struct text state;
	size_t open = 0;
	int error = rights_state_read(request, origin, &state);
	for (size_t at = 0; !error && rights_next(state, &at, &known);)
		open += known.state == RIGHTS_OPEN;
	if (!error && open >= RIGHTS_OPEN_MAX)
		error = ERROR_LIMIT;
	if (!error)
		error = rights_encode(&payload, act);
	write.payload = buffer_view(&payload);
	if (!error)
		error = request_append(request, origin, &write, position);
	buffer_free(&payload);
	if (!error)
		noted_act(request, &(struct noted){.what = AUDIT_REQUEST, .origin = origin, .words = text_of(rights_type_name(act->type))});
	return error;
}

static struct value payload_at(struct request *request, uint64_t position)
{
	struct event event;
	if (position == 0 || engine_event(request->server->engine, position, request->arena, &event) != 0)
		return (struct value){0};
	return event.payload;
}

struct rights_words rights_words_of(struct request *request, const struct rights_request *rights)
{
	struct value closing = payload_at(request, rights->closing);
	return (struct rights_words){
		.text = value_text(value_get(payload_at(request, rights->id), TEXT("text"))),
		.extended_because = value_text(value_get(payload_at(request, rights->extension), TEXT("because"))),
		.because = value_text(value_get(closing, TEXT("because"))), .by = value_text(value_get(closing, TEXT("by")))};
}

static void time_or_null(struct json_writer *out, const char *key, int64_t ms)
{
	json_key(out, text_of(key));
	if (ms)
		json_write_time(out, ms);
	else
		json_write_null(out);
}

static void customer_write(struct request *request, uint32_t number)
{
	char cid[33], name[200];
	struct customer *customer = customer_lock_of(request->server->engine, number);
	if (!customer)
		return;
	origin_format(cid, customer_id(request->server->engine, customer));
	customer_unlock(request->server->engine, customer);
	json_put_text(&request->out, "cid", text_of(cid));
	json_put_text(&request->out, "name", customer_name(request, number, name, sizeof name));
}

void rights_write(struct request *request, const struct rights_request *rights, uint32_t customer)
{
	struct json_writer *out = &request->out;
	struct rights_words words = rights_words_of(request, rights);
	char id[24];
	json_object_begin(out);
	json_put_text(out, "request", record_format(id, 'r', rights->id));
	if (customer)
		customer_write(request, customer);
	json_put_text(out, "type", text_of(rights_type_name(rights->type)));
	json_put_text(out, "text", words.text);
	json_key(out, TEXT("decision"));
	if (rights->decision)
		json_write_text(out, record_format(id, 'd', rights->decision));
	else
		json_write_null(out);
	json_put_text(out, "state", text_of(rights_state_name(rights->state)));
	json_put_time(out, "received", rights->received_ms);
	json_put_time(out, "due", rights->due_ms);
	json_put_bool(out, "overdue", rights_is_overdue(rights, request->now_ms));
	time_or_null(out, "extended_until", rights->extension ? rights->due_ms : 0);
	json_put_text(out, "extended_because", words.extended_because);
	time_or_null(out, "closed", rights->closed_ms);
	json_put_text(out, "because", words.because);
	if (request->caller.scope == KEY_SECRET)
		json_put_text(out, "closed_by", words.by);
	json_object_end(out);
}

/* ---- all customers ---- */

struct gathering {
	struct engine *engine;
	struct rights_list *list;
	bool any;
	enum rights_state state;
	int error;
};

static bool customer_gather(void *arg, struct customer *customer)
{
	struct gathering *gathering = arg;
	struct rights_list *list = gathering->list;
	struct rights_request request;
	if (customer_refresh(gathering->engine, customer) != 0 || customer->origin_first == 0)
		return true;
	struct text state = reader_service(gathering->engine, customer, &rights_fold);
	for (size_t at = 0; rights_next(state, &at, &request);) {
		if (!gathering->any && request.state != gathering->state)
			continue;
		if (list->n == RIGHTS_LISTED_MAX) {
			list->left_out++;
			continue;
		}
		gathering->error = memory_grow(&list->items, &list->capacity, list->n + 1, sizeof *list->items);
		if (gathering->error)
			return false;
		list->items[list->n++] = (struct rights_item){request, customer->number};
	}
	return true;
}

static int by_due(const void *a, const void *b)
{
	const struct rights_item *left = a, *right = b;
	if (left->request.due_ms != right->request.due_ms)
		return left->request.due_ms < right->request.due_ms ? -1 : 1;
	return left->request.id < right->request.id ? -1 : left->request.id > right->request.id;
}

int rights_list_read(struct request *request, bool any, enum rights_state state, struct rights_list *list)
{
	struct engine *engine = request->server->engine;
	struct gathering gathering = {.engine = engine, .list = list, .any = any, .state = state};
	uint32_t at = 0;
	*list = (struct rights_list){0};
	engine_each_customer(engine, &at, SIZE_MAX, customer_gather, &gathering);
	if (gathering.error)
		rights_list_free(list);
	else if (list->n)
		qsort(list->items, list->n, sizeof *list->items, by_due);
	return gathering.error;
}

void rights_list_free(struct rights_list *list)
{
	memory_free(list->items);
	list->items = NULL;
}
