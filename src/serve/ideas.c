/* ideas.c: ideas of all customers: GET /v1/ideas, and proposing, supporting and trying one. */
#include "serve/ideas.h"

#include "serve/api.h"
#include "trust/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

/* ---- reading ---- */

struct gathering {
	struct engine *engine;
	struct idea_list *list;
	int error;
};

static bool customer_gather(void *arg, struct customer *customer)
{
	struct gathering *gathering = arg;
	if (customer_refresh(gathering->engine, customer) != 0 || customer->origin_first == 0)
		return true;
	struct text state = reader_service(gathering->engine, customer, &idea_fold);
	if (state.n)
		gathering->error = idea_list_add(gathering->list, state, customer->number);
	return gathering->error == 0;
}

int ideas_read(struct request *request, struct idea_list *list)
{
	struct engine *engine = request->server->engine;
	struct gathering gathering = {.engine = engine, .list = list};
	uint32_t at = 0;
	int error = idea_list_begin(list, request->arena);
	if (error)
		return error;
	engine_each_customer(engine, &at, SIZE_MAX, customer_gather, &gathering);
	idea_list_finish(list, engine_config(engine));
	return gathering.error;
}

bool idea_votes_may_show(const struct request *request, const struct idea *idea)
{
	return (int64_t)idea->votes >= request->server->settings.aggregate_min;
}

int idea_state_read(struct request *request, uint32_t origin, struct text *state, uint32_t *number)
{
	struct reader reader;
	struct customer *customer = customer_lock_of(request->server->engine, origin);
	if (!customer)
		return ERROR_NOT_FOUND;
	int error = reader_open(&reader, request->server->engine, customer, request->arena, PURPOSE_SERVICE, request->now_ms);
	*number = customer->number;
	if (!error)
		*state = reader_state(&reader, &idea_fold);
	customer_unlock(request->server->engine, customer);
	return error;
}

/* ---- what a customer does ---- */

static int idea_append(struct request *request, uint32_t origin, const char *name, enum channel channel, struct text idea,
                       struct text title, struct text text, uint64_t *position)
{
	struct buffer payload = BUFFER_INIT(EVENT_BYTES_MAX);
	struct engine_write write = {.header = request_header(request, EVENT_TRACK, channel)};
	const struct text keys[] = {TEXT("idea"), TEXT("title"), TEXT("text")}, values[] = {idea, title, text};
	size_t object = value_open(&payload, VALUE_OBJECT);
	value_put_key(&payload, TEXT("properties"));
	size_t properties = value_open(&payload, VALUE_OBJECT);
	for (size_t i = 0; i < 3; i++)
		if (values[i].n) {
			value_put_key(&payload, keys[i]);
			value_put_text(&payload, values[i]);
		}
	value_close(&payload, properties);
	value_close(&payload, object);
	write.payload = buffer_view(&payload);
	int error = payload.failed ? ERROR_MEMORY : engine_name(request->server->engine, text_of(name), &write.header.name);
	if (!error)
		error = request_append(request, origin, &write, position);
	buffer_free(&payload);
	return error;
}

/* "Notes by size" of somebody at some time: notes-by-size-3fa9c1. */
static struct text id_make(struct request *request, uint32_t customer, struct text title)
{
	struct buffer id = BUFFER_INIT(IDEA_ID_BYTES_MAX + 1), seed = BUFFER_INIT(1024);
	for (size_t i = 0; i < title.n && id.n < IDEA_ID_BYTES_MAX - 8; i++) {
		char c = title.p[i] >= 'A' && title.p[i] <= 'Z' ? (char)(title.p[i] | 32) : title.p[i];
		bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (fits)
			buffer_char(&id, c);
		else if (id.n && id.p[id.n - 1] != '-')
			buffer_char(&id, '-');
	}
	if (id.n == 0)
		buffer_string(&id, "idea");
	buffer_format(&seed, "%u %" PRId64 " %.*s", customer, request->now_ms, TEXT_ARGS(title));
	buffer_format(&id, "%s%06x", id.p && id.p[id.n - 1] == '-' ? "" : "-", (unsigned)(XXH3_64bits(seed.p, seed.n) & 0xffffff));
	struct text copy = id.failed || seed.failed ? (struct text){0} : text_copy(request->arena, buffer_view(&id));
	buffer_free(&id);
	buffer_free(&seed);
	return copy;
}

int idea_propose(struct request *request, uint32_t origin, struct text title, struct text text, enum channel channel, struct text *id, uint64_t *undo)
{
	struct text state;
	struct idea_part part;
	uint32_t customer;
	size_t proposed = 0;
	title = text_trim(title);
	text = text_trim(text);
	if (title.n == 0 || title.n > IDEA_TITLE_BYTES_MAX || text.n > IDEA_TEXT_BYTES_MAX)
		return ERROR_INVALID;
	int error = idea_state_read(request, origin, &state, &customer);
	if (error)
		return error;
	for (size_t at = 0; idea_next(state, &at, &part);)
		proposed += part.kind == IDEA_PROPOSED;
	if (proposed >= IDEAS_A_CUSTOMER_MAX)
		return ERROR_LIMIT;
	*id = id_make(request, customer, title);
	return id->n ? idea_append(request, origin, IDEA_PROPOSED_EVENT, channel, *id, title, text, undo) : ERROR_MEMORY;
}

int idea_act(struct request *request, uint32_t origin, struct text idea, struct text act, enum channel channel, uint64_t *undo)
{
	static const struct {
		const char *act, *event;
	} acts[] = {{"support", IDEA_SUPPORTED_EVENT}, {"withdraw", IDEA_WITHDRAWN_EVENT}, {"try", IDEA_TRIED_EVENT}};
	struct idea_list list;
	size_t i = 0;
	while (i < 3 && !text_equal(act, text_of(acts[i].act)))
		i++;
	if (i == 3)
		return ERROR_INVALID;
	int error = ideas_read(request, &list);
	if (error)
		return error;
	if (!idea_id_is_sound(idea) || !idea_list_find(&list, idea))
		return ERROR_NOT_FOUND;
	return idea_append(request, origin, acts[i].event, channel, idea, (struct text){0}, (struct text){0}, undo);
}

/* ---- the interface ---- */

static void count_write(struct json_writer *out, const char *key, uint32_t n, bool shown)
{
	json_key(out, text_of(key));
	if (shown)
		json_write_int(out, n);
	else
		json_write_null(out);
}

static void idea_write(struct request *request, const struct idea *idea, struct text own)
{
	struct json_writer *out = &request->out;
	const struct idea_answer *answer = idea->answer;
	json_object_begin(out);
	json_put_text(out, "idea", idea->id);
	json_put_text(out, "title", idea->title);
	json_put_text(out, "text", idea->text);
	json_put_time(out, "proposed", idea->proposed_ms);
	json_put_text(out, "status", idea_status(idea));
	json_put_text(out, "where", answer ? answer->where : (struct text){0});
	json_put_text(out, "says", answer ? answer->says : (struct text){0});
	json_put_text(out, "decided_by", answer ? answer->decided_by : (struct text){0});
	json_key(out, TEXT("decided"));
	if (answer && answer->decided_ms)
		json_write_time(out, answer->decided_ms);
	else
		json_write_null(out);
	json_put_bool(out, "overdue", idea_is_overdue(idea, request->now_ms));
	count_write(out, "votes", idea->votes, idea_votes_may_show(request, idea));
	count_write(out, "tried", idea->tried, (int64_t)idea->tried >= request->server->settings.aggregate_min);
	if (request->caller.scope == KEY_CUSTOMER) {
		json_put_bool(out, "mine", idea_has_part(own, IDEA_PROPOSED, idea->id));
		json_put_bool(out, "supported", idea_has_part(own, IDEA_SUPPORTED, idea->id));
		json_put_bool(out, "tried_by_me", idea_has_part(own, IDEA_TRIED, idea->id));
	}
	json_object_end(out);
}

static void sentence_write(struct request *request, const struct idea_list *list, size_t open, size_t late)
{
	char text[200];
	if (list->n == 0)
		snprintf(text, sizeof text, "No customer has proposed anything yet.");
	else if (late)
		snprintf(text, sizeof text, "%zu of %zu ideas wait for an answer, %zu of them for more than %d days.", open, list->n, late, IDEA_ANSWER_DAYS);
	else
		snprintf(text, sizeof text, "%zu of %zu ideas wait for an answer, none for long.", open, list->n);
	json_put_text(&request->out, "sentence", text_of(text));
}

void api_ideas(struct request *request)
{
	struct idea_list list;
	struct text own = {0};
	uint32_t customer = 0;
	size_t open = 0, late = 0;
	int error = ideas_read(request, &list);
	if (!error && request->caller.scope == KEY_CUSTOMER) {
		uint32_t origin = customer_named(request->server, request->caller.subject);
		error = origin ? idea_state_read(request, origin, &own, &customer) : 0;
	}
	if (error)
		return reply_failure(request, error);
	for (size_t i = 0; i < list.n; i++) {
		open += text_equal(idea_status(&list.items[i]), TEXT("new"));
		late += idea_is_overdue(&list.items[i], request->now_ms);
	}
	json_object_begin(&request->out);
	sentence_write(request, &list, open, late);
	json_put_int(&request->out, "waiting", (int64_t)open);
	json_put_int(&request->out, "overdue", (int64_t)late);
	json_put_int(&request->out, "left_out", (int64_t)list.left_out);
	json_key(&request->out, TEXT("ideas"));
	json_array_begin(&request->out);
	for (size_t i = 0; i < list.n; i++)
		idea_write(request, &list.items[i], own);
	json_array_end(&request->out);
	json_object_end(&request->out);
}

static void done_write(struct request *request, struct text idea, uint64_t undo)
{
	char id[24];
	json_object_begin(&request->out);
	json_put_bool(&request->out, "done", true);
	json_put_text(&request->out, "idea", idea);
	json_put_text(&request->out, "undo", record_format(id, 'u', undo));
	json_object_end(&request->out);
}

void api_ideas_post(struct request *request)
{
	struct json root;
	struct text id;
	uint64_t undo;
	enum channel channel = CHANNEL_NONE;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin || !request_json(request, &root))
		return;
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	int error = idea_propose(request, origin, json_text(json_get(root, TEXT("title"))), json_text(json_get(root, TEXT("text"))), channel, &id, &undo);
	if (error == ERROR_INVALID)
		return reply_error(request, 400, "invalid_idea", "An idea needs a \"title\" of at most %d bytes; its \"text\" has at most %d.", IDEA_TITLE_BYTES_MAX, IDEA_TEXT_BYTES_MAX);
	if (error == ERROR_LIMIT)
		return reply_error(request, 409, "many_ideas", "This customer has proposed %d ideas already, which is as many as one can.", IDEAS_A_CUSTOMER_MAX);
	if (error)
		return reply_failure(request, error);
	done_write(request, id, undo);
}

void api_idea_act(struct request *request)
{
	struct json root;
	uint64_t undo;
	enum channel channel = CHANNEL_NONE;
	uint32_t origin = request_customer_path(request, request->parameters[0]);
	if (!origin || !request_json(request, &root))
		return;
	struct text idea = request->parameters[1];
	channel_parse(json_text(json_get(root, TEXT("channel"))), &channel);
	int error = idea_act(request, origin, idea, json_text(json_get(root, TEXT("act"))), channel, &undo);
	if (error == ERROR_INVALID)
		return reply_error(request, 400, "invalid_act", "\"act\" must be support, withdraw or try.");
	if (error == ERROR_NOT_FOUND)
		return reply_error(request, 404, "no_idea", "Nobody has proposed an idea \"%.*s\".", TEXT_ARGS(text_first(idea, IDEA_ID_BYTES_MAX)));
	if (error)
		return reply_failure(request, error);
	done_write(request, idea, undo);
}
